// Gathers lines of a log, so that several are written at once.
import { writeSync } from 'node:fs';

/** How many characters are gathered before they are written. */
const BUFFER_CHARACTERS = 4 * 1024;

/**
 * The lines that wait to be written. If writing fails, as on a full disk, they are dropped and
 * counted: the process must go on.
 */
export class Lines {
  readonly #write: (lines: string) => void;
  readonly #later: (flush: () => void) => void;
  readonly #tellLost: (lines: number, why: string) => string;
  #lines = '';
  #scheduled = false;
  #lost = 0;
  #why = '';
  readonly #flush = () => {
    this.#scheduled = false;
    const lines = this.#lines;
    this.#lines = '';
    if (lines === '') {
      return;
    }
    try {
      this.#write(this.#lost === 0 ? lines : this.#tellLost(this.#lost, this.#why) + lines);
      this.#lost = 0;
    } catch (error) {
      this.#lost += lines.split('\n').length - 1;
      this.#why = String(error);
    }
  };

  /**
   * `write` may throw. `later` schedules the latest time to write the lines. `tellLost` makes a
   * line that stands for lines which could not be written.
   */
  constructor(
    write: (lines: string) => void,
    later: (flush: () => void) => void,
    tellLost: (lines: number, why: string) => string,
  ) {
    this.#write = write;
    this.#later = later;
    this.#tellLost = tellLost;
    process.on('exit', this.#flush);
  }

  add(line: string): void {
    this.#lines += line;
    if (this.#lines.length >= BUFFER_CHARACTERS) {
      this.#flush();
    } else if (!this.#scheduled) {
      this.#scheduled = true;
      this.#later(this.#flush);
    }
  }

  /** Writes the waiting lines now. */
  flush(): void {
    this.#flush();
  }

  close(): void {
    process.off('exit', this.#flush);
    this.#flush();
  }
}

export function writeAll(file: number, bytes: Uint8Array): void {
  for (let left = bytes; left.length > 0; ) {
    left = left.subarray(writeSync(file, left));
  }
}
