// How long answers of each endpoint take to be made, and their statuses. What goes on until its
// client has enough (streams, files) is not counted.
import type { FigureSink } from '../../model/figures.ts';
import { Durations } from '../../model/timer-statistics.ts';

/** It is shown from the first on, so that rates see the first one. */
const FAILURE = 500;

interface Answers {
  readonly durations: Durations;
  readonly byStatus: Map<number, number>;
}

export class RequestDurations {
  /** Bounded: endpoints are those of this program, as are statuses. */
  readonly #answers = new Map<string, Answers>();

  add(endpoint: string, status: number, tookMs: number): void {
    const { durations, byStatus } = this.#of(endpoint);
    durations.add(tookMs);
    byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
  }

  report(set: FigureSink): void {
    for (const [endpoint, { durations, byStatus }] of this.#answers) {
      set('http/{path}/request_ms', durations, endpoint);
      for (const [status, count] of byStatus) {
        set('http/{path}/responses/{code}', count, endpoint, String(status));
      }
    }
  }

  #of(endpoint: string): Answers {
    const known = this.#answers.get(endpoint);
    if (known !== undefined) {
      return known;
    }
    const made = { durations: new Durations(), byStatus: new Map([[FAILURE, 0]]) };
    this.#answers.set(endpoint, made);
    return made;
  }
}
