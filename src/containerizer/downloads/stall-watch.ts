// Watches whether anything still arrives: a download that stands still for too long is given up.
import { HttpFailure } from './http-failure.ts';

export class StallWatch {
  readonly #ms: number;
  readonly #over = new AbortController();
  readonly #timer: NodeJS.Timeout;
  /** Aborts when nothing has arrived for too long, or when the given signal does. */
  readonly signal: AbortSignal;

  constructor(ms: number, abort: AbortSignal) {
    this.#ms = ms;
    this.#timer = setTimeout(() => this.#over.abort(), ms);
    this.signal = AbortSignal.any([abort, this.#over.signal]);
  }

  /** Something has arrived. */
  refresh(): void {
    this.#timer.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  /** Why the download failed, if it is because it stood still. */
  failure(cause: unknown): HttpFailure | undefined {
    return this.#over.signal.aborted
      ? new HttpFailure('Timeout was reached', `nothing received for ${this.#ms / 1000} s`, cause)
      : undefined;
  }
}
