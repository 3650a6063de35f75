// A program for clients that speak plain HTTP and know no secret, in front of a master or agent
// that wants TLS and credentials: `forwarder.ts PORT TARGET_PORT`, on the loopback if not on
// --host. Requests go on with a certificate and each as a principal, byte for byte but for two
// lines of the head; --without_credentials leaves them to be who they are. Connections with TLS go
// through as they are, so that its port can stand for that of the target. It listens as soon as the
// target does, and ends with the process that has started it.
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
  forward(client).catch(() => client.resetAndDestroy());
});
listenAfterTarget();

function listenAfterTarget(): void {
  const attempt = connect(there, () => {
    attempt.destroy();
    server.listen(port, values.host);
  });
  attempt.on('error', () => setTimeout(listenAfterTarget, LOOK_MS));
}

/** Each request goes on as soon as it has come, in order, and so do the answers. */
async function forward(client: Socket): Promise<void> {
  let bytes = Buffer.alloc(0);
  let far: Socket | undefined;
  let authorization: string | undefined;
  const begin = () => {
    const connection = connectEncrypted({ ...there, ...shown });
    connection.on('data', (answer) => callers.learn(answer.toString('latin1'), authorization));
    return joined(client, connection);
  };
  let isLast = false;
  for await (const chunk of client.iterator({ destroyOnReturn: false })) {
    bytes = Buffer.concat([bytes, chunk]);
    if (far === undefined && bytes[0] === HANDSHAKE) {
      far = joined(client, connect(there));
      isLast = true;
    }
    while (!isLast) {
      const request = ForwardedRequest.first(bytes);
      if (request === undefined) {
        break;
      }
      const isKnown = request.path !== '' && !values.without_credentials;
      authorization = isKnown ? await callers.authorizationOf(request) : undefined;
      far ??= begin();
      far.write(request.with(authorization));
      bytes = bytes.subarray(request.size);
      isLast = request.isLast;
    }
    if (isLast) {
      break;
    }
  }
  far ??= begin();
  far.write(bytes);
  client.pipe(far);
}

/** What comes from there goes to the client. */
function joined(client: Socket, far: Socket): Socket {
  far.on('error', () => client.resetAndDestroy());
  client.on('close', () => far.destroy());
  far.pipe(client);
  return far;
}
