// Watches whether anything still arrives: a download that stands still for too long is given up.
import { HttpFailure } from './http-failure.ts';

export class StallWatch {
  readonly #ms: number;
  readonly #over = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  /** Aborts when nothing has arrived for too long, or when the given signal does. */
  readonly signal: AbortSignal;

  constructor(ms: number, abort: AbortSignal) {
    this.#ms = ms;
    this.signal = AbortSignal.any([abort, this.#over.signal]);
    this.refresh();
  }

  /** Something has arrived, or is waited for again. */
  refresh(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#over.abort(), this.#ms);
  }

  /** Nothing is waited for. */
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
