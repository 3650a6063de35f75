// Persistent volumes: folders that outlive the tasks that use them. A container finds each of its
// volumes by a link in its sandbox.
//
// Links are made by an agent that may be root, in a folder that belongs to the task's user. So a
// link has a single name there: no part of the way to it is the user's to change.
import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  opendirSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmdirSync,
  type Stats,
  statSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { codeOf } from '../filesystem/folder.ts';
import { deleteTree } from '../filesystem/tree-deletion.ts';
import { type Resource, Resource_DiskInfo_Source_Type } from '../model/generated/messages.ts';
import type { ContainerId } from '../model/ids.ts';
import { persistentVolumeFields, refusalOf } from '../model/launch-fields.ts';
import { isPersistentVolume } from '../model/resource-format.ts';
import { type VolumePlace, volumePlace } from '../model/volume-path.ts';
import { ContainerizerError } from './containerizer-error.ts';
import type { WorkDirectory } from './work-directory.ts';

interface Link {
  /** Absolute. */
  readonly target: string;
  readonly kind: VolumePlace['kind'];
  readonly isShared: boolean;
}

/** By their names in the sandbox. */
type Links = ReadonlyMap<string, Link>;

const none: Links = new Map();

export class Volumes {
  readonly #work: WorkDirectory;
  readonly #links = new Map<ContainerId, Links>();
  readonly #deletions = new Set<Promise<void>>();

  constructor(work: WorkDirectory) {
    this.#work = work;
  }

