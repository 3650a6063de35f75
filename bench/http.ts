// The http suite: what one request costs the process that receives it, at the port of masters and
// agents and with node:http. Another process sends the requests, pipelined, over loopback sockets;
// all are answered.
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Senders } from '../src/http/senders/senders.ts';
import { plainCarriers } from '../src/http/transport/carriers.ts';
import { Listener } from '../src/http/transport/listener.ts';
import { IoTurn } from '../src/runtime/io-turn.ts';
import { silentLogger } from '../src/runtime/logger.ts';
import { encodeLibprocess } from '../src/wire/libprocess.ts';
import { encodeMessage } from '../src/wire/protobuf.ts';
import { type Measurement, report } from './report.ts';
import { hotMessages } from './wire/hot-messages.ts';

const RUNS = 5;
const REQUESTS = 40_000;
const CONNECTIONS = 10;

interface Port {
  readonly port: number;
  close(): Promise<void>;
}

/** The port of a master without a master behind it. */
async function ownPort(taken: () => void): Promise<Port> {
  const listener = await Listener.listen({
    host: '127.0.0.1',
    port: 0,
    secure: plainCarriers.secure,
    turn: new IoTurn(),
    pressure: { saturated: false, whenDrained: (resume) => resume() },
    senders: new Senders({
      isChecked: false,
      ownAddress: () => '',
      dialer: plainCarriers.dialer,
      logger: silentLogger,
    }),
    receive: () => {
      taken();
      return true;
    },
    calls: {
      accepts: () => ({
        take: (_body, answer) => {
          taken();
          answer({ status: 202 });
        },
      }),
    },
    handler: (_request, response) => response.end(),
  });
  return { port: listener.address.port, close: () => listener.close() };
}

/** The same with node:http: the body is read, and the response has none. */
async function nodePort(taken: () => void): Promise<Port> {
  const server = createServer((request, response) => {
    const body: Buffer[] = [];
    request.on('data', (piece: Buffer) => body.push(piece));
    request.on('end', () => {
      Buffer.concat(body);
      taken();
      response.writeHead(202, { 'Content-Length': 0 }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** Microseconds of CPU time for each request, of this process and all its threads. */
async function cpuOf(
  listen: (taken: () => void) => Promise<Port>,
  request: Uint8Array,
): Promise<number> {
  let count = 0;
  const { port, close } = await listen(() => {
    count++;
  });
  const before = process.cpuUsage();
  const parameters = [port, CONNECTIONS, REQUESTS].map(String);
  const sender = spawn(
    process.execPath,
    [join(import.meta.dirname, 'http', 'sender.ts'), ...parameters],
    { stdio: ['pipe', 'inherit', 'inherit'] },
  );
  sender.stdin.end(request);
  const code = await new Promise((resolve) => sender.on('exit', resolve));
  const { user, system } = process.cpuUsage(before);
  await close();
  if (code !== 0 || count < REQUESTS) {
    throw new Error(`Of ${REQUESTS} requests ${count} have come; the sender ended with ${code}`);
  }
  return (user + system) / count;
}

function requests(): [workload: string, request: Uint8Array][] {
  const [update] = hotMessages as readonly [(typeof hotMessages)[number]];
  const body = encodeMessage(update.type, update.message);
  const message = encodeLibprocess({
    from: 'slave(1)@127.0.0.1:5051',
    to: 'master@127.0.0.1:5050',
    name: 'StatusUpdateMessage',
    body,
  });
  const head =
    'POST /api/v1/scheduler HTTP/1.1\r\nHost: 127.0.0.1:5050\r\nContent-Type: application/x-protobuf\r\n' +
    `Accept: application/x-protobuf\r\nMesos-Stream-Id: s\r\nContent-Length: ${body.length}\r\n\r\n`;
  return [
    ['message of an agent', message],
    ['call of a scheduler', Buffer.concat([Buffer.from(head, 'latin1'), body])],
  ];
}

export const USAGE = 'usage: npm run bench -- http [--json]';

export async function run(args: { json: boolean; args: string[] }): Promise<void> {
  parseArgs({ args: args.args, options: {} });
  for (const [workload, request] of requests()) {
    const runs: Measurement[][] = [];
    for (let i = 0; i < RUNS; i++) {
      const own = await cpuOf(ownPort, request);
      const rival = await cpuOf(nodePort, request);
      runs.push([
        { metric: 'cpu a request', unit: 'us', value: own },
        { metric: 'node:http', unit: 'us', value: rival },
        { metric: 'node:http / ours', unit: 'times', value: rival / own },
      ]);
    }
    report({ suite: 'http', workload, agents: 0, frameworks: 0, runs, json: args.json });
  }
}
