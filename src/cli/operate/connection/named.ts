// Finds the one thing that an operator means: by its whole id, by name, by the beginning of the id,
// or by its last part, as S3 of an agent's.
import { closestName } from '../../../model/closest-name.ts';
import { CommandError, EXIT } from '../outcome.ts';

interface Ways<T> {
  /** What it is, for errors: `agent`. */
  readonly kind: string;
  idOf(thing: T): string;
  /** Names under which it is known besides: host names, names of frameworks. */
  namesOf?(thing: T): readonly string[];
  /** The command that lists them. */
  readonly list: string;
}

const MOST_TOLD = 10;

/** There is nothing of that name. */
export class NothingNamedError extends CommandError {
  constructor(message: string) {
    super(EXIT.notFound, message);
  }
}

/** A whole id wins over a whole name, and that over a part of an id. Throws CommandError. */
export function named<T>(things: readonly T[], text: string, ways: Ways<T>): T {
  const { kind, idOf, namesOf = () => [], list } = ways;
  const found = [
    things.filter((thing) => idOf(thing) === text),
    things.filter((thing) => namesOf(thing).includes(text)),
    things.filter((thing) => isPartOf(idOf(thing), text)),
  ].find(({ length }) => length > 0);
  const [thing, ...others] = found ?? [];
  if (thing === undefined) {
    const close = closestName(
      text,
      things.flatMap((each) => [idOf(each), ...namesOf(each)]),
    );
    const meant = close === undefined ? '' : ` (did you mean ${close}?)`;
    throw new NothingNamedError(`no ${kind} '${text}'${meant}: ${list} shows them`);
  }
  if (others.length > 0) {
    const ids = [thing, ...others].map(idOf);
    const told = ids.slice(0, MOST_TOLD).join(', ');
    const more = ids.length > MOST_TOLD ? ` and ${ids.length - MOST_TOLD} more` : '';
    throw new CommandError(
      EXIT.notFound,
      `'${text}' means more than one ${kind}: ${told}${more}; say more of the id`,
    );
  }
  return thing;
}

/** Whether an id may be called so: by its beginning, or by its last part. */
export const isPartOf = (id: string, text: string): boolean =>
  text !== '' && (id.startsWith(text) || id.endsWith(`-${text}`));
