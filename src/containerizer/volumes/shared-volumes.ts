// Which volumes of a container are its user's by their group, and which groups it has for them.

import { HeldFolder } from '../../filesystem/held-folder.ts';
import { parentOf } from '../../model/container-id.ts';
import { errorText } from '../../model/error-text.ts';
import { ContainerizerError } from '../containerizer-error.ts';
import type { Identity } from '../host/users.ts';
import type { ContainerPlan } from '../plan/plan.ts';
import type { SplitPath } from '../plan/volume-mounts.ts';
import { madeFolder } from './sandbox-folders.ts';
import type { VolumeGids } from './volume-gids.ts';

type Sharing = Pick<ContainerPlan, 'id' | 'volumes' | 'parentVolumes'>;

/**
 * Gives the container's volumes to groups where they are shared persistent volumes, or folders of
 * the parent's sandbox that belong to another user. Rejects with ContainerizerError.
 */
export async function groupsOfVolumes(
  plan: Sharing,
  identity: Identity,
  gids: VolumeGids,
  abort: AbortSignal,
): Promise<number[]> {
  const groups: number[] = [];
  if (identity.uid === 0) {
    // It has access to all.
    return groups;
  }
  const shared = [...plan.volumes.values()].filter(
    ({ target, isShared }) => isShared || gids.has(target),
  );
  for (const { target } of shared) {
    const place = { top: target, below: [] };
    groups.push(await gids.give({ place, holder: undefined, user: plan.id }, abort));
  }
  for (const { place, isPersistent } of plan.parentVolumes) {
    if (ownerOf(place) !== identity.uid) {
      const holder = isPersistent ? undefined : parentOf(plan.id);
      groups.push(await gids.give({ place, holder, user: plan.id }, abort));
    }
  }
  return groups;
}

/** A folder that is missing is made, for who owns the one that it is in. */
function ownerOf(place: SplitPath): number {
  try {
    if (place.below.length > 0) {
      madeFolder(place)?.[Symbol.dispose]();
    }
    using folder = HeldFolder.openBelow(place.top, place.below);
    return folder.status().uid;
  } catch (error) {
    throw new ContainerizerError(`Failed to provide a volume: ${errorText(error)}`, {
      cause: error,
    });
  }
}
