// Sends as much as goes for a time, or takes it: `send FILE HOST PORT MILLISECONDS`, and
// `receive FILE PORT`. The files get what came, how long that took, and what each needed of the
// processor, as JSON.
import { renameSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';

const CHUNK = Buffer.alloc(256 * 1024);
const before = process.cpuUsage();

export interface Streamed {
  readonly bytes: number;
  readonly ms: number;
  readonly cpuMs: number;
}

const [direction, file = '', ...parameters] = process.argv.slice(2);
if (direction === 'send') {
  const [host = '', port, ms] = parameters;
  send(connect(Number(port), host), performance.now() + Number(ms));
} else {
  receive(Number(parameters[0]));
}

function tell(bytes: number, sinceMs: number): void {
  const { user, system } = process.cpuUsage(before);
  const told: Streamed = {
    bytes,
    ms: performance.now() - sinceMs,
    cpuMs: (user + system) / 1_000,
  };
  writeFileSync(`${file}.new`, JSON.stringify(told));
  renameSync(`${file}.new`, file);
}

function send(socket: Socket, untilMs: number): void {
  const beganMs = performance.now();
  const more = () => {
    while (performance.now() < untilMs) {
      if (!socket.write(CHUNK)) {
        return;
      }
    }
    socket.end();
  };
  socket.on('connect', more).on('drain', more);
  socket.on('close', () => tell(socket.bytesWritten, beganMs));
  socket.resume();
}

function receive(port: number): void {
  const server = createServer((socket) => {
    const beganMs = performance.now();
    socket.on('end', () => {
      tell(socket.bytesRead, beganMs);
      server.close();
    });
    socket.resume();
  });
  server.listen(port, '0.0.0.0', () => writeFileSync(`${file}.ready`, ''));
}
