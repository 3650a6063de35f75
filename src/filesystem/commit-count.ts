// How many transactions a database has taken, beside it. SQLite reads a write-ahead log up to the
// first frame that is not whole, and takes what follows for a crash in the middle of a write: a
// damaged bit makes transactions vanish without an error. A database that has fewer than this has
// lost some.
import { closeSync, fsyncSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { isWantOfRoom } from './room.ts';

const BYTES = 64;

const lineOf = (text: string) => `${text.padEnd(BYTES - 1)}\n`;

/** What `use` gives; undefined where there is no such file. */
function ifThere<T>(use: () => T): T | undefined {
  try {
    return use();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw error;
    }
    return undefined;
  }
}

export class CommitCount implements Disposable {
  readonly path: string;
  readonly #database: string;
  #file: number | undefined;

  constructor(database: string) {
    this.#database = database;
    this.path = `${database}.commits`;
  }

  /** Undefined: there is none. 'damaged': it does not say. */
  read(): number | 'damaged' | undefined {
    const text = ifThere(() => readFileSync(this.path, 'latin1'))?.trim() || undefined;
    if (text === undefined) {
      return undefined;
    }
    const [, one, other] = /^(\d+) (\d+)$/.exec(text) ?? [];
    return one !== undefined && one === other ? Number(one) : 'damaged';
  }

  /** What a database lacks that has taken so many; undefined: nothing that is known of. */
  lackOf(commits: number): string | undefined {
    const noted = this.read();
    return typeof noted === 'number' && noted > commits
      ? `'${this.#database}' lacks the last ${noted - commits} of its ${noted} transactions: it, or ` +
          `'${this.#database}-wal' beside it, is damaged or an older one`
      : undefined;
  }

  /** Keeps the file open, so that writing needs no descriptor, and no room. */
  open(): void {
    const file = ifThere(() => openSync(this.path, 'r+'));
    if (file === undefined) {
      writeFileSync(this.path, lineOf(''), { flag: 'wx', mode: 0o600 });
    }
    this.#file = file ?? openSync(this.path, 'r+');
    // From here on only its content changes: a crash leaves one count or another.
    fsyncSync(this.#file);
  }

  /**
   * On a full disk that copies what is written over, the count may stay behind until it is written
   * again.
   */
  write(count: number): void {
    if (this.#file === undefined) {
      return;
    }
    try {
      writeSync(this.#file, lineOf(`${count} ${count}`), 0);
    } catch (error) {
      if (!isWantOfRoom(error)) {
        throw error;
      }
    }
  }

  [Symbol.dispose](): void {
    if (this.#file !== undefined) {
      closeSync(this.#file);
      this.#file = undefined;
    }
  }
}
