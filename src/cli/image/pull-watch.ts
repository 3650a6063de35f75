// Shows how far a pull has come: a bar on a terminal, a line now and then elsewhere.
import type { SingleBar } from 'cli-progress';
import {
  type LayerProgress,
  type PullProgress,
  progressText,
  totalsOf,
} from '../../containerizer/images/pull-progress.ts';
import { roundedBytes } from '../../model/bytes.ts';
import { progressBar } from '../progress-bar.ts';

export interface PullWatch {
  /** How often there is something to show. */
  readonly intervalMs: number;
  show(progress: PullProgress): void;
  end(): void;
}

const BAR_MS = 250;
const LINE_MS = 5_000;

export const openPullWatch = (output: NodeJS.WriteStream): PullWatch =>
  output.isTTY ? new BarWatch(output) : new LineWatch(output);

class BarWatch implements PullWatch {
  readonly intervalMs = BAR_MS;
  readonly #bar: SingleBar;
  #hasBegun = false;

  constructor(output: NodeJS.WriteStream) {
    this.#bar = progressBar(output, '  {bar} {text}');
  }

  show(progress: PullProgress): void {
    const { layers = [] } = progress;
    const totals = totalsOf(layers);
    // Of layers whose size nobody says, how many there are is all that is known.
    const total = totals.size ?? layers.length;
    const done = totals.size === undefined ? totals.done : totals.received;
    const text = barText(layers);
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      this.#bar.start(total, done, { text });
    }
    this.#bar.setTotal(Math.max(total, 1));
    this.#bar.update(done, { text });
  }

  end(): void {
    if (this.#hasBegun) {
      this.#bar.stop();
    }
  }
}

function barText(layers: readonly LayerProgress[]): string {
  if (layers.length === 0) {
    return 'waiting for the manifest';
  }
  const { done, received, size } = totalsOf(layers);
  const of = size === undefined ? '' : ` of ${roundedBytes(size)}`;
  return `${roundedBytes(received)}${of}   ${done} of ${layers.length} layers`;
}

class LineWatch implements PullWatch {
  readonly intervalMs = LINE_MS;
  readonly #output: NodeJS.WriteStream;
  #last = '';

  constructor(output: NodeJS.WriteStream) {
    this.#output = output;
  }

  show(progress: PullProgress): void {
    const text = progressText(progress);
    if (text !== this.#last) {
      this.#last = text;
      this.#output.write(`${progress.name}: ${text}\n`);
    }
  }

  end(): void {}
}
