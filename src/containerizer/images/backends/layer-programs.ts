// What the supervisor's program does with layers outside of containers: copies them (copies.c), and
// tries to mount them (rootfs.c).
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { deleteTree } from '../../../filesystem/tree-deletion.ts';
import { ContainerizerError } from '../../containerizer-error.ts';
import { rootWords } from '../../launchers/oci/root-step.ts';
import type { RootFileSystem } from '../provisioner.ts';
import { shown } from '../unpacking/tar-reader.ts';

const run = promisify(execFile);
const ANSWER_MS = 10_000;

/** The folder is empty. Rejects with ContainerizerError, or with the reason of the abort. */
export async function copyLayers(
  program: string,
  folder: string,
  layers: readonly string[],
  abort: AbortSignal,
): Promise<void> {
  try {
    await run(program, ['copy', folder, ...layers], {
      signal: abort,
      killSignal: 'SIGKILL',
      encoding: 'latin1',
    });
  } catch (error) {
    abort.throwIfAborted();
    throw new ContainerizerError(`Failed to copy the layers of the image: ${sayingOf(error)}`, {
      cause: error,
    });
  }
}

/**
 * Gives folders of layers that do not list them what the layers below say of them, in the folder
 * that is over all layers. Paths have a character for each byte. Rejects with ContainerizerError,
 * or with the reason of the abort.
 */
export async function restoreParents(
  program: string,
  {
    folder,
    layers,
    paths,
  }: {
    readonly folder: string;
    readonly layers: readonly string[];
    readonly paths: readonly string[];
  },
  abort: AbortSignal,
): Promise<void> {
  const running = run(program, ['parents', folder, ...layers], {
    signal: abort,
    killSignal: 'SIGKILL',
    encoding: 'latin1',
  });
  // It says itself why it takes no more.
  running.child.stdin?.on('error', () => undefined).end(nulEnded(paths), 'latin1');
  try {
    await running;
  } catch (error) {
    abort.throwIfAborted();
    throw new ContainerizerError(`Failed to make folders of the image: ${sayingOf(error)}`, {
      cause: error,
    });
  }
}

const nulEnded = (paths: readonly string[]) => paths.map((path) => `${path}\0`).join('');

/** Why no overlay can be mounted for a container; undefined: one can. */
export async function withoutOverlay({
  program,
  layers,
  containers,
}: {
  readonly program: string;
  readonly layers: string;
  readonly containers: string;
}): Promise<string | undefined> {
  const own = await mkdtemp(join(containers, '.overlay-'));
  const low = await mkdtemp(join(layers, '.overlay-'));
  try {
    const [upper = '', work = '', target = ''] = ['upper', 'work', 'target'].map((name) =>
      join(own, name),
    );
    for (const folder of [upper, work, target]) {
      await mkdir(folder);
    }
    const root: RootFileSystem = { kind: 'overlay', layers: [low], upper, work };
    const words = ['try-root', target, rootWords(root, process.geteuid?.() === 0)];
    await run(program, words, { timeout: ANSWER_MS, killSignal: 'SIGKILL', encoding: 'latin1' });
    return undefined;
  } catch (error) {
    return sayingOf(error);
  } finally {
    await deleteTree(own);
    await deleteTree(low);
  }
}

/** What the program has said. */
function sayingOf(error: unknown): string {
  const { stdout = '', message } = error as Error & { readonly stdout?: string };
  return shown(stdout.trim()) || message;
}
