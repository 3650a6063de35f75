// The fetcher's cache: what is fetched with `cache` is fetched once for each user, also for tasks
// that ask for it while it is still coming, and is there for later tasks until its room is needed.
//
// Whatever goes wrong with the cache itself, a file is then fetched without it.
import { type BigIntStats, existsSync } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { orNoEntry } from '../../../filesystem/folder.ts';
import { errorText } from '../../../model/error-text.ts';
import { unlessAborted } from '../../unless-aborted.ts';
import type { Arrival } from '../arriving-file.ts';
import { FetchError } from '../fetch-error.ts';
import { presentable } from '../fetch-uri.ts';
import { CacheDisk, type CachedFile, type CacheKey } from './cache-disk.ts';
import { Shelf } from './shelf.ts';

/** Where a file comes from that is not in the cache yet. Its methods reject where it does not. */
export interface CacheSource {
  /** The size that the file will have at most; undefined where that is not known. */
  bytes(abort: AbortSignal): Promise<number | undefined>;
  /** Writes the file to a path at which nothing exists; fails where it has more bytes. */
  fill(path: string, maxBytes: number, abort: AbortSignal): Promise<Arrival>;
  /** Whom it counts for, among all who wait for downloads. */
  readonly owner?: string | undefined;
  /** Somebody else waits for it, too: it is the turn of both. */
  share?(owner: string): void;
}

export interface CacheOptions {
  /** The folder of cached files, made where it is missing. An absolute path. */
  readonly folder: string;
  /** How much the files may take together. */
  readonly bytes: number;
  /** The folder of records of them. */
  readonly records: string;
  readonly measure: (path: string, abort: AbortSignal) => Promise<Arrival>;
  readonly warn: (text: string) => void;
}

/** A cached file in use: it is not deleted until it is left. */
export interface Lease extends Disposable {
  readonly path: string;
}

/** The file is fetched without the cache. */
class NotCachedError extends Error {}

/** Each takes a block of a disk, an inode and a record. */
const MOST_FILES = 10_000;

interface Entry extends CacheKey {
  /** Undefined as long as its size is not known. */
  cached: CachedFile | undefined;
  /** What the file was like when its content was as it should be. */
  seen: BigIntStats | undefined;
  /** Where it is coming from. */
  source: CacheSource | undefined;
  /** Rejects where the file did not come. */
  ready: Promise<void>;
  checking: Promise<boolean> | undefined;
  /** What the shelf calls it. */
  readonly id: string;
  users: number;
  /** Ends the fetching when nobody waits for it any more. */
  readonly abort: AbortController;
}

export class FetcherCache {
  readonly #options: CacheOptions;
  readonly #shelf: Shelf;
  /** By `nameOf`: those that others may use, or wait for. */
  readonly #entries = new Map<string, Entry>();
  readonly #byId = new Map<string, Entry>();
  readonly #touches = new Set<Promise<void>>();
  #disk: Promise<CacheDisk> | undefined;
  #lastId = 0;

