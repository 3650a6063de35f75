// The layers of all images, each once, by what is in it. A layer is made in a folder that counts
// for nothing, is on the disk as a whole, and then gets its name; so there is never half of one,
// whenever the agent or the machine stops. Layers that somebody holds are not removed.
import { mkdir, readdir, readFile, rename, stat, unlink } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { syncDisk, syncFolder, writeDurably } from '../../../filesystem/durable-files.ts';
import { codeOf } from '../../../filesystem/folder.ts';
import { ContainerizerError, containerizerErrorOf } from '../../containerizer-error.ts';
import { Slots } from '../../downloads/slots.ts';
import { Holders } from '../../holders.ts';
import { copyLayers } from '../backends/layer-programs.ts';
import { requireRoom } from '../blob-file.ts';
import { ByteCounter } from '../byte-counter.ts';
import type { LayerDescriptor } from '../image.ts';
import type { LayerStage } from '../pull-progress.ts';
import type { PulledImage } from '../puller.ts';
import { SharedWork } from '../shared-work.ts';
import type { TopFolder } from '../unpacking/layer-reader.ts';
import { type AciFacts, type BlobForm, LAYER_BOUNDS, unpackLayer } from '../unpacking/unpacker.ts';
import { sha256 } from '../verification.ts';
import type { StoredLayer } from './image-records.ts';
import type { StoreFolders } from './store-folders.ts';
import { keepVisible } from './visible-paths.ts';

export interface LayerStoreOptions {
  readonly folders: StoreFolders;
  /** That of the supervisor. */
  readonly program: string;
}

/** What is known of a layer besides its files. */
interface LayerFacts {
  readonly version: 2;
  /** Of the content of its files. */
  readonly bytes: number;
  /** Of the layer's own folder, which is the container's `/`. */
  readonly top?: TopFolder | undefined;
  /** Whether nothing is seen of all layers below. */
  readonly isOpaque: boolean;
  /** Folders that it does not list, with a character for each byte; absent: none. */
  readonly unlisted?: readonly string[] | undefined;
  /** Of an App Container image. */
  readonly aci?: AciFacts | undefined;
}

/** Where the blob of a layer comes from, and for whom. */
interface Source<Bring> {
  /** The registry, or another host. */
  readonly name: string;
  readonly owner: string;
  /** By which it is asked, in one line; another one may not be given the same. */
  readonly login?: string;
  /** Whether a layer that is there already may be given without being brought; absent: all. */
  readonly mayHave?: (diffId: string) => boolean;
  /** Brings the blob into a new file. */
  readonly bring: Bring;
}

/** `path` is that of the new file. */
type BringBlob = (path: string, abort: AbortSignal, arrived: ByteCounter) => Promise<void>;

/** What a layer is made of. */
interface Blob {
  /** Its digest, or where it is. */
  readonly name: string;
  readonly form: BlobForm;
  /** In bytes, if it is known. */
  readonly size: number | undefined;
}

/** A layer that is being made. */
interface LayerWork {
  stage: LayerStage;
  readonly arrived: ByteCounter;
}

/** What was removed. */
export interface RemovedLayer {
  readonly diffId: string;
  readonly bytes: number;
}

/** Layers that are downloaded at once, and those of one registry; half of it for one owner. */
const MOST_DOWNLOADS = 32;
const MOST_OF_REGISTRY = 12;
/** How many layers one owner has unpacked at once: each is work for a CPU and a half. */
const MOST_UNPACKING = Math.max(1, Math.min(4, availableParallelism()));

const SHA256 = 'sha256:';
const LAYER = /^[0-9a-f]{64}$/;

export class LayerStore {
  readonly #options: LayerStoreOptions;
  readonly #known: Set<string>;
  /** Of those that somebody has asked for. */
  readonly #sizes = new Map<string, number>();
  readonly #holders = new Holders();
  readonly #making = new SharedWork<string>();
  /** By the digests of the blobs. */
  readonly #works = new Map<string, LayerWork>();
  readonly #downloads = new Slots(MOST_DOWNLOADS, MOST_OF_REGISTRY);
  readonly #unpackings = new Slots(2 * MOST_UNPACKING, 2 * MOST_UNPACKING);
  /** Those on their way out: nothing new may take their place before. */
  readonly #leaving = new Map<string, Promise<unknown>>();

  private constructor(options: LayerStoreOptions, known: Iterable<string>) {
    this.#options = options;
    this.#known = new Set(known);
  }

  static async open(options: LayerStoreOptions): Promise<LayerStore> {
    const names = await readdir(options.folders.layers);
    return new LayerStore(
      options,
      names.filter((name) => LAYER.test(name)).map((name) => `${SHA256}${name}`),
    );
  }

