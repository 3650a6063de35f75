// The capabilities of this machine, looked at once when the agent starts. Plans depend on this
// value and on nothing else of the machine.
import { accessSync, constants, statSync } from 'node:fs';
import { release } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { type CgroupFacts, type CgroupPlace, lookAtCgroups } from '../cgroups/hierarchies.ts';
import { bootId } from './process-table.ts';

export interface Host {
  /** The kernel's release, such as 6.1.0-18-amd64. */
  readonly kernel: string;
  /** Changes with each boot of the machine. */
  readonly bootId: string;
  /** Whether the agent can switch to any user, and create what only root can. */
  readonly isRoot: boolean;
  readonly cgroups: CgroupFacts;
  /** The paths of the programs for containers, as far as they are installed. */
  readonly programs: ReadonlyMap<ProgramName, string>;
}

/** OCI runtimes, programs that unpack archives, and those that measure and search. */
const PROGRAM_NAMES = [
  'crun',
  'runc',
  'tar',
  'gzip',
  'bzip2',
  'xz',
  'zstd',
  'unzip',
  'du',
  'find',
  'xfs_quota',
  'xfs_io',
  'perf',
] as const;
export type ProgramName = (typeof PROGRAM_NAMES)[number];

export interface HostOptions {
  /** Where to create cgroups; undefined: containers get none. */
  readonly cgroups?: CgroupPlace | undefined;
  /** Folders with programs, separated by colons. */
  readonly path?: string | undefined;
}

export function lookAtHost({ cgroups, path = process.env.PATH ?? '' }: HostOptions): Host {
  return {
    kernel: release(),
    bootId: bootId(),
    isRoot: process.geteuid?.() === 0,
    cgroups: lookAtCgroups(cgroups),
    programs: new Map(
      PROGRAM_NAMES.flatMap((name) => {
        const found = programIn(path, name);
        return found === undefined ? [] : [[name, found] as const];
      }),
    ),
  };
}

function programIn(path: string, name: string): string | undefined {
  return path
    .split(':')
    .filter(isAbsolute)
    .map((folder) => join(folder, name))
    .find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    // The file is missing or not executable: another folder may have the program.
    return false;
  }
}
