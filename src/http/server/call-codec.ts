// Reads the call in a request's body, as JSON or protobuf, or refuses it with the reason; and
// writes responses that are one message.

import type { Principal } from '../../security/principal.ts';
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

/** A kind of call: its message, and the texts with which it is refused. */
export interface CallKind<T> {
  readonly type: MessageType<T>;
  /** The name in refusals, as Mesos has it: `scheduler::Call`. */
  readonly name: string;
  /** Why a call of this principal is refused; undefined for a valid one. */
  readonly fault: (call: T, principal: Principal | undefined) => string | undefined;
}

/** What is read of a request. */
interface CallSource {
  readonly principal: Principal | undefined;
  readonly body: Uint8Array;
}

/**
 * Reads the call of a request whose body is one message. The checks have Mesos's order: media type,
 * encoding, call. Afterwards the caller checks what the response may look like.
 */
export function readCall<T>(
  kind: CallKind<T>,
  contentType: string | undefined,
  { principal, body }: CallSource,
): Decoded<T> {
  if (contentType === undefined) {
    return { refusal: contentTypeMissing };
  }
  const codec = codecOf(contentType);
  return codec === undefined
    ? { refusal: callContentType }
    : readCallAs(kind, codec, body, principal);
}

/** The same, once the media type is known. */
export function readCallAs<T>(
  kind: CallKind<T>,
  codec: Codec,
  body: Uint8Array,
  principal: Principal | undefined,
): Decoded<T> {
  const decoded = decodeCall(kind.type, codec, body);
  if ('refusal' in decoded) {
    return decoded;
  }
  const fault = kind.fault(decoded.call, principal);
  return fault === undefined ? decoded : { refusal: invalidCall(kind.name, fault) };
}

/** A `plain` kind has no prefix in its conversion errors, as the agent's operator API. */
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

/** A response that is one message, without the values of its secrets. */
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

/** Turns an error about the peer's bytes into a refusal; any other error is thrown on. */
function refusalOf(error: unknown, refuse: (reason: string) => HttpResponse): HttpResponse {
  if (error instanceof WireError) {
    return error.stage === 'bound' ? badRequest(error.message) : refuse(error.message);
  }
  throw error;
}
