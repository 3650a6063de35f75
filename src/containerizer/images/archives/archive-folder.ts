// Where archives of images are: in a folder of this machine, or elsewhere.
import { join } from 'node:path';

/** On this machine; there may be nothing at the path. */
export interface ArchiveFile {
  readonly path: string;
  /** To be called when nothing more is wanted of it. */
  readonly remove: () => Promise<void>;
}

export interface ArchiveUse {
  /** On whose behalf. */
  readonly owner: string | undefined;
  readonly abort: AbortSignal;
}

export interface ArchiveFolder {
  /** What may follow the name of an archive; whether it is compressed, its first bytes tell. */
  readonly endings: readonly string[];
  /** For messages. */
  place(name: string): string;
  /** Undefined where there is no such file. Rejects as a download does. */
  file(name: string, use: ArchiveUse): Promise<ArchiveFile | undefined>;
}

export class LocalArchives implements ArchiveFolder {
  readonly endings = ['', '.gz', '.zst', '.xz', '.bz2'];
  readonly #folder: string;

  /** An absolute path. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  place(name: string): string {
    return join(this.#folder, name);
  }

  async file(name: string): Promise<ArchiveFile> {
    return { path: this.place(name), remove: async () => undefined };
  }
}
