// The groups that an operator lets volumes have which tasks of several users share.
import type { Value_Range } from '../../model/generated/messages.ts';
import { FlagError } from '../flags/faults.ts';
import { idRanges } from './id-ranges.ts';

/** Throws FlagError. */
export function volumeGidRanges(text: string | undefined): readonly Value_Range[] | undefined {
  if (text === undefined) {
    return undefined;
  }
  const ranges = idRanges('volume_gid_range', text, ', such as [10000-20000]');
  if (process.geteuid?.() !== 0) {
    throw new FlagError('--volume_gid_range needs an agent that runs as root');
  }
  return ranges;
}
