// filesystem/shared: containers see the machine's files, but for folders that each has for itself:
// a volume whose `host_path` is relative, such as one at /tmp, is a folder of its sandbox. Mesos
// keeps it for command lines of its first versions; volume/sandbox_path does the same and more.
import { stat } from 'node:fs/promises';
import { ContainerizerError } from '../containerizer-error.ts';
import { type ContainerVolume, volumesOfKind } from '../plan/container-volumes.ts';
import type { ContainerPlan } from '../plan/plan.ts';
import { containerInfoOf } from '../plan/request.ts';
import { placeIn, type VolumeMount } from '../plan/volume-mounts.ts';
import { requireHostPath } from '../volumes/mount-points.ts';
import { madeFolder } from '../volumes/sandbox-folders.ts';
import type { Isolator } from './isolator.ts';

const SUFFIX = 'for shared filesystem isolator';

export const filesystemShared: Isolator = {
  name: 'filesystem/shared',
  contribute(plan, request) {
    const info = containerInfoOf(request);
    const mounts = [
      ...volumesOfKind(info, 'host').map((volume) => hostMount(volume)),
      ...volumesOfKind(info, 'sandbox').map((volume) => sandboxMount(volume, plan)),
    ];
    requireApart([plan.sandbox, ...mounts.map(({ target }) => target.top)]);
    return {
      ...plan,
      namespaces: { ...plan.namespaces, mount: 'own' },
      volumeMounts: [...plan.volumeMounts, ...mounts],
    };
  },
  async prepare({ volumeMounts }) {
    for (const { source, target } of volumeMounts) {
      // What is mounted is like what it hides: a /tmp stays one that all may write to.
      const { uid, gid, mode } = await mountPoint(target.top);
      if (source.kind === 'asked') {
        await requireHostPath(source.path, undefined);
      } else if (source.kind === 'sandbox') {
        using made = madeFolder(source.place);
        made?.setMode(mode & 0o7777);
        made?.giveTo(uid, gid);
      }
    }
  },
};

const hostMount = ({ source, target, isReadOnly }: ContainerVolume<'host'>): VolumeMount => ({
  source: { kind: 'asked', path: source.path },
  target: { top: absolute(target), below: [] },
  isReadOnly,
});

const sandboxMount = (
  { source, target, isReadOnly }: ContainerVolume<'sandbox'>,
  plan: ContainerPlan,
): VolumeMount => ({
  source: { kind: 'sandbox', place: placeIn(plan, source.names) },
  target: { top: absolute(target), below: [] },
  isReadOnly,
});

function absolute(target: string | readonly string[]): string {
  if (typeof target !== 'string') {
    throw missing(target.join('/'));
  }
  return target;
}

const missing = (path: string) =>
  new ContainerizerError(`Volume with container path '${path}' must exist on host ${SUFFIX}`);

async function mountPoint(path: string) {
  try {
    return await stat(path);
  } catch {
    throw missing(path);
  }
}

/** A volume must not hide another one, or the sandbox, whatever their order. */
function requireApart(paths: readonly string[]): void {
  const seen: string[] = [];
  for (const path of paths) {
    const other = seen.find((it) => path.startsWith(it) || it.startsWith(path));
    if (other !== undefined) {
      throw new ContainerizerError(
        `Cannot mount volume to '${path}' because it is under volume '${other}', or the other way round`,
      );
    }
    seen.push(path);
  }
}
