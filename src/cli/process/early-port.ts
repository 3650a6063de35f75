// Opens the port of a master or agent before the rest of the program is loaded: whoever connects in
// the meantime waits a moment instead of being refused. Clients and agents that start together with
// their master find it at once. What cannot be opened here is left to the server, which says why.
import { createServer, type Socket } from 'node:net';
import { ACCEPTING, LISTEN_BACKLOG } from '../../http/transport/limits.ts';
import type { EarlyPort } from '../../http/transport/listener.ts';

const DEFAULT_PORTS: Readonly<Record<string, string>> = { master: '5050', agent: '5051' };
const ANY = '0.0.0.0';

/** Undefined where the flags leave it open which port it is, or ask for something else. */
export async function openEarlyPort(
  command: string,
  argv: readonly string[],
): Promise<EarlyPort | undefined> {
  const given = (name: string) =>
    argv.find((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3) ||
    process.env[`MESOS_${name.toUpperCase()}`];
  const port = given('port') || DEFAULT_PORTS[command];
  const isOrdinary = !argv.some((argument) =>
    /^(-h$|--(help|version|ip_discovery_command))/.test(argument),
  );
  if (!isOrdinary || !/^\d+$/.test(port ?? '') || Number(port) > 65_535) {
    return undefined;
  }
  const sockets: Socket[] = [];
  const server = createServer({ ...ACCEPTING, pauseOnConnect: true });
  server.on('connection', (socket) => sockets.push(socket));
  return new Promise((resolve) => {
    server.once('error', () => resolve(undefined));
    server.listen({ host: given('ip') || ANY, port: Number(port), backlog: LISTEN_BACKLOG }, () =>
      resolve({ server, sockets }),
    );
  });
}
