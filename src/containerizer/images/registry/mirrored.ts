// Asks the mirrors of a registry, and at last the registry itself. A mirror is a help and no more:
// whatever it lacks or does wrong, the next one is asked for. One that cannot be reached is left
// alone for a while.
import { ContainerizerError } from '../../containerizer-error.ts';
import { Interruption, Standstill } from './asking.ts';
import type { Session } from './session.ts';

export interface Place {
  readonly session: Session;
  /** Of a mirror, its URL; undefined: the registry. */
  readonly mirror: string | undefined;
}

/** How long a mirror is left alone. */
const REST_MS = 60_000;

export class Rests {
  readonly #until = new Map<string, number>();

  /** All are mirrors that the operator has named. */
  begin(mirror: string): void {
    this.#until.set(mirror, performance.now() + REST_MS);
  }

  has({ mirror }: Place): boolean {
    return mirror !== undefined && performance.now() < (this.#until.get(mirror) ?? 0);
  }
}

/**
 * What the first place gives that does not fail, and the places from there on. Throws what the last
 * one has thrown, and tells of the others; what is no ContainerizerError at once.
 */
export async function atFirst<T>(
  places: readonly Place[],
  rests: Rests,
  attempt: (place: Place) => Promise<T>,
): Promise<{ readonly result: T; readonly left: readonly Place[] }> {
  const failures: string[] = [];
  const awake = places.filter((place) => !rests.has(place));
  for (const [at, place] of awake.entries()) {
    try {
      return { result: await attempt(place), left: awake.slice(at) };
    } catch (error) {
      if (!(error instanceof ContainerizerError)) {
        throw error;
      }
      const { mirror } = place;
      if (mirror === undefined) {
        throw failures.length === 0
          ? error
          : new ContainerizerError(`${error.message} (${failures.join('; ')})`, { cause: error });
      }
      failures.push(`mirror ${mirror}: ${error.message}`);
      if (isUnreached(error)) {
        rests.begin(mirror);
      }
    }
  }
  throw new Error('A registry is a place of its images');
}

function isUnreached(error: unknown): boolean {
  return error instanceof Interruption || error instanceof Standstill
    ? true
    : error instanceof Error && isUnreached(error.cause);
}
