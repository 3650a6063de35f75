// The executor API on a Unix socket: executors that may not, or cannot, reach the agent's port. Any
// user of the machine may connect, as to the port.
import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { connect } from 'node:net';
import { HEAD_TIMEOUT_MS, LISTEN_BACKLOG, MAX_HEAD_BYTES } from '../transport/limits.ts';

/** A few for each executor that there may be. */
const MAX_CONNECTIONS = 4_096;

class ExecutorSocketError extends Error {
  readonly code = 'MESOSCALE_EXECUTOR_SOCKET';

  constructor(path: string, why: string) {
    super(`--domain_socket_location: cannot listen on '${path}': ${why}`);
  }
}

export class ExecutorSocket {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Takes the place of a socket on which nobody listens. Rejects with ExecutorSocketError. */
  static async listen(path: string, handler: RequestListener): Promise<ExecutorSocket> {
    await removeLeft(path);
    const server = createServer(
      {
        maxHeaderSize: MAX_HEAD_BYTES,
        requireHostHeader: false,
        keepAliveTimeout: 0,
        requestTimeout: 0,
        headersTimeout: HEAD_TIMEOUT_MS,
        connectionsCheckingInterval: HEAD_TIMEOUT_MS / 2,
      },
      handler,
    );
    server.maxConnections = MAX_CONNECTIONS;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once('error', ({ message }) => reject(new ExecutorSocketError(path, message)));
    server.listen({ path, backlog: LISTEN_BACKLOG }, resolve);
    await promise;
    chmodSync(path, 0o777);
    return new ExecutorSocket(server);
  }

  /** The socket's file goes with it. */
  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

/** An agent that was killed has left its socket. */
async function removeLeft(path: string): Promise<void> {
  const status = lstatSync(path, { throwIfNoEntry: false });
  if (status === undefined) {
    return;
  }
  if (!status.isSocket() || (await isHeard(path))) {
    throw new ExecutorSocketError(path, 'it is in use');
  }
  unlinkSync(path);
}

function isHeard(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(path);
  socket.once('connect', () => resolve(true));
  socket.once('error', () => resolve(false));
  return promise.finally(() => socket.destroy());
}
