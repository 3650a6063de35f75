// Messages to and from protobuf bytes.
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
 * Unknown fields and unknown values of enumerations are dropped, as by the C++ library.
 * @throws WireError where the bytes are not such a message, or a required field is missing.
 */
export function decodeMessage<T>(type: MessageType<T>, bytes: Uint8Array): T {
  const reader = new ProtobufReader(bytes);
  const message = type.decode(reader, bytes.length, undefined);
  if (reader.incomplete) {
    throw missingFields(type, message);
  }
  return message;
}

export { WireError };
