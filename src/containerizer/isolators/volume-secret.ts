// volume/secret: secrets by value, as files in memory that only the container sees. No disk has
// them: the launcher gets their content with the plan, and keeps it out of its records.
import { createHash } from 'node:crypto';
import { parentOf } from '../../model/container-id.ts';
import type { ContainerId } from '../../model/ids.ts';
import { formatUuid } from '../../model/random.ts';
import { ContainerizerError } from '../containerizer-error.ts';
import { volumesOfKind } from '../plan/container-volumes.ts';
import { type ContainerRequest, containerInfoOf } from '../plan/request.ts';
import { targetPlace, type VolumeMount } from '../plan/volume-mounts.ts';
import { requireMountPoints } from '../volumes/mount-points.ts';
import type { Isolator } from './isolator.ts';

/** Of all secrets of a container together, which stay in memory as long as it runs. */
const MAX_SECRET_BYTES = 1024 * 1024;

/**
 * Mesos mounts the secrets of nested containers there first, whether they have any or not. To a
 * task with persistent volumes these are volumes of its container's.
 */
const foldersOf = (request: ContainerRequest): string[] =>
  parentOf(request.id) !== undefined && request.kind !== 'debug' && hasContainerInfo(request)
    ? [`.secret-${uuidFor(request.id)}`]
    : [];

const UUID_BYTES = 16;

/** The same each time: what a plan says does not depend on chance. */
const uuidFor = (id: ContainerId): string =>
  formatUuid(createHash('sha256').update(id).digest().subarray(0, UUID_BYTES));

const hasContainerInfo = (request: ContainerRequest): boolean =>
  containerInfoOf(request) !== undefined ||
  request.resources.some(({ disk }) => disk?.persistence !== undefined);

export const volumeSecret: Isolator = {
  name: 'volume/secret',
  contribute(plan, request) {
    const secrets = volumesOfKind(containerInfoOf(request), 'secret');
    const bytes = secrets.reduce((total, { source }) => total + source.data.length, 0);
    if (bytes > MAX_SECRET_BYTES) {
      throw new ContainerizerError(
        `The secrets in volumes of the container are ${bytes} bytes, of at most ${MAX_SECRET_BYTES}`,
      );
    }
    const mounts = secrets.map(
      ({ source: { data }, target, isReadOnly }): VolumeMount => ({
        source: { kind: 'secret', data },
        target: targetPlace(plan, { target }),
        isReadOnly,
      }),
    );
    return {
      ...plan,
      volumeMounts: [...plan.volumeMounts, ...mounts],
      sandboxFolders: [...plan.sandboxFolders, ...foldersOf(request)],
    };
  },
  prepare: (plan) => requireMountPoints(plan, ['secret']),
};
