// Options of the benches; an error in one is reported in a line.

/** An option is not valid. The message is one line. */
export class UsageError extends Error {}

/** A whole number of at least `least`. Throws UsageError. */
export function whole(name: string, text: string, least = 0): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(value) || value < least) {
    throw new UsageError(`--${name} expects a whole number from ${least} on, got '${text}'`);
  }
  return value;
}
