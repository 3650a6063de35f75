// The records that a container's supervisor writes, as every later agent reads them.
//
// Records about a container's end are created with the container, as blank files with enough room,
// so that a full disk cannot turn a success into a failure. A record tells whether it is intact. If
// that of the supervisor is not, the supervisor is searched for in the process table.
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { codeOf } from '../../filesystem/folder.ts';
import { privateFolder } from '../../filesystem/private-file.ts';
import { childOf, parentOf } from '../../model/container-id.ts';
import { type ContainerId, containerId } from '../../model/ids.ts';
import type { EndRecord } from '../container-end.ts';
import { ContainerizerError } from '../containerizer-error.ts';
import {
  allPids,
  allProcesses,
  bootId,
  descendants,
  isAlive,
  ownProcessesNamed,
  processStat,
  startedMs,
} from '../host/process-table.ts';
import { memoryFigures } from '../memory-limitation.ts';
import type { Readings } from '../readings/readings.ts';
import { Turns } from '../turns.ts';
import { isContainerName, type WorkDirectory } from '../work-directory.ts';
import { isAbsence, isPassing, makeRoom, overwrite, readRecord } from './record-file.ts';
import { checksum, SEAL_BYTES, sealed, unsealed } from './sealed-text.ts';

export interface ProcessName {
  readonly pid: number;
  readonly startTicks: number;
}

export interface SupervisorRecord {
  readonly supervisor: ProcessName;
  readonly process: ProcessName;
  readonly startedMs: number;
  readonly bootId: string;
  /** Whether the container ends with its agent; undefined where that is not known. */
  readonly isBound?: boolean | undefined;
}

/** The size of each record that is written when the disk may be full. */
const ROOM = { status: 64, failure: 1024 + SEAL_BYTES, killing: 256 } as const;
/** Of a container whose memory is watched: what was used of it, and how hard it was to find. */
const MEMORY_ROOM = { memory: 4096 + SEAL_BYTES, pressure: 96 } as const;
/** What the kernel adds to the path of a deleted folder. */
const REMOVED = / \(deleted\)$/;
/** How long a list of supervisors is used: at a start, for all records. */
const LOOK_MS = 1_000;
/** The process name that supervisors give themselves (supervisor.c). */
const SUPERVISOR_NAME = 'mesoscale-super';

/** What agents write of a container for later ones: work-directory.ts says what each is. */
export type NoteName =
  | 'user'
  | 'inside'
  | 'settings'
  | 'cgroups'
  | 'empty'
  | 'environment'
  | 'task'
  | 'place'
  | 'groups';

export class RunRecords {
  readonly #work: WorkDirectory;
  readonly #warn: (text: string) => void;
  /** Supervisors that were found in the process table, in place of damaged records. */
  readonly #found = new Map<ContainerId, SupervisorRecord>();
  readonly #turns = new Turns();
  #look: { readonly pids: Map<string | undefined, number[]>; readonly untilMs: number } | undefined;

  constructor(work: WorkDirectory, warn: (text: string) => void = () => undefined) {
    this.#work = work;
    this.#warn = warn;
    // Only `meta` is private: tasks of any user must reach their sandboxes beside it.
    mkdirSync(work.root, { recursive: true });
    privateFolder(work.meta);
    mkdirSync(work.containers, { recursive: true, mode: 0o700 });
  }

  /** Creates the folder for a new container, with room for its end. Throws ContainerizerError. */
  create(container: ContainerId): string {
    const folder = this.#work.run(container);
    let isNew = false;
    try {
      if (parentOf(container) !== undefined) {
        makeFolder(dirname(folder));
      }
      mkdirSync(folder, { mode: 0o700 });
      isNew = true;
      for (const [name, bytes] of Object.entries(ROOM)) {
        makeRoom(join(folder, name), bytes);
      }
    } catch (error) {
      // A folder that existed before belongs to another container with that id.
      if (isNew) {
        rmSync(folder, { recursive: true, force: true });
      }
      throw new ContainerizerError(
        `Failed to make room for the container's records: ${String(error)}`,
        { cause: error },
      );
    }
    return folder;
  }

  /** Makes room for what is written of a container's memory. Throws ContainerizerError. */
  expectMemory(container: ContainerId): void {
    const folder = this.#work.run(container);
    try {
      for (const [name, bytes] of Object.entries(MEMORY_ROOM)) {
        makeRoom(join(folder, name), bytes);
      }
    } catch (error) {
      throw new ContainerizerError(
        `Failed to make room for records of the container's memory: ${String(error)}`,
        { cause: error },
      );
    }
  }

