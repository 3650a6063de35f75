// The thread that owns the checkpoint's file: waiting for the disk must not keep the agent waiting.
import { parentPort, workerData } from 'node:worker_threads';
import { CheckpointDatabase, CheckpointError, type Write } from './checkpoint-database.ts';

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

const database = new CheckpointDatabase((workerData as { readonly path: string }).path);

port.on('message', (request: CheckpointRequest) => {
  switch (request.type) {
    case 'read':
      port.postMessage(database.read());
      return;
    case 'write':
      try {
        database.write(request.writes);
        port.postMessage(undefined);
      } catch (error) {
        // Errors lose their class on the way between threads.
        port.postMessage(failureOf(error));
      }
      return;
    case 'close':
      database.close();
      port.close();
      return;
  }
});
