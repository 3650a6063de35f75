// Bytes of strangers, for searches: requests that are right but for a few bytes of them, sent to a
// real port that knows one principal and the key of one token.
import { connect } from 'node:net';
import { authenticationOf } from '../../src/http/server/authenticators.ts';
import { Credentials } from '../../src/http/server/credentials.ts';
import { signToken } from '../../src/http/server/json-web-token.ts';
import { TokenKeys } from '../../src/http/server/token-keys.ts';
import type { Principal } from '../../src/security/principal.ts';
import type { Chance } from '../simulation/chance.ts';

/** Of a search. */
export const CONNECTIONS = 40;
/** Far more than an answer takes. */
const PATIENCE_MS = 20_000;
const KEY = Buffer.from('the key of all tokens');
const TOKEN = signToken({ fid: 'f', eid: 'e', cid: 'c' }, KEY);
const SECRET = 'ops:secret';
export const credentials = new Credentials([{ principal: 'ops', secret: 'secret' }]);

export const request = (line: string, authorization: string, body = '') =>
  Buffer.from(
    `${line} HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
const BASIC = `Basic ${Buffer.from(SECRET).toString('base64')}`;

/** Who calls: by a secret, and by a token. */
export const PROOFS: readonly string[] = [BASIC, `Bearer ${TOKEN}`];

/** Asks everybody for one of them. */
export const askingAll = (realms: Parameters<typeof authenticationOf>[0]) =>
  authenticationOf(realms, {
    names: ['basic', 'jwt'],
    credentials,
    jwt: { keys: new TokenKeys(KEY), nowMs: () => 0 },
  });

/** Whether bytes have what proves that they are of the principal. */
export const isProved = (principal: Principal | undefined, sent: string): boolean =>
  principal?.value === undefined
    ? principal?.claims !== undefined && sent.includes(TOKEN.slice(0, TOKEN.lastIndexOf('.')))
    : principal.value === 'ops' && hasSecret(sent);

const hasSecret = (sent: string) =>
  [...sent.matchAll(/Basic +([^\r\n]*)/gi)].some(
    ([, text = '']) => Buffer.from(text, 'base64').toString('latin1') === SECRET,
  );

/** With a few bytes changed, mostly those that prove something. */
export function changed(chance: Chance, whole: Buffer): Buffer {
  let bytes = whole;
  const proof = whole.indexOf('Authorization: ');
  const [from, to] =
    proof >= 0 && chance.of(0.6)
      ? [proof + 'Authorization: '.length, whole.indexOf('\r\n', proof)]
      : [0, whole.length];
  for (let i = chance.int(0, 3); i > 0; i--) {
    const at = Math.min(chance.int(from, to), bytes.length);
    const part = (length: number) => Buffer.from(Array.from({ length }, () => chance.int(0, 255)));
    switch (chance.int(0, 5)) {
      case 0:
        bytes = bytes.subarray(0, at);
        break;
      case 1:
        bytes = Buffer.concat([bytes.subarray(0, at), part(chance.int(1, 4)), bytes.subarray(at)]);
        break;
      case 2:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + chance.int(1, 8))]);
        break;
      case 3:
        bytes = Buffer.concat([
          bytes.subarray(0, at),
          Buffer.alloc(chance.pick([100, 70_000]), 'a'),
          bytes.subarray(at),
        ]);
        break;
      default:
        bytes = Buffer.concat([bytes.subarray(0, at), part(1), bytes.subarray(at + 1)]);
    }
  }
  return bytes;
}

/** Resolves with the first bytes of an answer, or with the end of the connection. */
export function answered(port: number, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const late = setTimeout(() => {
      socket.destroy();
      reject(new Error(`neither an answer nor an end: ${bytes.toString('latin1').slice(0, 400)}`));
    }, PATIENCE_MS);
    const done = () => {
      clearTimeout(late);
      socket.destroy();
      resolve();
    };
    socket.on('data', done);
    socket.on('close', done);
    socket.on('error', () => {});
    socket.end(bytes);
  });
}
