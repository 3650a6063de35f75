// Requests that browsers make for other sites, to whichever port their machine reaches. A site
// cannot read what is answered, but a form of it can change something in a cluster that is open to
// all who reach it: where the browser says so, that is refused. A name that a site owns may lead to
// this machine, and then its scripts are of the same site as the port, and may read: a port that
// only this machine reaches is asked by browsers by names of this machine only.
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { Auditor } from './auditor.ts';
import { misdirected, strayWrite } from './error-responses.ts';
import { foreignOrigin, isWrite, mayBeOfScript } from './own-requests.ts';
import { headerOf } from './request-headers.ts';
import type { HttpResponse } from './response.ts';

export interface StrayOptions {
  /** Those of a port that only this machine reaches; undefined for others, which may have any. */
  readonly names?: readonly string[] | undefined;
  readonly auditor?: Auditor | undefined;
}

/** The response that refuses such a request. */
export function strayBrowser(
  request: IncomingMessage,
  { names, auditor }: StrayOptions,
): HttpResponse | undefined {
  const isMisled = names !== undefined && !isOwnHost(headerOf(request, 'host'), names);
  if (isMisled && mayBeOfScript(request)) {
    return misdirected(names);
  }
  const foreign = isWrite(request) ? foreignOrigin(request) : undefined;
  if (foreign === undefined) {
    return undefined;
  }
  const [call = ''] = (request.url ?? '').split('?', 1);
  auditor?.disbelieve({ call, why: foreign }, request.socket.remoteAddress);
  return strayWrite(foreign);
}

/** No name can lead elsewhere than an address does. */
function isOwnHost(host: string | undefined, names: readonly string[]): boolean {
  const name = (host ?? '')
    .replace(/:\d*$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '')
    .toLowerCase();
  return (
    name === '' ||
    isIP(name) !== 0 ||
    name === 'localhost' ||
    name.endsWith('.localhost') ||
    names.some((own) => own.toLowerCase() === name)
  );
}
