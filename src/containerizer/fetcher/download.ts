// Downloads over HTTP, as libcurl does for Mesos: the bytes are stored as they are sent, redirects
// are followed, and the URI's user and password are sent. Any final status but 200 is a failure.
import { createWriteStream } from 'node:fs';
import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { pipeline } from 'node:stream/promises';
import { FetchError } from './fetch-error.ts';

export interface Download {
  readonly uri: string;
  /** Where the download is stored. Nothing may exist at this path; the new file is private. */
  readonly path: string;
  /** A download that receives nothing for this long has failed. */
  readonly stallMs: number;
  readonly proxies?: Proxies | undefined;
  readonly abort: AbortSignal;
}

/**
 * The environment variables for proxies that curl reads: `http_proxy`, `https_proxy`, `no_proxy`,
 * in lower case.
 */
export type Proxies = Readonly<
  Record<'http_proxy' | 'https_proxy' | 'no_proxy', string | undefined>
>;

/** As in curl. */
const MOST_REDIRECTS = 30;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** Throws FetchError, or the reason of the abort. */
export async function download({ uri, path, stallMs, proxies, abort }: Download): Promise<void> {
  const stall = new AbortController();
  const timer = setTimeout(() => stall.abort(), stallMs);
  const signal = AbortSignal.any([abort, stall.signal]);
  let response: IncomingMessage | undefined;
  try {
    response = await follow(uri, proxies, signal);
    timer.refresh();
    if (response.statusCode !== 200) {
      throw new FetchError(
        `Error downloading resource, received HTTP return code ${response.statusCode}`,
      );
    }
    const file = createWriteStream(path, { flags: 'wx', mode: 0o600 });
    await pipeline(refreshing(response, timer), file, { signal });
  } catch (error) {
    abort.throwIfAborted();
    if (stall.signal.aborted) {
      const seconds = stallMs / 1000;
      throw failure('Timeout was reached', `nothing received for ${seconds} s`, error);
    }
    throw error instanceof FetchError ? error : explained(error, response !== undefined);
  } finally {
    clearTimeout(timer);
    response?.destroy();
  }
}

const failure = (text: string, detail: string, cause?: unknown) =>
  new FetchError(`Error downloading resource: ${text}`, { detail, cause });

async function follow(
  uri: string,
  proxies: Proxies | undefined,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  let url = urlOf(uri, undefined);
  for (let count = 0; count <= MOST_REDIRECTS; count++) {
    const response = await answer(url, proxies, signal);
    const { location } = response.headers;
    if (!REDIRECTS.has(response.statusCode ?? 0) || location === undefined) {
      return response;
    }
    response.destroy();
    const next = urlOf(location, url);
    // A redirect to another origin does not get the user and password.
    if (next.origin === url.origin && next.username === '' && next.password === '') {
      next.username = url.username;
      next.password = url.password;
    }
    url = next;
  }
  throw failure(
    'Number of redirects hit maximum amount',
    `too many redirects: more than ${MOST_REDIRECTS}`,
  );
}

function urlOf(text: string, base: URL | undefined): URL {
  const url = URL.parse(text, base?.href);
  if (url === null) {
    throw failure('URL using bad/illegal format or missing URL', 'the URI cannot be read');
  }
  // URLs of these two schemes always have a host.
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw failure('Unsupported protocol', `the redirect leads to ${url.protocol}`);
  }
  return url;
}

function answer(
  url: URL,
  proxies: Proxies | undefined,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const answered = Promise.withResolvers<IncomingMessage>();
  const target = new URL(url);
  target.username = '';
  target.password = '';
  const hasUser = url.username !== '' || url.password !== '';
  const [start, Agent] =
    url.protocol === 'https:' ? [requestHttps, HttpsAgent] : [requestHttp, HttpAgent];
  const request = start(target, {
    agent: new Agent({
      keepAlive: false,
      ...(proxies === undefined ? {} : { proxyEnv: { ...proxies } }),
    }),
    signal,
    headers: { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': 'mesoscale' },
    ...(hasUser ? { auth: `${decoded(url.username)}:${decoded(url.password)}` } : {}),
  });
  request.on('response', answered.resolve);
  request.on('error', answered.reject);
  request.end();
  return answered.promise;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

async function* refreshing(chunks: AsyncIterable<Uint8Array>, timer: NodeJS.Timeout) {
  for await (const chunk of chunks) {
    timer.refresh();
    yield chunk;
  }
}

/** The error in libcurl's words, which people search for, and with its cause. */
function explained(error: unknown, hasBegun: boolean): FetchError {
  const { code = '', syscall, message } = firstOf(error) as NodeJS.ErrnoException;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return failure("Couldn't resolve host name", `name not found: ${message}`, error);
  }
  if (code === 'ECONNREFUSED') {
    return failure("Couldn't connect to server", `connection refused: ${message}`, error);
  }
  if (syscall === 'connect') {
    return failure("Couldn't connect to server", message, error);
  }
  if (hasBegun && (code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE')) {
    return failure('Transferred a partial file', 'the connection ended before the file did', error);
  }
  if (/CERT|SIGNED|SIGNATURE|ISSUER|ERR_TLS/.test(code)) {
    const text = 'SSL peer certificate or SSH remote key was not OK';
    return failure(text, `certificate: ${message}`, error);
  }
  if (code === 'EPROTO' || code.startsWith('ERR_SSL')) {
    return failure('SSL connect error', `TLS protocol: ${code}`, error);
  }
  if (code.startsWith('HPE_')) {
    return failure('Weird server reply', `${message} (${code})`, error);
  }
  return syscall === 'write' || syscall === 'open'
    ? failure('Failed writing received data to disk/application', message, error)
    : failure('Failure when receiving data from the peer', message, error);
}

/** The first error, where all addresses of a host name have failed. */
const firstOf = (error: unknown): unknown =>
  error instanceof AggregateError && error.errors.length > 0 ? error.errors[0] : error;
