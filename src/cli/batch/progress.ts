// The progress of a batch: a bar on a terminal, a line now and then elsewhere.
import type { SingleBar } from 'cli-progress';
import { spanText } from '../../webui/words/amounts.ts';
import { printable } from '../operate/output/printable.ts';
import { progressBar } from '../progress-bar.ts';

export interface Counts {
  readonly total: number;
  readonly running: number;
  readonly succeeded: number;
  readonly failed: number;
}

export interface Progress {
  update(counts: Counts): void;
  /** Prints a line above the bar. */
  say(text: string): void;
  end(): void;
}

/** The time between two lines where there is no terminal. */
const LINE_MS = 5000;

export function openProgress(output: NodeJS.WriteStream): Progress {
  return output.isTTY ? new BarProgress(output) : new LineProgress(output);
}

class BarProgress implements Progress {
  readonly #output: NodeJS.WriteStream;
  readonly #bar: SingleBar;
  #last: Counts | undefined;

  constructor(output: NodeJS.WriteStream) {
    this.#output = output;
    this.#bar = progressBar(
      output,
      '  {bar} {value}/{total}   {running} running   {failed} failed   {left}',
    );
  }

  update(counts: Counts): void {
    const done = counts.succeeded + counts.failed;
    const { running, failed } = counts;
    if (this.#last === undefined) {
      this.#bar.start(counts.total, done, { running, failed, left: '' });
      this.#started = { done, ms: performance.now() };
    }
    this.#last = counts;
    this.#bar.update(done, { running, failed, left: this.#timeLeft(counts.total, done) });
  }

  say(text: string): void {
    this.#output.write(`\r\u001b[K${printable(text)}\n`);
    // Before the first counts there is no bar to redraw.
    if (this.#last !== undefined) {
      this.#bar.render();
    }
  }

  end(): void {
    this.#bar.stop();
  }

  #started = { done: 0, ms: 0 };

  #timeLeft(total: number, done: number): string {
    const progress = done - this.#started.done;
    if (progress <= 0 || done === total) {
      return '';
    }
    const perTask = (performance.now() - this.#started.ms) / progress;
    return `${spanText((total - done) * perTask)} left`;
  }
}

class LineProgress implements Progress {
  readonly #output: NodeJS.WriteStream;
  #nextMs = 0;
  #last = '';

  constructor(output: NodeJS.WriteStream) {
    this.#output = output;
  }

  update(counts: Counts): void {
    const now = performance.now();
    const { total, running, succeeded, failed } = counts;
    const line = `${succeeded + failed}/${total} done, ${running} running, ${failed} failed`;
    const isLast = succeeded + failed === total;
    if (line !== this.#last && (isLast || now >= this.#nextMs)) {
      this.#nextMs = now + LINE_MS;
      this.#last = line;
      this.say(line);
    }
  }

  say(text: string): void {
    this.#output.write(`${printable(text)}\n`);
  }

  end(): void {}
}
