// Asks GET /health ten times a second in a thread of its own, so that what is measured is how long
// the master takes, and not how long the load generator takes to look at the answer.
import http from 'node:http';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

export interface HealthReport {
  /** Milliseconds of each answered request, ascending. */
  readonly answered: readonly number[];
  readonly failed: number;
}

const EVERY_MS = 100;

interface Address {
  readonly host: string;
  readonly port: number;
}

export class HealthProbe {
  readonly #worker: Worker;

  constructor(master: Address) {
    this.#worker = new Worker(new URL(import.meta.url), {
      workerData: { host: master.host, port: master.port },
    });
  }

  async stop(): Promise<HealthReport> {
    const report = new Promise<HealthReport>((resolve, reject) => {
      this.#worker.once('message', resolve);
      this.#worker.once('error', reject);
    });
    this.#worker.postMessage('stop');
    try {
      return await report;
    } finally {
      await this.#worker.terminate();
    }
  }
}

/** Milliseconds until GET /health was answered with 200; undefined if it was not. */
export function healthMs({ host, port }: Address): Promise<number | undefined> {
  return new Promise((resolve) => {
    const began = performance.now();
    const request = http.get({ host, port, path: '/health', agent: false }, (response) => {
      response.resume();
      response.on('end', () =>
        resolve(response.statusCode === 200 ? performance.now() - began : undefined),
      );
    });
    request.on('error', () => resolve(undefined));
  });
}

function probe(master: Address): void {
  const answered: number[] = [];
  let failed = 0;
  const timer = setInterval(async () => {
    const ms = await healthMs(master);
    if (ms === undefined) {
      failed++;
    } else {
      answered.push(ms);
    }
  }, EVERY_MS);
  parentPort?.once('message', () => {
    clearInterval(timer);
    answered.sort((a, b) => a - b);
    parentPort?.postMessage({ answered, failed } satisfies HealthReport);
  });
}

if (!isMainThread) {
  probe(workerData as Address);
}
