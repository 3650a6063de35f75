// Destroyed volumes whose data could not be moved out of the way yet: something is mounted on it,
// or its disk is not mounted. No new volume is created in the same place before that is done.
//
//   <work>/meta/pending/<digest of its content>     kind and absolute path of the place
import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '../../filesystem/folder.ts';
import { privateFolder } from '../../filesystem/private-file.ts';
import type { VolumePlace } from '../../model/volume-path.ts';
import { readRecord } from '../records/record-file.ts';

export class PendingDestructions {
  readonly #folder: string;
  readonly #places = new Map<string, VolumePlace>();

  /** Reads the records of earlier agents; a damaged record is reported and stays. */
  constructor(meta: string, warn: (text: string) => void) {
    this.#folder = join(meta, 'pending');
    for (const name of this.#names()) {
      const text = readRecord(join(this.#folder, name))?.toString() ?? '';
      const [, kind, path] = /^(folder|mount) (.+)$/su.exec(text) ?? [];
      if (path === undefined || name !== digestOf(text)) {
        warn(`The record '${name}' in ${this.#folder}, of a volume to be deleted, is damaged`);
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
    privateFolder(this.#folder);
    const file = openSync(join(this.#folder, digestOf(text)), 'w', 0o600);
    try {
      writeSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    this.#sync();
  }

  /**
   * Durable when this returns, so that a later agent does not delete a new volume in the same
   * place.
   */
  remove(place: VolumePlace): void {
    const text = textOf(place);
    if (this.#places.has(text)) {
      rmSync(join(this.#folder, digestOf(text)), { force: true });
      this.#sync();
      this.#places.delete(text);
    }
  }

  #names(): string[] {
    try {
      return readdirSync(this.#folder);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') {
        throw error;
      }
      return [];
    }
  }

  #sync(): void {
    const folder = openSync(this.#folder, 'r');
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  }
}

const textOf = ({ kind, path }: VolumePlace) => `${kind} ${path}`;
const digestOf = (text: string) => createHash('sha256').update(text).digest('hex');
