// The disks that --resources names besides the agent's own: folders are created, mounts must exist,
// and no two disks overlap. Data written to a missing mount would fill another disk.
import { realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { type Mount, mountOf, mounts } from '../../containerizer/host/mounts.ts';
import { OWN_FOLDERS } from '../../containerizer/work-directory.ts';
import { type Disk, disksOf, overlapError } from '../../model/disk-overlap.ts';
import type { Resource } from '../../model/generated/messages.ts';
import { isWithin } from '../../model/paths.ts';
import { FlagError, readEach } from '../flags/faults.ts';
import { writableFolder } from '../process/writable-folder.ts';
import { whyUnreadable } from '../text-file.ts';

/** Creates the roots of PATH disks; relative ones are in the work directory. Throws FlagError. */
export function makePathDisks(resources: readonly Resource[], workDir: string): void {
  for (const { type, root } of disksOf(resources)) {
    if (type === 'PATH') {
      writableFolder('resources', resolve(workDir, root), 0o755);
    }
  }
}

/** Throws FlagError for a MOUNT disk whose root is no mount point. */
export function refuseUnmounted(resources: readonly Resource[]): void {
  const roots = disksOf(resources).flatMap(({ type, root }) => (type === 'MOUNT' ? root : []));
  if (roots.length === 0) {
    return;
  }
  const points = new Set(mounts().map(({ point }) => point));
  readEach(roots, (root) => {
    const path = realPath(root);
    if (path === '/' || !points.has(path)) {
      throw new FlagError(
        `--resources: the root '${root}' of a MOUNT disk is no mount point; mount the disk there, ` +
          'or use a PATH disk for a folder',
      );
    }
  });
}

/**
 * Throws FlagError where a disk shares a folder, by whatever path, with another disk or with the
 * agent: a MOUNT disk is emptied with its volume.
 */
export function refuseOverlaps(resources: readonly Resource[], workDir: string): void {
  const disks = disksOf(resources);
  if (disks.length === 0) {
    return;
  }
  const known = mounts();
  const placesOf = (path: string) => {
    const real = realPathOrNext(path);
    return [real, placeOnDevice(real, known)];
  };
  const ofDisk = (disk: Disk) => placesOf(resolve(workDir, disk.root));
  const error = overlapError(disks, ofDisk);
  if (error !== undefined) {
    throw new FlagError(`--resources: ${error}`);
  }
  const work = placesOf(workDir);
  const own = OWN_FOLDERS.map((name) => placesOf(join(workDir, name)));
  for (const disk of disks) {
    const holdsAgent = ofDisk(disk).some((place, way) => {
      const holds = isWithin(work[way] ?? '', place);
      return (
        (holds && (disk.type === 'MOUNT' || place === work[way])) ||
        own.some((folder) => isWithin(place, folder[way] ?? ''))
      );
    });
    if (holdsAgent) {
      throw new FlagError(
        `--resources: the ${disk.type} disk '${disk.root}' has files of the agent's own (--work_dir ` +
          `'${workDir}') in it, or lies among them; each disk needs a folder of its own`,
      );
    }
  }
}

/**
 * Throws FlagError where several agents would use one disk: each would count all of it, and empty
 * it.
 */
export function refuseShared(resources: readonly Resource[], agents: number): void {
  const shared =
    agents > 1 ? disksOf(resources).find(({ root }) => root.startsWith('/')) : undefined;
  if (shared !== undefined) {
    throw new FlagError(
      `--resources: ${agents} agents cannot share the ${shared.type} disk '${shared.root}'; a PATH disk ` +
        'with a relative root is one for each, in its own folder',
    );
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

/** The real path, also of a folder that is still to be created. */
function realPathOrNext(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const above = dirname(path);
    return above === path ? path : join(realPathOrNext(above), basename(path));
  }
}

/** The path on its device: the same for a folder that is mounted at several places. */
function placeOnDevice(path: string, known: readonly Mount[]): string {
  const mount = mountOf(path, known);
  const rest = path.slice(mount?.point === '/' ? 0 : (mount?.point.length ?? 0));
  return `${mount?.device ?? ''}${join('/', mount?.root ?? '', rest)}`.replace(/\/+$/, '');
}
