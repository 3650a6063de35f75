// Ranges of numbers by which the kernel knows groups and projects, as an operator writes them.
import type { Value_Range } from '../../model/generated/messages.ts';
import { parseValue } from '../../model/value-text.ts';
import { FlagError } from '../flags/faults.ts';
import { fromText } from '../flags/written.ts';

/** 0 is root's, or nobody's, and the number after this one stands for none. */
const MAX_ID = 2 ** 32 - 2;

/** Throws FlagError, with a text that may go on with an example. */
export function idRanges(flag: string, text: string, example = ''): readonly Value_Range[] {
  const ranges = fromText(flag, () => parseValue(text)).ranges?.range ?? [];
  if (ranges.length === 0 || ranges.some(({ begin, end }) => begin < 1 || end > MAX_ID)) {
    throw new FlagError(
      `--${flag} expects ranges of numbers from 1 to ${MAX_ID}${example}, got '${text}'`,
    );
  }
  return ranges;
}
