// What a container's supervisor has written down about it, read back by whatever agent asks.
import { linkSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { privateFolder } from '../filesystem/private-file.ts';
import { type ContainerId, containerId } from '../model/ids.ts';
import { bootId, isAlive, readText } from './process-table.ts';
import type { WorkDirectory } from './work-directory.ts';

export interface ProcessName {
  readonly pid: number;
  readonly startTicks: number;
}

export interface SupervisorRecord {
  readonly supervisor: ProcessName;
  readonly process: ProcessName;
  readonly startedMs: number;
  readonly bootId: string;
}

export class RunRecords {
  readonly #work: WorkDirectory;

  constructor(work: WorkDirectory) {
    this.#work = work;
    // Only `meta` is closed: tasks of any user must get to their sandboxes beside it.
    mkdirSync(work.root, { recursive: true });
    privateFolder(work.meta);
    mkdirSync(work.containers, { recursive: true, mode: 0o700 });
  }

  /** Makes the folder for a new container. */
  create(container: ContainerId): string {
    const folder = this.#work.run(container);
    mkdirSync(folder, { mode: 0o700 });
    return folder;
  }

  /** Undefined: its process was never started. */
  supervisor(container: ContainerId): SupervisorRecord | undefined {
    const text = readText(join(this.#work.run(container), 'supervisor'));
    const [pid, start, taskPid, taskStart, startedMs, boot = ''] = text?.trim().split(' ') ?? [];
    if (taskStart === undefined) {
      return undefined;
    }
    return {
      supervisor: { pid: Number(pid), startTicks: Number(start) },
      process: { pid: Number(taskPid), startTicks: Number(taskStart) },
      startedMs: Number(startedMs),
      bootId: boot,
    };
  }

  /**
   * As `supervisor`, but decides where nothing is decided yet: a supervisor that was released and
   * has not come to write its record by now will find it taken, and not start its process.
   */
  claim(container: ContainerId): SupervisorRecord | undefined {
    const folder = this.#work.run(container);
    const own = join(folder, `supervisor.void.${process.pid}`);
    try {
      writeFileSync(own, 'void\n');
      linkSync(own, join(folder, 'supervisor'));
    } catch {
      // Somebody has it, or there is no folder: then no supervisor can begin either.
    }
    rmSync(own, { force: true });
    return this.supervisor(container);
  }

  alive(record: SupervisorRecord): boolean {
    const { pid, startTicks } = record.supervisor;
    return record.bootId === bootId() && isAlive(pid, startTicks);
  }

  waitStatus(container: ContainerId): number | undefined {
    const text = readText(join(this.#work.run(container), 'status'))?.trim();
    return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
  }

  failure(container: ContainerId): string | undefined {
    return readText(join(this.#work.run(container), 'failure'))?.trim();
  }

  all(): ContainerId[] {
    return readdirSync(this.#work.containers).map(containerId);
  }

  async remove(container: ContainerId): Promise<void> {
    await rm(this.#work.run(container), { recursive: true, force: true });
  }
}
