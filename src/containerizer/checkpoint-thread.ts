// The thread that owns the checkpoint's file: waiting for the disk must not keep the agent waiting.
import { parentPort, workerData } from 'node:worker_threads';
import { CheckpointDatabase, type Write } from './checkpoint-database.ts';

const port = parentPort;
if (port === null) {
  throw new Error('The checkpoint thread has no one to talk to');
}

export type CheckpointRequest =
  | { readonly type: 'read' }
  | { readonly type: 'write'; readonly writes: readonly Write[] }
  | { readonly type: 'close' };

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
        port.postMessage(error);
      }
      return;
    case 'close':
      database.close();
      port.close();
      return;
  }
});
