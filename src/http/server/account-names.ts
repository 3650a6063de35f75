// Names of users and groups by their numbers, from the system's account files.
import { readFileSync, statSync } from 'node:fs';

/** How long a file counts as unchanged: a listing asks for each of its many entries. */
const KEEP_MS = 1_000;

class NameTable {
  readonly #file: string;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #modifiedMs = -1;
  #names: ReadonlyMap<number, string> = new Map();

  constructor(file: string) {
    this.#file = file;
  }

  /** The name; the number as text where it has none. */
  nameOf(id: number): string {
    this.#refresh();
    return this.#names.get(id) ?? String(id);
  }

  /** Reads the file again if it has changed. */
  #refresh(): void {
    const nowMs = performance.now();
    if (nowMs - this.#lookedMs < KEEP_MS) {
      return;
    }
    this.#lookedMs = nowMs;
    const modifiedMs = statSync(this.#file, { throwIfNoEntry: false })?.mtimeMs;
    if (modifiedMs === undefined || modifiedMs === this.#modifiedMs) {
      return;
    }
    this.#modifiedMs = modifiedMs;
    const names = new Map<number, string>();
    for (const line of readFileSync(this.#file, 'utf8').split('\n')) {
      const [name, , id] = line.split(':');
      if (name && id && !names.has(Number(id))) {
        names.set(Number(id), name);
      }
    }
    this.#names = names;
  }
}

const users = new NameTable('/etc/passwd');
const groups = new NameTable('/etc/group');

export const userName = (uid: number) => users.nameOf(uid);
export const groupName = (gid: number) => groups.nameOf(gid);