  /** Where the files of a layer are. */
  folder(diffId: string): string {
    return join(this.#place(diffId), 'files');
  }

  /** How far a layer has come that is being made, by the digest of its blob. */
  progress(digest: string): { readonly stage: LayerStage; readonly received: number } | undefined {
    const work = this.#works.get(digest);
    const received = work?.arrived.count ?? 0;
    return work && { stage: received > 0 ? work.stage : 'waiting', received };
  }

  /** Of the content of its files; undefined where it is missing by now. */
  async bytes(diffId: string): Promise<number | undefined> {
    let bytes = this.#sizes.get(diffId);
    if (bytes === undefined) {
      bytes = (await this.facts(diffId).catch(() => undefined))?.bytes;
      if (bytes !== undefined && this.#known.has(diffId)) {
        this.#sizes.set(diffId, bytes);
      }
    }
    return bytes;
  }

  /** What is known of the layer besides its files. */
  async facts(diffId: string): Promise<LayerFacts> {
    const text = await readFile(join(this.#place(diffId), 'layer.json'), 'utf8');
    return JSON.parse(text) as LayerFacts;
  }

  /** Nobody removes them until the function that is returned is called. */
  hold(diffIds: readonly string[]): () => void {
    return this.#holders.hold(diffIds);
  }

  /**
   * The layer, when it is in the store; it is to be held at once. `known` is what the blob is known
   * to have in it. Those who ask the same servers for it, in the same way, get it from one
   * download; nobody waits for a server that only another image names. Rejects with
   * ContainerizerError.
   */
  async provide(
    layer: LayerDescriptor,
    known: string | undefined,
    {
      source,
      abort,
    }: { readonly source: Source<PulledImage['download']>; readonly abort: AbortSignal },
  ): Promise<StoredLayer> {
    const { digest } = layer;
    const expected = layer.diffId ?? known;
    const isGiven = expected !== undefined && source.mayHave?.(expected) !== false;
    if (isGiven && (await this.isThere(expected))) {
      return { digest, diffId: expected, isProven: expected === known };
    }
    const key = [digest, source.name, source.login ?? '', ...layer.urls].join(' ');
    const bring: BringBlob = (path, shared, arrived) => source.bring(layer, path, shared, arrived);
    const blob = { name: digest, form: 'layer', size: layer.size } as const;
    const diffId = await this.#makeOnce(key, blob, { ...source, bring }, abort);
    if (layer.diffId !== undefined && layer.diffId !== diffId) {
      throw new ContainerizerError(
        `Layer ${layer.digest} is not what its image says: its content has the digest ${diffId}, ` +
          `and not ${layer.diffId}`,
      );
    }
    return { digest, diffId, isProven: true };
  }

  /**
   * Brings an App Container image from its place: the diffId of its layer, whose facts have the
   * rest of it. Rejects with ContainerizerError.
   */
  provideAci(place: string, source: Source<BringBlob>, abort: AbortSignal): Promise<string> {
    return this.#makeOnce(place, { name: place, form: 'aci', size: undefined }, source, abort);
  }

  /**
   * A layer that has of others, the lowest first, what is seen of them where they lie on each
   * other, and of that these paths only. Rejects with ContainerizerError.
   */
  async provideVisible(
    layers: readonly string[],
    paths: readonly string[],
    { owner, abort }: { readonly owner: string; readonly abort: AbortSignal },
  ): Promise<string> {
    const diffId = sha256(Buffer.from(JSON.stringify({ layers, paths })));
    if (await this.isThere(diffId)) {
      return diffId;
    }
    const joined = () => this.#unpackings.beginNext();
    return await this.#making.run({ key: diffId, owner, joined }, abort, (shared, owners) =>
      this.#unpackings.run({ host: '', owners }, shared, async () => {
        await this.#makeVisible(diffId, layers, paths, shared);
        return diffId;
      }),
    );
  }

  /** Whether the store has it; somebody may have tidied up. */
  async isThere(diffId: string): Promise<boolean> {
    if (!this.#known.has(diffId)) {
      return false;
    }
    try {
      return (await stat(this.folder(diffId))).isDirectory() && this.#known.has(diffId);
    } catch {
      this.#known.delete(diffId);
      return false;
    }
  }

