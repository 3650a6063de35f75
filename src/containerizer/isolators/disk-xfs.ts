// disk/xfs: the file system counts what containers have on disks, and holds them to it. Each root
// container's sandbox, with what it writes over its image, and each persistent volume is a project
// of its own.
//
// Without --enforce_container_disk_quota it only counts. With it, a container that has all that it
// was given can write no more; with --xfs_kill_containers it may have a little more, and is ended.
//
// Which project a folder has is written in the file system, where later agents find it. Projects
// whose folders are gone are used again. Who owns a folder may change its project (outside of user
// namespaces the kernel lets every owner do so), and is counted elsewhere then: what the agent
// knows of a folder comes first, and none is believed to have a project that is another's.
import { BYTES_PER_MEGABYTE, formatBytes } from '../../model/bytes.ts';
import { parentOf } from '../../model/container-id.ts';
import { errorText } from '../../model/error-text.ts';
import {
  type Resource,
  type ResourceStatistics,
  TaskStatus_Reason,
  type Value_Range,
  Value_Type,
} from '../../model/generated/messages.ts';
import type { ContainerId } from '../../model/ids.ts';
import { ContainerizerError } from '../containerizer-error.ts';
import {
  NO_LIMITS,
  type ProjectLimits,
  type ProjectUse,
  type XfsPrograms,
  XfsQuota,
} from '../disks/xfs-quota.ts';
import type { Host } from '../host/host.ts';
import type { Limitation, OnLimitation } from '../limitation.ts';
import { type DiskQuota, diskQuotas, diskStatistics, ephemeralOf } from '../plan/disk-quotas.ts';
import { Rounds } from '../rounds.ts';
import type { DiskOptions } from './disk-du.ts';
import type { Isolator } from './isolator.ts';

export interface XfsOptions {
  /** The numbers of projects to use. */
  readonly projects: readonly Value_Range[];
  /** Whether containers that have more than their quota are ended. */
  readonly isKilling: boolean;
  /** How much more they may have until then. */
  readonly headroomBytes: number;
  /** Folders on other disks that may have persistent volumes. */
  readonly disks: readonly string[];
}

export const DEFAULT_XFS_OPTIONS: XfsOptions = {
  projects: [{ begin: 5_000, end: 10_000 }],
  isKilling: false,
  headroomBytes: 10 * 2 ** 20,
  disks: [],
};

interface DiskXfsParts {
  readonly disk: DiskOptions;
  readonly xfs: XfsOptions;
  readonly workDirectory: string;
  readonly programs: Host['programs'];
  readonly onLimitation: OnLimitation;
  readonly warn: (text: string) => void;
}

/** Throws ContainerizerError where this machine has no such quotas. */
export function diskXfs(parts: DiskXfsParts): Isolator {
  const { workDirectory } = parts;
  const projects = new Projects(parts, quotasOf(parts));
  // Whatever else has the project of the sandbox is counted with it.
  const given = (sandbox: string, resources: readonly Resource[]) =>
    diskQuotas({ workDirectory, sandbox, ephemeral: [] }, resources);
  const later = (id: ContainerId, change: Promise<void>) => {
    change.catch((error: unknown) => projects.failed(id, error));
  };
  return {
    name: 'disk/xfs',
    contribute: (plan, { id, resources }) =>
      parentOf(id) === undefined ? { ...plan, diskQuotas: given(plan.sandbox, resources) } : plan,
    async prepare({ id, sandbox, rootfs, diskQuotas: quotas }) {
      if (parentOf(id) === undefined) {
        await projects.add(id, [sandbox, ...ephemeralOf(rootfs)]);
        await projects.limit(id, quotas);
      }
    },
    update: ({ id, sandbox }, resources) =>
      later(id, projects.limit(id, given(sandbox, resources))),
    recover({ id, sandbox }, resources) {
      if (parentOf(id) === undefined) {
        later(id, projects.find(id, sandbox));
        later(id, projects.limit(id, given(sandbox, resources)));
      }
    },
    usage: async ({ id }) => projects.statistics(id),
    metrics: () => projects.metrics(),
    cleanup: (id) => projects.forget(id),
    close: () => projects.close(),
  };
}