  constructor(options: CacheOptions) {
    this.#options = options;
    this.#shelf = new Shelf({ bytes: options.bytes, files: MOST_FILES });
    // What an earlier agent has left counts before somebody uses it.
    if (existsSync(options.records)) {
      this.#opened().catch((error: unknown) =>
        options.warn(`The fetcher's cache cannot be used: ${errorText(error)}`),
      );
    }
  }

  get totalBytes(): number {
    return this.#shelf.bounds.bytes;
  }

  get usedBytes(): number {
    return this.#shelf.usedBytes;
  }

  /**
   * The file from the cache, fetched by `source` where it is not there. Undefined where the cache
   * cannot have it. Rejects with the reason of the abort, and where the fetching has failed that
   * began with this call.
   */
  async lease(key: CacheKey, source: CacheSource, abort: AbortSignal): Promise<Lease | undefined> {
    try {
      return await this.#leased(await this.#opened(), key, source, abort);
    } catch (error) {
      abort.throwIfAborted();
      if (error instanceof FetchError && !error.isHere) {
        throw error;
      }
      const shown = presentable(key.uri);
      this.#options.warn(`'${shown}' is fetched without the cache: ${reasonOf(error)}`);
      return undefined;
    }
  }

  async close(): Promise<void> {
    const disk = await this.#disk?.catch(() => undefined);
    this.#disk = undefined;
    // Once the folder is let go, another agent may have it.
    await Promise.all(this.#touches);
    disk?.[Symbol.dispose]();
  }

  async #leased(
    disk: CacheDisk,
    key: CacheKey,
    source: CacheSource,
    abort: AbortSignal,
  ): Promise<Lease> {
    for (;;) {
      const known = this.#entries.get(nameOf(key));
      const entry = known ?? this.#begin(disk, key, source);
      if (known !== undefined && source.owner !== undefined) {
        known.source?.share?.(source.owner);
      }
      this.#use(entry);
      try {
        await unlessAborted(entry.ready, abort);
        const { cached } = entry;
        if (cached !== undefined && (await this.#isIntact(disk, entry, cached))) {
          this.#touch(disk, cached.file);
          return { path: disk.path(cached.file), [Symbol.dispose]: () => this.#leave(entry) };
        }
      } catch (error) {
        this.#leave(entry);
        abort.throwIfAborted();
        // What another task's fetching has failed of may be that task's own.
        throw known === undefined ? error : new NotCachedError(reasonOf(error));
      }
      await this.#drop(disk, entry);
      this.#leave(entry);
      if (known === undefined) {
        throw new NotCachedError('the file has changed since it came');
      }
    }
  }

  /** Nobody waits for it: where it fails, only the order in which files are given up is another. */
  #touch(disk: CacheDisk, file: string): void {
    const touch = disk
      .touch(file)
      .catch(() => undefined)
      .finally(() => this.#touches.delete(touch));
    this.#touches.add(touch);
  }

  /** The cache's folder with what is in it; where it cannot be used now, it may be later. */
  #opened(): Promise<CacheDisk> {
    this.#disk ??= this.#open().catch((error: unknown) => {
      this.#disk = undefined;
      throw error;
    });
    return this.#disk;
  }

  async #open(): Promise<CacheDisk> {
    const { folder, records } = this.#options;
    const disk = await CacheDisk.open(folder, records);
    try {
      for (const cached of await disk.recover()) {
        const entry = this.#add(cached, cached.bytes);
        entry.cached = cached;
      }
      await this.#deleteAll(disk, this.#shelf.shrink());
      return disk;
    } catch (error) {
      disk[Symbol.dispose]();
      throw error;
    }
  }

  #add({ user, uri }: CacheKey, bytes: number): Entry {
    const entry: Entry = {
      user,
      uri,
      id: String(++this.#lastId),
      cached: undefined,
      seen: undefined,
      source: undefined,
      ready: Promise.resolve(),
      checking: undefined,
      users: 0,
      abort: new AbortController(),
    };
    this.#entries.set(nameOf(entry), entry);
    this.#byId.set(entry.id, entry);
    this.#shelf.add(entry.id, bytes);
    return entry;
  }

  #begin(disk: CacheDisk, key: CacheKey, source: CacheSource): Entry {
    const entry = this.#add(key, 0);
    entry.source = source;
    entry.ready = this.#fetch(disk, entry, source)
      .catch(async (error: unknown) => {
        await this.#drop(disk, entry);
        throw error;
      })
      .finally(() => {
        entry.source = undefined;
      });
    // Whoever waits is told; perhaps nobody does any more.
    entry.ready.catch(() => undefined);
    return entry;
  }

  async #fetch(disk: CacheDisk, entry: Entry, source: CacheSource): Promise<void> {
    const { signal } = entry.abort;
    const bytes = await source.bytes(signal).catch((error: unknown) => {
      throw new NotCachedError(`its size is not known: ${reasonOf(error)}`);
    });
    if (bytes === undefined || bytes === 0) {
      throw new NotCachedError('its size is not known');
    }
    const leaving = this.#shelf.reserve(entry.id, bytes);
    if (leaving === undefined) {
      throw new NotCachedError(
        `there is no room for its ${bytes} bytes among the ${this.usedBytes} of files in use, of ` +
          `${this.totalBytes} (--fetcher_cache_size)`,
      );
    }
    await this.#deleteAll(disk, leaving);
    signal.throwIfAborted();
    const file = disk.newFile(entry);
    const arrival = await source.fill(disk.path(file), bytes, signal);
    this.#shelf.settle(entry.id, arrival.bytes);
    entry.cached = { user: entry.user, uri: entry.uri, file, ...arrival };
    entry.seen = await statusOf(disk.path(file));
    await disk.keep(entry.cached);
  }

  #use(entry: Entry): void {
    entry.users++;
    this.#shelf.use(entry.id);
  }

  #leave(entry: Entry): void {
    entry.users--;
    this.#shelf.leave(entry.id);
    if (entry.users === 0 && entry.cached === undefined) {
      entry.abort.abort(new NotCachedError('no task waits for it any more'));
    }
  }

  /** Forgets the file and deletes it. */
  async #drop(disk: CacheDisk, entry: Entry): Promise<void> {
    if (this.#byId.has(entry.id)) {
      this.#shelf.remove(entry.id);
      await this.#deleteAll(disk, [entry.id]);
    }
  }

  /** Deletes files that are no longer on the shelf. */
  async #deleteAll(disk: CacheDisk, ids: readonly string[]): Promise<void> {
    const entries = ids.flatMap((id) => this.#byId.get(id) ?? []);
    for (const entry of entries) {
      this.#byId.delete(entry.id);
      if (this.#entries.get(nameOf(entry)) === entry) {
        this.#entries.delete(nameOf(entry));
      }
    }
    for (const { cached } of entries) {
      if (cached !== undefined) {
        await disk.delete(cached.file);
      }
    }
  }

  /**
   * Whether the file is as it came. Its sum is compared where an earlier agent has left it, or
   * somebody has touched it since.
   */
  async #isIntact(disk: CacheDisk, entry: Entry, cached: CachedFile): Promise<boolean> {
    const path = disk.path(cached.file);
    const status = await statusOf(path);
    if (status?.isFile() !== true) {
      return false;
    }
    if (entry.seen !== undefined && isSame(status, entry.seen)) {
      return true;
    }
    entry.checking ??= this.#options
      .measure(path, entry.abort.signal)
      .then(({ bytes, sha256 }) => bytes === cached.bytes && sha256 === cached.sha256)
      .finally(() => {
        entry.checking = undefined;
      });
    const isIntact = await entry.checking;
    if (isIntact) {
      entry.seen = status;
    }
    return isIntact;
  }
}

const nameOf = ({ user, uri }: CacheKey) => JSON.stringify([user, uri]);

const isSame = (one: BigIntStats, other: BigIntStats) =>
  one.ino === other.ino && one.size === other.size && one.mtimeNs === other.mtimeNs;

const statusOf = (path: string): Promise<BigIntStats | undefined> =>
  lstat(path, { bigint: true }).catch(orNoEntry);

const reasonOf = (error: unknown) => {
  const detail = error instanceof FetchError ? error.detail : undefined;
  return detail === undefined ? errorText(error) : `${errorText(error)} (${detail})`;
};