  /**
   * Removes all that nobody holds, but for these. In a turn of the loop of its own: who has just
   * been given a layer holds it by then.
   */
  async removeAllBut(kept: () => ReadonlySet<string>): Promise<readonly RemovedLayer[]> {
    await new Promise((resolve) => setImmediate(resolve));
    const needed = kept();
    const removals = [...this.#known]
      .filter((diffId) => !needed.has(diffId) && !this.#holders.has(diffId))
      .map((diffId) => this.#remove(diffId));
    return await Promise.all(removals);
  }

  async #remove(diffId: string): Promise<RemovedLayer> {
    this.#known.delete(diffId);
    const leaving = this.#takeOut(diffId);
    this.#leaving.set(diffId, leaving);
    try {
      return { diffId, bytes: await leaving };
    } finally {
      this.#leaving.delete(diffId);
    }
  }

  /** How many bytes there were. */
  async #takeOut(diffId: string): Promise<number> {
    const bytes = await this.bytes(diffId);
    await this.#options.folders.remove(this.#place(diffId));
    this.#sizes.delete(diffId);
    return bytes ?? 0;
  }

  /** Once for all who ask for the same key at the same time. */
  #makeOnce(
    key: string,
    blob: Blob,
    { owner, ...source }: Source<BringBlob>,
    abort: AbortSignal,
  ): Promise<string> {
    const joined = () => {
      this.#downloads.beginNext();
      this.#unpackings.beginNext();
    };
    return this.#making.run({ key, owner, joined }, abort, (shared, owners) =>
      this.#make(blob, { ...source, owners }, shared),
    );
  }

  async #make(
    { name, form, size = 0 }: Blob,
    source: Omit<Source<BringBlob>, 'owner'> & { readonly owners: ReadonlySet<string> },
    abort: AbortSignal,
  ): Promise<string> {
    const { name: host, owners, bring } = source;
    const { folders, program } = this.#options;
    const staging = await folders.stage();
    const work: LayerWork = { stage: 'waiting', arrived: new ByteCounter() };
    this.#works.set(name, work);
    using made = new MadeLayer(this.#holders);
    try {
      const blob = join(staging, 'blob');
      await this.#downloads.run({ host, owners }, abort, async () => {
        work.stage = 'downloading';
        await requireRoom(folders.layers, size, `layer ${name} of ${size} bytes`);
        await bring(blob, abort, work.arrived);
      });
      work.stage = 'unpacking';
      return await this.#unpackings.run({ host: '', owners }, abort, async () => {
        await mkdir(join(staging, 'layer', 'files'), { recursive: true });
        await mkdir(join(staging, 'replaced'));
        const order = { program, blob, form, folder: staging, bounds: LAYER_BOUNDS };
        const { diffId, entries: _, ...found } = await unpackLayer(name, order, abort);
        await unlink(blob);
        const facts: LayerFacts = { version: 2, ...found };
        await writeDurably(join(staging, 'layer', 'layer.json'), JSON.stringify(facts));
        abort.throwIfAborted();
        made.hold(diffId);
        await this.#keep(join(staging, 'layer'), diffId);
        return diffId;
      });
    } catch (error) {
      abort.throwIfAborted();
      throw containerizerErrorOf(error, `Failed to store layer ${name}`);
    } finally {
      if (this.#works.get(name) === work) {
        this.#works.delete(name);
      }
      await folders.delete(staging);
    }
  }

  async #makeVisible(
    diffId: string,
    layers: readonly string[],
    paths: readonly string[],
    abort: AbortSignal,
  ): Promise<void> {
    const { folders, program } = this.#options;
    const staging = await folders.stage();
    using made = new MadeLayer(this.#holders);
    try {
      const folder = join(staging, 'layer');
      const files = join(folder, 'files');
      await mkdir(files, { recursive: true });
      const all = await Promise.all(layers.map((layer) => this.facts(layer)));
      await requireRoom(staging, sumOf(all.map(({ bytes }) => bytes)), 'the files of the image');
      await copyLayers(
        program,
        files,
        layers.map((layer) => this.folder(layer)),
        abort,
      );
      const facts: LayerFacts = {
        version: 2,
        bytes: await keepVisible(files, paths),
        top: all.findLast(({ top }) => top !== undefined)?.top,
        isOpaque: false,
      };
      abort.throwIfAborted();
      await writeDurably(join(folder, 'layer.json'), JSON.stringify(facts));
      await syncDisk(folder);
      made.hold(diffId);
      await this.#keep(folder, diffId);
    } catch (error) {
      abort.throwIfAborted();
      throw containerizerErrorOf(
        error,
        'Failed to make the files of the image that are to be seen',
      );
    } finally {
      await folders.delete(staging);
    }
  }

  /**
   * From here on there is a layer, which is held already; unless there has been one with the same
   * content.
   */
  async #keep(folder: string, diffId: string): Promise<void> {
    await this.#leaving.get(diffId)?.catch(() => undefined);
    try {
      await rename(folder, this.#place(diffId));
      await syncFolder(this.#options.folders.layers);
    } catch (error) {
      if (!['EEXIST', 'ENOTEMPTY'].includes(codeOf(error) ?? '')) {
        throw error;
      }
    }
    this.#known.add(diffId);
  }

  #place(diffId: string): string {
    return join(this.#options.folders.layers, diffId.slice(SHA256.length));
  }
}

/**
 * Holds a layer from before it is in the store until those who wait for it hold it themselves: they
 * are told when the work is over, and that ends a turn of the loop earlier.
 */
class MadeLayer {
  readonly #holders: Holders;
  #release: (() => void) | undefined;

  constructor(holders: Holders) {
    this.#holders = holders;
  }

  hold(diffId: string): void {
    this.#release = this.#holders.hold([diffId]);
  }

  [Symbol.dispose](): void {
    if (this.#release !== undefined) {
      setImmediate(this.#release);
    }
  }
}

const sumOf = (numbers: readonly number[]) => numbers.reduce((sum, each) => sum + each, 0);
