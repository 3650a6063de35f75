// The cgroups of containers that tests launch: each work directory has one of its own in every
// hierarchy, and with the names of its folder.
import { existsSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';

export const CGROUP_HIERARCHY = '/sys/fs/cgroup';

/**
 * The cgroup for the containers of a work directory. Suites that run at the same time have
 * containers of the same names: in one cgroup they would kill each other's processes.
 */
export const cgroupRoot = (work: string) => `mesoscale-test${work.replaceAll('/', '-')}`;

/** Those of all work directories in a folder, or that are this folder. */
function cgroupsOf(folder: string): string[] {
  const hierarchies = existsSync(CGROUP_HIERARCHY)
    ? ['', ...readdirSync(CGROUP_HIERARCHY)].map((name) => join(CGROUP_HIERARCHY, name))
    : [];
  const root = cgroupRoot(folder);
  return hierarchies.flatMap((hierarchy) =>
    foldersIn(hierarchy)
      .filter((name) => name === root || name.startsWith(`${root}-`))
      .map((name) => join(hierarchy, name)),
  );
}

function foldersIn(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch {
    // It is a file, or a cgroup that has just gone.
    return [];
  }
}

/** Removes what is empty: cgroups of containers are to be gone, those of their agents may stay. */
export function removeAgentCgroups(folder: string): void {
  for (const cgroup of cgroupsOf(folder)) {
    try {
      rmdirSync(cgroup);
    } catch {
      // Something is left in it, which the end of the run tells.
    }
  }
}

/** Removes all, and answers which there were. */
export function leftCgroups(folder: string): string[] {
  return cgroupsOf(folder).flatMap(remove);
}

function remove(cgroup: string): string[] {
  const left = [...foldersIn(cgroup).flatMap((name) => remove(join(cgroup, name))), cgroup];
  try {
    rmdirSync(cgroup);
  } catch {
    // A process is in it, or it has gone meanwhile.
  }
  return left;
}
