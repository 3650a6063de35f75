// The cache on the disk: files in a folder of the agent's, one below it for each user, and a record
// of each file among what the agent must still know after it is stopped.
//
// A record is written when its file is whole, and has the sum of its content; so nothing that a
// crash leaves, at whatever byte, is taken for a file: one without a record is deleted, and so is
// one that is not as its record says.
import { chmod, lstat, mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Folder, orNoEntry } from '../../../filesystem/folder.ts';
import type { HeldFolder } from '../../../filesystem/held-folder.ts';
import { madeOwnFolder, placeOf } from '../../../filesystem/own-folder.ts';
import { sealed, unsealed } from '../../records/sealed-text.ts';
import type { Arrival } from '../arriving-file.ts';
import { FolderLock } from './folder-lock.ts';

/** What a cached file is of. */
export interface CacheKey {
  /** The name of the user that it was fetched for; undefined: the agent's own. */
  readonly user: string | undefined;
  readonly uri: string;
}

export interface CachedFile extends CacheKey, Arrival {
  /** Its path from the cache's folder. */
  readonly file: string;
}

/** As in Mesos: a serial number, and enough of the URI's name for people to know it. */
const NAME = /^c(\d+)-/;
const MOST_CHARACTERS = 20;

export class CacheDisk {
  readonly #top: HeldFolder;
  readonly #records: string;
  readonly #lock: FolderLock;
  #lastSerial = 0;

  private constructor(top: HeldFolder, records: string, lock: FolderLock) {
    this.#top = top;
    this.#records = records;
    this.#lock = lock;
  }

  /**
   * Makes and locks the folder. Throws FolderError and ForeignFolderError where it cannot be the
   * agent's own.
   */
  static async open(folder: string, records: string): Promise<CacheDisk> {
    using above = placeOf(dirname(folder), 'made');
    const top = madeOwnFolder(above, basename(folder), 0o755);
    let lock: FolderLock | undefined;
    try {
      const { dev, ino } = top.status();
      lock = await FolderLock.take(dev, ino);
      if (lock === undefined) {
        throw new Error(`'${folder}' is the cache of another agent, which runs`);
      }
      await mkdir(records, { recursive: true, mode: 0o700 });
      return new CacheDisk(top, records, lock);
    } catch (error) {
      lock?.[Symbol.dispose]();
      top[Symbol.dispose]();
      throw error;
    }
  }

  /** A path by which the agent reaches the file, in whichever of its threads. */
  path(file: string): string {
    return this.#top.place(file);
  }

  /** A name for a new file, in its user's folder, which is made. */
  newFile({ user, uri }: CacheKey): string {
    const name = `c${++this.#lastSerial}-${shortName(uri)}`;
    if (user === undefined) {
      return name;
    }
    if (user === '.' || user === '..') {
      throw new Error(`no folder can have the name of user '${user}'`);
    }
    // What was fetched for one user, others must not read.
    madeOwnFolder(this.#top, user, 0o700)[Symbol.dispose]();
    return `${user}/${name}`;
  }

  /** From now on the file, which is whole, is there also for a later agent. */
  async keep(cached: CachedFile): Promise<void> {
    // Another user than the agent's reads it by a link; nobody else comes into that one's folder.
    await chmod(this.path(cached.file), cached.user === undefined ? 0o600 : 0o644);
    await writeFile(this.#recordOf(cached.file), sealed(JSON.stringify(cached)), { mode: 0o600 });
  }

  /** A later agent knows by this which file was not used for the longest time. */
  async touch(file: string): Promise<void> {
    const now = new Date();
    await utimes(this.#recordOf(file), now, now);
  }

  async delete(file: string): Promise<void> {
    await rm(this.#recordOf(file), { force: true });
    await rm(this.path(file), { force: true });
  }

  /**
   * The files of an earlier agent, that which was not used for the longest time first; their sums
   * are not compared yet. Whatever else has the name of a cached file is deleted.
   */
  async recover(): Promise<readonly CachedFile[]> {
    const found: { readonly cached: CachedFile; readonly usedMs: number }[] = [];
    for (const name of await readdir(this.#records)) {
      const path = join(this.#records, name);
      const status = await lstat(path);
      const cached = status.isFile() ? cachedOf(await readFile(path)) : undefined;
      if (
        cached !== undefined &&
        (await this.#isThere(cached)) &&
        name === recordName(cached.file)
      ) {
        found.push({ cached, usedMs: status.mtimeMs });
      } else {
        await rm(path, { recursive: true, force: true });
      }
    }
    const files = found.sort((one, other) => one.usedMs - other.usedMs).map(({ cached }) => cached);
    await this.#deleteOthers(new Set(files.map(({ file }) => file)));
    return files;
  }

  [Symbol.dispose](): void {
    this.#lock[Symbol.dispose]();
    this.#top[Symbol.dispose]();
  }

  async #isThere({ file, bytes }: CachedFile): Promise<boolean> {
    const status = await lstat(this.path(file)).catch(orNoEntry);
    return status?.isFile() === true && status.size === bytes;
  }

  async #deleteOthers(known: ReadonlySet<string>): Promise<void> {
    for (const [user, folder] of await this.#folders()) {
      await using open = folder;
      for await (const entry of open.entries()) {
        const name = entry.name.toString();
        const file = user === undefined ? name : `${user}/${name}`;
        const serial = NAME.exec(name)?.[1];
        if (serial === undefined || !entry.isFile()) {
          continue;
        }
        if (known.has(file)) {
          this.#lastSerial = Math.max(this.#lastSerial, Number(serial));
        } else {
          await open.unlink(entry.name);
        }
      }
    }
  }

  /** The cache's own folder, and those of its users. */
  async #folders(): Promise<readonly (readonly [user: string | undefined, Folder])[]> {
    const top = await this.#top.again();
    const users: string[] = [];
    for await (const entry of top.entries()) {
      if (entry.isDirectory()) {
        users.push(entry.name.toString());
      }
    }
    const folders = users.map(async (user) => [user, await top.folder(user)] as const);
    return [[undefined, top], ...(await Promise.all(folders))];
  }

  #recordOf(file: string): string {
    return join(this.#records, recordName(file));
  }
}

const recordName = (file: string) => NAME.exec(basename(file))?.[1] ?? '';

function cachedOf(bytes: Uint8Array): CachedFile | undefined {
  const text = unsealed(bytes);
  return text.kind === 'whole' ? (JSON.parse(text.text) as CachedFile) : undefined;
}

/** The beginning and the end of a long name, without what a query or a path could give away. */
function shortName(uri: string): string {
  const [path = ''] = uri.split(/[?#]/);
  const name = path.slice(path.lastIndexOf('/') + 1).replaceAll(/[\p{Cc}\p{Cs}@:]/gu, '_');
  const characters = [...name];
  const half = MOST_CHARACTERS / 2;
  return characters.length <= MOST_CHARACTERS
    ? name
    : `${characters.slice(0, half).join('')}_${characters.slice(-half).join('')}`;
}
