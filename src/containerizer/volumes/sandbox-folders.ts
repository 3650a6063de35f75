// Folders in sandboxes, made by the agent for volumes. Sandboxes of nested containers lie in that
// of their root container, whose user may change all that is in it: each folder on the way is
// opened by itself, and no link is followed.
import { dirname, join } from 'node:path';
import { HeldFolder } from '../../filesystem/held-folder.ts';
import { parentOf } from '../../model/container-id.ts';
import type { ContainerId } from '../../model/ids.ts';
import { ContainerizerError } from '../containerizer-error.ts';
import type { ParentLink } from '../plan/plan.ts';

const OPEN_TO_READERS = 0o755;

/** The sandbox that a nested container's own lies in; the folder `containers` is between them. */
const parentSandbox = (sandbox: string): string => dirname(dirname(sandbox));

/** Opens a container's sandbox, given by its absolute path. Throws FolderError. */
function openSandbox(id: ContainerId, sandbox: string): HeldFolder {
  const parent = parentOf(id);
  if (parent === undefined) {
    return HeldFolder.open(sandbox);
  }
  const above = openSandbox(parent, parentSandbox(sandbox));
  return descend(above, sandbox.slice(parentSandbox(sandbox).length + 1).split('/'));
}

/**
 * Puts a link into the sandbox of a nested container. What is missing on the way to both ends is
 * made, and belongs to the user of the sandbox that it is in. Throws ContainerizerError.
 */
export function linkToParent(id: ContainerId, sandbox: string, { link, target }: ParentLink): void {
  const above = parentSandbox(sandbox);
  const path = join(above, ...target);
  try {
    using shared = folderFor(openSandbox(parentOf(id) ?? id, above), target);
    const name = target.at(-1) ?? '';
    if (shared.statusOf(name) === undefined) {
      makeFor(shared, name)[Symbol.dispose]();
    }
    using own = folderFor(openSandbox(id, sandbox), link);
    own.symlink(link.at(-1) ?? '', path);
  } catch (error) {
    throw new ContainerizerError(
      `Failed to symlink '${path}' -> '${join(sandbox, ...link)}': ${textOf(error)}`,
      { cause: error },
    );
  }
}

/** The folder that the last of the names is in. Takes over `top`. */
function folderFor(top: HeldFolder, names: readonly string[]): HeldFolder {
  return descend(top, names.slice(0, -1), makeFor);
}

function descend(
  top: HeldFolder,
  names: readonly string[],
  make?: (folder: HeldFolder, name: string) => HeldFolder,
): HeldFolder {
  let here = top;
  for (const name of names) {
    using folder = here;
    here =
      make !== undefined && folder.statusOf(name) === undefined
        ? make(folder, name)
        : folder.folder(name);
  }
  return here;
}

/** Makes a folder that belongs to whom the one that it is in belongs to. */
function makeFor(folder: HeldFolder, name: string): HeldFolder {
  const { uid, gid } = folder.status();
  const made = folder.makeFolder(name, OPEN_TO_READERS);
  made.giveTo(uid, gid);
  return made;
}

const textOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
