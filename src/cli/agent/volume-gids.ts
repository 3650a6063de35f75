// The groups that an operator lets volumes have which tasks of several users share.
import type { Value_Range } from '../../model/generated/messages.ts';
import { parseValue } from '../../model/value-text.ts';
import { FlagError } from '../flags/faults.ts';
import { fromText } from '../flags/written.ts';

/** Of the kernel; 0 is root's, and the number after this one is none. */
const MAX_GID = 2 ** 32 - 2;

/** Throws FlagError. */
export function volumeGidRanges(text: string | undefined): readonly Value_Range[] | undefined {
  if (text === undefined) {
    return undefined;
  }
  const ranges = fromText('volume_gid_range', () => parseValue(text)).ranges?.range ?? [];
  if (ranges.length === 0 || ranges.some(({ begin, end }) => begin < 1 || end > MAX_GID)) {
    throw new FlagError(
      `--volume_gid_range expects ranges of numbers from 1 to ${MAX_GID}, such as [10000-20000], got '${text}'`,
    );
  }
  if (process.geteuid?.() !== 0) {
    throw new FlagError('--volume_gid_range needs an agent that runs as root');
  }
  return ranges;
}
