// The groups of volumes that containers of several users share (--volume_gid_range). Each volume
// has one of its own, which is its owner beside a user, and which the containers' processes get.
//
//   <work>/meta/volume_gids     which group each volume has, as JSON; written before it is given
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { writeDurably } from '../../filesystem/durable-files.ts';
import { codeOf, Folder } from '../../filesystem/folder.ts';
import { giveToGroup, isOfGroup, takeFromGroup } from '../../filesystem/group-access.ts';
import { errorText } from '../../model/error-text.ts';
import type { Value_Range } from '../../model/generated/messages.ts';
import { type ContainerId, containerId } from '../../model/ids.ts';
import { isWithin } from '../../model/paths.ts';
import { ContainerizerError } from '../containerizer-error.ts';
import { UnknownUserError, type Users } from '../host/users.ts';
import { pathOf, type SplitPath } from '../plan/volume-mounts.ts';
import { readText } from '../records/record-file.ts';
import { sealed, unsealed } from '../records/sealed-text.ts';
import { unlessAborted } from '../unless-aborted.ts';

interface Taken {
  readonly place: SplitPath;
  readonly gid: number;
  /** The container in whose sandbox the volume is; absent for a persistent volume. */
  readonly container?: ContainerId | undefined;
}

/** A volume, and the container that is to have access to it. */
interface Wanted {
  readonly place: SplitPath;
  /** The container in whose sandbox the volume is; undefined for a persistent volume. */
  readonly holder: ContainerId | undefined;
  readonly user: ContainerId;
}

export interface VolumeGidsOptions {
  /** The folder of the agent's records. */
  readonly meta: string;
  readonly ranges: readonly Value_Range[];
  readonly users: Pick<Users, 'withId'>;
  readonly warn: (text: string) => void;
}

export class VolumeGids {
  readonly #file: string;
  readonly #options: VolumeGidsOptions;
  /** By the volumes' paths. */
  readonly #taken = new Map<string, Taken>();
  readonly #given = new Map<string, Promise<void>>();
  /** Which groups the processes of containers have, until these have ended. */
  readonly #held = new Map<ContainerId, ReadonlySet<number>>();
  readonly #total: number;
  #last = -1;
  #written: Promise<void> = Promise.resolve();

