// Destroyed volumes whose data could not be moved out of the way yet: something is mounted on it,
// or its disk is not mounted. No new volume is created in the same place before that is done.
//
//   <work>/meta/pending/<digest of its content>     kind and absolute path of the place
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { VolumePlace } from '../../model/volume-path.ts';
import { readRecord } from '../records/record-file.ts';
import { DurableRecords } from './durable-records.ts';

export class PendingDestructions {
  readonly #records: DurableRecords;
  readonly #places = new Map<string, VolumePlace>();

  /** Reads the records of earlier agents; a damaged record is reported and stays. */
  constructor(meta: string, warn: (text: string) => void) {
    const folder = join(meta, 'pending');
    this.#records = new DurableRecords(folder);
    for (const name of this.#records.names()) {
      const text = readRecord(this.#records.path(name))?.toString() ?? '';
      const [, kind, path] = /^(folder|mount) (.+)$/su.exec(text) ?? [];
      if (path === undefined || name !== digestOf(text)) {
        warn(`The record '${name}' in ${folder}, of a volume to be deleted, is damaged`);
      } else {
        this.#places.set(text, { kind: kind === 'mount' ? 'mount' : 'folder', path });
      }
    }
  }

  get all(): readonly VolumePlace[] {
    return [...this.#places.values()];
  }

  has(place: VolumePlace): boolean {
    return this.#places.has(textOf(place));
  }

  /**
   * The record is durable when this returns. Where it throws, the place is pending as long as the
   * agent runs.
   */
  add(place: VolumePlace): void {
    const text = textOf(place);
    if (this.#places.has(text)) {
      return;
    }
    this.#places.set(text, place);
    this.#records.write(digestOf(text), text);
  }

  /**
   * Durable when this returns, so that a later agent does not delete a new volume in the same
   * place.
   */
  remove(place: VolumePlace): void {
    const text = textOf(place);
    if (this.#places.has(text)) {
      this.#records.remove(digestOf(text));
      this.#places.delete(text);
    }
  }
}

const textOf = ({ kind, path }: VolumePlace) => `${kind} ${path}`;
const digestOf = (text: string) => createHash('sha256').update(text).digest('hex');
