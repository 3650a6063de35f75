// Messages to and from protobuf bytes.
import { BOUNDED } from './bounds.ts';
import type { MessageType } from './message-type.ts';
import { missingFields } from './missing-fields.ts';
import { ProtobufReader } from './protobuf-reader.ts';
import { ProtobufWriter } from './protobuf-writer.ts';
import { WireError } from './wire-error.ts';

const writer = new ProtobufWriter();

/** @throws WireError where a required field is missing or a number does not fit its field. */
export function encodeMessage<T>(type: MessageType<T>, message: T): Uint8Array {
  // A call that failed may have left bytes behind.
  writer.reset();
  type.encode(message, writer);
  if (writer.incomplete) {
    throw missingFields(type, message);
  }
  return writer.finish();
}

/**
 * Drops unknown fields and unknown values of enumerations, as the C++ library does, except values
 * that confine a task.
 * @throws WireError where the bytes are not such a message, or a required field is missing.
 */
export function decodeMessage<T>(type: MessageType<T>, bytes: Uint8Array): T {
  return decode(type, bytes, new ProtobufReader(bytes));
}

/**
 * As `decodeMessage`, for bytes of any sender: more than `MAX_MESSAGES` or `MAX_STRINGS` are
 * refused.
 */
export function decodeBoundedMessage<T>(type: MessageType<T>, bytes: Uint8Array): T {
  return decode(type, bytes, new ProtobufReader(bytes, BOUNDED));
}

function decode<T>(type: MessageType<T>, bytes: Uint8Array, reader: ProtobufReader): T {
  const message = type.decode(reader, bytes.length, undefined);
  if (reader.incomplete) {
    throw missingFields(type, message);
  }
  return message;
}

export { WireError };
