// What operators write into flags by hand, read with the errors that hands deserve: each names its
// flag, and a field that a message does not have is a misspelt wish, not one to be passed over.
import { TextError } from '../../model/value-text.ts';
import { readJsonValue } from '../../wire/json.ts';
import type { MessageType } from '../../wire/message-type.ts';
import { unknownFields } from '../../wire/unknown-field.ts';
import { WireError } from '../../wire/wire-error.ts';
import { FlagError, readEach } from './faults.ts';

/** Throws FlagError in place of TextError. */
export function fromText<T>(flag: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof TextError) {
      throw new FlagError(`--${flag}: ${error.message}`);
    }
    throw error;
  }
}

/** More fields that are unknown are not told. */
const MOST_TOLD = 10;

/**
 * The message that the JSON says. `what` is said of it, where the flag holds more than one. Throws
 * FlagError, for fields that there are not, too.
 */
export function messageOf<T extends object>(
  flag: string,
  type: MessageType<T>,
  value: unknown,
  what = '',
): T {
  // Before what is missing: that may be what was misspelt.
  const unknown = unknownFields(type as MessageType<object>, value).slice(0, MOST_TOLD);
  readEach(unknown, (field) => {
    throw new FlagError(`--${flag}${what} has the unknown field ${field}`);
  });
  try {
    return readJsonValue(type, value);
  } catch (error) {
    if (error instanceof WireError) {
      throw new FlagError(`--${flag}${what}: ${error.message}`);
    }
    throw error;
  }
}
