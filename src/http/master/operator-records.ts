// Events of the operator API as records of its streams, without the values of secrets.
import {
  MasterEvent_Type,
  type MasterEvent as OperatorEvent,
} from '../../model/generated/messages.ts';
import { withoutSecrets } from '../../wire/secrets.ts';
import { types } from '../../wire/types.ts';
import type { Codec } from '../server/content-negotiation.ts';
import { encodeRecord, type StreamRecord } from '../server/event-stream.ts';

export class OperatorRecords {
  /**
   * The records of SUBSCRIBED, which has the whole state: readers that subscribe together share it.
   */
  readonly #snapshots = new WeakMap<OperatorEvent, Partial<Record<Codec, StreamRecord>>>();

  of(event: OperatorEvent, codec: Codec): StreamRecord {
    if (event.type !== MasterEvent_Type.SUBSCRIBED) {
      return encode(event, codec);
    }
    const known = this.#snapshots.get(event) ?? {};
    this.#snapshots.set(event, known);
    known[codec] ??= encode(event, codec);
    return known[codec];
  }
}

const encode = (event: OperatorEvent, codec: Codec) =>
  encodeRecord(types.MasterEvent, withoutSecrets(types.MasterEvent, event), codec);
