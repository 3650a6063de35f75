// volume/host_path: folders and files of the host in a container.
import { ContainerizerError } from '../containerizer-error.ts';
import { volumesOfKind } from '../plan/container-volumes.ts';
import { isRootOf } from '../plan/place.ts';
import type { ContainerPlan } from '../plan/plan.ts';
import { containerInfoOf } from '../plan/request.ts';
import { targetPlace, type VolumeMount } from '../plan/volume-mounts.ts';
import { requireHostPath, requireMountPoint, requireShared } from '../volumes/mount-points.ts';
import type { Isolator } from './isolator.ts';

export interface HostPathOptions {
  /** Missing folders are made below these; undefined: nowhere. */
  readonly creatable: readonly string[] | undefined;
  /** Whether the agent is root. */
  readonly isRoot: boolean;
  /** Whether containers may see the machine's processes by a volume that they do not see else. */
  readonly showsProcesses?: boolean;
}

export const volumeHostPath = ({
  creatable,
  isRoot,
  showsProcesses = false,
}: HostPathOptions): Isolator => ({
  name: 'volume/host_path',
  contribute(plan, request) {
    const mounts = volumesOfKind(containerInfoOf(request), 'host').flatMap(
      ({ source: { path, propagation }, target, isReadOnly }): VolumeMount[] => {
        if (propagation === 'both') {
          requireRoot(plan, path, isRoot);
        }
        // Where it is the same path of the machine's files, the container sees it already, unless
        // it must not write there.
        const isThere = path === target && !isReadOnly && plan.rootfs === undefined;
        return isThere && propagation === undefined
          ? []
          : [
              {
                source: { kind: 'asked', path, ...(showsProcesses && { showsProcesses }) },
                target: targetPlace(plan, { target }),
                isReadOnly,
                ...(propagation !== undefined && { propagation }),
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
        if (mount.propagation === 'both') {
          await requireShared(mount.source.path);
        }
      }
    }
  },
});

/** Of all users, only root mounts on the host. */
function requireRoot({ user }: Pick<ContainerPlan, 'user'>, path: string, isRoot: boolean): void {
  if (!isRoot || !isRootOf(user)) {
    throw new ContainerizerError(
      `Cannot setup bidirectional mount propagation for host path '${path}': it is for containers ` +
        'of root, of an agent that is root',
    );
  }
}
