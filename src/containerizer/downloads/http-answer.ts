// One request over HTTP and what became of it, redirects followed as libcurl does it for Mesos.
// What proves who asks - the URL's user and password, a header `authorization` - is for the server
// that was asked, and is not sent to another one that it names. Nor is that one heard on how it
// wants to know that (`www-authenticate`): it would send a login where it likes.
import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import type { SecureContext } from 'node:tls';
import { HttpFailure, proxyFailure } from './http-failure.ts';

/**
 * The environment variables for proxies that curl reads: `http_proxy`, `https_proxy`, `no_proxy`,
 * in lower case.
 */
export type Proxies = Readonly<
  Record<'http_proxy' | 'https_proxy' | 'no_proxy', string | undefined>
>;

export interface HttpQuestion {
  /** Of the scheme http or https. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** HEAD: the answer has no body. */
  readonly method?: 'GET' | 'HEAD';
  /** Called before a connection with TLS. */
  readonly beforeTls?: (() => void) | undefined;
  /** The certificates for a host and its port; undefined: as for all. Its errors are thrown. */
  readonly certificates?: ((host: string) => Promise<SecureContext | undefined>) | undefined;
  /** A form that is posted. Its answer is taken as it is, redirects as well. */
  readonly form?: string;
  /** Whether a redirect from https to http is a failure. */
  readonly mustStaySecure?: boolean;
  readonly proxies?: Proxies | undefined;
  readonly signal: AbortSignal;
}

/** As in curl. */
const MOST_REDIRECTS = 30;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

type Headers = Readonly<Record<string, string>>;

/**
 * The head of the last answer, whose body the caller reads or destroys. Throws HttpFailure, or what
 * the request threw.
 */
export async function httpAnswer(question: HttpQuestion): Promise<IncomingMessage> {
  let url = urlOf(question.url, undefined);
  const { origin } = url;
  let headers: Headers = question.headers ?? {};
  for (let count = 0; count <= MOST_REDIRECTS; count++) {
    const response = await ask(url, headers, question);
    const { location } = response.headers;
    const isRedirect = REDIRECTS.has(response.statusCode ?? 0) && location !== undefined;
    if (!isRedirect || question.form !== undefined) {
      if (url.origin !== origin) {
        delete response.headers['www-authenticate'];
      }
      return response;
    }
    response.destroy();
    const next = urlOf(location, url);
    if (question.mustStaySecure && url.protocol === 'https:' && next.protocol !== 'https:') {
      throw new HttpFailure('Unsupported protocol', 'the redirect leads from https to http');
    }
    if (next.origin !== url.origin) {
      const { authorization: _, ...others } = headers;
      headers = others;
    } else if (next.username === '' && next.password === '') {
      next.username = url.username;
      next.password = url.password;
    }
    url = next;
  }
  throw new HttpFailure(
    'Number of redirects hit maximum amount',
    `too many redirects: more than ${MOST_REDIRECTS}`,
  );
}

function urlOf(text: string, base: URL | undefined): URL {
  const url = URL.parse(text, base?.href);
  if (url === null) {
    throw new HttpFailure('URL using bad/illegal format or missing URL', 'the URI cannot be read');
  }
  // URLs of these two schemes always have a host.
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new HttpFailure('Unsupported protocol', `the redirect leads to ${url.protocol}`);
  }
  return url;
}

async function ask(
  url: URL,
  headers: Headers,
  { method = 'GET', form, proxies, beforeTls, certificates, signal }: HttpQuestion,
): Promise<IncomingMessage> {
  const answered = Promise.withResolvers<IncomingMessage>();
  const target = new URL(url);
  target.username = '';
  target.password = '';
  const hasUser = url.username !== '' || url.password !== '';
  const isSecure = url.protocol === 'https:';
  if (isSecure) {
    beforeTls?.();
  }
  const secureContext = isSecure ? await certificates?.(url.host) : undefined;
  signal.throwIfAborted();
  const [start, Agent] = isSecure ? [requestHttps, HttpsAgent] : [requestHttp, HttpAgent];
  const request = start(target, {
    agent: new Agent({
      keepAlive: false,
      ...(proxies === undefined ? {} : { proxyEnv: { ...proxies } }),
    }),
    ...(secureContext === undefined ? {} : { secureContext }),
    signal,
    method: form === undefined ? method : 'POST',
    headers: {
      accept: '*/*',
      'accept-encoding': 'identity',
      'user-agent': 'mesoscale',
      ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
      ...headers,
    },
    ...(hasUser ? { auth: `${decoded(url.username)}:${decoded(url.password)}` } : {}),
  });
  request.on('response', answered.resolve);
  // All that is told of a server that switches protocols.
  request.on('close', () =>
    answered.reject(new HttpFailure('Weird server reply', 'the connection ends without an answer')),
  );
  const proxy = isSecure ? proxies?.https_proxy : proxies?.http_proxy;
  request.on('error', (error) => answered.reject(proxyFailure(error, proxy) ?? error));
  request.end(form);
  return answered.promise;
}

/** The text of a part of a URI; as it stands, where it is not encoded as it should be. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