/** The file systems by the folders on them: the work directory, and disks for volumes. */
function quotasOf({ workDirectory, xfs, programs }: DiskXfsParts): ReadonlyMap<string, XfsQuota> {
  const paths = ['xfs_quota', 'xfs_io'] as const;
  const missing = paths.find((name) => !programs.has(name));
  if (missing !== undefined) {
    throw new ContainerizerError(`--isolation: disk/xfs needs the program ${missing}`);
  }
  const [xfsQuota = '', xfsIo = ''] = paths.map((name) => programs.get(name));
  const found: XfsPrograms = { xfsQuota, xfsIo };
  return new Map(
    [workDirectory, ...xfs.disks].map((folder) => {
      try {
        return [folder, XfsQuota.of(found, folder)];
      } catch (error) {
        throw new ContainerizerError(`--isolation: disk/xfs cannot be used: ${errorText(error)}`);
      }
    }),
  );
}

interface Folder {
  readonly file: XfsQuota;
  readonly project: number;
}

/** Rejects with ContainerizerError. */
async function assignTo(
  { file, project }: Folder,
  path: string,
  limits: ProjectLimits,
): Promise<void> {
  try {
    await file.assign(path, project, limits);
  } catch (error) {
    throw new ContainerizerError(`Failed to assign project ${project}: ${errorText(error)}`);
  }
}

interface Container {
  readonly sandbox: string;
  quotas: readonly DiskQuota[];
  /** When all that was asked for so far is done. */
  settled: Promise<unknown>;
}

class Projects {
  readonly #parts: DiskXfsParts;
  readonly #files: ReadonlyMap<string, XfsQuota>;
  /** Those of our projects that there is something of, or will be. */
  readonly #taken = new Set<number>();
  readonly #folders = new Map<string, Folder>();
  readonly #containers = new Map<ContainerId, Container>();
  #used: ReadonlyMap<string, ReadonlyMap<number, ProjectUse>>;
  readonly #rounds: Rounds;

