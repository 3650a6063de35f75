// Messages to and from protobuf bytes.
import { FROM_ANYBODY } from './bounds.ts';
import type { MessageType } from './message-type.ts';
import { missingFields } from './missing-fields.ts';
import { ProtobufReader } from './protobuf-reader.ts';
import { ProtobufWriter } from './protobuf-writer.ts';
import { WireError } from './wire-error.ts';

const writer = new ProtobufWriter();

/** @throws WireError where a required field is missing or a number does not fit its field. */
export function encodeMessage<T>(type: MessageType<T>, message: T): Uint8Array {
  // A failed call may have left something behind.
  writer.reset();
  type.encode(message, writer);
  if (writer.incomplete) {
    throw missingFields(type, message);
  }
  return writer.finish();
}

/**
 * Unknown fields and unknown values of enumerations are dropped, as by the C++ library, but
 * for those that confine a task.
 * @throws WireError where the bytes are not such a message, or a required field is missing.
 */
export function decodeMessage<T>(type: MessageType<T>, bytes: Uint8Array): T {
  return decode(type, bytes, new ProtobufReader(bytes));
}

/**
 * As `decodeMessage`, for what anybody may send: no more values than `MAX_MESSAGES` and
 * `MAX_STRINGS`.
 */
export function decodeBoundedMessage<T>(type: MessageType<T>, bytes: Uint8Array): T {
  return decode(type, bytes, new ProtobufReader(bytes, FROM_ANYBODY));
}

function decode<T>(type: MessageType<T>, bytes: Uint8Array, reader: ProtobufReader): T {
  const message = type.decode(reader, bytes.length, undefined);
  if (reader.incomplete) {
    throw missingFields(type, message);
  }
  return message;
}

export { WireError };
