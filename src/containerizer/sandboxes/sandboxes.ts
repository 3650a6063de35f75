// Sandboxes: created when a container is launched, deleted some time after it has ended.
import {
  chownSync,
  closeSync,
  fchownSync,
  mkdirSync,
  openSync,
  renameSync,
  symlinkSync,
} from 'node:fs';
import { readdir, rmdir, unlink } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { codeOf, Folder } from '../../filesystem/folder.ts';
import { HeldFolder } from '../../filesystem/held-folder.ts';
import { deleteEntry, deleteTree } from '../../filesystem/tree-deletion.ts';
import { ContainerizerError } from '../containerizer-error.ts';
import type { Identity } from '../host/users.ts';
import { NESTED, nestedSandbox, type SandboxPlace } from '../plan/sandbox-path.ts';
import { isContainerName, type WorkDirectory } from '../work-directory.ts';

/**
 * Creates the private sandbox of the task's user, and lets the link `latest` beside it point to it;
 * returns its absolute path. Synchronous: six short system calls cost less than one trip to a
 * thread.
 */
export function createSandbox(
  work: WorkDirectory,
  sandbox: string,
  identity: Identity | undefined,
): string {
  const path = work.path(sandbox);
  const runs = dirname(path);
  try {
    mkdirSync(runs, { recursive: true, mode: 0o755 });
    mkdirSync(path, { mode: 0o750 });
    if (identity !== undefined) {
      chownSync(path, identity.uid, identity.gid);
    }
    const link = join(runs, `.latest-${basename(path)}`);
    symlinkSync(basename(path), link);
    renameSync(link, join(runs, 'latest'));
  } catch (error) {
    throw new ContainerizerError(`Failed to create sandbox '${path}': ${String(error)}`, {
      cause: error,
    });
  }
  return path;
}

/**
 * Creates the private sandbox of a container that stands alone. One that is there, with whatever an
 * earlier container's user has put into it, is never used. Throws ContainerizerError.
 */
export function createStandaloneSandbox(
  work: WorkDirectory,
  sandbox: string,
  identity: Identity | undefined,
): void {
  const path = work.path(sandbox);
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    using above = HeldFolder.open(dirname(path));
    newFolderIn(above, basename(path), identity)[Symbol.dispose]();
  } catch (error) {
    throw new ContainerizerError(`Failed to create sandbox '${path}': ${String(error)}`, {
      cause: error,
    });
  }
}

const PRIVATE_MODE = 0o750;

/** A new folder of the container's user. */
function newFolderIn(above: HeldFolder, name: string, identity: Identity | undefined): HeldFolder {
  const folder = above.makeFolder(name, PRIVATE_MODE);
  if (identity !== undefined) {
    folder.giveTo(identity.uid, identity.gid);
  }
  return folder;
}

/** The folder in a sandbox that has links to those of nested containers, by the ids of tasks. */
const TASKS = 'tasks';

/**
 * The files that a process would write to, for a container that has none: whoever looks into its
 * sandbox expects them. Throws ContainerizerError.
 */
export function createOutput(
  work: WorkDirectory,
  sandbox: string,
  identity: Identity | undefined,
): void {
  const path = work.path(sandbox);
  try {
    for (const name of ['stdout', 'stderr']) {
      // The sandbox is its user's already: nothing that lies there is opened.
      const file = openSync(join(path, name), 'wx', 0o644);
      try {
        if (identity !== undefined) {
          fchownSync(file, identity.uid, identity.gid);
        }
      } finally {
        closeSync(file);
      }
    }
  } catch (error) {
    throw new ContainerizerError(`Failed to create the output in '${path}': ${String(error)}`, {
      cause: error,
    });
  }
}

export interface NestedSandbox extends SandboxPlace {
  /** The id of the task that the container is for; absent where it is for none. */
  readonly task?: string | undefined;
  /** Links in the sandbox, by their names, to absolute paths. */
  readonly links: ReadonlyMap<string, string>;
  /** Empty folders in it, by their names. */
  readonly folders?: readonly string[];
}

/**
 * Creates the private sandbox of a nested container in that of its parent, which belongs to a user
 * who may change all that is in it: no link there is followed, and a folder that is there already
 * is never used. Throws ContainerizerError.
 */
