// The progress of a long search: a bar on a terminal, a line each minute elsewhere.
import { SingleBar } from 'cli-progress';

const LINE_MS = 60_000;

export interface Progress {
  /** Shows what was done so far; may be called at any rate. */
  show(done: string): void;
  end(): void;
}

export function openProgress(seconds: number): Progress {
  return process.stdout.isTTY ? new Bar(seconds) : new Lines();
}

class Bar implements Progress {
  readonly #begin = Date.now();
  readonly #seconds: number;
  readonly #bar: SingleBar;

  constructor(seconds: number) {
    this.#seconds = Math.ceil(seconds);
    this.#bar = new SingleBar({
      stream: process.stdout,
      format: '  {bar} {value}/{total} s   {done}',
      barCompleteChar: '█',
      barIncompleteChar: '░',
      barsize: 30,
      hideCursor: true,
    });
    this.#bar.start(this.#seconds, 0, { done: '' });
  }

  show(done: string): void {
    const seconds = Math.trunc((Date.now() - this.#begin) / 1000);
    this.#bar.update(Math.min(seconds, this.#seconds), { done });
  }

  end(): void {
    this.#bar.stop();
  }
}

class Lines implements Progress {
  #nextMs = Date.now() + LINE_MS;

  show(done: string): void {
    if (Date.now() < this.#nextMs) {
      return;
    }
    this.#nextMs = Date.now() + LINE_MS;
    console.log(`  ${done}`);
  }

  end(): void {}
}
