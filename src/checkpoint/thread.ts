// The thread that owns the checkpoint's file and waits for the disk in place of the agent.
import { parentPort, workerData } from 'node:worker_threads';
import { errorText } from '../model/error-text.ts';
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

/** An error, as it is sent to the store. */
export interface CheckpointFailure {
  readonly failure: string;
  readonly isPassing: boolean;
}

const failureOf = (error: unknown): CheckpointFailure => ({
  failure: errorText(error),
  isPassing: error instanceof CheckpointError && error.isPassing,
});

/** The thread's options. */
export interface CheckpointPlace extends DatabaseOptions {
  readonly path: string;
}

/** All rows, and the damage that was ignored. */
export interface CheckpointContent {
  readonly rows: CheckpointRows;
  readonly damages: readonly string[];
  /** Why transactions may be missing that nothing tells of; undefined where that cannot be. */
  readonly doubt: string | undefined;
}

/** The write-ahead log is folded into the database after this long without a write. */
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
