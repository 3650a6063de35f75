// Reads messages that operators write into flags by hand. Each error names its flag, and unknown
// names are errors: they are probably spelling mistakes.
import { ContainerizerError } from '../../containerizer/containerizer-error.ts';
import { TextError } from '../../model/value-text.ts';
import { readJsonValue } from '../../wire/json.ts';
import type { MessageType } from '../../wire/message-type.ts';
import { unknownNames } from '../../wire/unknown-names.ts';
import { WireError } from '../../wire/wire-error.ts';
import { FlagError, readEach } from './faults.ts';

/** Turns errors of this class into FlagErrors that begin with the flag. */
function named<T>(flag: string, kind: new (...args: never[]) => Error, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof kind) {
      throw new FlagError(`--${flag}: ${error.message}`);
    }
    throw error;
  }
}

/** Turns a TextError into a FlagError. */
export const fromText = <T>(flag: string, read: () => T): T => named(flag, TextError, read);

/** Turns a ContainerizerError, by which every container would fail, into a FlagError. */
export const fromPlan = <T>(flag: string, plan: () => T): T =>
  named(flag, ContainerizerError, plan);

/** The most unknown names that are reported. */
const MOST_TOLD = 10;

/**
 * Reads the JSON of a message. `what` names it in errors, where the flag has more than one. Throws
 * FlagError, also for unknown fields and names of values.
 */
export function messageOf<T extends object>(
  flag: string,
  type: MessageType<T>,
  value: unknown,
  what = '',
): T {
  // Unknown fields are reported before missing ones: a missing field may be a misspelt one.
  const unknown = unknownNames(type as MessageType<object>, value).slice(0, MOST_TOLD);
  readEach(unknown, (name) => {
    throw new FlagError(`--${flag}${what} has ${name}`);
  });
  return named(`${flag}${what}`, WireError, () => readJsonValue(type, value));
}
