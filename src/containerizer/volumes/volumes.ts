// Persistent volumes: folders that outlive the tasks that use them. A container finds each of its
// volumes by a name in its sandbox: through a link, or by a mount that its launcher makes.
//
// An agent that may be root creates links in a folder of the task's user. So a name has one
// component only: the user cannot exchange a folder on the way to it.
import { lstatSync, realpathSync, type Stats, statSync, symlinkSync, unlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { codeOf } from '../../filesystem/folder.ts';
import { FolderError, HeldFolder } from '../../filesystem/held-folder.ts';
import { ForeignFolderError } from '../../filesystem/own-folder.ts';
import { errorText } from '../../model/error-text.ts';
import { type Resource, Resource_DiskInfo_Source_Type } from '../../model/generated/messages.ts';
import type { ContainerId } from '../../model/ids.ts';
import type { VolumePlace } from '../../model/volume-path.ts';
import { ContainerizerError } from '../containerizer-error.ts';
import type { VolumeLink, VolumeLinks } from '../plan/volume-links.ts';
import { placeIn, type SplitPath } from '../plan/volume-mounts.ts';
import type { WorkDirectory } from '../work-directory.ts';
import { MountContent, MountRecords } from './mount-content.ts';
import { PendingDestructions } from './pending-destructions.ts';
import {
  absent,
  diskOf,
  leftAside,
  mountedDisk,
  NotMountedError,
  putAside,
  volumeFolder,
} from './volume-folders.ts';
import type { VolumeGids } from './volume-gids.ts';

const none: VolumeLinks = new Map();

const OPEN_TO_READERS = 0o755;

interface Used {
  /** An absolute path. */
  readonly sandbox: string;
  readonly links: VolumeLinks;
}

/** How far a container is that gets volumes; by default it is being made. */
interface Running {
  /** It has a process, with its groups. */
  readonly hasProcess?: boolean;
  /** That does not see the machine's files. */
  readonly hasOwnFiles?: boolean;
}

export class Volumes {
  readonly #work: WorkDirectory;
  readonly #warn: (text: string) => void;
  readonly #gids: VolumeGids | undefined;
  readonly #used = new Map<ContainerId, Used>();
  readonly #deletions = new Set<Promise<void>>();
  readonly #mountRecords: MountRecords;
  readonly #pending: PendingDestructions;
  /** Mounts that are being emptied, by their content: no new volume may use them yet. */
  readonly #emptied = new Map<
    MountContent,
    { readonly path: string; readonly moved: Promise<void> }
  >();

  constructor(work: WorkDirectory, warn: (text: string) => void, gids?: VolumeGids) {
    this.#work = work;
    this.#gids = gids;
    this.#mountRecords = new MountRecords(work.meta);
    this.#pending = new PendingDestructions(work.meta, warn);
    this.#warn = warn;
  }

  /** Paths of volumes are relative to this folder. */
  get workDirectory(): string {
    return this.#work.root;
  }

  /** Creates a volume where it is missing; it belongs to the agent until a task uses it. */
  create({ path, kind }: VolumePlace): void {
    const place = { path: resolve(this.#work.root, path), kind };
    this.#destroyPending(place);
    volumeFolder(place)?.[Symbol.dispose]();
  }

  /** Resolves when no mount among the volumes is being emptied any more, or emptying has failed. */
  async emptied(links: VolumeLinks): Promise<void> {
    const paths = new Set([...links.values()].map(({ target }) => target));
    const all = [...this.#emptied.values()].filter(({ path }) => paths.has(path));
    await Promise.allSettled(all.map(({ moved }) => moved));
  }

  /**
   * Creates missing volumes, links those in the sandbox (an absolute path) that are not mounted
   * there, and removes links to volumes that the container does not have any more. Throws
   * ContainerizerError where that fails.
   */
  provide(
    container: ContainerId,
    sandbox: string,
    links: VolumeLinks,
    { hasProcess = false, hasOwnFiles = false }: Running = {},
  ): void {
    const before = this.#used.get(container)?.links ?? none;
    if (before.size === 0 && links.size === 0) {
      return;
    }
    for (const [name, { target }] of before) {
      if (links.get(name)?.target !== target) {
        removeLink(join(sandbox, name), target);
      }
    }
    for (const [name, link] of links) {
      try {
        const place = { path: link.target, kind: link.kind };
        this.#destroyPending(place);
        using volume = volumeFolder(place);
        this.#makeRoom(link.target);
        if (!before.has(name)) {
          const owner = statSync(sandbox);
          if (hasOwnFiles && link.access === 'link') {
            throw new ContainerizerError(
              "a link to it leads nowhere in the executor's image: it must have the volume from its start",
            );
          }
          this.#giveTo(owner, container, link, volume);
          if (hasProcess) {
            this.#requireGroup(owner, container, link, volume);
          }
        }
        if ((before.get(name) ?? link).access === 'link') {
          linkTo(join(sandbox, name), link);
        }
      } catch (error) {
        throw new ContainerizerError(
          `Failed to provide persistent volume '${link.target}' as '${name}': ${errorText(error)}`,
          { cause: error },
        );
      }
    }
    const known = [...links].map(
      ([name, link]) => [name, { ...link, access: (before.get(name) ?? link).access }] as const,
    );
    this.#used.set(container, { sandbox, links: new Map(known) });
  }

  /** Remembers the volumes that an earlier agent provided. */
  adopt(container: ContainerId, sandbox: string, links: VolumeLinks): void {
    this.#used.set(container, { sandbox, links });
  }

  /** The container has ended, and its mounts with it. Its links stay as long as its sandbox. */
  release(container: ContainerId): void {
    const { sandbox, links } = this.#used.get(container) ?? { sandbox: '', links: none };
    for (const [name, { access }] of links) {
      if (access === 'mount') {
        removeMountPoint(placeIn({ id: container, sandbox }, []), name);
      }
    }
    this.#used.delete(container);
  }

  /**
   * Deletes a volume's data. When this returns, before its promise settles, the data is out of the
   * way and a new volume may use the place; or it is not, then no new volume can use it and the
   * promise rejects with the reason. It resolves when all is deleted. `settled` is called when
   * later agents know as much.
   */
  async destroy({ path, kind }: VolumePlace, settled = () => {}): Promise<void> {
    const place = { path: resolve(this.#work.root, path), kind };
    let deletion: Promise<void>;
    try {
      deletion = this.#putAside(place);
    } catch (error) {
      this.#pending.add(place);
      settled();
      throw error;
    }
    try {
      this.#pending.remove(place);
      settled();
    } finally {
      await deletion;
    }
  }

  /** Throws where the data stays in its place. */
  #putAside(place: VolumePlace): Promise<void> {
    const deletion = this.#moveAside(place);
    return this.#gids === undefined
      ? deletion
      : Promise.all([deletion, this.#gids.release(place.path)]).then(() => undefined);
  }

  #moveAside({ path, kind }: VolumePlace): Promise<void> {
    if (kind === 'folder') {
      const aside = putAside(path);
      return aside === undefined ? Promise.resolve() : this.#delete(aside);
    }
    this.#closeToGroup(path);
    return this.#contentsOf(path).some(({ isMoved }) => !isMoved)
      ? Promise.resolve()
      : this.#empty(path, MountContent.of(mountedDisk(path), this.#mountRecords));
  }

  /** The top of a mount stays, and is nobody's until a new volume is used. */
  #closeToGroup(path: string): void {
    if (this.#gids?.has(path) === true) {
      using disk = mountedDisk(path);
      disk.giveTo(0, 0);
      disk.setMode(OPEN_TO_READERS);
    }
  }

  /** Makes way for a new volume. Throws where that cannot be done yet. */
  #destroyPending(place: VolumePlace): void {
    if (this.#pending.has(place)) {
      const deletion = this.#putAside(place);
      deletion.catch((error: unknown) => this.#warn(failure(place, error)));
      this.#pending.remove(place);
    }
  }

  /**
   * Continues destructions that an earlier agent began, on each disk among the resources. Warns of
   * disks that cannot have volumes.
   */
  async destroyLeft(resources: readonly Resource[]): Promise<void> {
    await Promise.all(
      this.#disksOf(resources).map(async (disk) => {
        try {
          await this.#destroyLeftOn(disk);
          this.#destroyPendingOn(disk);
        } catch (error) {
          const what =
            error instanceof ForeignFolderError || error instanceof NotMountedError
              ? `There can be no persistent volumes on disk '${disk.path}'`
              : `Failed to delete destroyed volumes on disk '${disk.path}'`;
          this.#warn(`${what}: ${errorText(error)}`);
        }
      }),
    );
  }

  #destroyPendingOn(disk: VolumePlace): void {
    for (const place of this.#pending.all) {
      if (place.kind === disk.kind && diskOf(place) === disk.path) {
        try {
          this.#destroyPending(place);
        } catch (error) {
          this.#warn(failure(place, error));
        }
      }
    }
  }

  async #destroyLeftOn({ path, kind }: VolumePlace): Promise<void> {
    if (kind === 'mount') {
      const left = absent(() => MountContent.left(() => mountedDisk(path), this.#mountRecords));
      await Promise.all((left ?? []).map((content) => this.#empty(path, content)));
    } else {
      const aside = leftAside(path);
      await (aside && this.#delete(aside));
    }
  }

  async #empty(path: string, content: MountContent): Promise<void> {
    const moved = content.moveInTurns();
    if (!content.isMoved) {
      this.#emptied.set(content, { path, moved });
    }
    const remove = async () => {
      await moved;
      this.#emptied.delete(content);
      await content.delete();
    };
    await this.#delete({ delete: remove });
  }

  #contentsOf(place: string): MountContent[] {
    return [...this.#emptied].flatMap(([content, { path }]) => (path === place ? content : []));
  }

  /** Moves the rest at once, for the mount is another volume's now. Throws FolderError. */
  #makeRoom(place: string): void {
    for (const content of this.#contentsOf(place)) {
      content.move();
      this.#emptied.delete(content);
    }
  }

  /** The disks' tops. */
  #disksOf(resources: readonly Resource[]): readonly VolumePlace[] {
    const { PATH, MOUNT } = Resource_DiskInfo_Source_Type;
    const disks = new Map<string, VolumePlace>();
    const add = (root: string, kind: VolumePlace['kind']) => {
      const path = resolve(this.#work.root, root);
      disks.set(`${kind} ${path}`, { path, kind });
    };
    add('.', 'folder');
    for (const { disk } of resources) {
      const { type, path, mount } = disk?.source ?? {};
      const root = (path ?? mount)?.root;
      if (root !== undefined && (type === PATH || type === MOUNT)) {
        add(root, type === PATH ? 'folder' : 'mount');
      }
    }
    return [...disks.values()];
  }

  async settled(): Promise<void> {
    await Promise.allSettled(this.#deletions);
  }

  async #delete(what: { delete(): Promise<void> }): Promise<void> {
    const deletion = what.delete();
    this.#deletions.add(deletion);
    try {
      await deletion;
    } finally {
      this.#deletions.delete(deletion);
    }
  }

  /** Gives the volume to the owner of the sandbox, unless other containers are using it. */
  #giveTo(
    sandbox: Stats,
    container: ContainerId,
    { target, isShared }: VolumeLink,
    volume: HeldFolder | undefined,
  ): void {
    // A group has access to it that is not this user's.
    if (volume === undefined || this.#gids?.has(target) === true) {
      return;
    }
    const { uid, gid } = volume.status();
    // Root has access to every file, whoever owns it.
    const isOwned = sandbox.uid === 0 || (sandbox.uid === uid && sandbox.gid === gid);
    if (!isOwned && !(isShared && this.#isUsedBeside(container, target))) {
      volume.giveTo(sandbox.uid, sandbox.gid);
    }
  }

  /** Processes that run get no more groups. */
  #requireGroup(
    sandbox: Stats,
    container: ContainerId,
    { target, isShared }: VolumeLink,
    volume: HeldFolder | undefined,
  ): void {
    const gids = this.#gids;
    const hasGroup = gids !== undefined && (isShared || gids.has(target));
    const isOpen =
      sandbox.uid === 0 ||
      volume?.status().uid === sandbox.uid ||
      gids?.isOpenTo(container, target) === true;
    if (hasGroup && !isOpen) {
      throw new ContainerizerError(
        'it belongs to a group of --volume_gid_range, and the executor, which is running, has the ' +
          'groups of its start only: it must have the volume from its start, or run as root',
      );
    }
  }

  #isUsedBeside(container: ContainerId, target: string): boolean {
    return [...this.#used].some(
      ([other, { links }]) =>
        other !== container && [...links.values()].some((link) => link.target === target),
    );
  }
}

function linkTo(path: string, { target, isReadOnly }: VolumeLink): void {
  if (isReadOnly) {
    throw new ContainerizerError('a link cannot close it to writing');
  }
  makeLink(path, target);
}

/** Where a volume was mounted there is an empty folder, unless the task has made something else. */
function removeMountPoint({ top, below }: SplitPath, name: string): void {
  try {
    using folder = HeldFolder.openBelow(top, below);
    folder.rmdir(name);
  } catch (error) {
    if (!(error instanceof FolderError)) {
      throw error;
    }
  }
}

/** A link that exists already, as after a restart, must lead to the same volume. */
function makeLink(path: string, target: string): void {
  try {
    symlinkSync(target, path);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') {
      throw error;
    }
    if (!lstatSync(path).isSymbolicLink() || realpathSync(path) !== realpathSync(target)) {
      throw new ContainerizerError(`'${path}' exists and does not lead to the volume`);
    }
  }
}

/** Removes the link; anything else that a task has put there is the task's. */
function removeLink(path: string, target: string): void {
  const status = lstatSync(path, { throwIfNoEntry: false });
  if (status?.isSymbolicLink() === true && leadsTo(path, target)) {
    unlinkSync(path);
  }
}

function leadsTo(path: string, target: string): boolean {
  try {
    return realpathSync(path) === realpathSync(target);
  } catch {
    // The volume is destroyed already: the dangling link can go.
    return true;
  }
}
const failure = ({ path }: VolumePlace, error: unknown) =>
  `Failed to delete persistent volume '${path}': ${errorText(error)}`;
