// The isolators that there are, in the order in which they add to plans. All are always used.
import type { Volumes } from '../volumes/volumes.ts';
import { filesystemPosix } from './filesystem-posix.ts';
import type { Isolator } from './isolator.ts';
import { posixCpu } from './posix-cpu.ts';
import { posixMem } from './posix-mem.ts';

export const createIsolators = (volumes: Volumes): readonly Isolator[] => [
  filesystemPosix(volumes),
  posixCpu,
  posixMem,
];
