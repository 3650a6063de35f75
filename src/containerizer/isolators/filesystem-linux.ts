// filesystem/linux: containers have mounts of their own, over the machine's files or those of an
// image. What is mounted on the machine later is seen inside, and nothing that is mounted inside
// comes out, but in volumes that ask for it. Persistent volumes are mounted in their sandboxes;
// those that a container gets while it runs, and those of one without a process, for others to be
// nested in, are links.
import { parentOf } from '../../model/container-id.ts';
import type { Resource } from '../../model/generated/messages.ts';
import { withOwnFiles } from '../plan/own-files.ts';
import type { ContainerPlan } from '../plan/plan.ts';
import { containerInfoOf } from '../plan/request.ts';
import { type VolumeLink, type VolumeLinks, volumeLinks } from '../plan/volume-links.ts';
import { placeInside, type VolumeMount } from '../plan/volume-mounts.ts';
import type { Volumes } from '../volumes/volumes.ts';
import { filesystemPosix } from './filesystem-posix.ts';
import type { Isolator } from './isolator.ts';

/** `isRoot`: whether the agent is. */
export function filesystemLinux(volumes: Volumes, isRoot: boolean): Isolator {
  const allOf = (resources: readonly Resource[], isEmpty: boolean) => {
    const all = volumeLinks(volumes.workDirectory, resources, 'mount');
    return isEmpty ? onlyLinked(all) : all;
  };
  return {
    ...filesystemPosix(volumes, ({ isEmpty }, resources) => allOf(resources, isEmpty)),
    name: 'filesystem/linux',
    contribute(plan, request, { cgroups }) {
      const all = allOf(request.resources, request.isEmpty === true);
      const { share_pid_namespace } = containerInfoOf(request)?.linux_info ?? {};
      const sharesProcesses = share_pid_namespace === true && parentOf(plan.id) === undefined;
      const sofar =
        plan.rootfs === undefined ? plan : withOwnFiles(plan, { sharesProcesses, isRoot, cgroups });
      return {
        ...sofar,
        namespaces: { ...plan.namespaces, mount: 'own' },
        volumes: all,
        volumeMounts: [...sofar.volumeMounts, ...mountsOf(all, plan)],
      };
    },
    update({ id, sandbox, isEmpty, hasOwnFiles }, resources) {
      const all = allOf(resources, isEmpty);
      const links = new Map([...all].map(([name, it]) => [name, asLink(it)]));
      volumes.provide(id, sandbox, links, { hasProcess: !isEmpty, hasOwnFiles });
    },
  };
}

const mountsOf = (all: VolumeLinks, plan: ContainerPlan): VolumeMount[] =>
  [...all]
    .filter(([, { access }]) => access === 'mount')
    .map(([name, { target, isReadOnly }]) => ({
      source: { kind: 'host', path: target },
      target: placeInside(plan, [name]),
      isReadOnly,
    }));

const asLink = (link: VolumeLink): VolumeLink => ({ ...link, access: 'link' });

/** Nothing in the container itself writes to them. */
const onlyLinked = (all: VolumeLinks): VolumeLinks =>
  new Map([...all].map(([name, link]) => [name, { ...asLink(link), isReadOnly: false }]));
