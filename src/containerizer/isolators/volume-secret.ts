// volume/secret: secrets by value, as files in memory that only the container sees. No disk has
// them: the launcher gets their content with the plan, and keeps it out of its records.
import { ContainerizerError } from '../containerizer-error.ts';
import { volumesOfKind } from '../plan/container-volumes.ts';
import { containerInfoOf } from '../plan/request.ts';
import { targetPlace, type VolumeMount } from '../plan/volume-mounts.ts';
import { requireMountPoints } from '../volumes/mount-points.ts';
import type { Isolator } from './isolator.ts';

/** Of all secrets of a container together, which stay in memory as long as it runs. */
const MAX_SECRET_BYTES = 1024 * 1024;

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
    return { ...plan, volumeMounts: [...plan.volumeMounts, ...mounts] };
  },
  prepare: (plan) => requireMountPoints(plan, ['secret']),
};
