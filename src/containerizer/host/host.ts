// What this machine can do, looked at once, when an agent starts, and passed on as a value: what
// plans say of a host depends on this alone.
import { accessSync, constants, statSync } from 'node:fs';
import { release } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { type CgroupFacts, type CgroupPlace, lookAtCgroups } from '../cgroups/cgroups.ts';
import { bootId } from './process-table.ts';

export interface Host {
  /** Of the kernel, such as 6.1.0-18-amd64. */
  readonly kernel: string;
  /** Changes with every start of the machine. */
  readonly bootId: string;
  /** Whether the agent may become any user, and make what only root may make. */
  readonly isRoot: boolean;
  readonly cgroups: CgroupFacts;
  /** Paths of the programs that containers are made with, of those that are here. */
  readonly programs: ReadonlyMap<ProgramName, string>;
}

/** OCI runtimes, and what archives are read with. */
const PROGRAM_NAMES = ['crun', 'runc', 'tar', 'gzip', 'bzip2', 'xz', 'unzip'] as const;
export type ProgramName = (typeof PROGRAM_NAMES)[number];

export interface HostOptions {
  /** Where containers' cgroups are to be; absent: they get none. */
  readonly cgroups?: CgroupPlace | undefined;
  /** Folders of programs, with colons between them. */
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
    // Not there, or not to be executed: another folder may have it.
    return false;
  }
}
