// What Prometheus's clients tell of every process, and how long what comes at any moment waits for
// the I/O loop: a timer comes as late as a request would.
import type { FigureSink } from '../model/figures.ts';
import { Durations } from '../model/timer-statistics.ts';

const LOOK_MS = 100;

/** Looks at the loop until it is closed. */
export class ProcessMetrics {
  readonly #startedMs = Date.now() - process.uptime() * 1_000;
  readonly #delays = new Durations();
  readonly #timer: NodeJS.Timeout;
  #dueMs = performance.now() + LOOK_MS;

  constructor() {
    this.#timer = setInterval(() => this.#look(), LOOK_MS).unref();
  }

  report(set: FigureSink): void {
    const { user, system } = process.cpuUsage();
    const { rss, heapUsed } = process.memoryUsage();
    set('process/start_time_secs', this.#startedMs / 1_000);
    set('process/cpu_secs', (user + system) / 1e6);
    set('process/resident_memory_bytes', rss);
    set('process/heap_used_bytes', heapUsed);
    set('process/loop_delay_ms', this.#delays);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const nowMs = performance.now();
    this.#delays.add(nowMs - this.#dueMs);
    this.#dueMs = nowMs + LOOK_MS;
  }
}
