// How layers become a root file system: mounted over each other, copied into one folder, or, if
// there is only one, as it is.
import { chmod, chown, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ContainerizerError } from '../../containerizer-error.ts';
import type { RootFileSystem } from '../provisioner.ts';
import type { TopFolder } from '../unpacking/layer-reader.ts';
import {
  copyLayers,
  type OverlayPlaces,
  restoreParents,
  UntriedError,
  withoutOverlay,
} from './layer-programs.ts';

export type BackendName = 'bind' | 'copy' | 'overlay';

export interface RootOptions {
  /** An empty folder of its own, on which all is that the container writes. */
  readonly folder: string;
  /** Folders, the lowest first, and never none. */
  readonly layers: readonly string[];
  /** What is known of the folder that all is in. */
  readonly top: TopFolder | undefined;
  /** Folders that layers have without listing them: what those below say of them counts. */
  readonly unlisted: readonly string[];
  readonly abort: AbortSignal;
}

/**
 * What this machine can do of what is asked for. Rejects with ContainerizerError, of which
 * UntriedError says that it is not known.
 */
export async function chooseBackend(
  asked: 'auto' | BackendName,
  where: OverlayPlaces,
): Promise<BackendName> {
  if (asked === 'copy' || asked === 'bind') {
    return asked;
  }
  const why = await withoutOverlay(where);
  if (why !== undefined && asked === 'overlay') {
    throw new ContainerizerError(
      `--image_provisioner_backend=overlay: layers in '${where.layers}' cannot be mounted with ` +
        `'${where.containers}' to write to: ${why}`,
    );
  }
  return why === undefined ? 'overlay' : 'copy';
}

/**
 * The backend of a store. What the machine cannot do is told at the agent's start; but one whose
 * disk is full starts, too, and tries it when a root file system is to be made.
 */
export class ChosenBackend {
  readonly #choose: () => Promise<BackendName>;
  #chosen: BackendName | undefined;

  private constructor(choose: () => Promise<BackendName>) {
    this.#choose = choose;
  }

  /** Rejects with ContainerizerError. */
  static async open(asked: 'auto' | BackendName, where: OverlayPlaces): Promise<ChosenBackend> {
    const backend = new ChosenBackend(() => chooseBackend(asked, where));
    try {
      await backend.name();
    } catch (error) {
      if (!(error instanceof UntriedError)) {
        throw error;
      }
    }
    return backend;
  }

  /** Undefined as long as it has not been tried. */
  get known(): BackendName | undefined {
    return this.#chosen;
  }

  /** Rejects with ContainerizerError. */
  async name(): Promise<BackendName> {
    this.#chosen ??= await this.#choose();
    return this.#chosen;
  }
}

/** What the container writes, and where the kernel works: in the folder of its root. */
export const overlayFolders = (folder: string): readonly [upper: string, work: string] => [
  join(folder, 'upper'),
  join(folder, 'work'),
];

/** Rejects with ContainerizerError, or with the reason of the abort. */
export async function makeRoot(
  backend: BackendName,
  program: string,
  { folder, layers, top, unlisted, abort }: RootOptions,
): Promise<RootFileSystem> {
  switch (backend) {
    case 'overlay': {
      const [upper, work] = overlayFolders(folder);
      await makeTop(upper, top);
      if (unlisted.length > 0) {
        await restoreParents(program, { folder: upper, layers, paths: unlisted }, abort);
      }
      await mkdir(work, { mode: 0o700 });
      return { kind: 'overlay', layers, upper, work };
    }
    case 'copy': {
      const path = join(folder, 'files');
      await makeTop(path, undefined);
      await copyLayers(program, path, layers, abort);
      await shape(path, top);
      return { kind: 'folder', path, isReadOnly: false };
    }
    case 'bind': {
      const [path, ...others] = layers;
      if (path === undefined || others.length > 0) {
        throw new ContainerizerError('Multiple layers are not supported by the bind backend');
      }
      return { kind: 'folder', path, isReadOnly: true };
    }
  }
}

async function makeTop(path: string, top: TopFolder | undefined): Promise<void> {
  await mkdir(path);
  await shape(path, top);
}

/** The folder is the container's `/`. */
async function shape(path: string, top: TopFolder | undefined): Promise<void> {
  if (top !== undefined && process.geteuid?.() === 0) {
    await chown(path, top.uid, top.gid);
  }
  await chmod(path, top?.mode ?? 0o755);
}
