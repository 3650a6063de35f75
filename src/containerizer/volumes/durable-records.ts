// Records of the agent's about volumes: small files in a private folder, on the disk before what
// they tell of is done.
import { closeSync, fsyncSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { privateFolder } from '../../filesystem/private-file.ts';
import { absent } from './volume-folders.ts';

export class DurableRecords {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** None where the folder is not there yet. */
  names(): string[] {
    return absent(() => readdirSync(this.#folder)) ?? [];
  }

  path(name: string): string {
    return join(this.#folder, name);
  }

  /** The record, and its name, are durable when this returns. */
  write(name: string, text: string): void {
    privateFolder(this.#folder);
    const file = openSync(this.path(name), 'w', 0o600);
    try {
      writeSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    this.#sync();
  }

  /** Durable when this returns: no later agent finds the record. */
  remove(name: string): void {
    rmSync(this.path(name), { force: true });
    absent(() => this.#sync());
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
