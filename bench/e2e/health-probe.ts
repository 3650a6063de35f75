// Sends GET /health ten times a second from a thread of its own, so that the time measured is the
// master's and not the load generator's.
import http from 'node:http';
import https from 'node:https';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import type { Pems } from './tls.ts';

export interface HealthReport {
  /** The milliseconds of each request that was answered, ascending. */
  readonly answered: readonly number[];
  readonly failed: number;
}

const EVERY_MS = 100;

interface Address {
  readonly host: string;
  readonly port: number;
  readonly pems?: Pems | undefined;
}

export class HealthProbe {
  readonly #worker: Worker;

  constructor(master: Address) {
    this.#worker = new Worker(new URL(import.meta.url), {
      workerData: { host: master.host, port: master.port, pems: master.pems },
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

/** The milliseconds until GET /health got a 200; undefined if it got none. */
export function healthMs({ host, port, pems }: Address): Promise<number | undefined> {
  return new Promise((resolve) => {
    const began = performance.now();
    const asked = { host, port, path: '/health', agent: false, ...pems };
    const request = (pems === undefined ? http : https).get(asked, (response) => {
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