  /** Makes a volume that is not there; it is the agent's until a task has it. */
  create({ path, kind }: VolumePlace): void {
    makeFolder({ target: resolve(this.#work.root, path), kind });
  }

  /**
   * Makes all volumes among the resources, links them into the sandbox, and removes the links to
   * volumes that the container has no more. Throws ContainerizerError where that cannot be.
   */
  provide(container: ContainerId, sandbox: string, resources: readonly Resource[]): void {
    const before = this.#links.get(container) ?? none;
    const links = this.#linksOf(resources);
    if (before.size === 0 && links.size === 0) {
      return;
    }
    const folder = this.#work.path(sandbox);
    for (const [name, { target }] of before) {
      if (links.get(name)?.target !== target) {
        removeLink(join(folder, name), target);
      }
    }
    for (const [name, link] of links) {
      try {
        makeFolder(link);
        if (!before.has(name)) {
          this.#giveTo(statSync(folder), container, link);
        }
        makeLink(join(folder, name), link.target);
      } catch (error) {
        throw new ContainerizerError(
          `Failed to provide persistent volume '${link.target}' as '${name}': ${textOf(error)}`,
          { cause: error },
        );
      }
    }
    this.#links.set(container, links);
  }

  /** What an earlier agent has provided. Only what this one would provide, too, is known then. */
  adopt(container: ContainerId, resources: readonly Resource[]): void {
    try {
      this.#links.set(container, this.#linksOf(resources));
    } catch (error) {
      // No reason to end a container that runs.
      if (!(error instanceof ContainerizerError)) {
        throw error;
      }
    }
  }

  /** The container has ended. Its links stay as long as its sandbox. */
  release(container: ContainerId): void {
    this.#links.delete(container);
  }

  /**
   * Deletes a volume's data. It is out of the way when this returns, so that a new volume may have
   * the same place; that all of it is deleted is for the promise to say.
   */
  async destroy({ path, kind }: VolumePlace): Promise<void> {
    const place = resolve(this.#work.root, path);
    const aside = kind === 'folder' ? folderAside(place) : contentAside(place);
    if (aside !== undefined) {
      await this.#delete(aside);
    }
  }

  /** Goes on where an earlier agent was interrupted, on each disk among its resources. */
  async destroyLeft(resources: readonly Resource[]): Promise<void> {
    const { PATH, MOUNT } = Resource_DiskInfo_Source_Type;
    const left = namesAside(this.#work.path('volumes/destroyed'));
    for (const { disk } of resources) {
      const root = (disk?.source?.path ?? disk?.source?.mount)?.root;
      const top = root === undefined ? undefined : resolve(this.#work.root, root);
      if (top !== undefined && disk?.source?.type === PATH) {
        left.push(...namesAside(join(top, 'volumes/destroyed')));
      } else if (top !== undefined && disk?.source?.type === MOUNT) {
        left.push(...contentLeft(top));
      }
    }
    await Promise.all([...new Set(left)].map((path) => this.#delete(path)));
  }

  async settled(): Promise<void> {
    await Promise.allSettled(this.#deletions);
  }

  async #delete(path: string): Promise<void> {
    const deletion = deleteTree(path);
    this.#deletions.add(deletion);
    try {
      await deletion;
    } finally {
      this.#deletions.delete(deletion);
    }
  }

  #linksOf(resources: readonly Resource[]): Links {
    const links = new Map<string, Link>();
    for (const resource of resources.filter(isPersistentVolume)) {
      const { persistence, volume } = resource.disk ?? {};
      const refusal = volume && refusalOf(persistentVolumeFields, volume, 'resources.disk.volume.');
      if (refusal !== undefined) {
        throw new ContainerizerError(refusal);
      }
      const name = requireName(persistence?.id ?? '', volume?.container_path ?? '');
      const place = volumePlace(resource);
      if (place === undefined) {
        throw new ContainerizerError(
          `Persistent volume '${persistence?.id}' is on a kind of disk that is not supported`,
        );
      }
      const target = resolve(this.#work.root, place.path);
      const other = links.get(name)?.target ?? target;
      if (other !== target) {
        throw new ContainerizerError(
          `Persistent volumes '${other}' and '${target}' have the same container path '${name}'`,
        );
      }
      links.set(name, { target, kind: place.kind, isShared: resource.shared !== undefined });
    }
    return links;
  }

  /** The volume is the sandbox's owner's, unless others are at work in it. */
  #giveTo(sandbox: Stats, container: ContainerId, { target, isShared }: Link): void {
    const { uid, gid } = statSync(target);
    // Root has access whoever is the owner.
    const isOwned = sandbox.uid === 0 || (sandbox.uid === uid && sandbox.gid === gid);
    if (!isOwned && !(isShared && this.#isUsedBeside(container, target))) {
      chownSync(target, sandbox.uid, sandbox.gid);
    }
  }

  #isUsedBeside(container: ContainerId, target: string): boolean {
    return [...this.#links].some(
      ([other, links]) =>
        other !== container && [...links.values()].some((link) => link.target === target),
    );
  }
}

function requireName(id: string, name: string): string {
  if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name)) {
    throw new ContainerizerError(
      `Container path '${name}' of persistent volume '${id}' is not a plain name in the sandbox`,
    );
  }
  return name;
}

/**
 * On a disk whose top others may write to, such as /tmp, they could have made the folders that lead to
 * a volume before the agent did, and put links in their place at any time. Throws ContainerizerError.
 */
function requireOwnWay(target: string): void {
  // <disk>/volumes/roles/<role>/<id>
  const role = dirname(target);
  const roles = dirname(role);
  const volumes = dirname(roles);
  const disk = statSync(dirname(volumes), { throwIfNoEntry: false });
  if (process.geteuid?.() !== 0 || disk === undefined || (disk.mode & 0o022) === 0) {
    return;
  }
  for (const folder of [volumes, roles, role]) {
    const uid = lstatSync(folder, { throwIfNoEntry: false })?.uid ?? 0;
    if (uid !== 0) {
      throw new ContainerizerError(`'${folder}' belongs to user ${uid}, who could exchange it`);
    }
  }
}

/** A mount that is missing is not made: what is written there would fill another disk. */
function makeFolder({ target, kind }: Pick<Link, 'target' | 'kind'>): void {
  if (kind === 'folder') {
    requireOwnWay(target);
    if (mkdirSync(target, { recursive: true, mode: 0o755 }) !== undefined) {
      requireOwnWay(target);
      chmodSync(target, 0o755);
    }
  }
  if (!statSync(target).isDirectory()) {
    throw new ContainerizerError('it is not a folder');
  }
}

/** One that is there, as after a restart, has to lead to the same volume. */
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

/** Whatever a task has put in the link's place is the task's. */
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
    // The volume is destroyed already: a link to nowhere is of no use to anybody.
    return true;
  }
}

function folderAside(place: string): string | undefined {
  // From <base>/volumes/roles/<role>/<id> to <base>/volumes/destroyed: one rename on one disk.
  const destroyed = join(dirname(dirname(dirname(place))), 'destroyed');
  if (lstatSync(place, { throwIfNoEntry: false }) === undefined) {
    return undefined;
  }
  requireOwnWay(place);
  mkdirSync(destroyed, { recursive: true, mode: 0o700 });
  const aside = join(destroyed, randomUUID());
  renameSync(place, aside);
  removeEmpty(dirname(place));
  return aside;
}

/** A mount stays: only what is on it goes. */
function contentAside(place: string): string | undefined {
  if (!existsSync(place)) {
    return undefined;
  }
  if (process.geteuid?.() === 0) {
    // The volume's last user may not meddle with what is moved as root.
    chownSync(place, 0, 0);
    chmodSync(place, 0o755);
  }
  const aside = join(place, `${ASIDE}${randomUUID()}`);
  mkdirSync(aside, { mode: 0o700 });
  // The types know only names that are text. There may be a great many of them.
  const entries = opendirSync(place, { encoding: 'buffer' as BufferEncoding });
  try {
    for (let entry = entries.readSync(); entry !== null; entry = entries.readSync()) {
      const name = Buffer.from(entry.name);
      const from = Buffer.concat([Buffer.from(`${place}/`), name]);
      if (!from.equals(Buffer.from(aside))) {
        moveAside(from, Buffer.concat([Buffer.from(`${aside}/`), name]));
      }
    }
  } finally {
    entries.closeSync();
  }
  return aside;
}

const ASIDE = '.destroyed-';

/** What `contentAside` has made on a mount; what only looks like it is somebody's data. */
function contentLeft(mount: string): string[] {
  return namesIn(mount)
    .filter((name) => name.startsWith(ASIDE))
    .map((name) => join(mount, name))
    .filter((path) => {
      const status = lstatSync(path, { throwIfNoEntry: false });
      return (
        status?.isDirectory() &&
        status.uid === process.geteuid?.() &&
        (status.mode & 0o777) === 0o700
      );
    });
}

const namesAside = (folder: string) => namesIn(folder).map((name) => join(folder, name));

/** What is mounted on the mount stays, too. */
function moveAside(from: Buffer, to: Buffer): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (codeOf(error) !== 'EBUSY') {
      throw error;
    }
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') {
      return [];
    }
    throw error;
  }
}

/** The folder of a role that has no volume any more. */
function removeEmpty(folder: string): void {
  if (namesIn(folder).length === 0) {
    rmdirSync(folder);
  }
}

const textOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