  /** Reads what an earlier agent has written. Throws ContainerizerError. */
  constructor(options: VolumeGidsOptions) {
    this.#options = options;
    this.#file = join(options.meta, 'volume_gids');
    this.#total = options.ranges.reduce((sum, { begin, end }) => sum + end - begin + 1, 0);
    for (const taken of readTaken(this.#file)) {
      this.#taken.set(pathOf(taken.place), taken);
    }
  }

  /**
   * The group of a volume for a container, with all that is in it being the group's. Rejects with
   * ContainerizerError.
   */
  async give({ place, holder, user }: Wanted, abort: AbortSignal): Promise<number> {
    const path = pathOf(place);
    const taken = this.#around(path) ?? (await this.#take({ place, container: holder }, user));
    this.hold(user, [taken.gid]);
    const top = pathOf(taken.place);
    let given = this.#given.get(top);
    if (given === undefined) {
      given = this.#giveAll(taken);
      this.#given.set(top, given);
      // Whoever comes next tries again.
      given.catch(() => this.#given.delete(top));
    }
    // Others may wait for the same.
    await unlessAborted(given, abort);
    return taken.gid;
  }

  /**
   * The container's processes have these groups, too: while they run, no volume can get one of
   * these that is another's, for they could open it.
   */
  hold(container: ContainerId, groups: readonly number[]): void {
    if (groups.length > 0) {
      this.#held.set(container, new Set([...(this.#held.get(container) ?? []), ...groups]));
    }
  }

  /**
   * To be called before all else, with the containers that there are records of, and the groups of
   * their processes, which throws ContainerizerError where they cannot be read. An agent without
   * groups may have ended others, and one that was killed may have deleted volumes.
   */
  async recover(
    recorded: readonly ContainerId[],
    groupsOf: (id: ContainerId) => readonly number[],
  ): Promise<void> {
    for (const container of recorded) {
      try {
        this.hold(container, groupsOf(container));
      } catch (error) {
        // It goes on. One of its groups may be given again when its volume is deleted.
        this.#options.warn(
          `Which groups container ${container} has for volumes is not known: ${errorText(error)}`,
        );
      }
    }
    const known = new Set(recorded);
    for (const [path, { container }] of [...this.#taken]) {
      if (container !== undefined) {
        await (known.has(container) ? undefined : this.releaseOf(container));
      } else if (!existsSync(path) && existsSync(dirname(dirname(path)))) {
        // Its disk is there.
        await this.release(path);
      }
    }
  }

  /** Whether the volume has a group. */
  has(path: string): boolean {
    return this.#taken.has(path);
  }

  /** Whether the volume has a group that is one of the container's. */
  isOpenTo(container: ContainerId, path: string): boolean {
    const gid = this.#taken.get(path)?.gid;
    return gid !== undefined && this.#held.get(container)?.has(gid) === true;
  }

  /** The persistent volume is out of the way, and is deleted. */
  async release(volume: string): Promise<void> {
    const all = [...this.#taken.keys()].filter((path) => isWithin(path, volume));
    for (const path of all) {
      this.#taken.delete(path);
      this.#given.delete(path);
    }
    if (all.length > 0) {
      await this.#write();
    }
  }

  /**
   * The container has ended. What was shared of its sandbox stays for a while, and is its owner's
   * again before another volume can get the group.
   */
  async releaseOf(container: ContainerId): Promise<void> {
    this.#held.delete(container);
    const all = [...this.#taken].filter(([, taken]) => taken.container === container);
    for (const [path, taken] of all) {
      try {
        await this.#given.get(path)?.catch(() => undefined);
        await this.#takeBack(taken);
        this.#taken.delete(path);
        this.#given.delete(path);
      } catch (error) {
        // Its group is given to no other volume then.
        this.#options.warn(
          `Failed to set the owner group of the volume path '${path}' back: ${errorText(error)}`,
        );
      }
    }
    if (all.length > 0) {
      await this.#write();
    }
  }

  metrics(): Record<string, number> {
    const inRange = [...this.#used()].filter((gid) => this.#isOwn(gid));
    return {
      'volume_gid_manager/volume_gids_total': this.#total,
      'volume_gid_manager/volume_gids_free': this.#total - inRange.length,
    };
  }

  /** The volume itself, or the one that it is a part of. */
  #around(path: string): Taken | undefined {
    return (
      this.#taken.get(path) ?? [...this.#taken].find(([other]) => path.startsWith(`${other}/`))?.[1]
    );
  }

  /** A volume within another one keeps its own group. */
  async #giveAll({ place, gid }: Taken): Promise<void> {
    const all = [...this.#taken.values()].map((taken) => taken.gid);
    try {
      await using folder = await Folder.openBelow(place.top, place.below);
      if (!(await isOfGroup(folder, gid))) {
        await giveToGroup(folder, gid, new Set(all.filter((it) => it !== gid)));
      }
    } catch (error) {
      throw new ContainerizerError(
        `Failed to set the owner group of the volume path '${pathOf(place)}' to ${gid}: ${errorText(error)}`,
        { cause: error },
      );
    }
  }

  async #take(volume: Omit<Taken, 'gid'>, user: ContainerId): Promise<Taken> {
    const path = pathOf(volume.place);
    const gid = this.#free();
    if (gid === undefined) {
      throw new ContainerizerError(
        `Failed to allocate gid to the volume path '${path}' because the free gid range is exhausted`,
      );
    }
    const taken = { ...volume, gid };
    this.#taken.set(path, taken);
    this.hold(user, [gid]);
    this.#last = gid;
    try {
      await this.#write();
    } catch (error) {
      this.#taken.delete(path);
      throw new ContainerizerError(
        `Failed to save state of volume gid infos: ${errorText(error)}`,
        { cause: error },
      );
    }
    return taken;
  }

  /** The one after that which was given last: what is free for longest is taken first. */
  #free(): number | undefined {
    const used = this.#used();
    for (const least of [this.#last + 1, 0]) {
      for (const { begin, end } of this.#options.ranges) {
        for (let gid = Math.max(begin, least); gid <= end; gid++) {
          if (!used.has(gid)) {
            return gid;
          }
        }
      }
    }
    return undefined;
  }

  /** The groups of volumes, and of processes. */
  #used(): ReadonlySet<number> {
    const taken = [...this.#taken.values()].map(({ gid }) => gid);
    return new Set([...taken, ...[...this.#held.values()].flatMap((groups) => [...groups])]);
  }

  #isOwn(gid: number): boolean {
    return this.#options.ranges.some(({ begin, end }) => gid >= begin && gid <= end);
  }

  async #takeBack({ place, gid }: Taken): Promise<void> {
    let folder: Folder;
    try {
      folder = await Folder.openBelow(place.top, place.below);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') {
        return;
      }
      throw error;
    }
    await using top = folder;
    await takeFromGroup(top, gid, await this.#groupOf(Number((await top.status()).uid)));
  }

  /** The first group of a user; root's where the machine knows no such user. */
  async #groupOf(uid: number): Promise<number> {
    try {
      return (await this.#options.users.withId(uid))?.gid ?? 0;
    } catch (error) {
      if (!(error instanceof UnknownUserError)) {
        throw error;
      }
      return 0;
    }
  }

  /** One after the other. */
  #write(): Promise<void> {
    const written = this.#written.then(() =>
      writeDurably(this.#file, sealed(JSON.stringify([...this.#taken.values()]))),
    );
    this.#written = written.catch(() => undefined);
    return written;
  }
}

function readTaken(file: string): Taken[] {
  const text = readText(file, 'utf8');
  const found = unsealed(text === undefined ? undefined : Buffer.from(text));
  switch (found.kind) {
    case 'blank':
      return [];
    case 'whole':
      return (JSON.parse(found.text) as Taken[]).map((taken) => ({
        ...taken,
        container: taken.container && containerId(taken.container),
      }));
    case 'damaged':
      throw new ContainerizerError(
        `'${file}' is damaged, which says which volume has which group of --volume_gid_range: ` +
          'without it groups would be given twice; delete it, and use another range',
      );
  }
}
