// A new file whose bytes arrive from elsewhere: they are counted, summed and bounded on their way
// to the disk.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type FileHandle, open, statfs, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Writable } from 'node:stream';
import { errorText } from '../../model/error-text.ts';
import { FetchError } from './fetch-error.ts';

export interface ArrivingFileOptions {
  /** Nothing may exist at this path; the new file is private. */
  readonly path: string;
  /** A file with more bytes fails. */
  readonly maxBytes?: number | undefined;
  /** Called when bytes have arrived, and again when they are stored. */
  readonly onBytes?: () => void;
}

/** A file that has arrived whole. */
export interface Arrival {
  readonly bytes: number;
  /** In hexadecimal digits. */
  readonly sha256: string;
}

/** How many bytes arrive between two looks at the disk; a smaller file finds its room, or not. */
const LOOK_BYTES = 16 * 2 ** 20;
/** The share of a disk that large files leave free for all else, and the most that this is. */
const FREE_SHARE = 0.02;
const MOST_FREE_BYTES = 2 ** 30;

/**
 * Makes the file of what `send` gives it; one that does not arrive whole is deleted. Throws what
 * `send` does, or FetchError where the fault is here.
 */
export async function receive(
  options: ArrivingFileOptions,
  send: (to: ArrivingFile) => Promise<void>,
): Promise<Arrival> {
  const arriving = new ArrivingFile(options);
  try {
    await send(arriving);
    return arriving.arrival();
  } catch (error) {
    await arriving.abandon();
    // Of a failure here, the sender sees only that nobody takes what is sent.
    throw arriving.errored ?? error;
  }
}

export class ArrivingFile extends Writable {
  readonly #options: ArrivingFileOptions;
  readonly #sum = createHash('sha256');
  #file: FileHandle | undefined;
  #isMade = false;
  #bytes = 0;
  #nextLook = LOOK_BYTES;

  constructor(options: ArrivingFileOptions) {
    super({ highWaterMark: 2 ** 18 });
    this.#options = options;
  }

  /** Throws FetchError where there is no room for a file of so many bytes. */
  async expect(bytes: number): Promise<void> {
    this.#checkLength(bytes);
    if (bytes > LOOK_BYTES) {
      await this.#look(bytes);
    }
  }

  /** How many have arrived so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** To be asked once, when the stream has finished. */
  arrival(): Arrival {
    return { bytes: this.#bytes, sha256: this.#sum.digest('hex') };
  }

  /** Deletes what has arrived. */
  async abandon(): Promise<void> {
    const closed = this.closed ? undefined : once(this, 'close');
    this.destroy();
    await closed;
    if (this.#isMade) {
      this.#isMade = false;
      await unlink(this.#options.path);
    }
  }

  override _construct(done: (error?: Error | null) => void): void {
    settle(this.#open(), done);
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    settle(this.#store(chunk), done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    settle(this.#close(), (failure) => done(error ?? failure));
  }

  async #close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    if (file !== undefined) {
      await file.close();
    }
  }

  async #open(): Promise<void> {
    this.#file = await here(() => open(this.#options.path, 'wx', 0o600));
    this.#isMade = true;
  }

  async #store(chunk: Buffer): Promise<void> {
    this.#options.onBytes?.();
    this.#checkLength(this.#bytes + chunk.length);
    this.#sum.update(chunk);
    await here(async () => {
      for (let written = 0; written < chunk.length; ) {
        written += (await this.#file?.write(chunk, written))?.bytesWritten ?? chunk.length;
      }
    });
    this.#bytes += chunk.length;
    if (this.#bytes >= this.#nextLook) {
      this.#nextLook = this.#bytes + LOOK_BYTES;
      await this.#look(0);
    }
    // While the disk is slow, it is not the sender that stands still.
    this.#options.onBytes?.();
  }

  #checkLength(bytes: number): void {
    const { maxBytes } = this.#options;
    if (maxBytes !== undefined && bytes > maxBytes) {
      throw new FetchError('Error downloading resource: Maximum file size exceeded', {
        detail: `it has more than the ${maxBytes} bytes that it may have`,
        isHere: true,
      });
    }
  }

  async #look(more: number): Promise<void> {
    const { bavail, blocks, bsize } = await here(() => statfs(dirname(this.#options.path)));
    const kept = Math.min(blocks * bsize * FREE_SHARE, MOST_FREE_BYTES);
    if (bavail * bsize - more < kept) {
      throw new FetchError(WRITING, {
        detail: `the disk would have less than ${Math.round(kept / 2 ** 20)} MB left`,
        isHere: true,
      });
    }
  }
}

const WRITING = 'Error downloading resource: Failed writing received data to disk/application';

async function here<T>(use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (error) {
    throw new FetchError(WRITING, { detail: errorText(error), cause: error, isHere: true });
  }
}

function settle(work: Promise<void>, done: (error?: Error | null) => void): void {
  work.then(
    () => done(),
    (error: Error) => done(error),
  );
}
