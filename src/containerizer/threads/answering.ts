// The other end of an asked thread: in the thread itself.
import type { MessagePort } from 'node:worker_threads';
import type { ThreadAnswer, ThreadRequest } from './asked-thread.ts';

// biome-ignore lint/suspicious/noExplicitAny: who asks knows what each action takes.
type Action = (argument: any, abort: AbortSignal) => unknown;

/** Answers questions as they come, all at once, until they are given up. */
export function answer<Actions extends { [Name in keyof Actions]: Action }, Failure>(
  port: MessagePort | null,
  actions: Actions,
  failureOf: (error: unknown) => Failure,
): void {
  if (port === null) {
    throw new Error('The thread has no one to talk to');
  }
  const running = new Map<number, AbortController>();
  port.on('message', async (request: ThreadRequest) => {
    const { id, name } = request;
    if (!('argument' in request)) {
      running.get(id)?.abort();
      return;
    }
    const abort = new AbortController();
    running.set(id, abort);
    let reply: ThreadAnswer<Failure>;
    try {
      const action = actions[name as keyof Actions];
      reply = { id, result: await action(request.argument, abort.signal) };
    } catch (error) {
      reply = { id, failure: failureOf(error) };
    }
    running.delete(id);
    port.postMessage(reply);
  });
}
