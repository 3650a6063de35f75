// How many transactions the checkpoint has taken, beside it. SQLite reads a write-ahead log up to the first
// frame that is not whole, and takes what follows for a crash in the middle of a write: a damaged bit makes
// transactions vanish without an error. A database that has fewer than this has lost some.
import { closeSync, openSync, renameSync, writeSync } from 'node:fs';
import { isAbsence, makeRoom, readFilled } from './record-file.ts';

const bytes = 64;

export class CommitCount implements Disposable {
  readonly path: string;
  #file: number | undefined;

  constructor(database: string) {
    this.path = `${database}.commits`;
  }

  /** Undefined: there is none. 'damaged': it does not say. */
  read(): number | 'damaged' | undefined {
    const text = readFilled(this.path);
    if (text === undefined) {
      return undefined;
    }
    const [, one, other] = /^(\d+) (\d+)$/.exec(text) ?? [];
    return one !== undefined && one === other ? Number(one) : 'damaged';
  }

  /** Keeps the file open, so that writing needs no descriptor, and no room. */
  open(): void {
    try {
      this.#file = openSync(this.path, 'r+');
    } catch (error) {
      if (!isAbsence(error)) {
        throw error;
      }
      makeRoom(this.path, bytes);
      this.#file = openSync(this.path, 'r+');
    }
  }

  write(count: number): void {
    if (this.#file !== undefined) {
      writeSync(this.#file, `${`${count} ${count}`.padEnd(bytes - 1)}\n`, 0);
    }
  }

  setAside(suffix: string): void {
    try {
      renameSync(this.path, `${this.path}${suffix}`);
    } catch (error) {
      if (!isAbsence(error)) {
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
