// The number of a database's transactions, in a file beside it. SQLite reads a write-ahead log up
// to the first frame that is damaged, and takes the rest for a write that a crash interrupted: one
// damaged bit makes transactions disappear without an error. A database with fewer transactions
// than this number has lost some.
import { closeSync, fsyncSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { isWantOfRoom } from './room.ts';

const BYTES = 64;

const lineOf = (text: string) => `${text.padEnd(BYTES - 1)}\n`;

/** The result of `use`; undefined where the file does not exist. */
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

  /** Undefined where there is no number, 'damaged' where it cannot be read. */
  read(): number | 'damaged' | undefined {
    const text = ifThere(() => readFileSync(this.path, 'latin1'))?.trim() || undefined;
    if (text === undefined) {
      return undefined;
    }
    const [, one, other] = /^(\d+) (\d+)$/.exec(text) ?? [];
    return one !== undefined && one === other ? Number(one) : 'damaged';
  }

  /**
   * Why a database with this many transactions has lost some; undefined where none is known to be
   * lost.
   */
  lackOf(commits: number): string | undefined {
    const noted = this.read();
    return typeof noted === 'number' && noted > commits
      ? `'${this.#database}' lacks the last ${noted - commits} of its ${noted} transactions: it, or ` +
          `'${this.#database}-wal' beside it, is damaged or an older one`
      : undefined;
  }

  /** Opens the file and keeps it open, so that writing needs neither a free descriptor nor room. */
  open(): void {
    const file = ifThere(() => openSync(this.path, 'r+'));
    if (file === undefined) {
      writeFileSync(this.path, lineOf(''), { flag: 'wx', mode: 0o600 });
    }
    this.#file = file ?? openSync(this.path, 'r+');
    // From here on only the content changes: after a crash the file has one of the two numbers.
    fsyncSync(this.#file);
  }

  /**
   * Writes the number. On a full disk whose file system copies on write, it is skipped; the next
   * write makes up for it.
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
