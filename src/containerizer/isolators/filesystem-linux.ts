// filesystem/linux: containers have mounts of their own over the machine's files. What is mounted
// on the machine later is seen inside, and nothing that is mounted inside comes out.
import type { Volumes } from '../volumes/volumes.ts';
import { filesystemPosix } from './filesystem-posix.ts';
import type { Isolator } from './isolator.ts';

export function filesystemLinux(volumes: Volumes): Isolator {
  const links = filesystemPosix(volumes);
  return {
    ...links,
    name: 'filesystem/linux',
    contribute(plan, request, host) {
      const linked = links.contribute(plan, request, host);
      return { ...linked, namespaces: { ...plan.namespaces, mount: 'own' } };
    },
  };
}
