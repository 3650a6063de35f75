// Events of the operator API as records of its streams, without the values of secrets.
import {
  MasterEvent_Type,
  type MasterEvent as OperatorEvent,
} from '../../model/generated/messages.ts';
import { withoutSecrets } from '../../wire/secrets.ts';
import { types } from '../../wire/types.ts';
import type { Codec } from '../server/content-negotiation.ts';
import { encodeRecord, framed } from '../server/event-stream.ts';
import { largeMessage, type Pieces } from '../server/response-stream.ts';

/** Of a write to a stream. */
const JOINED_BYTES = 512 * 1024;

type Records<Record> = Partial<{ [codec in Codec]: Record }>;

/** A record within its chunk, or one that is made piece by piece while other work goes on. */
type MadeRecord = Uint8Array | Promise<Pieces>;

export class OperatorRecords {
  /**
   * The records of SUBSCRIBED, which has the whole state: readers that subscribe together share it.
   */
  readonly #snapshots = new WeakMap<OperatorEvent, Records<MadeRecord>>();
  /** Of the last event, which goes to one stream after the other. */
  #last: { readonly event: OperatorEvent; readonly records: Records<Uint8Array> } | undefined;

  of(event: OperatorEvent, codec: Codec): MadeRecord {
    if (event.type === MasterEvent_Type.SUBSCRIBED) {
      const known = this.#snapshots.get(event) ?? {};
      this.#snapshots.set(event, known);
      known[codec] ??= largeRecord(event, codec);
      return known[codec];
    }
    if (this.#last?.event !== event) {
      this.#last = { event, records: {} };
    }
    const { records } = this.#last;
    records[codec] ??= encode(event, codec);
    return records[codec];
  }
}

function largeRecord(event: OperatorEvent, codec: Codec): MadeRecord {
  const made = largeMessage(types.MasterEvent, codec, event);
  return made instanceof Promise ? made.then(joined) : framed(made);
}

/** The pieces as fewer and larger ones, as each is a write. */
async function joined(pieces: Pieces): Promise<Pieces> {
  const all: Uint8Array[] = [];
  let some: Uint8Array[] = [];
  let bytes = 0;
  for (const piece of pieces) {
    some.push(piece);
    bytes += piece.length;
    if (bytes >= JOINED_BYTES) {
      all.push(Buffer.concat(some));
      some = [];
      bytes = 0;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  all.push(Buffer.concat(some));
  return all;
}

const encode = (event: OperatorEvent, codec: Codec) =>
  framed(encodeRecord(types.MasterEvent, withoutSecrets(types.MasterEvent, event), codec));
