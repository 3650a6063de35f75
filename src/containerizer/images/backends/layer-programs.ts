// What the supervisor's program does with layers outside of containers: copies them (copies.c), and
// tries to mount them (rootfs.c).
import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { isWantOfRoom } from '../../../filesystem/room.ts';
import { deleteTree } from '../../../filesystem/tree-deletion.ts';
import { errorText } from '../../../model/error-text.ts';
import { ContainerizerError } from '../../containerizer-error.ts';
import { rootWords } from '../../launchers/oci/root-step.ts';
import { AskedThread } from '../../threads/asked-thread.ts';
import type { RootFileSystem } from '../provisioner.ts';
import type { ProgramQuestion } from './program-thread.ts';

const ANSWER_MS = 10_000;

/** The error says what the program has said. */
const thread = new AskedThread<string>({
  module: new URL('./program-thread', import.meta.url),
  does: 'runs programs for layers',
  errorOf: (text) => new Error(text),
  lost: (text) => text,
});

type Program = Pick<ProgramQuestion, 'program' | 'words'> & Partial<ProgramQuestion>;

const run = (program: Program, abort: AbortSignal): Promise<void> => {
  const question: ProgramQuestion = { input: '', limitMs: 0, ...program };
  return thread.ask('run', question, abort);
};

/** Rejects with ContainerizerError, which begins with what has failed, or as the abort says. */
async function runTo(does: string, program: Program, abort: AbortSignal): Promise<void> {
  try {
    await run(program, abort);
  } catch (error) {
    abort.throwIfAborted();
    throw new ContainerizerError(`Failed to ${does}: ${errorText(error)}`, { cause: error });
  }
}

/** The folder is empty. Rejects with ContainerizerError, or with the reason of the abort. */
export const copyLayers = (
  program: string,
  folder: string,
  layers: readonly string[],
  abort: AbortSignal,
): Promise<void> =>
  runTo('copy the layers of the image', { program, words: ['copy', folder, ...layers] }, abort);

/**
 * Gives folders of layers that do not list them what the layers below say of them, in the folder
 * that is over all layers. Paths have a character for each byte. Rejects with ContainerizerError,
 * or with the reason of the abort.
 */
export const restoreParents = (
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
): Promise<void> =>
  runTo(
    'make folders of the image',
    { program, words: ['parents', folder, ...layers], input: nulEnded(paths) },
    abort,
  );

const nulEnded = (paths: readonly string[]) => paths.map((path) => `${path}\0`).join('');

/** It could not be tried what this machine can: no disk has room for that at the moment. */
export class UntriedError extends ContainerizerError {}

/** As the C library has them. */
const WANTS_OF_ROOM: readonly string[] = [
  'No space left on device',
  'Disk quota exceeded',
  'Quota exceeded',
];

/** Where overlays are tried. Another agent deletes what is left in the two folders. */
export interface OverlayPlaces {
  /** That of the supervisor. */
  readonly program: string;
  /** On the disk where layers are, and on that where containers will write. */
  readonly layers: string;
  readonly containers: string;
}

/** Why no overlay can be mounted for a container; undefined: one can. Rejects with UntriedError. */
export async function withoutOverlay({
  program,
  layers,
  containers,
}: OverlayPlaces): Promise<string | undefined> {
  const made: string[] = [];
  const folderIn = async (folder: string) => {
    const path = await mkdtemp(join(folder, 'overlay-'));
    made.push(path);
    return path;
  };
  try {
    const low = await folderIn(layers);
    const own = await folderIn(containers);
    const [upper = '', work = '', target = ''] = ['upper', 'work', 'target'].map((name) =>
      join(own, name),
    );
    for (const folder of [upper, work, target]) {
      await mkdir(folder);
    }
    const root: RootFileSystem = { kind: 'overlay', layers: [low], upper, work };
    const words = ['try-root', target, rootWords(root, process.geteuid?.() === 0)];
    await run({ program, words, limitMs: ANSWER_MS }, new AbortController().signal);
    return undefined;
  } catch (error) {
    const why = errorText(error);
    if (isWantOfRoom(error) || WANTS_OF_ROOM.includes(why)) {
      throw new UntriedError(`It cannot be tried how layers are mounted: ${why}`, { cause: error });
    }
    return why;
  } finally {
    for (const folder of made) {
      await deleteTree(folder);
    }
  }
}
