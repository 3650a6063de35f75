// Whether a request is one of the page, or one that another site makes its reader's browser send:
// browsers add cookies to both, and reach ports that the site does not. Scripts of another site can
// set no header of their own without being allowed to, and cannot choose what browsers say about
// where a request comes from.
import type { IncomingMessage } from 'node:http';
import { headerOf } from './request-headers.ts';

/** The header that the page sends with each request. */
const PAGE_HEADER = 'x-mesoscale-page';

export const isOfPage = (request: IncomingMessage) => headerOf(request, PAGE_HEADER) !== undefined;

/** By its method; a POST may change something whatever it says. */
export const isWrite = ({ method }: IncomingMessage) => method !== 'GET' && method !== 'HEAD';

/** Browsers tell this of secure connections only. */
const SITE_HEADER = 'sec-fetch-site';

/** Why a request is not taken for one that the person at the browser, or the page, has made. */
export function foreignRead(request: IncomingMessage, isScript: boolean): string | undefined {
  const site = headerOf(request, SITE_HEADER);
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    return `a request of another site (${SITE_HEADER})`;
  }
  // Any site may load a script from here, and is told what it says.
  return isScript ? 'a script (?jsonp=), which other sites could read' : undefined;
}

/** The same of a request that may change something. */
export function foreignWrite(request: IncomingMessage): string | undefined {
  return isOfPage(request) ? foreignOrigin(request) : `a request without ${PAGE_HEADER}`;
}

/**
 * The same by its origin alone: browsers name that of each request that may change something, and
 * of each WebSocket; other programs need not.
 */
export function foreignOrigin(request: IncomingMessage): string | undefined {
  const site = headerOf(request, SITE_HEADER);
  if (site !== undefined) {
    return site === 'same-origin' ? undefined : `a request of another site (${SITE_HEADER})`;
  }
  const origin = headerOf(request, 'origin');
  if (origin === undefined) {
    return undefined;
  }
  return URL.canParse(origin) && new URL(origin).host === headerOf(request, 'host')
    ? undefined
    : 'a request of another site (origin)';
}

/**
 * The same of a change that is asked for by GET: of a link or picture browsers may not say whose it
 * is, where the connection is not secure. So only what is no browser's, or is said to be of here.
 */
export function foreignLink(request: IncomingMessage): string | undefined {
  if (headerOf(request, SITE_HEADER) !== undefined) {
    return foreignRead(request, false);
  }
  return isOfBrowser(request)
    ? 'a GET of a browser, for whichever site; a POST says it'
    : undefined;
}

/**
 * Whether a browser may have sent it, for a script of the site that it takes this port for. Such a
 * script may give another name of the browser or language, but can leave the language out of none.
 */
export const mayBeOfScript = (request: IncomingMessage): boolean =>
  isOfBrowser(request) ||
  headerOf(request, SITE_HEADER) !== undefined ||
  headerOf(request, 'accept-language') !== undefined;

/** No link or picture can have a browser go by another name, or leave it out. */
const isOfBrowser = (request: IncomingMessage) =>
  /^Mozilla\//i.test(headerOf(request, 'user-agent') ?? '') ||
  headerOf(request, 'origin') !== undefined ||
  headerOf(request, 'referer') !== undefined;

/** The same of one with a session, which only browsers have. */
export const foreignSessionSocket = (request: IncomingMessage): string | undefined =>
  headerOf(request, 'origin') === undefined ? 'a WebSocket without origin' : foreignOrigin(request);
