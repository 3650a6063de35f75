// Walks the fields of a protobuf message that holds many others, which are read one by one.
import type { ProtobufReader } from '../../wire/protobuf-reader.ts';

/** Number of a field that is a message, and where it ends; the reader is at its beginning. */
export interface FieldExtent {
  readonly number: number;
  readonly end: number;
}

/**
 * The fields up to `end` that are messages. Wherever the caller leaves the reader in one, it goes
 * on after it.
 * @throws WireError
 */
export function* messageFields(reader: ProtobufReader, end: number): Generator<FieldExtent> {
  while (reader.position < end) {
    const tag = reader.uint32();
    if ((tag & 7) !== 2) {
      reader.skip(tag);
      continue;
    }
    const inner = reader.enter(end);
    yield { number: tag >>> 3, end: inner };
    reader.position = inner;
    reader.leave();
  }
  reader.expectEnd(end);
}

/** The ends of those with one number. */
export function* messagesOf(
  reader: ProtobufReader,
  end: number,
  number: number,
): Generator<number> {
  for (const field of messageFields(reader, end)) {
    if (field.number === number) {
      yield field.end;
    }
  }
}

/** A message such as TaskID, whose first field is its text. */
export function readId(reader: ProtobufReader, end: number): string {
  let text = '';
  while (reader.position < end) {
    const tag = reader.uint32();
    if (tag === 10) {
      text = reader.string();
    } else {
      reader.skip(tag);
    }
  }
  return text;
}
