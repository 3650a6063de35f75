// How a process gets into its working directory. An OCI runtime enters one as root, and makes those
// that are missing, through links, too: it is led only as far as folders are root's, and the
// process goes the rest itself. The runtime is led by a path without links, of which a volume could
// hide one.
import { lstatSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { ContainerId } from '../../../model/ids.ts';
import { isAtOrBelow } from '../../../model/paths.ts';
import type { Identity } from '../../host/users.ts';
import type { ContainerPlan } from '../../plan/plan.ts';
import { pathOf, placeIn } from '../../plan/volume-mounts.ts';
import { isAbsence } from '../../records/record-file.ts';
import type { WayIn } from './oci-config.ts';

/** `directory` is the sandbox of this container. */
export function wayInto(id: ContainerId, directory: string): WayIn {
  const { top, below } = placeIn({ id, sandbox: directory }, []);
  let entered = withoutLinks(top);
  let left = below;
  while (left.length > 0 && isOurs(entered)) {
    entered = join(entered, left[0] ?? '');
    left = left.slice(1);
  }
  return { entered, below: left.join('/') };
}

/**
 * Whether the sandbox of a container lies in that of another user, who is not root, and could
 * exchange any folder on the way.
 */
export function isForeign(
  { id, sandbox, inside }: Pick<ContainerPlan, 'id' | 'sandbox' | 'inside'>,
  identity: Identity | undefined,
): boolean {
  const { top, below } = placeIn({ id, sandbox }, []);
  if (identity === undefined || inside !== undefined || below.length === 0) {
    return false;
  }
  const owner = lstatSync(top).uid;
  return owner !== 0 && owner !== identity.uid;
}

/** Says that the process is where it is to be, in files of the container's own. */
const THERE = '/';

/**
 * Into a directory in files of the container's own. The runtime makes it where it is missing, but
 * not in a volume, which others have, too.
 */
export function wayInside(
  directory: string,
  { sandboxInside, volumeMounts }: Pick<ContainerPlan, 'sandboxInside' | 'volumeMounts'>,
): WayIn {
  const isLeft =
    directory !== sandboxInside &&
    volumeMounts.some(({ target }) => isAtOrBelow(directory, pathOf(target)));
  return isLeft ? { entered: '/', below: directory } : besideWay(directory);
}

/** Into one that is there. */
export const besideWay = (directory: string): WayIn => ({ entered: directory, below: THERE });

/** All folders on the way to a root container's sandbox are the agent's, or the operator's. */
function withoutLinks(folder: string): string {
  try {
    return realpathSync(folder);
  } catch (error) {
    if (isAbsence(error)) {
      return folder;
    }
    throw error;
  }
}

/** What is in a folder of others they may exchange. */
function isOurs(folder: string): boolean {
  try {
    return lstatSync(folder).uid === process.geteuid?.();
  } catch (error) {
    if (isAbsence(error)) {
      return false;
    }
    throw error;
  }
}
