// The disks that --resources names besides the agent's own: folders are made, mounts must be there. What
// is written to a mount that is missing would fill another disk.
import { readFileSync, realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Resource, Resource_DiskInfo_Source_Type } from '../model/generated/messages.ts';
import { FlagError } from './flags/parse.ts';
import { whyUnreadable } from './text-file.ts';
import { writableFolder } from './writable-folder.ts';

const { PATH, MOUNT } = Resource_DiskInfo_Source_Type;

/** Makes the roots of PATH disks; those that are relative lie in the work directory. Throws FlagError. */
export function makePathDisks(resources: readonly Resource[], workDir: string): void {
  for (const { disk } of resources) {
    const root = disk?.source?.type === PATH ? disk.source.path?.root : undefined;
    if (root !== undefined) {
      writableFolder('resources', resolve(workDir, root), 0o755);
    }
  }
}

/** Throws FlagError for a MOUNT disk whose root is no mount point. */
export function refuseUnmounted(resources: readonly Resource[]): void {
  const roots = resources.flatMap(({ disk }) =>
    disk?.source?.type === MOUNT ? (disk.source.mount?.root ?? []) : [],
  );
  if (roots.length === 0) {
    return;
  }
  const mounted = mountPoints();
  for (const root of roots) {
    const path = realPath(root);
    if (path === '/' || !mounted.has(path)) {
      throw new FlagError(
        `--resources: the root '${root}' of a MOUNT disk is no mount point; mount the disk there, ` +
          'or use a PATH disk for a folder',
      );
    }
  }
}

function realPath(root: string): string {
  try {
    return realpathSync(root);
  } catch (error) {
    throw new FlagError(
      `--resources: the root '${root}' of a MOUNT disk cannot be found (${whyUnreadable(error)})`,
    );
  }
}

/** Blanks, tabs, line ends and backslashes are in octal there. */
const ESCAPE = /\\([0-7]{3})/g;

function mountPoints(): Set<string> {
  const points = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .flatMap((line) => line.split(' ')[4] ?? []);
  return new Set(
    points.map((point) =>
      point.replaceAll(ESCAPE, (_, octal: string) =>
        String.fromCharCode(Number.parseInt(octal, 8)),
      ),
    ),
  );
}
