// What flags ask of isolators, where it takes more than one flag to tell. Nothing is enforced by an
// isolator that is not used, so that such a flag is an error.
import type { DiskOptions } from '../../containerizer/isolators/disk-du.ts';
import { type IsolatorName, isolatorsNamed } from '../../containerizer/isolators/names.ts';
import { FlagError } from '../flags/faults.ts';
import type { AgentFlagValues } from './options.ts';

export interface IsolatorOptions {
  readonly disk: DiskOptions;
}

/** Throws FlagError. */
export function isolatorOptions(values: AgentFlagValues): IsolatorOptions {
  const { enforce_container_disk_quota: isEnforced } = values;
  requireIsolator(values, isEnforced && 'enforce_container_disk_quota', 'disk/du');
  return {
    disk: { watchIntervalMs: values.container_disk_watch_interval, isEnforced },
  };
}

function requireIsolator(
  { isolation }: Pick<AgentFlagValues, 'isolation'>,
  flag: string | false,
  isolator: IsolatorName,
): void {
  if (flag !== false && !isolatorsNamed(isolation).includes(isolator)) {
    throw new FlagError(`--${flag} needs the isolator ${isolator} in --isolation`);
  }
}
