// Header fields of a request that came through node:http. If a field is repeated the last line
// counts, as in libprocess; node:http joins some and keeps the first of others.
import type { IncomingMessage } from 'node:http';

/** The value of a field, by its name in lower case, without surrounding blanks. */
export function headerOf(request: IncomingMessage, name: string): string | undefined {
  const { rawHeaders } = request;
  for (let at = rawHeaders.length - 2; at >= 0; at -= 2) {
    const raw = rawHeaders[at] as string;
    if (raw.length === name.length && raw.toLowerCase() === name) {
      return rawHeaders[at + 1];
    }
  }
  return undefined;
}
