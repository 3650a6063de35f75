// The media types of requests and responses, and whether a client accepts one. The rules are
// Mesos's, and differ from RFC 9110: a media type is accepted when the most specific range that
// names it has a q above zero. Greater q-values are not preferred: the server chooses by its own
// order.

export const TEXT = 'text/plain; charset=utf-8';
export const JSON_TYPE = 'application/json';
export const PROTOBUF_TYPE = 'application/x-protobuf';
export const RECORDIO_TYPE = 'application/recordio';

/** How messages of a request or response are written. */
export type Codec = 'json' | 'protobuf';

export const MEDIA_TYPE_OF: Readonly<Record<Codec, string>> = {
  json: JSON_TYPE,
  protobuf: PROTOBUF_TYPE,
};

/** The codec of a Content-Type, which must be spelt exactly and without parameters, as in Mesos. */
export function codecOf(contentType: string): Codec | undefined {
  if (contentType === PROTOBUF_TYPE) {
    return 'protobuf';
  }
  return contentType === JSON_TYPE ? 'json' : undefined;
}

/** The codec of the response: JSON if it is accepted, else protobuf; undefined if neither is. */
export function negotiate(accept: string | undefined): Codec | undefined {
  if (acceptsMediaType(accept, JSON_TYPE)) {
    return 'json';
  }
  return acceptsMediaType(accept, PROTOBUF_TYPE) ? 'protobuf' : undefined;
}

/** An absent header accepts everything, an empty header nothing. */
export function acceptsMediaType(header: string | undefined, mediaType: string): boolean {
  if (header === undefined || header === mediaType) {
    return true;
  }
  const [kind = ''] = mediaType.split('/');
  return accepts(header, [mediaType, `${kind}/*`, '*/*']);
}

/** An absent or empty header accepts no encoding. */
export function acceptsEncoding(header: string | undefined, encoding: string): boolean {
  return header !== undefined && accepts(header, [encoding, '*']);
}

function accepts(header: string, candidates: readonly string[]): boolean {
  const ranges = header
    .replaceAll(/[ \t\n]/g, '')
    .toLowerCase()
    .split(',');
  for (const candidate of candidates) {
    for (const range of ranges) {
      const [name, ...parameters] = range.split(';');
      if (name === candidate) {
        return qualityOf(parameters) > 0;
      }
    }
  }
  return false;
}

function qualityOf(parameters: readonly string[]): number {
  for (const parameter of parameters) {
    if (parameter.startsWith('q=')) {
      const quality = Number(parameter.slice(2));
      return Number.isNaN(quality) ? 0 : quality;
    }
  }
  return 1;
}
