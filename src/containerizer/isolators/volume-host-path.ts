// volume/host_path: folders and files of the host in a container.
import { ContainerizerError } from '../containerizer-error.ts';
import { volumesOfKind } from '../plan/container-volumes.ts';
import { containerInfoOf } from '../plan/request.ts';
import { targetPlace, type VolumeMount } from '../plan/volume-mounts.ts';
import { requireHostPath, requireMountPoint } from '../volumes/mount-points.ts';
import type { Isolator } from './isolator.ts';

/**
 * Missing folders are made below those of `creatable`; undefined: nowhere. `showsProcesses`:
 * whether containers may see the machine's processes by a volume that they do not see otherwise.
 */
export const volumeHostPath = (
  creatable: readonly string[] | undefined,
  showsProcesses = false,
): Isolator => ({
  name: 'volume/host_path',
  contribute(plan, request) {
    const mounts = volumesOfKind(containerInfoOf(request), 'host').flatMap(
      ({ source: { path, isBidirectional }, target, isReadOnly }): VolumeMount[] => {
        if (isBidirectional) {
          throw new ContainerizerError(
            `Cannot setup bidirectional mount propagation for host path '${path}': what containers ` +
              'mount is not shown on the host',
          );
        }
        // Where it is the same path of the machine's files, the container sees it already, unless
        // it must not write there.
        return path === target && !isReadOnly && plan.rootfs === undefined
          ? []
          : [
              {
                source: { kind: 'asked', path, ...(showsProcesses && { showsProcesses }) },
                target: targetPlace(plan, { target }),
                isReadOnly,
              },
            ];
      },
    );
    return { ...plan, volumeMounts: [...plan.volumeMounts, ...mounts] };
  },
  async prepare(plan) {
    for (const mount of plan.volumeMounts) {
      if (mount.source.kind === 'asked') {
        await requireHostPath(mount.source.path, creatable, plan.user);
        await requireMountPoint(plan, mount);
      }
    }
  },
});
