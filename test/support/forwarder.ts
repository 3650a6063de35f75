// A program for clients that speak plain HTTP and know no secret, in front of a master or agent
// that wants TLS and credentials: `forwarder.ts PORT TARGET_PORT`, on the loopback if not on
// --host. A request goes on with a certificate and as a principal, byte for byte but for two lines
// of its head; --without_credentials leaves it to be who it is. Connections with TLS go through as
// they are, so that its port can stand for that of the target. It listens as soon as the target
// does, and ends with the process that has started it.
import { readFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { connect as connectEncrypted } from 'node:tls';
import { parseArgs } from 'node:util';
import { closedCluster } from './closed-cluster.ts';
import { ForwardedCallers } from './forwarded-callers.ts';
import { ForwardedRequest } from './forwarded-request.ts';

const HOST = '127.0.0.1';
const LOOK_MS = 20;
/** The first byte of a connection with TLS. */
const HANDSHAKE = 22;

const closed = closedCluster();
const { values, positionals } = parseArgs({
  options: {
    host: { type: 'string', default: HOST },
    without_credentials: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
const [port, target] = positionals.map(Number);
if (closed === undefined || port === undefined || target === undefined) {
  throw new Error('usage: forwarder.ts PORT TARGET_PORT, in the environment of a closed cluster');
}
const there = { host: HOST, port: target };
const { authority, certificate, key } = closed.access('/');
const shown = {
  ca: readFileSync(authority),
  cert: readFileSync(certificate),
  key: readFileSync(key),
};
const callers = new ForwardedCallers(closed, `${HOST}:${target}`);

const parent = process.ppid;
setInterval(() => process.ppid === parent || process.exit(), LOOK_MS);
const server = createServer({ allowHalfOpen: true }, (client) => {
  client.on('error', () => client.destroy());
  beginningOf(client, (bytes) => void forward(client, bytes));
});
listenAfterTarget();

function listenAfterTarget(): void {
  const attempt = connect(there, () => {
    attempt.destroy();
    server.listen(port, values.host);
  });
  attempt.on('error', () => setTimeout(listenAfterTarget, LOOK_MS));
}

/** Calls with what the client has said when that is enough to go on. */
function beginningOf(client: Socket, then: (bytes: Buffer) => void): void {
  let bytes = Buffer.alloc(0);
  const finish = () => {
    client.pause().off('data', take).off('end', finish);
    then(bytes);
  };
  const take = (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
    if (bytes[0] === HANDSHAKE || ForwardedRequest.isWhole(bytes)) {
      finish();
    }
  };
  client.on('data', take).on('end', finish);
}

async function forward(client: Socket, bytes: Buffer): Promise<void> {
  if (bytes[0] === HANDSHAKE) {
    join(client, connect(there), bytes);
    return;
  }
  const request = ForwardedRequest.read(bytes);
  const isKnown = request !== undefined && !values.without_credentials;
  const authorization = isKnown ? await callers.authorizationOf(request) : undefined;
  const far = connectEncrypted({ ...there, ...shown });
  far.once('data', (head) => callers.learn(head.toString('latin1'), authorization));
  join(client, far, request?.with(authorization) ?? bytes);
}

function join(client: Socket, far: Socket, bytes: Buffer): void {
  far.on('error', () => client.resetAndDestroy());
  client.on('close', () => far.destroy());
  far.write(bytes);
  client.pipe(far).pipe(client);
}
