// The content of a mount whose volume is destroyed. The mount stays, and so do mounts within it.
// All the rest is moved into a folder of the agent's on the same mount, in turns, for there may be
// a great deal of it, and is deleted there.
//
//   <mount>/.destroyed-<id>       the folder; the mount has no user until all is moved there
//   <work>/meta/destroyed/<id>    the inode of that folder, and whether all is moved: a folder
//                                 without such a record is a user's data, whatever its name is
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { codeOf } from '../../filesystem/folder.ts';
import type { HeldFolder } from '../../filesystem/held-folder.ts';
import { deleteEntry } from '../../filesystem/tree-deletion.ts';
import { readText } from '../records/record-file.ts';
import { DurableRecords } from './durable-records.ts';

const OPEN_TO_READERS = 0o755;
const PRIVATE = 0o700;
/** The most entries moved in one turn. */
const ENTRIES_A_TURN = 256;

/** The agent's records of what it is destroying on mounts. */
export class MountRecords {
  readonly #records: DurableRecords;

  constructor(meta: string) {
    this.#records = new DurableRecords(join(meta, 'destroyed'));
  }

  /** The record is durable when this returns. */
  write(id: string, inode: number, progress: 'moving' | 'moved'): void {
    this.#records.write(id, `${inode} ${progress}`);
  }

  remove(id: string): void {
    this.#records.remove(id);
  }

  /** The folders on a mount whose deletion has not finished. */
  leftOn(mount: HeldFolder): { readonly id: string; readonly isMoved: boolean }[] {
    return this.#records.names().flatMap((id) => {
      const status = mount.statusOf(asideOf(id));
      const [inode, progress] = readText(this.#records.path(id))?.split(' ') ?? [];
      return status?.isDirectory() === true && inode === String(status.ino)
        ? [{ id, isMoved: progress === 'moved' }]
        : [];
    });
  }
}

/** The content of one mount, which it keeps open until all of it is deleted. */
export class MountContent {
  readonly #mount: HeldFolder;
  readonly #records: MountRecords;
  readonly #id: string;
  /** Folders that stay: the target of the move, and folders of other destructions. */
  readonly #asides: ReadonlySet<string>;
  #left: Iterator<Buffer> | undefined;

  private constructor(
    mount: HeldFolder,
    records: MountRecords,
    { id, isMoved }: { readonly id: string; readonly isMoved: boolean },
  ) {
    this.#mount = mount;
    this.#records = records;
    this.#id = id;
    this.#asides = new Set([id, ...records.leftOn(mount).map((other) => other.id)].map(asideOf));
    if (!isMoved) {
      takeFromUser(mount);
      this.#left = mount.names();
    }
  }

  /**
   * Takes the mount from the last user of its volume. Throws FolderError, and the system's errors
   * about the record.
   */
  static of(mount: HeldFolder, records: MountRecords): MountContent {
    const id = randomUUID();
    takeFromUser(mount);
    using aside = mount.makeFolder(asideOf(id), PRIVATE);
    records.write(id, aside.status().ino, 'moving');
    return new MountContent(mount, records, { id, isMoved: false });
  }

  /**
   * The content that an interrupted agent has left on a mount; `open` opens the mount each time.
   */
  static left(open: () => HeldFolder, records: MountRecords): MountContent[] {
    using mount = open();
    return records.leftOn(mount).map((left) => new MountContent(open(), records, left));
  }

  /** Whether a new volume may use the mount. */
  get isMoved(): boolean {
    return this.#left === undefined;
  }

  /** Moves the content, or as many entries as given. Throws FolderError. */
  move(entries = Number.POSITIVE_INFINITY): void {
    const left = this.#left;
    if (left === undefined) {
      return;
    }
    using aside = this.#mount.folder(asideOf(this.#id));
    try {
      for (let count = 0; count < entries; count++) {
        const next = left.next();
        if (next.done === true) {
          this.#records.write(this.#id, aside.status().ino, 'moved');
          this.#left = undefined;
          return;
        }
        if (!this.#asides.has(next.value.toString())) {
          moveUnlessMounted(this.#mount, next.value, aside);
        }
      }
    } catch (error) {
      // A retry starts again from the beginning.
      left.return?.();
      this.#left = this.#mount.names();
      throw error;
    }
  }

  /** The first entries, usually all, are moved before this first waits. */
  async moveInTurns(): Promise<void> {
    this.move(ENTRIES_A_TURN);
    while (!this.isMoved) {
      await turn();
      this.move(ENTRIES_A_TURN);
    }
  }

  /** Deletes what was moved. */
  async delete(): Promise<void> {
    using mount = this.#mount;
    await using folder = await mount.again();
    await deleteEntry(folder, asideOf(this.#id));
    this.#records.remove(this.#id);
  }
}

const asideOf = (id: string) => `.destroyed-${id}`;

/** Without this, the volume's last user could interfere while root moves files. */
function takeFromUser(mount: HeldFolder): void {
  if (process.geteuid?.() === 0) {
    mount.giveTo(0, 0);
    mount.setMode(OPEN_TO_READERS);
  }
}

function moveUnlessMounted(from: HeldFolder, name: Buffer, to: HeldFolder): void {
  try {
    from.move(name, to, name);
  } catch (error) {
    if (codeOf(error) !== 'EBUSY') {
      throw error;
    }
  }
}
