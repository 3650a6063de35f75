// Finds what a path names below a folder. The folder is in the hands of other users, so the system
// must not follow its links: each link is read here. A link that leads inside is followed, any
// other is refused.
import type { BigIntStats } from 'node:fs';
import { type FileHandle, realpath } from 'node:fs/promises';
import { basename } from 'node:path';
import { Folder } from './folder.ts';

/** What a path names; valid only until the callback that gets it returns. */
export type Place =
  | { readonly kind: 'folder'; readonly names: readonly string[]; readonly folder: Folder }
  | {
      readonly kind: 'other';
      readonly name: string;
      readonly status: BigIntStats;
      /** As `Folder.file`. */
      readonly open: () => Promise<FileHandle>;
    };

/** The path leads out of the folder. */
export class OutsideError extends Error {
  readonly code = 'MESOSCALE_OUTSIDE';

  constructor() {
    super('the path leads out of the folder');
  }
}

/** The same as the system's limit. */
const MAX_LINKS = 40;
/**
 * The most components that all searches of one `Beneath` go through: links could lead up and down
 * without end.
 */
const MAX_STEPS = 10_000;

class PathError extends Error {
  readonly code: string;

  constructor(code: 'ENOTDIR' | 'ELOOP') {
    super(code === 'ELOOP' ? 'too many links' : 'not a folder');
    this.code = code;
  }
}

export class Beneath implements AsyncDisposable {
  readonly #root: Folder;
  /** All known paths of the folder itself, to recognize absolute links that lead inside. */
  readonly #paths: readonly string[];
  #stepsLeft = MAX_STEPS;

  private constructor(root: Folder, paths: readonly string[]) {
    this.#root = root;
    this.#paths = paths;
  }

  /**
   * Opens the folder, whose path must be the agent's or the operator's own. Fails with ENOTDIR
   * where it is no folder.
   */
  static async open(path: string): Promise<Beneath> {
    const root = await Folder.open(path);
    try {
      return new Beneath(root, [path, await realpath(path)]);
    } catch (error) {
      await root[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The real name of the top folder. */
  get name(): string {
    return basename(this.#paths.at(-1) ?? '');
  }

  /** The status of the top folder. */
  status(): Promise<BigIntStats> {
    return this.#root.status();
  }

  /**
   * Finds the path and calls `use` with it. Throws OutsideError, and the system's ENOENT, ENOTDIR
   * and ELOOP.
   */
  async find<T>(path: string, use: (place: Place) => Promise<T>): Promise<T> {
    const search = new Search(this.#root, this.#paths, path);
    try {
      for (;;) {
        if (--this.#stepsLeft < 0) {
          throw new PathError('ELOOP');
        }
        const place = await search.step();
        if (place !== undefined) {
          return await use(place);
        }
      }
    } finally {
      await search.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#root[Symbol.asyncDispose]();
  }
}

class Search {
  readonly #root: Folder;
  readonly #rootPaths: readonly string[];
  /** The components that are still to be followed, the next one last. */
  readonly #ahead: string[] = [];
  /** The components from the top to `#here`, without links. */
  #names: string[] = [];
  #here: Folder;
  #links = 0;

  constructor(root: Folder, rootPaths: readonly string[], path: string) {
    this.#root = root;
    this.#rootPaths = rootPaths;
    this.#here = root;
    this.#push(path.split('/'));
  }

  /** Follows one component; returns what the path names when that was the last. */
  async step(): Promise<Place | undefined> {
    const name = this.#ahead.pop();
    if (name === undefined) {
      return { kind: 'folder', names: this.#names, folder: this.#here };
    }
    if (name === '' || name === '.') {
      return undefined;
    }
    if (name === '..') {
      await this.#up();
      return undefined;
    }
    const here = this.#here;
    const status = await here.statusOf(name);
    if (status.isSymbolicLink()) {
      await this.#followLink(await here.linkText(name));
    } else if (status.isDirectory()) {
      await this.#enter(await here.folder(name));
      this.#names.push(name);
    } else if (this.#ahead.length > 0) {
      throw new PathError('ENOTDIR');
    } else {
      return { kind: 'other', name, status, open: () => here.file(name) };
    }
    return undefined;
  }

  async close(): Promise<void> {
    await this.#enter(this.#root);
  }

  /** Goes down again from the top, and not to `..`: the folder may have been moved elsewhere. */
  async #up(): Promise<void> {
    const names = this.#names;
    if (names.pop() === undefined) {
      throw new OutsideError();
    }
    await this.#restart(names);
  }

  async #followLink(text: string): Promise<void> {
    if (++this.#links > MAX_LINKS) {
      throw new PathError('ELOOP');
    }
    if (!text.startsWith('/')) {
      this.#push(text.split('/'));
      return;
    }
    const root = this.#rootPaths.find((path) => text === path || text.startsWith(`${path}/`));
    if (root === undefined) {
      throw new OutsideError();
    }
    await this.#restart(text.slice(root.length).split('/'));
  }

  async #restart(names: readonly string[]): Promise<void> {
    await this.#enter(this.#root);
    this.#names = [];
    this.#push(names);
  }

  #push(names: readonly string[]): void {
    this.#ahead.push(...names.toReversed());
  }

  async #enter(folder: Folder): Promise<void> {
    const left = this.#here;
    this.#here = folder;
    if (left !== this.#root) {
      await left[Symbol.asyncDispose]();
    }
  }
}
