// Connections within the network of a container, from an agent that is not in it: the supervisor
// program goes there and passes on what both sides send (supervisor/dial.c).
import { lookup } from 'node:dns/promises';
import { connect, type Socket } from 'node:net';
import { getSystemErrorName } from 'node:util';
import { ContainerizerError } from '../containerizer-error.ts';
import { connectByProgram } from '../programs/programs.ts';
import type { ProcessName } from '../records/run-records.ts';
import { unlessAborted } from '../unless-aborted.ts';

export interface DialTarget {
  /** An address, or a name, which this machine looks up. */
  readonly host: string;
  readonly port: number;
}

/**
 * Connects to what listens there. Rejects where nobody does, or as the abort says, which also ends
 * the connection.
 */
export type Dial = (target: DialTarget, abort: AbortSignal) => Promise<Socket>;

/** In the agent's own network. */
export const dialHere: Dial = async (target, abort) => {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = connect({ ...target, signal: abort });
  socket.once('connect', resolve);
  socket.once('error', reject);
  await promise;
  return socket;
};

/** In the network of a process; `program` is that of the supervisor. */
export const dialIn =
  (program: string, process: ProcessName): Dial =>
  async ({ host, port }, abort) => {
    const addresses = await unlessAborted(lookup(host, { all: true }), abort);
    const failures: Error[] = [];
    for (const { address } of addresses) {
      try {
        return await dialAddress(program, process, { address, port, abort });
      } catch (error) {
        abort.throwIfAborted();
        failures.push(error as Error);
      }
    }
    throw failures[0] ?? new ContainerizerError(`${host} has no address`);
  };

async function dialAddress(
  program: string,
  { pid, startTicks }: ProcessName,
  to: { readonly address: string; readonly port: number; readonly abort: AbortSignal },
): Promise<Socket> {
  const { address, port, abort } = to;
  const words = ['dial', `${pid}/${startTicks}`, address, String(port)];
  const { said, connection } = await connectByProgram({ program, words }, abort);
  if (said.startsWith('connected') && connection !== undefined) {
    return connection;
  }
  connection?.destroy();
  const [, failure] = /^failed (\d+)$/m.exec(said) ?? [];
  const why = failure === undefined ? said : getSystemErrorName(-Number(failure));
  throw new ContainerizerError(`Failed to connect to port ${port} of ${address}: ${why}`);
}