  /** How often it was hard to find memory: a little, more, very. Undefined: it is not watched. */
  async memoryPressure(
    container: ContainerId,
    readings: Readings,
  ): Promise<readonly number[] | undefined> {
    const text = await readings.text(join(this.#work.run(container), 'pressure'));
    const found = unsealed(text === undefined ? undefined : Buffer.from(text, 'latin1'));
    return found.kind === 'whole' ? found.text.split(' ').map(Number) : undefined;
  }

  folder(container: ContainerId): string {
    return this.#work.run(container);
  }

  /** Undefined where the container's process was never started. */
  supervisor(container: ContainerId): SupervisorRecord | undefined {
    const path = join(this.#work.run(container), 'supervisor');
    const text = this.#read(path)?.toString('latin1');
    const known = this.#found.get(container);
    if (text === undefined || text === VOIDED) {
      return known;
    }
    const record = parse(text) ?? known;
    if (record !== undefined) {
      return record;
    }
    const found = this.#find(container);
    this.#warn(
      `The record '${path}' is damaged: ` +
        (found === undefined
          ? 'there is no supervisor of this container any more'
          : `process ${found.supervisor.pid} is the supervisor of this container`),
    );
    return found;
  }

  /**
   * As `supervisor`, but claims the record if it does not exist: a supervisor that has not written
   * it yet then finds it taken, and does not start its process.
   */
  claim(container: ContainerId): SupervisorRecord | undefined {
    try {
      // A dangling link needs neither a descriptor nor room on the disk.
      symlinkSync('void', join(this.#work.run(container), 'supervisor'));
    } catch {
      // The record exists. Or it cannot be created: then no supervisor can create it either.
    }
    const record = this.supervisor(container) ?? this.#find(container);
    if (record !== undefined && !existsSync(this.#work.run(container))) {
      // The supervisor records the container's end by path, so the folder is created again.
      this.#warn(`The records of container ${container} are gone; it runs, and they are made anew`);
      this.create(container);
    }
    return record;
  }

  /**
   * Supervisors of this work directory whose folder of records was removed; `recorded` are the
   * containers that have one.
   */
  async strays(
    recorded: readonly ContainerId[],
  ): Promise<{ readonly pid: number; readonly container: string }[]> {
    const known = new Set<string>(recorded);
    await this.look();
    return [...this.#supervisors()].flatMap(([folder = '', pids]) => {
      const path = folder.replace(REMOVED, '');
      const container = this.#work.containerAt(path);
      return container !== undefined && !known.has(container)
        ? pids.map((pid) => ({ pid, container }))
        : [];
    });
  }

  /**
   * Lists supervisors, a few processes at a time, where the list is not a new one. Who finds a
   * record damaged soon afterwards need not stop for that.
   */
  async look(): Promise<void> {
    if (this.#look !== undefined && performance.now() < this.#look.untilMs) {
      return;
    }
    const pids = new Map<string | undefined, number[]>();
    for (const pid of allPids()) {
      for (const [folder] of await this.#turns.run(() =>
        ownProcessesNamed(SUPERVISOR_NAME, [pid]),
      )) {
        pids.set(folder, [...(pids.get(folder) ?? []), pid]);
      }
    }
    this.#look = { pids, untilMs: performance.now() + LOOK_MS };
  }

  #supervisors(): Map<string | undefined, number[]> {
    const nowMs = performance.now();
    if (this.#look === undefined || this.#look.untilMs < nowMs) {
      this.#look = { pids: ownProcessesNamed(SUPERVISOR_NAME), untilMs: nowMs + LOOK_MS };
    }
    return this.#look.pids;
  }

  alive(record: SupervisorRecord): boolean {
    const { pid, startTicks } = record.supervisor;
    return record.bootId === bootId() && isAlive(pid, startTicks);
  }

  end(container: ContainerId): EndRecord {
    const folder = this.#work.run(container);
    const path = join(folder, 'status');
    const text = this.#read(path)
      ?.toString('latin1')
      .replace(/[ \n]+$/, '');
    const waitStatus = text === undefined ? undefined : statusOf(text);
    const failure = this.#failure(join(folder, 'failure'));
    const memory = unsealed(this.#read(join(folder, 'memory')));
    const isFilled = text !== undefined && text !== '';
    const loss =
      waitStatus === undefined ? (lossOf(folder, path, isFilled) ?? failure.loss) : undefined;
    if (loss !== undefined) {
      this.#warn(`How the command of container ${container} ended is not known: ${loss}`);
    }
    return {
      waitStatus,
      failure: failure.text,
      loss,
      memory: memory.kind === 'whole' ? memoryFigures(memory.text) : undefined,
    };
  }

  #failure(path: string): { readonly text?: string; readonly loss?: string } {
    const found = unsealed(this.#read(path));
    switch (found.kind) {
      case 'blank':
        return {};
      case 'whole':
        return { text: found.text };
      case 'damaged':
        return { loss: `the record '${path}' is damaged` };
    }
  }

  /**
   * The bytes of a record. If something exists and cannot be read as a file, the record is damaged.
   */
  #read(path: string): Buffer | undefined {
    try {
      return readRecord(path);
    } catch (error) {
      if (isPassing(error)) {
        throw error;
      }
      this.#warn(`The record '${path}' cannot be read: ${String(error)}`);
      return damaged;
    }
  }

  /** Stores the kill in progress for a later agent. */
  rememberKill(container: ContainerId, text: string): void {
    overwrite(join(this.#work.run(container), 'killing'), sealed(text), ROOM.killing);
  }

  /**
   * Undefined where no kill is in progress. Throws ContainerizerError where the record is damaged.
   */
  killing(container: ContainerId): string | undefined {
    return this.noted(container, 'killing');
  }

  /** Stores a text that later agents need of a container. Throws ContainerizerError. */
  note(container: ContainerId, name: NoteName, text: string): void {
    try {
      const path = join(this.#work.run(container), name);
      writeFileSync(path, sealed(text), { flag: 'wx', mode: 0o600 });
    } catch (error) {
      throw new ContainerizerError(`Failed to record the container's ${name}: ${String(error)}`, {
        cause: error,
      });
    }
  }

  /** Undefined where there is none. Throws ContainerizerError where the record is damaged. */
  noted(container: ContainerId, name: NoteName | 'killing'): string | undefined {
    const path = join(this.#work.run(container), name);
    const found = unsealed(this.#read(path));
    switch (found.kind) {
      case 'blank':
        return undefined;
      case 'whole':
        return found.text;
      case 'damaged':
        throw new ContainerizerError(`the record '${path}' is damaged`);
    }
  }

  /** Whether a launcher has begun with the container, which notes its settings first of all. */
  hasSettings(container: ContainerId): boolean {
    return existsSync(join(this.#work.run(container), 'settings'));
  }

  /** As `all` of this agent, which may be thousands: a few at a time. */
  async listed(): Promise<ContainerId[]> {
    const found: ContainerId[] = [];
    for (const name of namesIn(this.#work.recordsBelow(undefined))) {
      const id = containerId(name);
      found.push(...(await this.#turns.run(() => this.all(id))), id);
    }
    return found;
  }

  get isEmpty(): boolean {
    return namesIn(this.#work.recordsBelow(undefined)).length === 0;
  }

  /** All containers, each after those nested in it. */
  all(parent?: ContainerId): ContainerId[] {
    return namesIn(this.#work.recordsBelow(parent)).flatMap((name) => {
      const id = parent === undefined ? containerId(name) : childOf(parent, name);
      return [...this.all(id), id];
    });
  }

  async remove(container: ContainerId): Promise<void> {
    this.#found.delete(container);
    await rm(this.#work.run(container), { recursive: true, force: true });
  }

  /** Finds the supervisor in the process table: it works in the folder of its records. */
  #find(container: ContainerId): SupervisorRecord | undefined {
    const folder = this.#work.run(container);
    const all = this.#supervisors();
    for (const pid of [...(all.get(folder) ?? []), ...(all.get(`${folder} (deleted)`) ?? [])]) {
      const supervisor = processStat(pid);
      // The container's process leads its own session; all other children are orphans, and younger.
      const [process] = descendants(pid, allProcesses())
        .filter(({ parent, session, pid: child }) => parent === pid && session === child)
        .toSorted((one, other) => one.startTicks - other.startTicks);
      if (supervisor !== undefined && process !== undefined) {
        const record = {
          supervisor,
          process,
          startedMs: startedMs(process.startTicks, Date.now()),
          bootId: bootId(),
        };
        this.#found.set(container, record);
        return record;
      }
    }
    return undefined;
  }
}

/** A folder that does not exist contains no containers. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter(isContainerName);
  } catch (error) {
    if (isAbsence(error)) {
      return [];
    }
    throw error;
  }
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') {
      throw error;
    }
  }
}

/** Why a record is unreadable; undefined where it is only blank. */
function lossOf(folder: string, path: string, isFilled: boolean): string | undefined {
  if (isFilled) {
    return `the record '${path}' is damaged`;
  }
  return existsSync(folder)
    ? undefined
    : `the folder of its records, '${folder}', was removed while it ran`;
}

/** What agents of earlier versions wrote to claim a run. */
const VOIDED = 'void\n';

/**
 * A line of SUPERVISOR-PID START PROCESS-PID START MILLISECONDS BOOT-ID, `kept` or `bound`, and the
 * sum of all that. In earlier versions it ends with the boot id. Undefined where the line is
 * damaged.
 */
function parse(text: string): SupervisorRecord | undefined {
  const whole = /^((\d+) (\d+) (\d+) (\d+) (\d+) (\S+)(?: (kept|bound))?)(?: ([0-9a-f]{8}))?\n$/;
  const [, line, pid, start, taskPid, taskStart, started, boot, mode, sum] = whole.exec(text) ?? [];
  if (line === undefined || boot === undefined || (mode === undefined) !== (sum === undefined)) {
    return undefined;
  }
  if (sum !== undefined && Number.parseInt(sum, 16) !== checksum(Buffer.from(line, 'latin1'))) {
    return undefined;
  }
  return {
    supervisor: { pid: Number(pid), startTicks: Number(start) },
    process: { pid: Number(taskPid), startTicks: Number(taskStart) },
    startedMs: Number(started),
    bootId: boot,
    isBound: mode === undefined ? undefined : mode === 'bound',
  };
}

/** Stands for a record that cannot be read. */
const damaged = Buffer.from('?');

/** The first line has the status twice; the rest of the file is unused room. */
function statusOf(text: string): number | undefined {
  const [, one, other] = /^wait (\d+) (\d+)(?:\n|$)/.exec(text) ?? [];
  return one !== undefined && one === other ? Number(one) : undefined;
}
