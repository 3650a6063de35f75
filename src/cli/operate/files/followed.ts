// A file that is read while it grows, through its rotations: what was written before a rotation is
// read to its end, where the file is then.
import { CommandError, EXIT } from '../outcome.ts';
import { type FilePlace, PIECE_BYTES } from './file-server.ts';
import type { Write } from './output.ts';
import { type Rotated, rotatedIn, rotations } from './rotation.ts';

/** Bytes that are read before it is looked whether they are still of the same file. */
const MOST_PIECES = 16;
const LINE_FEED = 0x0a;
/** Beyond any file, where a read tells its size only. */
const END = Number.MAX_SAFE_INTEGER;

export class FollowedFile {
  readonly #place: FilePlace;
  readonly #folder: string;
  readonly #name: string;
  readonly #write: Write;
  #rotated: Rotated = [];
  #offset = 0;

  constructor(place: FilePlace, write: Write) {
    const at = place.path.lastIndexOf('/');
    this.#place = place;
    this.#folder = place.path.slice(0, at);
    this.#name = place.path.slice(at + 1);
    this.#write = write;
  }

  /** Writes what is there, or the last lines of it; those of rotated files before. */
  async begin(lines: number | undefined): Promise<void> {
    this.#rotated = await this.#look();
    const [number, offset] =
      lines === undefined ? [this.#rotated.length, 0] : await this.#lastLines(lines);
    this.#offset = offset;
    const { size } = await this.#place.server.read(this.#place.path, END);
    await this.#older(number);
    // A file that grows faster than it is read has an end, too.
    await this.readOn(size);
  }

  /** Writes what was added since, or up to there. True where that was something. */
  async readOn(upTo = Number.POSITIVE_INFINITY): Promise<boolean> {
    for (let hasMore = false; ; hasMore = true) {
      const from = this.#offset;
      const { pieces, size } = await this.#pieces(this.#place.path, from);
      if ((pieces.length === 0 && size >= from) || from >= upTo) {
        return hasMore;
      }
      const now = await this.#look();
      const { times, isLost } = rotations(this.#rotated, now);
      this.#rotated = now;
      if (isLost) {
        process.stderr.write(`some of ${this.#name} was rotated away before it was read\n`);
        this.#offset = 0;
      }
      if (times > 0) {
        await this.#older(times);
      } else if (size < from) {
        // It was emptied, or replaced by another one.
        this.#offset = 0;
      } else {
        for (const data of pieces) {
          this.#offset += data.length;
          await this.#write(data);
        }
      }
    }
  }

  /** Writes the rotated file of that number from the offset on, and all newer ones. */
  async #older(number: number): Promise<void> {
    for (let at = number; at > 0; at--) {
      for (;;) {
        const { pieces } = await this.#pieces(this.#numbered(at), this.#offset);
        if (pieces.length === 0) {
          break;
        }
        for (const data of pieces) {
          this.#offset += data.length;
          await this.#write(data);
        }
      }
      this.#offset = 0;
    }
  }

  #numbered(number: number): string {
    return number === 0 ? this.#place.path : `${this.#place.path}.${number}`;
  }

  async #pieces(
    path: string,
    from: number,
  ): Promise<{ readonly pieces: readonly Uint8Array[]; readonly size: number }> {
    const pieces: Uint8Array[] = [];
    let size = from;
    for (let offset = from; pieces.length < MOST_PIECES; ) {
      const piece = await this.#place.server.read(path, offset);
      size = piece.size;
      if (piece.data.length === 0) {
        break;
      }
      pieces.push(piece.data);
      offset += piece.data.length;
      if (offset >= size) {
        break;
      }
    }
    return { pieces, size };
  }

  /** Servers list no folder above what is attached itself, such as /slave/log. */
  async #look(): Promise<Rotated> {
    try {
      return rotatedIn(await this.#place.server.list(this.#folder), this.#name);
    } catch (error) {
      if (error instanceof CommandError && error.status === EXIT.notFound) {
        return [];
      }
      throw error;
    }
  }

  /** Where the last lines begin: in which file, by its number, and at which byte. */
  async #lastLines(lines: number): Promise<readonly [number: number, offset: number]> {
    let missing = lines;
    let isLastByte = true;
    for (let number = 0; ; number++) {
      const path = this.#numbered(number);
      const { size } = await this.#place.server.read(path, END);
      if (lines === 0) {
        return [0, size];
      }
      for (let end = size; end > 0; ) {
        const start = Math.max(0, end - PIECE_BYTES);
        const { data } = await this.#place.server.read(path, start);
        const bytes = data.subarray(0, end - start);
        for (let at = bytes.length - 1; at >= 0; at--) {
          if (bytes[at] === LINE_FEED && !isLastByte && --missing === 0) {
            return [number, start + at + 1];
          }
          isLastByte = false;
        }
        end = start;
      }
      if (number >= this.#rotated.length) {
        return [number, 0];
      }
    }
  }
}
