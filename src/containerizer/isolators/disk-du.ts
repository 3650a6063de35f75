// disk/du: measures what containers have on disks - their sandboxes, with those of containers
// nested in them and what they write over their images, and their persistent volumes - and, if the
// operator wants it, ends those that have more than they were given. One round of measurements
// serves all containers.
//
// A file that was deleted and is still open is not seen; of a volume whose disk is a file system by
// itself, that file system is the limit.

import { lstat } from 'node:fs/promises';
import { formatBytes } from '../../model/bytes.ts';
import { parentOf } from '../../model/container-id.ts';
import {
  type Resource,
  type ResourceStatistics,
  TaskStatus_Reason,
} from '../../model/generated/messages.ts';
import type { ContainerId } from '../../model/ids.ts';
import { ContainerizerError } from '../containerizer-error.ts';
import { DiskUsage } from '../disks/disk-usage.ts';
import type { Limitation, OnLimitation } from '../limitation.ts';
import { type DiskQuota, diskQuotas, diskStatistics, ephemeralOf } from '../plan/disk-quotas.ts';
import type { Isolator, LaunchedContainer } from './isolator.ts';

export interface DiskOptions {
  readonly watchIntervalMs: number;
  /** Whether containers that have more than their quota are ended. */
  readonly isEnforced: boolean;
}

/** In what lstat tells. */
const BYTES_PER_BLOCK = 512;

export const DEFAULT_DISK_OPTIONS: DiskOptions = { watchIntervalMs: 15_000, isEnforced: false };

interface DiskDuParts extends DiskOptions {
  readonly workDirectory: string;
  /** The program du; undefined where there is none. */
  readonly du: string | undefined;
  readonly onLimitation: OnLimitation;
  readonly warn: (text: string) => void;
}

/** Throws ContainerizerError where nothing can be measured. */
export function diskDu(parts: DiskDuParts): Isolator {
  const { workDirectory, du } = parts;
  if (du === undefined) {
    throw new ContainerizerError('--isolation: disk/du needs the program du');
  }
  const disks = new Disks(parts, du);
  const update = (container: LaunchedContainer, resources: readonly Resource[]) => {
    const { id, sandbox, ephemeral } = container;
    if (parentOf(id) === undefined) {
      disks.watch(id, diskQuotas({ workDirectory, sandbox, ephemeral }, resources));
    }
  };
  return {
    name: 'disk/du',
    contribute: (plan, { id, resources }) => {
      const { sandbox, rootfs } = plan;
      const folders = { workDirectory, sandbox, ephemeral: ephemeralOf(rootfs) };
      const quotas = parentOf(id) === undefined ? diskQuotas(folders, resources) : [];
      return { ...plan, diskQuotas: requireMeasurable(quotas) };
    },
    async prepare({ id, sandbox, diskQuotas: quotas }) {
      disks.watch(id, quotas);
      await disks.begin(sandbox);
    },
    update,
    recover: update,
    usage: async ({ id }) => disks.statistics(id),
    cleanup: (id) => disks.forget(id),
    close: () => disks.close(),
  };
}

/** The quotas of all containers, and what is used of them. */
class Disks {
  readonly #isEnforced: boolean;
  readonly #onLimitation: OnLimitation;
  readonly #usage: DiskUsage;
  readonly #quotas = new Map<ContainerId, readonly DiskQuota[]>();
  /** Who has a quota of a folder: of a shared volume there may be several. */
  readonly #users = new Map<string, Set<ContainerId>>();
  readonly #used = new Map<string, number>();

  constructor({ isEnforced, onLimitation, watchIntervalMs, warn }: DiskDuParts, du: string) {
    this.#isEnforced = isEnforced;
    this.#onLimitation = onLimitation;
    this.#usage = new DiskUsage({
      du,
      intervalMs: watchIntervalMs,
      folders: () => this.#users.keys(),
      measured: (folder, usedBytes) => this.#measured(folder, usedBytes),
      warn,
    });
  }

  watch(id: ContainerId, quotas: readonly DiskQuota[]): void {
    this.forget(id, new Set(quotas.flatMap(foldersOf)));
    if (quotas.length === 0) {
      return;
    }
    this.#quotas.set(id, quotas);
    for (const folder of quotas.flatMap(foldersOf)) {
      const users = this.#users.get(folder) ?? new Set();
      this.#users.set(folder, users.add(id));
    }
    this.#usage.start();
  }

  /** A new sandbox has nothing in it: what it takes up is known before the first round. */
  async begin(sandbox: string): Promise<void> {
    const { blocks } = await lstat(sandbox);
    if (this.#users.has(sandbox)) {
      this.#used.set(sandbox, blocks * BYTES_PER_BLOCK);
    }
  }

  /** Of folders that are kept, what was measured stays known. */
  forget(id: ContainerId, kept: ReadonlySet<string> = new Set()): void {
    for (const folder of (this.#quotas.get(id) ?? []).flatMap(foldersOf)) {
      const users = this.#users.get(folder);
      users?.delete(id);
      if (users?.size === 0 && !kept.has(folder)) {
        this.#users.delete(folder);
        this.#used.delete(folder);
      }
    }
    this.#quotas.delete(id);
  }

  close(): void {
    this.#usage.close();
  }

  statistics(id: ContainerId): Partial<ResourceStatistics> {
    const quotas = this.#quotas.get(id);
    if (quotas === undefined) {
      return {};
    }
    return diskStatistics(quotas, (quota) => this.#usedOf(quota));
  }

  /** What is not measured yet counts for nothing, but for the folder itself. */
  #usedOf({ path, also }: DiskQuota): number | undefined {
    const used = this.#used.get(path);
    return used && also.reduce((sum, folder) => sum + (this.#used.get(folder) ?? 0), used);
  }

  #measured(folder: string, usedBytes: number): void {
    const users = this.#users.get(folder);
    if (users === undefined) {
      return;
    }
    this.#used.set(folder, usedBytes);
    if (!this.#isEnforced) {
      return;
    }
    for (const id of [...users]) {
      const quota = this.#quotas.get(id)?.find((each) => foldersOf(each).includes(folder));
      const used = (quota && this.#usedOf(quota)) ?? 0;
      if (quota !== undefined && !quota.isWhole && used > quota.limitBytes) {
        this.#onLimitation(id, limitationOf(quota, used));
      }
    }
  }
}

const foldersOf = ({ path, also }: DiskQuota) => [path, ...also];

const limitationOf = ({ limitBytes, resources }: DiskQuota, usedBytes: number): Limitation => ({
  message: `Disk usage (${formatBytes(usedBytes)}) exceeds quota (${formatBytes(limitBytes)})`,
  reason: TaskStatus_Reason.REASON_CONTAINER_LIMITATION_DISK,
  resources,
});

/** What is measured comes back as lines of text. */
function requireMeasurable(quotas: readonly DiskQuota[]): readonly DiskQuota[] {
  const broken = quotas.find(({ path }) => path.includes('\n'));
  if (broken !== undefined) {
    const name = JSON.stringify(broken.path);
    throw new ContainerizerError(`disk/du cannot measure ${name}, whose name has a line break`);
  }
  return quotas;
}
