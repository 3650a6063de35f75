// The call that the body of a request carries, as JSON or protobuf, or the refusal that says what
// is wrong with it; and responses of one message.

import { readJsonValue, writeJson } from '../../wire/json.ts';
import { parseBoundedJson } from '../../wire/json-text.ts';
import type { MessageType } from '../../wire/message-type.ts';
import { decodeBoundedMessage, encodeMessage, WireError } from '../../wire/protobuf.ts';
import { withoutSecrets } from '../../wire/secrets.ts';
import { type Codec, codecOf, MEDIA_TYPE_OF } from './content-negotiation.ts';
import {
  badRequest,
  callContentType,
  contentTypeMissing,
  invalidCall,
  jsonConversion,
  jsonSyntax,
  protobufSyntax,
} from './error-responses.ts';
import type { HttpResponse } from './response.ts';

export type Decoded<T> = { readonly call: T } | { readonly refusal: HttpResponse };

/** A family of calls: how they are written, and what refusals say of one that is not whole. */
export interface CallKind<T> {
  readonly type: MessageType<T>;
  /** As Mesos names it in refusals, `scheduler::Call`. */
  readonly name: string;
  /** What is wrong with a call, or undefined. */
  readonly fault: (call: T) => string | undefined;
}

/**
 * The call that a request carries as one message, checked in the order in which Mesos checks: the
 * media type, the encoding, the call. What the answer may look like is looked at after that.
 */
export function readCall<T>(
  kind: CallKind<T>,
  contentType: string | undefined,
  body: Uint8Array,
): Decoded<T> {
  if (contentType === undefined) {
    return { refusal: contentTypeMissing };
  }
  const codec = codecOf(contentType);
  return codec === undefined ? { refusal: callContentType } : readCallAs(kind, codec, body);
}

/** The same, where the media type has been looked at. */
export function readCallAs<T>(kind: CallKind<T>, codec: Codec, body: Uint8Array): Decoded<T> {
  const decoded = decodeCall(kind.type, codec, body);
  if ('refusal' in decoded) {
    return decoded;
  }
  const fault = kind.fault(decoded.call);
  return fault === undefined ? decoded : { refusal: invalidCall(kind.name, fault) };
}

/** `plain` conversion errors carry no prefix, as those of the agent's operator API. */
export function decodeCall<T>(
  type: MessageType<T>,
  codec: Codec,
  body: Uint8Array,
  plain = false,
): Decoded<T> {
  if (codec === 'protobuf') {
    try {
      return { call: decodeBoundedMessage(type, body) };
    } catch (error) {
      return { refusal: refusalOf(error, () => protobufSyntax) };
    }
  }
  let value: unknown;
  try {
    value = parseBoundedJson(textOf(body));
  } catch (error) {
    return { refusal: refusalOf(error, jsonSyntax) };
  }
  try {
    return { call: readJsonValue(type, value) };
  } catch (error) {
    return { refusal: refusalOf(error, plain ? badRequest : jsonConversion) };
  }
}

/** An answer that is one message, but for the values of its secrets. */
export function messageResponse<T extends object>(
  type: MessageType<T>,
  codec: Codec,
  message: T,
): HttpResponse {
  const shown = withoutSecrets(type, message);
  return {
    status: 200,
    contentType: MEDIA_TYPE_OF[codec],
    body: codec === 'json' ? writeJson(type, shown) : encodeMessage(type, shown),
  };
}

const utf8 = new TextDecoder();

export const textOf = (body: Uint8Array): string => utf8.decode(body);

/** Only what the peer sent is the peer's fault. */
function refusalOf(error: unknown, refuse: (reason: string) => HttpResponse): HttpResponse {
  if (error instanceof WireError) {
    return error.stage === 'bound' ? badRequest(error.message) : refuse(error.message);
  }
  throw error;
}
