// Folders in sandboxes, made by the agent for volumes. Sandboxes of nested containers lie in that
// of their root container, whose user may change all that is in it: each folder on the way is
// opened by itself, and no link is followed.
import { join } from 'node:path';
import { HeldFolder } from '../../filesystem/held-folder.ts';
import { errorText } from '../../model/error-text.ts';
import type { ContainerId } from '../../model/ids.ts';
import { ContainerizerError } from '../containerizer-error.ts';
import type { ParentLink } from '../plan/plan.ts';
import { pathOf, placeIn, placeInParent, type SplitPath } from '../plan/volume-mounts.ts';

const OPEN_TO_READERS = 0o755;

/**
 * Makes a folder, and those missing on the way to it; each belongs to whom the folder that it is in
 * belongs to. Undefined where there is something already. Throws FolderError.
 */
export function madeFolder(place: SplitPath): HeldFolder | undefined {
  const { above, name } = lastOf(place);
  using folder = above;
  return folder.statusOf(name) === undefined ? makeFor(folder, name) : undefined;
}

/** Puts a link into the sandbox of a nested container. Throws ContainerizerError. */
export function linkToParent(
  container: { readonly id: ContainerId; readonly sandbox: string },
  { link, target }: ParentLink,
): void {
  const to = placeInParent(container, target);
  const path = pathOf(to);
  try {
    madeFolder(to)?.[Symbol.dispose]();
    const { above, name } = lastOf(placeIn(container, link));
    using folder = above;
    folder.symlink(name, path);
  } catch (error) {
    throw new ContainerizerError(
      `Failed to symlink '${path}' -> '${join(container.sandbox, ...link)}': ${errorText(error)}`,
      { cause: error },
    );
  }
}

/** The folder that the last name of a place is in. */
function lastOf({ top, below }: SplitPath): { above: HeldFolder; name: string } {
  let above = HeldFolder.open(top);
  for (const name of below.slice(0, -1)) {
    using folder = above;
    above = folder.statusOf(name) === undefined ? makeFor(folder, name) : folder.folder(name);
  }
  return { above, name: below.at(-1) ?? '.' };
}

function makeFor(folder: HeldFolder, name: string): HeldFolder {
  const { uid, gid } = folder.status();
  const made = folder.makeFolder(name, OPEN_TO_READERS);
  made.giveTo(uid, gid);
  return made;
}