  constructor(parts: DiskXfsParts, files: ReadonlyMap<string, XfsQuota>) {
    this.#parts = parts;
    this.#files = files;
    this.#rounds = new Rounds({
      intervalMs: parts.disk.watchIntervalMs,
      look: () => this.#look(),
    });
    this.#used = new Map([...this.#mounts()].map((file) => [file.mount, file.reportNow()]));
    for (const report of this.#used.values()) {
      for (const project of report.keys()) {
        this.#take(project);
      }
    }
  }

  close(): void {
    this.#rounds.close();
  }

  /**
   * Gives a new sandbox a project, which further folders share. Rejects with ContainerizerError.
   */
  add(id: ContainerId, [sandbox, ...others]: readonly [string, ...string[]]): Promise<void> {
    this.#know(id, sandbox);
    return this.#inTurn(id, async () => {
      const folder = await this.#assign(sandbox, NO_LIMITS);
      for (const other of others) {
        await assignTo(folder, other, NO_LIMITS);
      }
    });
  }

  /** Of an earlier agent. One that was launched without a project is left alone. */
  find(id: ContainerId, sandbox: string): Promise<void> {
    this.#know(id, sandbox);
    return this.#inTurn(id, async () => {
      if (!(await this.#isFound(sandbox))) {
        this.#containers.delete(id);
      }
    });
  }

  /** Begins the rounds with the first container. */
  #know(id: ContainerId, sandbox: string): void {
    this.#containers.set(id, { sandbox, quotas: [], settled: Promise.resolve() });
    this.#rounds.start();
  }

  /** Rejects where a quota cannot be set. */
  limit(id: ContainerId, quotas: readonly DiskQuota[]): Promise<void> {
    return this.#inTurn(id, async (container) => {
      container.quotas = quotas;
      for (const { path, limitBytes, isWhole } of quotas) {
        if (!isWhole) {
          await this.#limit(path, this.#limitsOf(limitBytes));
        }
      }
    });
  }

  /** What is asked of a container is done in order, until it ends. */
  async #inTurn(id: ContainerId, change: (of: Container) => Promise<void>): Promise<void> {
    const container = this.#containers.get(id);
    if (container !== undefined) {
      const turn = container.settled.then(async () => {
        if (this.#containers.get(id) === container) {
          await change(container);
        }
      });
      container.settled = turn.catch(() => undefined);
      await turn;
    }
  }

  /** The folder of a volume may have been made anew since the last time, or its project changed. */
  async #limit(path: string, limits: ProjectLimits): Promise<void> {
    const known = this.#folders.get(path);
    if (known !== undefined) {
      const { file, project } = known;
      const isAsItWas = (await file.projectOf(path)) === project;
      await (isAsItWas ? file.limit(project, limits) : file.assign(path, project, limits));
    } else if (await this.#isFound(path)) {
      const folder = this.#folders.get(path);
      await folder?.file.limit(folder.project, limits);
    } else {
      await this.#assign(path, limits);
    }
  }

  failed(id: ContainerId, error: unknown): void {
    this.#parts.onLimitation(id, {
      message: `Failed to update resources for container: ${errorText(error)}`,
      reason: TaskStatus_Reason.REASON_CONTAINER_UPDATE_FAILED,
      resources: [],
    });
  }

  /** What the container has left stays counted, and limited, until it is deleted. */
  forget(id: ContainerId): void {
    const ended = this.#containers.get(id);
    if (ended === undefined) {
      return;
    }
    this.#containers.delete(id);
    this.#folders.delete(ended.sandbox);
    for (const { path } of ended.quotas) {
      const isUsed = [...this.#containers.values()].some(({ quotas }) =>
        quotas.some((quota) => quota.path === path),
      );
      if (!isUsed) {
        this.#folders.delete(path);
      }
    }
  }

  statistics(id: ContainerId): Partial<ResourceStatistics> {
    const container = this.#containers.get(id);
    if (container === undefined) {
      return {};
    }
    const { sandbox, quotas } = container;
    const used = this.#usedIn(sandbox);
    return {
      ...(used !== undefined && { disk_used_bytes: used }),
      ...diskStatistics(quotas, ({ path }) => this.#usedIn(path)),
    };
  }

  metrics(): Record<string, number> {
    const { projects } = this.#parts.xfs;
    const total = projects.reduce((sum, { begin, end }) => sum + end - begin + 1, 0);
    return {
      'containerizer/mesos/disk/project_ids_total': total,
      'containerizer/mesos/disk/project_ids_free': total - this.#taken.size,
    };
  }

  /** Whether the folder has a project of its own, which is known from then on. */
  async #isFound(path: string): Promise<boolean> {
    const file = this.#fileOf(path);
    const project = await file.projectOf(path);
    const others = [...this.#folders.values()].map((it) => ({ ...it, file: it.file.mount }));
    const isOwn = isOwnProject({ file: file.mount, project }, this.#parts.xfs.projects, others);
    if (isOwn) {
      this.#take(project);
      this.#folders.set(path, { file, project });
    }
    return isOwn;
  }

  async #assign(path: string, limits: ProjectLimits): Promise<Folder> {
    const file = this.#fileOf(path);
    const project = this.#freeProject();
    this.#take(project);
    const folder = { file, project };
    this.#folders.set(path, folder);
    try {
      await assignTo(folder, path, limits);
      return folder;
    } catch (error) {
      this.#folders.delete(path);
      throw error;
    }
  }

  /** The others are of those who use the file system beside the agent, and their limits, too. */
  #take(project: number): void {
    if (isIn(this.#parts.xfs.projects, project)) {
      this.#taken.add(project);
    }
  }

  #freeProject(): number {
    for (const { begin, end } of this.#parts.xfs.projects) {
      for (let project = begin; project <= end; project++) {
        if (!this.#taken.has(project)) {
          return project;
        }
      }
    }
    throw new ContainerizerError('Failed to assign project ID, range exhausted');
  }

  /** The file system of the innermost of the folders. */
  #fileOf(path: string): XfsQuota {
    const [, file] = [...this.#files]
      .filter(([folder]) => path.startsWith(`${folder}/`))
      .reduce((one, other) => (one[0].length > other[0].length ? one : other));
    return file;
  }

  #mounts(): Set<XfsQuota> {
    return new Set(new Map([...this.#files.values()].map((file) => [file.mount, file])).values());
  }

  #limitsOf(limitBytes: number): ProjectLimits {
    const { disk, xfs } = this.#parts;
    if (!disk.isEnforced) {
      return NO_LIMITS;
    }
    const hardBytes = limitBytes + (xfs.isKilling ? xfs.headroomBytes : 0);
    return { softBytes: limitBytes, hardBytes };
  }

  #usedIn(path: string): number | undefined {
    const folder = this.#folders.get(path);
    return folder && this.#used.get(folder.file.mount)?.get(folder.project)?.usedBytes;
  }

  async #look(): Promise<void> {
    try {
      // A project that is taken from now on is not in the reports yet.
      const inUse = new Set([...this.#folders.values()].map(({ project }) => project));
      const taken = new Set(this.#taken);
      const mounts = [...this.#mounts()];
      this.#used = new Map(
        await Promise.all(mounts.map(async (file) => [file.mount, await file.report()] as const)),
      );
      await this.#reclaim([...taken].filter((project) => !inUse.has(project)));
      this.#judge();
    } catch (error) {
      this.#parts.warn(`What containers have on disks cannot be told: ${String(error)}`);
    }
  }

  /** Of projects without any file left. */
  async #reclaim(projects: readonly number[]): Promise<void> {
    for (const project of projects) {
      const uses = [...this.#mounts()].map((file) => ({
        file,
        use: this.#used.get(file.mount)?.get(project),
      }));
      if (uses.some(({ use }) => (use?.inodes ?? 0) > 0)) {
        continue;
      }
      for (const { file, use } of uses) {
        if (use !== undefined && (use.softBytes > 0 || use.hardBytes > 0)) {
          await file.limit(project, NO_LIMITS);
        }
      }
      this.#taken.delete(project);
    }
  }

  #judge(): void {
    const { disk, xfs, onLimitation } = this.#parts;
    if (!disk.isEnforced || !xfs.isKilling) {
      return;
    }
    for (const [id, { quotas }] of [...this.#containers]) {
      for (const quota of quotas) {
        const used = this.#usedIn(quota.path);
        if (used !== undefined && !quota.isWhole && used > quota.limitBytes) {
          onLimitation(id, limitationOf(quota, used));
        }
      }
    }
  }
}

