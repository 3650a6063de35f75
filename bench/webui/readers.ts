// What reads a master as pages do, in a thread of its own, which only counts: streams of events as
// ours, or `/state` again and again, as the page of Apache Mesos.
import http from 'node:http';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { RecordReader } from '../../src/wire/record-io.ts';

interface Work {
  readonly port: number;
}

/** Readers of one master. */
export class Streams {
  readonly #worker: Worker;

  constructor(port: number) {
    this.#worker = new Worker(new URL(import.meta.url), {
      workerData: { port } satisfies Work,
    });
  }

  /** Resolves with the bytes that have come in all. */
  open(streams: number): Promise<number> {
    return this.#ask({ open: streams });
  }

  /** Ends them; resolves with the bytes that have come in all. */
  end(): Promise<number> {
    return this.#ask({ end: true });
  }

  /** Bytes of an answer, all of it read. */
  read(path: string): Promise<number> {
    return this.#ask({ read: path });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #ask(what: object): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#worker.once('error', reject);
      this.#worker.once('message', (bytes) => {
        this.#worker.off('error', reject);
        resolve(bytes);
      });
      this.#worker.postMessage(what);
    });
  }
}

const SUBSCRIBE = JSON.stringify({ type: 'SUBSCRIBE', subscribe: { updates: true } });

/** TASKS_TOLD, with `last`. */
const isLastOfTasks = (record: Uint8Array) =>
  record[0] === 8 &&
  record[1] === 0x91 &&
  record[2] === 0x4e &&
  record.at(-1) === 1 &&
  record.at(-2) === 16;

function serve({ port }: Work): void {
  const open = new Set<http.ClientRequest>();
  let bytes = 0;
  /** Resolves when it has been told of all tasks. */
  const subscribe = () =>
    new Promise<void>((resolve, reject) => {
      const request = http.request(
        {
          ...{ host: '127.0.0.1', port, method: 'POST', path: '/api/v1', agent: false },
          headers: { 'Content-Type': 'application/json', Accept: 'application/x-protobuf' },
        },
        (response) => {
          let records: RecordReader | undefined = new RecordReader();
          response.on('data', (chunk: Buffer) => {
            bytes += chunk.length;
            if (records?.push(chunk).some(isLastOfTasks) === true) {
              records = undefined;
              resolve();
            }
          });
          response.on('error', () => undefined);
          response.on('close', () =>
            reject(new Error('a stream has ended before it has told of all tasks')),
          );
        },
      );
      request.on('error', (error) => (open.has(request) ? reject(error) : undefined));
      open.add(request);
      request.end(SUBSCRIBE);
    });
  const read = (path: string) =>
    new Promise<number>((resolve, reject) => {
      http
        .get({ host: '127.0.0.1', port, path, agent: false }, (response) => {
          let size = 0;
          response.on('data', (chunk: Buffer) => {
            size += chunk.length;
          });
          response.on('end', () => resolve(size));
        })
        .on('error', reject);
    });
  parentPort?.on('message', async (asked: { open?: number; end?: boolean; read?: string }) => {
    if (asked.read !== undefined) {
      parentPort?.postMessage(await read(asked.read));
      return;
    }
    if (asked.open !== undefined) {
      await Promise.all(Array.from({ length: asked.open }, subscribe));
    } else {
      const ending = [...open];
      open.clear();
      for (const request of ending) {
        request.destroy();
      }
    }
    const counted = bytes;
    bytes = asked.end === true ? 0 : bytes;
    parentPort?.postMessage(counted);
  });
}

if (!isMainThread) {
  serve(workerData as Work);
}
