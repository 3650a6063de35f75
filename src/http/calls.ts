// Bytes of a request to the message of a call, or to the refusal that says why not.

import { readJsonValue, writeJson } from '../wire/json.ts';
import { parseJson } from '../wire/json-text.ts';
import type { MessageType } from '../wire/message-type.ts';
import { decodeMessage, encodeMessage, WireError } from '../wire/protobuf.ts';
import { type Answer, badRequest, jsonConversion, jsonSyntax, protobufSyntax } from './errors.ts';
import { type Codec, mediaTypeOf } from './media.ts';

export type Decoded<T> = { readonly call: T } | { readonly refusal: Answer };

/** `plain` conversion errors carry no prefix, as those of the agent's operator API. */
export function decodeCall<T>(
  type: MessageType<T>,
  codec: Codec,
  body: Uint8Array,
  plain = false,
): Decoded<T> {
  if (codec === 'protobuf') {
    try {
      return { call: decodeMessage(type, body) };
    } catch (error) {
      return { refusal: refusalOf(error, () => protobufSyntax) };
    }
  }
  let value: unknown;
  try {
    value = parseJson(textOf(body));
  } catch (error) {
    return { refusal: refusalOf(error, jsonSyntax) };
  }
  try {
    return { call: readJsonValue(type, value) };
  } catch (error) {
    return { refusal: refusalOf(error, plain ? badRequest : jsonConversion) };
  }
}

/** An answer that is one message. */
export function messageAnswer<T>(type: MessageType<T>, codec: Codec, message: T): Answer {
  return {
    status: 200,
    contentType: mediaTypeOf[codec],
    body: codec === 'json' ? writeJson(type, message) : encodeMessage(type, message),
  };
}

const utf8 = new TextDecoder();

export const textOf = (body: Uint8Array): string => utf8.decode(body);

/** Only what the peer sent is the peer's fault. */
function refusalOf(error: unknown, refuse: (reason: string) => Answer): Answer {
  if (error instanceof WireError) {
    return refuse(error.message);
  }
  throw error;
}