interface ProjectOfFile {
  /** Where the file system is mounted. */
  readonly file: string;
  readonly project: number;
}

/** Whether a project that a folder has is the agent's to use, and no other folder's. */
export const isOwnProject = (
  { file, project }: ProjectOfFile,
  ranges: readonly Value_Range[],
  others: readonly ProjectOfFile[],
): boolean =>
  isIn(ranges, project) && !others.some((it) => it.file === file && it.project === project);

const isIn = (ranges: readonly Value_Range[], number: number) =>
  ranges.some(({ begin, end }) => begin <= number && number <= end);

function limitationOf({ limitBytes, volume, resources }: DiskQuota, used: number): Limitation {
  const id = volume?.persistence?.id;
  const of = id === undefined ? '' : ` for volume '${id}'`;
  const disk = resources[0]?.disk;
  return {
    message: `Disk usage (${formatBytes(used)}) exceeded quota (${formatBytes(limitBytes)})${of}`,
    reason: TaskStatus_Reason.REASON_CONTAINER_LIMITATION_DISK,
    resources: [
      {
        name: 'disk',
        type: Value_Type.SCALAR,
        scalar: { value: Math.floor(used / BYTES_PER_MEGABYTE) },
        ...(volume !== undefined && disk !== undefined && { disk }),
      },
    ],
  };
}
