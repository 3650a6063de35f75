// Where things lie below an agent's work directory.
//
//   slaves/<agent>/frameworks/<framework>/executors/<executor>/runs/<container>   sandboxes
//   containers/<container>                   sandboxes of containers that stand alone
//   meta/agent.sqlite                        what the agent must still know after it is stopped
//   meta/containers/<container>/supervisor   who watches over the container (see spawner.c)
//   meta/containers/<container>/status       raw wait status of its process, once that has ended
//   meta/containers/<container>/failure      why its process could not be started
//   meta/containers/<container>/killing      since when, and why, its task is being killed
//   meta/containers/<container>/user         the number of its user, nothing for the agent's own
//   meta/containers/<container>/inside       that its process is that of a user of its own files
//   meta/containers/<container>/groups       those of its volumes, which its process has besides
//   meta/containers/<container>/settings     what confines its process besides its user
//   meta/containers/<container>/cgroups      those that are its own, and those that it is in
//   meta/containers/<container>/place        what it is for, where it is, and its isolators
//   meta/containers/<container>/empty        that it has no process, since which boot
//   meta/containers/<container>/environment  what its process would have, for sessions
//   meta/containers/<container>/io           a socket: its input and output (see switchboard.c)
//   meta/containers/<container>/task         the task of a group that it is for, and the group
//   meta/containers/<container>/memory       how it hit its limit of memory (see memory.c)
//   meta/containers/<container>/pressure     how often it was hard to find memory for it
//   meta/containers/<container>/first        the process that the OCI runtime has started
//   meta/containers/<container>/oci          the bundle and the state of the OCI runtime
//   meta/containers/<container>/containers/<nested>   the same of one that is nested in it
//   meta/cache/<serial>                      a file of the fetcher's cache: its URI, size and sum
//   meta/destroyed/<id>                      what is being deleted on a disk of type MOUNT
//   meta/volume_gids                         the groups of volumes that several users share
//   meta/networks/<container>.network        what it has of networks of its own
//   meta/pending/<digest>                    volumes that are destroyed, but still in their places
//   downloads/<container>                    unfinished downloads
//   downloads/image-<any>                    an archive of an image that is being pulled from HDFS
//   provisioner/containers/<container>       what containers write to the files of their images
//   store/{docker,appc}                      images, unless the operator names another folder
//   volumes/roles/<role>/<id>                persistent volumes
//   volumes/destroyed/<any>                  what is left to delete of those that were destroyed
import { existsSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { containerFolder } from '../model/container-id.ts';
import { type ContainerId, containerId } from '../model/ids.ts';

/** The folders in it: no disk, and no cache, may be one of them or lie in one. */
export const OWN_FOLDERS = [
  'containers',
  'downloads',
  'meta',
  'provisioner',
  'slaves',
  'store',
  'volumes',
];

/** The folder between a container's folder and those of containers nested in it, as in Mesos. */
const NESTED = 'containers';

/** Whether a folder's name can be a container's. */
export const isContainerName = (name: string) => /^[^./]+$/.test(name);

/** Whose sandbox it is, by its path below the work directory; no framework's: undefined. */
export const frameworkOf = (sandbox: string): string | undefined =>
  /^slaves\/[^/]+\/frameworks\/([^/]+)\//.exec(sandbox)?.[1];

export class WorkDirectory {
  readonly root: string;
  readonly meta: string;
  readonly database: string;
  readonly containers: string;

  constructor(root: string) {
    this.root = resolve(root);
    this.meta = join(this.root, 'meta');
    this.database = join(this.meta, 'agent.sqlite');
    this.containers = join(this.meta, 'containers');
  }

  /** The user who could put links in place of the agent's own folders, where the agent is root. */
  meddler(): string | undefined {
    const status = statSync(this.root, { throwIfNoEntry: false });
    if (status === undefined || process.geteuid?.() !== 0) {
      return undefined;
    }
    if (status.uid !== 0) {
      return `User ${status.uid}`;
    }
    return (status.mode & 0o022) === 0 ? undefined : 'Other users';
  }

  /**
   * The first folder on the way to sandboxes that other users cannot enter, where the agent is
   * root.
   */
  closedToTasks(): string | undefined {
    if (process.geteuid?.() !== 0 || !existsSync(this.root)) {
      return undefined;
    }
    const way = [join(realpathSync(this.root), 'slaves')];
    for (let [folder = '/'] = way; folder !== '/'; way.unshift(folder)) {
      folder = dirname(folder);
    }
    return way.find((folder) => {
      const mode = statSync(folder, { throwIfNoEntry: false })?.mode;
      return mode !== undefined && (mode & 0o001) === 0;
    });
  }

  /** The folder in which a container's supervisor keeps its records. */
  run(container: ContainerId): string {
    return join(this.containers, containerFolder(container, NESTED));
  }

  /** The container that has its records in this folder. */
  containerAt(path: string): ContainerId | undefined {
    if (!path.startsWith(`${this.containers}/`)) {
      return undefined;
    }
    const below = path.slice(this.containers.length + 1).split(`/${NESTED}/`);
    return below.every(isContainerName) ? containerId(below.join('.')) : undefined;
  }

  /** The folder of records of containers nested in `parent`; without one, of root containers. */
  recordsBelow(parent: ContainerId | undefined): string {
    return parent === undefined ? this.containers : join(this.run(parent), NESTED);
  }

  /** Outside `meta`, which users of tasks cannot enter. */
  staging(container: ContainerId): string {
    return join(this.downloads, container);
  }

  /** The folder of records of the fetcher's cache, whose files may lie elsewhere. */
  get cacheRecords(): string {
    return join(this.meta, 'cache');
  }

  /** The folder of records of containers' networks. */
  get networks(): string {
    return join(this.meta, 'networks');
  }

  get downloads(): string {
    return join(this.root, 'downloads');
  }

  get provisioner(): string {
    return join(this.root, 'provisioner');
  }

  /** The folder of images of a type, where the operator names no other. */
  images(type: 'docker' | 'appc'): string {
    return join(this.root, 'store', type);
  }

  /** The absolute path for a path relative to the work directory. */
  path(relative: string): string {
    return join(this.root, relative);
  }
}
