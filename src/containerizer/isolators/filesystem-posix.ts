// filesystem/posix: containers see the machine's files, and find their persistent volumes through
// links in their sandboxes.
import { parentOf } from '../../model/container-id.ts';
import type { Resource } from '../../model/generated/messages.ts';
import { ContainerizerError } from '../containerizer-error.ts';
import { type VolumeLinks, volumeLinks } from '../plan/volume-links.ts';
import type { Volumes } from '../volumes/volumes.ts';
import type { Isolator, LaunchedContainer } from './isolator.ts';

/** `found` are the volumes of a container that an earlier agent launched. */
export const filesystemPosix = (
  volumes: Volumes,
  found = (_: LaunchedContainer, resources: readonly Resource[]): VolumeLinks =>
    volumeLinks(volumes.workDirectory, resources),
): Isolator => ({
  name: 'filesystem/posix',
  contribute: (plan, { resources }, { workDirectory }) => ({
    ...plan,
    volumes: volumeLinks(workDirectory, resources),
  }),
  async prepare(plan, abort) {
    if (parentOf(plan.id) !== undefined) {
      // The volumes are those of the root container; the sandbox was made with links to them.
      return;
    }
    await volumes.emptied(plan.volumes);
    abort.throwIfAborted();
    volumes.provide(plan.id, plan.sandbox, plan.volumes);
  },
  update: ({ id, sandbox, isEmpty }, resources) =>
    volumes.provide(id, sandbox, volumeLinks(volumes.workDirectory, resources), {
      hasProcess: !isEmpty,
    }),
  recover(container, resources) {
    let links: VolumeLinks;
    try {
      links = found(container, resources);
    } catch (error) {
      // The links are not known then, and only this agent would add to them: no reason to end a
      // running container.
      if (!(error instanceof ContainerizerError)) {
        throw error;
      }
      return;
    }
    volumes.adopt(container.id, container.sandbox, links);
  },
  cleanup: (id) => volumes.release(id),
});
