// Opens the port of a master or agent before the rest of the program is loaded: a client that
// connects meanwhile waits a moment and is not refused, so that clients and agents which start
// together with their master find it at once. If the port cannot be opened here, the server tries
// again and reports why.
import { createServer, type Socket } from 'node:net';
import { ACCEPTING, LISTEN_BACKLOG } from '../../http/transport/limits.ts';
import type { EarlyPort } from '../../http/transport/listener.ts';
import type { FlagFaults } from '../flags/faults.ts';
import type { Flag, FlagValues, LiveStatus } from '../flags/flag.ts';
import type { SHARED_FLAGS } from './shared-flags.ts';

/** The flags about the address of a program that listens. */
export type ListeningFlags = Pick<typeof SHARED_FLAGS, 'ip' | 'ip_discovery_command'> & {
  readonly port: Flag<number, LiveStatus>;
};

const LISTENING: readonly (keyof ListeningFlags)[] = ['ip', 'ip_discovery_command', 'port'];
const ANY = '0.0.0.0';

/** Undefined where a flag is faulty, or the address comes from a command. */
export async function openEarlyPort({
  values,
  faults,
}: {
  readonly values: FlagValues<ListeningFlags>;
  readonly faults: FlagFaults;
}): Promise<EarlyPort | undefined> {
  if (LISTENING.some((flag) => faults.has(flag)) || values.ip_discovery_command !== undefined) {
    return undefined;
  }
  const sockets: Socket[] = [];
  const server = createServer({ ...ACCEPTING, pauseOnConnect: true });
  server.on('connection', (socket) => sockets.push(socket));
  return new Promise((resolve) => {
    server.once('error', () => resolve(undefined));
    server.listen({ host: values.ip || ANY, port: values.port, backlog: LISTEN_BACKLOG }, () =>
      resolve({ server, sockets }),
    );
  });
}
