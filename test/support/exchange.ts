// A task that exchanges entries of its folder for others, again and again, as fast as it can.
import { Worker } from 'node:worker_threads';

const program = `
  const { renameSync } = require('node:fs');
  const { parentPort, workerData: pairs } = require('node:worker_threads');
  parentPort.postMessage('begun');
  for (;;) {
    for (const [one, other] of pairs) {
      try {
        renameSync(one, one + '~');
        renameSync(other, one);
        renameSync(one + '~', other);
      } catch {
        // The entry was deleted meanwhile.
      }
    }
  }
`;

/** Goes on until it is disposed of. */
export async function exchanging(
  pairs: readonly (readonly [one: string, other: string])[],
): Promise<AsyncDisposable> {
  const worker = new Worker(program, { eval: true, workerData: pairs });
  await new Promise((resolve) => worker.once('message', resolve));
  return {
    [Symbol.asyncDispose]: async () => {
      await worker.terminate();
    },
  };
}
