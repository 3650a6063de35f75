// What the cache holds, in numbers: how large its files are, how many fetch from them, and which
// was not used for the longest time. It decides what may come in and what has to go for it.

export interface ShelfBounds {
  readonly bytes: number;
  /** An empty file takes room on a disk, too. */
  readonly files: number;
}

interface Item {
  bytes: number;
  users: number;
}

export class Shelf {
  readonly bounds: ShelfBounds;
  /** The one that was not used for the longest time first. */
  readonly #items = new Map<string, Item>();
  #usedBytes = 0;

  constructor(bounds: ShelfBounds) {
    this.bounds = bounds;
  }

  /** Of all files, those that are still coming included. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** A new file; one that is still coming has no bytes before room is made for it. */
  add(name: string, bytes: number): void {
    this.#items.set(name, { bytes, users: 0 });
    this.#usedBytes += bytes;
  }

  /** Somebody fetches from the file, which stays until `leave`. */
  use(name: string): void {
    const item = this.#items.get(name);
    if (item !== undefined) {
      item.users++;
      this.#items.delete(name);
      this.#items.set(name, item);
    }
  }

  leave(name: string): void {
    const item = this.#items.get(name);
    if (item !== undefined) {
      item.users--;
    }
  }

  remove(name: string): void {
    this.#usedBytes -= this.#items.get(name)?.bytes ?? 0;
    this.#items.delete(name);
  }

  /**
   * Gives a file room for its bytes. Returns the files that are removed for it, which must be
   * deleted before it is written; undefined where there is no room, and nothing is removed.
   */
  reserve(name: string, bytes: number): readonly string[] | undefined {
    const item = this.#items.get(name);
    const leaving = this.#leavingFor(bytes);
    if (item === undefined || leaving === undefined) {
      return undefined;
    }
    this.#removeAll(leaving);
    item.bytes = bytes;
    this.#usedBytes += bytes;
    return leaving;
  }

  /** The files that are removed because the bounds are narrower than those of an earlier agent. */
  shrink(): readonly string[] {
    const leaving = this.#leavingFor(0) ?? [];
    this.#removeAll(leaving);
    return leaving;
  }

  /** The file has come, and is smaller than the room that it was given, or as large. */
  settle(name: string, bytes: number): void {
    const item = this.#items.get(name);
    if (item !== undefined) {
      this.#usedBytes += bytes - item.bytes;
      item.bytes = bytes;
    }
  }

  /** The files to be removed for more bytes; undefined where all that are not in use do not do. */
  #leavingFor(bytes: number): string[] | undefined {
    let excessBytes = this.#usedBytes + bytes - this.bounds.bytes;
    let excessFiles = this.#items.size - this.bounds.files;
    const leaving: string[] = [];
    for (const [name, item] of this.#items) {
      if (excessBytes <= 0 && excessFiles <= 0) {
        break;
      }
      if (item.users === 0) {
        leaving.push(name);
        excessBytes -= item.bytes;
        excessFiles -= 1;
      }
    }
    return excessBytes > 0 || excessFiles > 0 ? undefined : leaving;
  }

  #removeAll(names: readonly string[]): void {
    for (const name of names) {
      this.remove(name);
    }
  }
}
