// Small texts that several commands of scenarios use.
import { parseDuration } from '../../src/model/duration.ts';

/** The milliseconds of `30secs`. Throws on anything else. */
export const duration = (text: string): number =>
  the(parseDuration(text), `duration '${text}' (expected a number and a unit, such as 30secs)`);

export function the<T>(found: T | undefined, what: string): T {
  if (found === undefined) {
    throw new Error(`there is no ${what}`);
  }
  return found;
}

/** Such as `a=1 b=2`. */
export const settings = (text: string): Map<string, string> =>
  new Map(
    text
      .split(' ')
      .filter(Boolean)
      .map((word) => {
        const at = word.indexOf('=');
        if (at < 0) {
          throw new Error(`expected name=value, got '${word}'`);
        }
        return [word.slice(0, at), word.slice(at + 1)] as const;
      }),
  );
