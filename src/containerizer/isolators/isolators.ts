// Creates the isolators that the agent is configured with, in the order in which they add to plans.
import type { Volumes } from '../volumes/volumes.ts';
import { filesystemPosix } from './filesystem-posix.ts';
import type { Isolator } from './isolator.ts';
import { type IsolatorName, isolatorsNamed } from './names.ts';
import { posixCpu } from './posix-cpu.ts';
import { posixDisk } from './posix-disk.ts';
import { posixMem } from './posix-mem.ts';
import { posixRlimits } from './posix-rlimits.ts';

/** The objects that isolators share with the containerizer. */
export interface IsolatorParts {
  readonly volumes: Volumes;
}

const MAKERS: Readonly<Record<IsolatorName, (parts: IsolatorParts) => Isolator>> = {
  'filesystem/posix': ({ volumes }) => filesystemPosix(volumes),
  'posix/cpu': () => posixCpu,
  'posix/mem': () => posixMem,
  'posix/disk': () => posixDisk,
  'posix/rlimits': () => posixRlimits,
};

/** `isolation` is the value of the flag. */
export const createIsolators = (
  isolation: readonly string[],
  parts: IsolatorParts,
): readonly Isolator[] => isolatorsNamed(isolation).map((name) => MAKERS[name](parts));