export function createNestedSandbox(
  work: WorkDirectory,
  { root, names, task, links, folders = [] }: NestedSandbox,
  identity: Identity | undefined,
): void {
  const name = names.at(-1) ?? '';
  const path = work.path(names.reduce(nestedSandbox, root));
  try {
    using above = HeldFolder.openBelow(work.path(root), wayToParent(names));
    const { uid, gid } = above.status();
    using nested = folderIn(above, NESTED, () => {});
    requireSafe(nested, uid, identity);
    using sandbox = newFolderIn(nested, name, identity);
    for (const [link, target] of links) {
      sandbox.symlink(link, target);
    }
    for (const folder of folders) {
      sandbox.makeFolder(folder, 0o755)[Symbol.dispose]();
    }
    if (task === undefined) {
      return;
    }
    using tasks = folderIn(above, TASKS, (made) => made.giveTo(uid, gid));
    if (tasks.statusOf(task) !== undefined) {
      // Of an earlier task with this id.
      tasks.unlink(task);
    }
    tasks.symlink(task, path);
  } catch (error) {
    throw new ContainerizerError(`Failed to create nested sandbox '${path}': ${String(error)}`, {
      cause: error,
    });
  }
}

/** In a folder of another user that could exchange what is in it there are no sandboxes. */
function requireSafe(nested: HeldFolder, above: number, identity: Identity | undefined): void {
  const { uid } = nested.status();
  const isOthers = identity !== undefined && identity.uid !== above;
  if (isOthers && uid !== process.geteuid?.() && uid !== identity.uid) {
    throw new Error(
      `user ${uid} has made the folder '${NESTED}', and could exchange what is in it`,
    );
  }
}

/** The names on the way from the root container's sandbox to that of a container's parent. */
const wayToParent = (names: readonly string[]): string[] =>
  names.slice(0, -1).flatMap((name) => [NESTED, name]);

/** The names of containers that have, or had, a sandbox in that of another one. */
export async function nestedNames(work: WorkDirectory, sandbox: string): Promise<string[]> {
  try {
    await using parent = await Folder.open(work.path(sandbox));
    await using nested = await parent.folder(NESTED);
    const found: string[] = [];
    for await (const entry of nested.entries()) {
      const name = entry.name.toString();
      if (isContainerName(name)) {
        found.push(name);
      }
    }
    return found;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') {
      return [];
    }
    throw error;
  }
}

/**
 * Deletes the sandbox of a container whose parent may go on, or that stands alone, and whatever
 * else is in its place.
 */
export async function removeSandbox(
  work: WorkDirectory,
  { root, names }: SandboxPlace,
): Promise<void> {
  const name = names.at(-1);
  if (name === undefined) {
    await deleteTree(work.path(root));
    return;
  }
  const way = [...wayToParent(names), NESTED];
  let folder: Folder;
  try {
    folder = await Folder.openBelow(work.path(root), way);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') {
      return;
    }
    throw error;
  }
  await using nested = folder;
  await deleteEntry(nested, name);
}

/** A folder that is there is left as it is: the user may have put it there. */
function folderIn(
  folder: HeldFolder,
  name: string,
  isMade: (made: HeldFolder) => void,
): HeldFolder {
  if (folder.statusOf(name) !== undefined) {
    return folder.folder(name);
  }
  const made = folder.makeFolder(name, 0o755);
  isMade(made);
  return made;
}

/** Deletes a sandbox, and the folders above it that are empty then. */
export async function deleteSandbox(work: WorkDirectory, sandbox: string): Promise<void> {
  const path = work.path(sandbox);
  const below = relative(work.root, path);
  if (below === '' || below.startsWith('..')) {
    throw new ContainerizerError(`'${sandbox}' is not below the work directory`);
  }
  await deleteTree(path);
  const runs = dirname(path);
  if (basename(runs) !== 'runs') {
    return;
  }
  const left = await names(runs);
  if (left.length === 1 && left[0] === 'latest') {
    await unlink(join(runs, 'latest')).catch(ignoreGone);
  }
  // The folders are: runs, the executor, `executors`, the framework. The agent's own folder stays.
  let folder = runs;
  for (let depth = 0; depth < 4 && (await names(folder)).length === 0; depth++) {
    try {
      await rmdir(folder);
    } catch (error) {
      ignoreGone(error);
      return;
    }
    folder = dirname(folder);
  }
}

async function names(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: unknown) => {
    ignoreGone(error);
    return [];
  });
}

/** Another deletion or a launch has changed the folder meanwhile. */
function ignoreGone(error: unknown): void {
  const code = codeOf(error);
  if (code !== 'ENOENT' && code !== 'ENOTEMPTY' && code !== 'EEXIST') {
    throw error;
  }
}
