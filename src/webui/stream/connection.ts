// The one stream of the page: it follows the master's events, and comes back by itself when they
// stop. What was told stays to be seen meanwhile.
import { signal } from '@preact/signals';
import { RecordReader } from '../../wire/record-io.ts';
import { Cluster } from '../store/cluster.ts';
import { EventTail } from '../store/event-tail.ts';
import { retryDelayMs } from './backoff.ts';
import { RequestFailure, request } from './requests.ts';
import { giveWay } from './turns.ts';

/**
 * `loading`: the first record is on its way. `lost`: it is tried again at `retryMs`. `denied`: it
 * is not, unless somebody else signs in.
 */
export type Connection =
  | { readonly phase: 'loading' }
  | { readonly phase: 'live' }
  /** `retryMs` is 0 while it is being tried. */
  | { readonly phase: 'lost'; readonly why: string; readonly retryMs: number }
  | { readonly phase: 'denied'; readonly failure: RequestFailure };

export const connection = signal<Connection>({ phase: 'loading' });

/**
 * The cluster as last told; the same until a stream has begun anew. Undefined before the first,
 * whose tasks come by and by.
 */
export const cluster = signal<Cluster | undefined>(undefined);

/** What was told since the page was opened, of all streams. */
export const eventTail = new EventTail();

/** The first record holds all agents of a cluster. */
const MAX_RECORD_BYTES = 512 * 1024 * 1024;
/** Within which the master has to take the stream up. */
const TAKEN_UP_MS = 30_000;
/** Heartbeats that may be missing. */
const SILENT_HEARTBEATS = 2.5;

let endWait: () => void = () => {};

/** Tries at once what waits for its time. */
export function retryNow(): void {
  endWait();
}

/** Never ends. */
export async function followEvents(): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const before = cluster.value;
    const failure = await followOnce().catch((error: unknown) => error);
    attempt = cluster.value === before ? attempt : 0;
    if (failure instanceof RequestFailure && failure.kind === 'moved') {
      // Of a page the browser follows the way to the master that leads.
      window.location.reload();
    }
    if (failure instanceof RequestFailure && /^(?:denied|signIn)$/.test(failure.kind)) {
      connection.value = { phase: 'denied', failure };
      await new Promise<void>((resolve) => {
        endWait = resolve;
      });
      connection.value = { phase: 'loading' };
      continue;
    }
    const delayMs = retryDelayMs(attempt, Math.random());
    const why = failure instanceof Error ? failure.message : 'The master has closed the stream.';
    connection.value = { phase: 'lost', why, retryMs: Date.now() + delayMs };
    await new Promise<void>((resolve) => {
      const timer = window.setTimeout(resolve, delayMs);
      endWait = () => {
        window.clearTimeout(timer);
        resolve();
      };
    });
    connection.value = { phase: 'lost', why, retryMs: 0 };
  }
}

/** Until the stream ends. */
async function followOnce(): Promise<void> {
  const end = new AbortController();
  const next = new Cluster((event) => eventTail.add(event, Date.now()));
  let silence: number | undefined;
  const hear = () => {
    window.clearTimeout(silence);
    silence = window.setTimeout(() => end.abort(), next.heartbeatMs * SILENT_HEARTBEATS);
  };
  try {
    const response = await request('/api/v1', {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        Accept: 'application/x-protobuf',
      },
      body: JSON.stringify({ type: 'SUBSCRIBE', subscribe: { updates: true } }),
      signal: end.signal,
      answerMs: TAKEN_UP_MS,
    });
    hear();
    const records = new RecordReader(MAX_RECORD_BYTES);
    for await (const chunk of chunksOf(response)) {
      hear();
      for (const record of records.push(chunk)) {
        await taken(next, record);
      }
      if (cluster.value !== next && isShown(next)) {
        cluster.value = next;
        connection.value = { phase: 'live' };
      }
    }
  } catch (error) {
    throw end.signal.aborted
      ? new RequestFailure('away', 'The master has been silent for too long.')
      : error;
  } finally {
    window.clearTimeout(silence);
    end.abort();
  }
}

async function* chunksOf({ body }: Response): AsyncGenerator<Uint8Array> {
  const reader = body?.getReader();
  for (;;) {
    const piece = await reader?.read();
    if (piece === undefined || piece.done) {
      return;
    }
    yield piece.value;
  }
}

/** What was told before stays until as much is told again; where nothing was, each bit is more. */
const isShown = ({ isFilled, isWhole }: Cluster) =>
  isWhole || (isFilled && cluster.value === undefined);

/** Takes a record in turns with all else that the page does. */
async function taken(into: Cluster, record: Uint8Array): Promise<void> {
  for (const _ of into.take(record)) {
    await giveWay();
  }
  await giveWay();
}
