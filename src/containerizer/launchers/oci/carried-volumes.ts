// Volumes of the host in which later mounts are to show (`mount_propagation`). A runtime copies the
// mounts of the container's root, and may make them private, which only some kernels can change
// later (supervisor/propagation.c), and not for volumes whose mounts are to show on the machine. So
// these are mounted beside that for the runtime, as peers or slaves of the machine's mounts, and it
// mounts them once more: over those that the stage has mounted for all (volume-step.ts), whose
// places are judged there.
//
// The runtime finds these places by their paths, as root: the containers are root's, too.
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isWithin } from '../../../model/paths.ts';
import { ContainerizerError } from '../../containerizer-error.ts';
import { isRootOf } from '../../plan/place.ts';
import type { ContainerPlan } from '../../plan/plan.ts';
import { pathOf, type VolumeMount } from '../../plan/volume-mounts.ts';
import type { CarriedVolume } from './oci-config.ts';

export interface Carried extends CarriedVolume {
  /** A path of the host. */
  readonly source: string;
}

interface Carrier {
  /** The folder of the bundle. */
  readonly folder: string;
  readonly isRoot: boolean;
  /**
   * Whether the container's root shows what is mounted on the machine later: from its start, or
   * only from soon after that.
   */
  readonly shows: 'always' | 'soon' | 'never';
}

/** The most such volumes of a container; the supervisor holds each open (supervisor/stage.c). */
const MOST = 64;

/** Whether a kernel can make a private mount follow another one. */
export function canFollow(kernel: string): boolean {
  const [major = 0, minor = 0] = kernel.split('.').map(Number.parseFloat);
  return major > 5 || (major === 5 && minor >= 15);
}

/** Throws ContainerizerError where a container cannot have what it asks for. */
export function carriedVolumes(
  { user, volumeMounts }: Pick<ContainerPlan, 'user' | 'volumeMounts'>,
  { folder, isRoot, shows }: Carrier,
): readonly Carried[] {
  const carried = volumeMounts.flatMap((mount, index): Carried[] => {
    const { source, target, isReadOnly, propagation } = mount;
    if (source.kind !== 'asked' || propagation === undefined) {
      return [];
    }
    const canCarry = isRoot && isRootOf(user);
    if (propagation === 'in' && (shows === 'always' || (shows === 'soon' && !canCarry))) {
      return [];
    }
    if (!canCarry) {
      throw new ContainerizerError(
        `'mount_propagation' of host path '${source.path}' is not supported: with crun it needs ` +
          'an agent that is root, and Linux 5.15, or a container of root',
      );
    }
    requireLast(mount, volumeMounts);
    const place = join(folder, VOLUMES, String(index));
    return [{ source: source.path, place, target: pathOf(target), isReadOnly, propagation }];
  });
  if (carried.length > MOST) {
    throw new ContainerizerError(
      `The container has ${carried.length} volumes with 'mount_propagation', of at most ${MOST}`,
    );
  }
  return carried;
}

const VOLUMES = 'volumes';

/** What is mounted in it would be hidden when it is mounted once more. */
function requireLast(mount: VolumeMount, all: readonly VolumeMount[]): void {
  const path = pathOf(mount.target);
  const inner = all.find((it) => it !== mount && isWithin(pathOf(it.target), path));
  if (inner !== undefined) {
    throw new ContainerizerError(
      `The volume at '${pathOf(inner.target)}' lies in one with 'mount_propagation', at '${path}'`,
    );
  }
}

/** What is mounted there is a folder or a file: so is the place. Throws where that is not there. */
export function makePlaces(folder: string, carried: readonly Carried[]): void {
  if (carried.length > 0) {
    mkdirSync(join(folder, VOLUMES), { mode: 0o700 });
  }
  for (const { source, place } of carried) {
    if (statSync(source).isDirectory()) {
      mkdirSync(place, { mode: 0o700 });
    } else {
      writeFileSync(place, '', { mode: 0o600 });
    }
  }
}

/** As steps of the runtime's stage. */
export const carriedSteps = (carried: readonly Carried[]): string[] =>
  carried.flatMap(({ source, place, isReadOnly, propagation }) => [
    ...[propagation === 'both' ? 'peer' : 'bind', source, place],
    ...(isReadOnly ? ['close', place, ''] : []),
  ]);
