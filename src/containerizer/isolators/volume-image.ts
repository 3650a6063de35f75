// volume/image: the files of an image as a volume. What a container writes there is its own, and
// goes with it.
import { volumesOfKind } from '../plan/container-volumes.ts';
import { containerInfoOf } from '../plan/request.ts';
import { targetPlace, type VolumeMount } from '../plan/volume-mounts.ts';
import { requireMountPoints } from '../volumes/mount-points.ts';
import type { Isolator } from './isolator.ts';

export const volumeImage: Isolator = {
  name: 'volume/image',
  contribute(plan, request) {
    const images = request.images?.volumes ?? [];
    const mounts = volumesOfKind(containerInfoOf(request), 'image').flatMap(
      ({ target, isReadOnly }, at): VolumeMount[] => {
        const root = images[at]?.root;
        return root === undefined
          ? []
          : [
              {
                source: { kind: 'image', root },
                target: targetPlace(plan, { target }),
                isReadOnly,
              },
            ];
      },
    );
    return { ...plan, volumeMounts: [...plan.volumeMounts, ...mounts] };
  },
  prepare: (plan) => requireMountPoints(plan, ['image']),
};
