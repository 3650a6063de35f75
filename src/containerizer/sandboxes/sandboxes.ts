// Sandboxes: created when a container is launched, deleted some time after it has ended.
import { chownSync, mkdirSync, renameSync, symlinkSync } from 'node:fs';
import { readdir, rmdir, unlink } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { deleteTree } from '../../filesystem/tree-deletion.ts';
import { ContainerizerError } from '../containerizer-error.ts';
import type { Identity } from '../host/users.ts';
import type { WorkDirectory } from '../work-directory.ts';

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
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code !== 'ENOENT' && code !== 'ENOTEMPTY' && code !== 'EEXIST') {
    throw error;
  }
}
