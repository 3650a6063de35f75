// Lines of a log on their way out, gathered so that each does not cost a write of its own.
import { writeSync } from 'node:fs';

/** Lines are gathered up to so many characters. */
const BUFFER_CHARACTERS = 4 * 1024;

/**
 * Lines that leave together. None is lost while they can be written; on a disk that is full they
 * are, and counted: what is logged about must go on.
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
   * `write` may throw. `later` calls back when waiting lines should be written at the latest;
   * `tellLost` makes the line that stands for those that could not be.
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

  /** Writes at once what waits. */
  flush(): void {
    this.#flush();
  }

  close(): void {
    process.off('exit', this.#flush);
    this.#flush();
  }
}

export function writeAll(file: number, text: string): void {
  for (let bytes = Buffer.from(text); bytes.length > 0; ) {
    bytes = bytes.subarray(writeSync(file, bytes));
  }
}
