// A process that sends requests to a port as fast as the port takes them. Arguments are PORT
// CONNECTIONS REQUESTS; standard input has the bytes of one request. It ends when all requests have
// been answered.
import net from 'node:net';
import { buffer } from 'node:stream/consumers';

/** How many requests one write has. */
const BATCH = 50;
const ANSWER = Buffer.from('HTTP/1.1 ');

const [port = 0, connections = 1, requests = 0] = process.argv.slice(2).map(Number);
const request = await buffer(process.stdin);
const batch = Buffer.concat(Array.from({ length: BATCH }, () => request));

async function send(count: number): Promise<void> {
  const socket = net.connect({ host: '127.0.0.1', port, noDelay: true });
  let answered = 0;
  let kept = Buffer.alloc(0);
  const done = new Promise<void>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('data', (chunk: Buffer) => {
      const bytes = Buffer.concat([kept, chunk]);
      let at = bytes.indexOf(ANSWER);
      for (; at >= 0; at = bytes.indexOf(ANSWER, at + ANSWER.length)) {
        answered++;
      }
      kept = bytes.subarray(Math.max(0, bytes.length - ANSWER.length + 1));
      if (answered >= count) {
        socket.destroy();
        resolve();
      }
    });
  });
  for (let sent = 0; sent < count; sent += BATCH) {
    if (!socket.write(batch)) {
      await new Promise((resolve) => socket.once('drain', resolve));
    }
  }
  await done;
}

const each = Math.ceil(requests / connections / BATCH) * BATCH;
await Promise.all(Array.from({ length: connections }, () => send(each)));
