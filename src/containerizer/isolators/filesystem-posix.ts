// filesystem/posix: containers see the machine's own files, and find their persistent volumes by
// links in their sandboxes.
import { ContainerizerError } from '../containerizer-error.ts';
import { type VolumeLinks, volumeLinks } from '../plan/volume-links.ts';
import type { Volumes } from '../volumes/volumes.ts';
import type { Isolator } from './isolator.ts';

export const filesystemPosix = (volumes: Volumes): Isolator => ({
  name: 'filesystem/posix',
  contribute: (plan, { resources }, { workDirectory }) => ({
    ...plan,
    volumes: volumeLinks(workDirectory, resources),
  }),
  async prepare(plan, abort) {
    await volumes.emptied(plan.volumes);
    abort.throwIfAborted();
    volumes.provide(plan.id, plan.sandbox, plan.volumes);
  },
  update: ({ id, sandbox }, resources) =>
    volumes.provide(id, sandbox, volumeLinks(volumes.workDirectory, resources)),
  recover(id, resources) {
    let links: VolumeLinks;
    try {
      links = volumeLinks(volumes.workDirectory, resources);
    } catch (error) {
      // Only what this agent would provide, too, is known then: no reason to end what runs.
      if (!(error instanceof ContainerizerError)) {
        throw error;
      }
      return;
    }
    volumes.adopt(id, links);
  },
  cleanup: (id) => volumes.release(id),
});
