// The responses that refuse a request, as one catalogue. The texts are Mesos's where they are
// known, since people and scripts read them.

import { JSON_TYPE, PROTOBUF_TYPE, RECORDIO_TYPE, TEXT } from './content-negotiation.ts';
import type { HttpResponse } from './response.ts';

const text = (status: number, body: string): HttpResponse => ({ status, body, contentType: TEXT });

export const badRequest = (body: string) => text(400, body);
/**
 * The request is HTTP, but two readers could understand its head or body differently, or not at
 * all.
 */
export const malformedRequest = badRequest('400 Bad Request.');
export const unauthorized = (challenge: string): HttpResponse => ({
  ...text(401, '401 Unauthorized.'),
  headers: { 'WWW-Authenticate': challenge },
});
/** Until then nothing is compared that comes from where the wrong ones came. */
export function tooManyGuesses(waitMs: number): HttpResponse {
  const seconds = Math.ceil(waitMs / 1_000);
  const answer = text(
    429,
    `429 Too Many Requests. Too many wrong secrets came from your address. Try again in ${seconds} s.`,
  );
  return { ...answer, headers: { 'Retry-After': String(seconds) } };
}
export const forbidden = (body = '403 Forbidden.') => text(403, body);
export const notFound = (body = '404 Not Found.') => text(404, body);
export const methodNotAllowed = (allowed: readonly string[], received: string): HttpResponse => ({
  ...text(
    405,
    `405 Method Not Allowed. Expecting one of { '${allowed.join("', '")}' }, ` +
      `but received '${received}'.`,
  ),
  headers: { Allow: allowed.join(', ') },
});
const notAcceptable = (body: string) => text(406, body);
export const conflict = (body: string) => text(409, body);
/** The client stopped in the middle of its request. */
export const requestTimeout = text(408, '408 Request Timeout.');
export const payloadTooLarge = (limitBytes: number) =>
  text(413, `413 Request Entity Too Large. A body may have at most ${limitBytes} bytes.`);
export const unsupportedMediaType = (body: string) => text(415, body);
export const headTooLarge = (limitBytes: number) =>
  text(431, `431 Request Header Fields Too Large. A head may have at most ${limitBytes} bytes.`);
export const internalServerError = (body: string) => text(500, body);
export const notImplemented = text(501, '501 Not Implemented.');
export const badGateway = (body: string) => text(502, body);
export const serviceUnavailable = (body: string) => text(503, body);

export const noLeader = serviceUnavailable('No leader elected');
export const masterRecovering = serviceUnavailable('Master has not finished recovery');
export const agentRecovering = serviceUnavailable('Agent has not finished recovery');
export const endpointDisabled = (path: string) => forbidden(`Endpoint '${path}' is disabled`);
export const anonymousPrincipal = forbidden(
  'The request has been authenticated, but its principal has claims and no name, which is not ' +
    'supported here',
);

/** A browser has sent a cookie along with what another site has made it ask for. */
export const foreignRequest = (why: string) =>
  forbidden(`A session counts for requests of the page only, and this is ${why}`);

/** The browser of somebody who reaches this port has sent what another site has made it send. */
export const strayWrite = (why: string) =>
  forbidden(`What may change something is not taken from other sites, and this is ${why}`);

export const misdirected = (names: readonly string[]) =>
  text(
    421,
    '421 Misdirected Request. This port is reached from its own machine only, and has no name but ' +
      `${['localhost', ...names].join(', ')}. Another one is given to it by --hostname.`,
  );

export const contentTypeMissing = badRequest("Expecting 'Content-Type' to be present");
export const callContentType = unsupportedMediaType(
  `Expecting 'Content-Type' of ${JSON_TYPE} or ${PROTOBUF_TYPE}`,
);
export const agentContentType = unsupportedMediaType(
  `Expecting 'Content-Type' of ${JSON_TYPE} or ${PROTOBUF_TYPE} or ${RECORDIO_TYPE}`,
);
export const callAccept = notAcceptable(
  `Expecting 'Accept' to allow '${PROTOBUF_TYPE}' or '${JSON_TYPE}'`,
);
export const agentAccept = notAcceptable(
  `Expecting 'Accept' to allow ${JSON_TYPE} or ${PROTOBUF_TYPE} or ${RECORDIO_TYPE}`,
);
export const messageContentTypeMissing = badRequest(
  "Expecting 'Message-Content-Type' to be set for streaming requests",
);
export const messageContentTypeUnknown = unsupportedMediaType(
  `Expecting 'Message-Content-Type' of ${JSON_TYPE} or ${PROTOBUF_TYPE}`,
);
export const messageContentTypeUnexpected = unsupportedMediaType(
  "Expecting 'Message-Content-Type' to be not set for non-streaming requests",
);
export const messageAcceptUnknown = notAcceptable(
  `Expecting 'Message-Accept' to allow ${JSON_TYPE} or ${PROTOBUF_TYPE}`,
);
export const messageAcceptUnexpected = notAcceptable(
  "Expecting 'Message-Accept' to be not set for non-streaming responses",
);
export const packedStream = unsupportedMediaType(
  "A stream of records is relayed as it is: 'Content-Encoding' is not supported there",
);
export const streamingRequestUnsupported = (call: string) =>
  unsupportedMediaType(
    `Streaming 'Content-Type' ${RECORDIO_TYPE} is not supported for ${call} call`,
  );
export const streamingRequestExpected = (call: string) =>
  unsupportedMediaType(`Expecting 'Content-Type' to be ${RECORDIO_TYPE} for ${call} call`);
export const streamingResponseUnsupported = (call: string) =>
  notAcceptable(`Streaming response is not supported for ${call} call`);
export const bodyEnded = badRequest('Received EOF while reading request body');

export const invalidCall = (kind: string, reason: string) =>
  badRequest(`Failed to validate ${kind}: ${reason}`);
export const expecting = (field: string) => `Expecting '${field}' to be present`;
export const jsonSyntax = (reason: string) =>
  badRequest(`Failed to parse body into JSON: ${reason}`);
export const jsonConversion = (reason: string) =>
  badRequest(`Failed to convert JSON into Call protobuf: ${reason}`);
export const protobufSyntax = badRequest('Failed to parse body into Call protobuf');

export const subscribeWithStreamId = badRequest(
  "Subscribe calls should not include the 'Mesos-Stream-Id' header",
);

export const jsonpName = badRequest(
  "Expecting 'jsonp' in the query to be the name of a function.\n",
);
export const pathMissing = badRequest("Expecting 'path=value' in query.\n");
export const fileNotFound = notFound('');
export const fileIsDirectory = badRequest('Cannot read a directory.\n');
export const notANumber = (value: string) => `Failed to convert '${value}' to number`;
export const badNumber = (name: string, value: string) =>
  badRequest(`Failed to parse ${name}: ${notANumber(value)}.\n`);
export const negativeNumber = (name: string, value: number) =>
  badRequest(`Negative ${name} provided: ${value}.\n`);

export const durationMissing = badRequest("Expecting 'duration=value' in query.\n");
export const badLevel = (reason: string) => badRequest(`${reason}.\n`);
export const badTimeout = (value: string, reason: string) =>
  badRequest(`Invalid timeout '${value}': ${reason}.\n`);
export const profilerDisabled = badRequest(
  'The profiler is not part of this program: use `node --cpu-prof` instead.\n',
);

export const formFieldMissing = (field: string) =>
  badRequest(`Missing '${field}' query parameter in the request body`);
export const formFieldInvalid = (verb: string, field: string, reason: string) =>
  badRequest(`${verb} '${field}' query parameter in the request body: ${reason}`);
