// The requests that tests themselves send to masters and agents: in the clear, or, where everything
// is on, with a certificate and as a principal.
import { readFileSync } from 'node:fs';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { request as encryptedRequest } from 'node:https';
import { Readable } from 'node:stream';
import { type Access, closedCluster } from './closed-cluster.ts';

interface Head {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Undefined: in the clear. */
const accessTo = (path: string) => closedCluster()?.access(path);

/** A request whose body the caller writes. `address`: host:port. */
export function begin(
  address: string,
  path: string,
  { headers, ...head }: Head = {},
  access: Access | undefined = accessTo(path),
): ClientRequest {
  const target = `${address}${path}`;
  if (access === undefined) {
    return request(`http://${target}`, { ...head, headers: { ...headers }, agent: false });
  }
  return encryptedRequest(`https://${target}`, {
    ...{ ...head, headers: { ...headers }, agent: false },
    ...shown(access),
  });
}

/** The URL of a WebSocket, and what a client of it must show. */
export function webSocket(address: string, path: string) {
  const access = accessTo(path);
  return access === undefined
    ? { url: `ws://${address}${path}`, options: {} }
    : { url: `wss://${address}${path}`, options: shown(access) };
}

/** What a client shows, and whom it believes. */
function shown({ authority, certificate, key, login }: Access) {
  const files = {
    ca: readFileSync(authority),
    cert: readFileSync(certificate),
    key: readFileSync(key),
  };
  return login === undefined ? files : { ...files, auth: login };
}

/** As `fetch`, of a path. Rejects where there is no answer. */
export async function ask(
  address: string,
  path: string,
  { body, ...head }: Head & { readonly body?: string } = {},
  access?: Access,
): Promise<Response> {
  const sent = begin(address, path, head, access);
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    sent.once('response', resolve);
    sent.on('error', reject);
    sent.end(body);
  });
  const headers = Object.entries(answer.headersDistinct).flatMap(([name, values = []]) =>
    values.map((value): [string, string] => [name, value]),
  );
  const { statusCode: status = 0 } = answer;
  const stream = status === 204 || status === 304 ? null : Readable.toWeb(answer);
  return new Response(stream as ReadableStream | null, { status, headers });
}

/** What curl is given for such a request. */
export function curlArguments(address: string, path: string): readonly string[] {
  const access = accessTo(path);
  if (access === undefined) {
    return [`http://${address}${path}`];
  }
  const { authority, certificate, key, login } = access;
  const files = ['--cacert', authority, '--cert', certificate, '--key', key];
  const who = login === undefined ? [] : ['--user', login];
  return [...files, ...who, `https://${address}${path}`];
}
