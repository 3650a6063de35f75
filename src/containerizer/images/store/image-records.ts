// What the store knows of images by name: a file each. Of all of them the layers are in memory;
// what an image says about containers is read when it is used.
import { createHash } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder, writeDurably } from '../../../filesystem/durable-files.ts';
import { isImageId } from '../formats/appc-name.ts';
import { isDigest } from '../formats/digest.ts';
import type { ImageConfig } from '../image.ts';
import type { Access } from './access.ts';

export interface StoredLayer {
  /** Of the blob, as in the image's manifest. */
  readonly digest: string;
  readonly diffId: string;
  /** Whether the blob was unpacked here; else the image says so, and whoever made it may lie. */
  readonly isProven?: boolean | undefined;
}

export interface ImageEntry {
  /** Of the manifest; of an App Container image, its id. */
  readonly digest: string;
  /** Lowest first. */
  readonly layers: readonly StoredLayer[];
  /** Who may have it without asking the registry. */
  readonly access: readonly Access[];
  /** When it was pulled last. */
  readonly pulledMs: number;
}

interface ImageRecord extends ImageEntry {
  readonly name: string;
  readonly config: ImageConfig;
}

const RECORD = /^[0-9a-f]{64}\.json$/;

export class ImageRecords {
  readonly #folder: string;
  readonly #entries = new Map<string, ImageEntry>();

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** What is no record, or damaged, is deleted and told: such an image is pulled again. */
  static async open(folder: string, warn: (text: string) => void): Promise<ImageRecords> {
    const records = new ImageRecords(folder);
    for (const file of await readdir(folder)) {
      const path = join(folder, file);
      try {
        const record = await read(path);
        if (file !== fileOf(record.name)) {
          throw new Error('its name is not that of its image');
        }
        records.#entries.set(record.name, entryOf(record));
      } catch (error) {
        if (RECORD.test(file)) {
          warn(`'${path}' is no record of an image, and is deleted: ${String(error)}`);
        }
        await rm(path, { recursive: true, force: true });
      }
    }
    return records;
  }

  get(name: string): ImageEntry | undefined {
    return this.#entries.get(name);
  }

  /** By their names. */
  all(): ReadonlyMap<string, ImageEntry> {
    return this.#entries;
  }

  /** Undefined where the record is gone, or is of another image by now. */
  async config(name: string, digest: string): Promise<ImageConfig | undefined> {
    try {
      const record = await read(join(this.#folder, fileOf(name)));
      return record.digest === digest ? record.config : undefined;
    } catch {
      return undefined;
    }
  }

  /** On the disk when this resolves. */
  async set(record: ImageRecord): Promise<void> {
    await writeDurably(
      join(this.#folder, fileOf(record.name)),
      JSON.stringify({ version: 2, ...record }),
    );
    this.#entries.set(record.name, entryOf(record));
  }

  /** They are unknown at once; and gone from the disk when this resolves. */
  async remove(names: readonly string[]): Promise<void> {
    for (const name of names) {
      this.#entries.delete(name);
    }
    for (const name of names) {
      // Somebody may have pulled it anew.
      if (!this.#entries.has(name)) {
        await rm(join(this.#folder, fileOf(name)), { force: true });
      }
    }
    await syncFolder(this.#folder);
  }
}

export const diffIdsOf = (layers: readonly StoredLayer[]): readonly string[] =>
  layers.map(({ diffId }) => diffId);

const fileOf = (name: string) => `${createHash('sha256').update(name).digest('hex')}.json`;

const entryOf = ({ digest, layers, access, pulledMs }: ImageEntry): ImageEntry => ({
  digest,
  access,
  pulledMs,
  layers: layers.map(({ digest, diffId, isProven }) => ({
    ...{ digest, diffId, isProven: isProven === true },
  })),
});

/** Throws where it is none, or of another version. */
async function read(path: string): Promise<ImageRecord> {
  const record = JSON.parse(await readFile(path, 'utf8')) as ImageRecord & { version?: unknown };
  const isWhole =
    record.version === 2 &&
    Number.isFinite(record.pulledMs) &&
    typeof record.name === 'string' &&
    (isDigest(record.digest) || isImageId(record.digest)) &&
    typeof record.config === 'object' &&
    record.access.every((each) => typeof each === 'string') &&
    record.layers.every(({ digest, diffId }) => isDigest(digest) && isDigest(diffId));
  if (!isWhole) {
    throw new Error('it is damaged, or of another version');
  }
  return record;
}
