// volume/sandbox_path: folders of a container's own sandbox elsewhere in its file system, and those
// of the sandbox that it is nested in, which containers use together. They are mounted where
// containers have mounts of their own; others find them by links in their sandboxes.
import { parentOf } from '../../model/container-id.ts';
import { ContainerizerError } from '../containerizer-error.ts';
import { type ContainerVolume, volumesOfKind } from '../plan/container-volumes.ts';
import type { ContainerPlan, ParentLink, ParentVolume } from '../plan/plan.ts';
import { containerInfoOf } from '../plan/request.ts';
import { type VolumeLinks, volumeLinks } from '../plan/volume-links.ts';
import { placeIn, placeInParent, targetPlace, type VolumeMount } from '../plan/volume-mounts.ts';
import { requireMountPoints } from '../volumes/mount-points.ts';
import { linkToParent } from '../volumes/sandbox-folders.ts';
import type { Isolator } from './isolator.ts';

type SandboxVolume = ContainerVolume<'sandbox'>;

/** What a sandbox has for the container: folders, and persistent volumes, which are on the host. */
const OF_SANDBOXES = ['sandbox', 'host'] as const;

export const volumeSandboxPath = ({ canMount }: { readonly canMount: boolean }): Isolator => ({
  name: 'volume/sandbox_path',
  contribute(plan, request, { workDirectory }) {
    const volumes = volumesOfKind(containerInfoOf(request), 'sandbox');
    const shared = volumeLinks(workDirectory, request.executorResources ?? [], 'mount');
    for (const volume of volumes) {
      requirePossible(volume, plan);
    }
    if (canMount) {
      const mounts = volumes.map((volume) => mountOf(volume, plan, shared));
      const ofParent = mounts.filter((_, index) => volumes[index]?.source.of === 'parent');
      return {
        ...plan,
        volumeMounts: [...plan.volumeMounts, ...mounts],
        parentVolumes: ofParent.flatMap(({ source }) => parentVolume(source, plan) ?? []),
      };
    }
    return { ...plan, parentLinks: volumes.map(linkOf) };
  },
  async prepare(plan) {
    for (const link of plan.parentLinks) {
      linkToParent(plan, link);
    }
    await requireMountPoints(plan, OF_SANDBOXES);
  },
});

function requirePossible(
  { source, target }: SandboxVolume,
  { id }: Pick<ContainerPlan, 'id'>,
): void {
  if (source.of === 'self' && typeof target !== 'string') {
    // The task could make a link itself.
    throw new ContainerizerError("'container_path' is relative for SANDBOX_PATH volume SELF type");
  }
  if (source.of === 'parent' && parentOf(id) === undefined) {
    throw new ContainerizerError('SANDBOX_PATH volume PARENT type only works for nested container');
  }
}

/** `shared` are the persistent volumes in the parent's sandbox, which are links there. */
function mountOf(
  { source, target, isReadOnly }: SandboxVolume,
  plan: ContainerPlan,
  shared: VolumeLinks,
): VolumeMount {
  const mount = { target: targetPlace(plan, { target }), isReadOnly };
  if (source.of === 'self') {
    return { ...mount, source: { kind: 'sandbox', place: placeIn(plan, source.names) } };
  }
  const [name = '', ...below] = source.names;
  const volume = shared.get(name);
  if (volume === undefined) {
    return { ...mount, source: { kind: 'sandbox', place: placeInParent(plan, source.names) } };
  }
  return {
    target: mount.target,
    isReadOnly: isReadOnly || volume.isReadOnly,
    source:
      below.length === 0
        ? { kind: 'host', path: volume.target }
        : { kind: 'sandbox', place: { top: volume.target, below } },
  };
}

function parentVolume(
  source: VolumeMount['source'],
  plan: ContainerPlan,
): ParentVolume | undefined {
  switch (source.kind) {
    case 'sandbox':
      return { place: source.place, isPersistent: source.place.top !== placeIn(plan, []).top };
    case 'host':
      return { place: { top: source.path, below: [] }, isPersistent: true };
    default:
      return undefined;
  }
}

function linkOf({ source, target, isReadOnly }: SandboxVolume): ParentLink {
  if (typeof target === 'string') {
    throw new ContainerizerError(
      "The 'linux' launcher and 'filesystem/linux' isolator must be enabled to support " +
        'SANDBOX_PATH volume with absolute container path',
    );
  }
  if (isReadOnly) {
    // Mesos only warns of it in its log.
    throw new ContainerizerError(
      "The 'linux' launcher and 'filesystem/linux' isolator must be enabled to close SANDBOX_PATH " +
        `volume '${target.join('/')}' to writing: a link cannot`,
    );
  }
  return { link: target, target: source.names };
}
