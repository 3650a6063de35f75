// Work that is done once a turn of the I/O loop: everything written to one connection during a
// turn leaves in one system call, and whoever writes only says that it has something to flush.

/** Runs each asked-for flush once, after the I/O callbacks of the current turn. */
export class Turn {
  #asked: (() => void)[] = [];
  #spare: (() => void)[] = [];
  #scheduled = false;
  readonly #run = () => {
    this.#scheduled = false;
    const now = this.#asked;
    this.#asked = this.#spare;
    for (const flush of now) {
      flush();
    }
    now.length = 0;
    this.#spare = now;
  };

  /** The caller keeps itself from asking twice in a turn. */
  atEnd(flush: () => void): void {
    this.#asked.push(flush);
    if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(this.#run);
    }
  }
}
