// The thread that owns the checkpoint's file: waiting for the disk must not keep the agent waiting.
import { parentPort, workerData } from 'node:worker_threads';
import {
  CheckpointDatabase,
  CheckpointError,
  type CheckpointRows,
  type DatabaseOptions,
  type Write,
} from './database.ts';

const port = parentPort;
if (port === null) {
  throw new Error('The checkpoint thread has no one to talk to');
}

export type CheckpointRequest =
  | { readonly type: 'read' }
  | { readonly type: 'write'; readonly writes: readonly Write[] }
  | { readonly type: 'close' };

/** What the store is told of an error. */
export interface CheckpointFailure {
  readonly failure: string;
  readonly isPassing: boolean;
}

const failureOf = (error: unknown): CheckpointFailure => ({
  failure: error instanceof Error ? error.message : String(error),
  isPassing: error instanceof CheckpointError && error.isPassing,
});

/** What the thread is started with. */
export interface CheckpointPlace extends DatabaseOptions {
  readonly path: string;
}

/** All rows, and what damage was passed over. */
export interface CheckpointContent {
  readonly rows: CheckpointRows;
  readonly damages: readonly string[];
  /** Why it may lack something that nothing tells of. */
  readonly doubt: string | undefined;
}

/** The log is folded into the database when nothing was written for so long. */
const REST_MS = 1_000;

const { path, ...options } = workerData as CheckpointPlace;
const database = new CheckpointDatabase(path, options);
const rest = setTimeout(() => database.fold(), REST_MS).unref();

port.on('message', (request: CheckpointRequest) => {
  switch (request.type) {
    case 'read':
      port.postMessage({
        rows: database.read(),
        damages: database.damages,
        doubt: database.doubt,
      } satisfies CheckpointContent);
      return;
    case 'write':
      try {
        database.write(request.writes);
        rest.refresh();
        port.postMessage(undefined);
      } catch (error) {
        // Errors lose their class on the way between threads.
        port.postMessage(failureOf(error));
      }
      return;
    case 'close':
      clearTimeout(rest);
      database.close();
      port.close();
      return;
  }
});
