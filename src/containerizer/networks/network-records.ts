// What is on record of containers' networks, so that a later agent detaches what an earlier one has
// attached, or begun to: a file for each container, on the disk before anything is done.
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder, writeDurably } from '../../filesystem/durable-files.ts';
import { orNoEntry } from '../../filesystem/folder.ts';
import { errorText } from '../../model/error-text.ts';
import { type ContainerId, containerId } from '../../model/ids.ts';
import type { AttachedNetwork } from '../plan/network.ts';
import { sealed, unsealed } from '../records/sealed-text.ts';
import type { NetworkKindName } from './network.ts';

export interface NetworkRecord {
  readonly kind: NetworkKindName;
  /** The file of the namespace. */
  readonly namespace: string;
  /** What the kind of network needs to detach it; absent: nothing was begun. */
  readonly state?: unknown;
  /** Absent until the container is attached. */
  readonly attached?: AttachedNetwork | undefined;
}

const VERSION = 1;

export class NetworkRecords {
  readonly #folder: string;
  readonly #warn: (text: string) => void;

  constructor(folder: string, warn: (text: string) => void) {
    this.#folder = folder;
    this.#warn = warn;
  }

  async write(id: ContainerId, record: NetworkRecord): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await writeDurably(this.#path(id), sealed(JSON.stringify({ version: VERSION, ...record })));
  }

  async remove(id: ContainerId): Promise<void> {
    await rm(this.#path(id), { force: true });
    await syncFolder(this.#folder).catch(orNoEntry);
  }

  /** Those that are damaged are told of, and stay. */
  async all(): Promise<ReadonlyMap<ContainerId, NetworkRecord>> {
    const records = new Map<ContainerId, NetworkRecord>();
    for (const name of (await readdir(this.#folder).catch(orNoEntry)) ?? []) {
      const path = join(this.#folder, name);
      if (!name.endsWith(END)) {
        // A write that was cut short.
        await rm(path, { force: true });
        continue;
      }
      try {
        records.set(containerId(name.slice(0, -END.length)), recordIn(await readFile(path)));
      } catch (error) {
        this.#warn(`'${path}' does not say what a container has of networks: ${errorText(error)}`);
      }
    }
    return records;
  }

  #path(id: ContainerId): string {
    return join(this.#folder, `${id}${END}`);
  }
}

const END = '.network';

/** Throws where it is damaged. */
function recordIn(bytes: Uint8Array): NetworkRecord {
  const found = unsealed(bytes);
  const { version, ...record } = JSON.parse(found.kind === 'whole' ? found.text : '{}');
  if (version !== VERSION) {
    throw new Error('it is damaged, or of another version');
  }
  return record;
}
