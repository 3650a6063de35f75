// The cookie of a session: its name, which no other port, host or plain connection can give to one
// of its own where that can be prevented, and what browsers are told about it (RFC 6265bis).
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';

/** Whether the request came encrypted. */
const isSecure = ({ socket }: IncomingMessage) => (socket as Partial<TLSSocket>).encrypted === true;

/**
 * Masters on several ports of one host share its cookies, so each has a name of its own. Browsers
 * take one with the prefix from secure connections to the very host only.
 */
const nameOf = (request: IncomingMessage, port: number) =>
  `${isSecure(request) ? '__Host-' : ''}mesoscale-${port}`;

/** Each value that the request has for the cookie. */
export function cookiesOf(request: IncomingMessage, port: number): readonly string[] {
  const name = `${nameOf(request, port)}=`;
  return (request.headers.cookie ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(name))
    .map((pair) => pair.slice(name.length));
}

/** The value of Set-Cookie; without a token the cookie is deleted. */
export function setCookie(
  request: IncomingMessage,
  port: number,
  { token, maxAgeMs }: { readonly token: string; readonly maxAgeMs: number },
): string {
  const attributes = [
    'Path=/',
    'HttpOnly',
    'SameSite=Strict',
    ...(isSecure(request) ? ['Secure'] : []),
  ];
  const seconds = Math.floor(maxAgeMs / 1_000);
  return [`${nameOf(request, port)}=${token}`, ...attributes, `Max-Age=${seconds}`].join('; ');
}
