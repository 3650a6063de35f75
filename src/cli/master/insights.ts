// Has the answers to EXPLAIN and PLAN computed by a thread of its own, so that the master's loop
// need not: a plan for ten thousand agents takes seconds. The machine asks for one at a time. The
// thread starts with the first, and ends when none has come for a while: its memory goes with it.
import { Worker } from 'node:worker_threads';
import type { InsightQuestion } from '../../core/interface.ts';
import { moduleOf } from '../../filesystem/thread-module.ts';
import type { Compute } from '../../master/effects.ts';
import type { Computed, InsightOutcome } from '../../master/events.ts';
import { errorText } from '../../model/error-text.ts';

/** A computation that takes longer is given up. */
const LIMIT_MS = 10_000;
/** The least turn of one that nobody waits for any more: each costs the loop a copy. */
const LEAST_TURN_MS = 500;
/** How long a thread without work stays. */
const IDLE_MS = 60_000;
/** Of JavaScript; copies of the allocator are in the memory of the Wasm module. */
const MAX_HEAP_MB = 2_048;

export interface InsightJob {
  readonly saved: Uint8Array;
  readonly question: InsightQuestion;
}

interface InsightsOptions {
  readonly module: WebAssembly.Module;
  readonly done: (event: Omit<Computed, 'nowMs'>) => void;
  readonly limitMs?: number;
}

export class Insights {
  readonly #options: InsightsOptions;
  #worker: Worker | undefined;
  #timer: NodeJS.Timeout | undefined;
  #running: number | undefined;
  #beganMs = 0;

  constructor(options: InsightsOptions) {
    this.#options = options;
  }

  perform({ computation, saved, question }: Compute): void {
    const { limitMs = LIMIT_MS } = this.#options;
    this.#running = computation;
    this.#beganMs = performance.now();
    const worker = this.#started();
    worker.ref();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#late(limitMs), limitMs);
    const job: InsightJob = { saved, question };
    // The copy moves to the thread: it is not copied once more.
    worker.postMessage(job, [saved.buffer]);
  }

  /** Nobody waits for it any more. */
  giveUp(computation: number): void {
    if (computation !== this.#running) {
      return;
    }
    void this.#end();
    clearTimeout(this.#timer);
    const restMs = this.#beganMs + LEAST_TURN_MS - performance.now();
    const done = () => this.#finish(failed('Nobody waits for it any more'));
    this.#timer = setTimeout(done, Math.max(0, restMs));
  }

  /** What is being computed is not answered. */
  close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#running = undefined;
    return this.#end();
  }

  #started(): Worker {
    if (this.#worker !== undefined) {
      return this.#worker;
    }
    const worker = new Worker(moduleOf(new URL('./insight-thread', import.meta.url)), {
      workerData: { module: this.#options.module },
      resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
    });
    worker.on('message', (outcome: InsightOutcome) => {
      // Of one that was ended the last word may still come.
      if (worker === this.#worker) {
        this.#finish(outcome);
      }
    });
    worker.on('error', (error) => this.#lost(worker, errorText(error)));
    worker.on('exit', () => this.#lost(worker, 'it ended'));
    this.#worker = worker;
    return worker;
  }

  #late(limitMs: number): void {
    void this.#end();
    this.#finish(
      failed(`It takes longer than ${limitMs / 1000} seconds: ask about less at a time`),
    );
  }

  #lost(worker: Worker, why: string): void {
    if (worker === this.#worker) {
      this.#worker = undefined;
      this.#finish(failed(`The thread that computes it has failed: ${why}`));
    }
  }

  #finish(outcome: InsightOutcome): void {
    clearTimeout(this.#timer);
    const computation = this.#running;
    this.#running = undefined;
    this.#worker?.unref();
    this.#timer = setTimeout(() => void this.#end(), IDLE_MS).unref();
    if (computation !== undefined) {
      this.#options.done({ type: 'computed', computation, outcome });
    }
  }

  async #end(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }
}

const failed = (text: string): InsightOutcome => ({ failure: { status: 503, text } });
