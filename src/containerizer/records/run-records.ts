// What a container's supervisor has written down about it, read back by whatever agent asks.
//
// Records that end a container are made with it, as blank files with room enough, so that a full
// disk cannot make a failure of a success. Each tells whether it is whole: where the supervisor's
// is not, the supervisor itself is looked for among the machine's processes.
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { codeOf } from '../../filesystem/folder.ts';
import { privateFolder } from '../../filesystem/private-file.ts';
import { childOf, parentOf } from '../../model/container-id.ts';
import { type ContainerId, containerId } from '../../model/ids.ts';
import { ContainerizerError } from '../containerizer-error.ts';
import {
  allProcesses,
  bootId,
  descendants,
  isAlive,
  processesNamed,
  processStat,
  startedMs,
} from '../host/process-table.ts';
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
  /** Whether it ends with its agent; undefined: not known. */
  readonly isBound?: boolean | undefined;
}

/** How a container ended, as far as there is a record of it. */
export interface EndRecord {
  /** Raw status of wait(2). */
  readonly waitStatus?: number | undefined;
  /** Why its process could not be started. */
  readonly failure?: string | undefined;
  /** Why there is no record of it, where that is known. */
  readonly loss?: string | undefined;
}

/** Bytes for each record that is written when the disk may be full. */
const ROOM = { status: 64, failure: 1024 + SEAL_BYTES, killing: 256 } as const;
/** What the kernel adds to the path of a folder that is no more. */
const REMOVED = / \(deleted\)$/;
/** A look at all processes serves for so long: at a start for all records. */
const LOOK_MS = 1_000;
/** The name that supervisors give themselves (supervisor.c). */
const SUPERVISOR_NAME = 'mesoscale-super';

export class RunRecords {
  readonly #work: WorkDirectory;
  readonly #warn: (text: string) => void;
  /** Records that were damaged, as they must have been. */
  readonly #found = new Map<ContainerId, SupervisorRecord>();
  #look: { readonly pids: Map<string | undefined, number[]>; readonly untilMs: number } | undefined;

  constructor(work: WorkDirectory, warn: (text: string) => void = () => undefined) {
    this.#work = work;
    this.#warn = warn;
    // Only `meta` is closed: tasks of any user must get to their sandboxes beside it.
    mkdirSync(work.root, { recursive: true });
    privateFolder(work.meta);
    mkdirSync(work.containers, { recursive: true, mode: 0o700 });
  }

  /** Makes the folder for a new container, with room for its end. Throws ContainerizerError. */
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
      // One that was there is another container's of that id.
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

  folder(container: ContainerId): string {
    return this.#work.run(container);
  }

  /** Undefined: its process was never started. */
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
   * As `supervisor`, but decides where nothing is decided yet: a supervisor that was released and
   * has not come to write its record by now will find it taken, and not start its process.
   */
  claim(container: ContainerId): SupervisorRecord | undefined {
    try {
      // A link to nowhere: it needs neither a descriptor nor room for a content.
      symlinkSync('void', join(this.#work.run(container), 'supervisor'));
    } catch {
      // There is one. Or none can be made: then no supervisor can begin either.
    }
    const record = this.supervisor(container) ?? this.#find(container);
    if (record !== undefined && !existsSync(this.#work.run(container))) {
      // Its end is recorded all the same, by its path.
      this.#warn(`The records of container ${container} are gone; it runs, and they are made anew`);
      this.create(container);
    }
    return record;
  }

  /** Supervisors of this work directory that work in a folder which was removed. */
  strays(): { readonly pid: number; readonly container: string }[] {
    const known = new Set<string>(this.all());
    return [...this.#supervisors()].flatMap(([folder = '', pids]) => {
      const path = folder.replace(REMOVED, '');
      const container = this.#work.containerAt(path);
      return container !== undefined && !known.has(container)
        ? pids.map((pid) => ({ pid, container }))
        : [];
    });
  }

  #supervisors(): Map<string | undefined, number[]> {
    const nowMs = performance.now();
    if (this.#look === undefined || this.#look.untilMs < nowMs) {
      this.#look = { pids: processesNamed(SUPERVISOR_NAME), untilMs: nowMs + LOOK_MS };
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
    const isFilled = text !== undefined && text !== '';
    const loss =
      waitStatus === undefined ? (lossOf(folder, path, isFilled) ?? failure.loss) : undefined;
    if (loss !== undefined) {
      this.#warn(`How the command of container ${container} ended is not known: ${loss}`);
    }
    return { waitStatus, failure: failure.text, loss };
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

  /** The bytes of a record. What is there and cannot be read as a file is a damaged one. */
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

  /** What is to be known of a kill in progress by a later agent. */
  rememberKill(container: ContainerId, text: string): void {
    overwrite(join(this.#work.run(container), 'killing'), sealed(text), ROOM.killing);
  }

  /** Undefined: none is remembered. Throws ContainerizerError where it is not known. */
  killing(container: ContainerId): string | undefined {
    const path = join(this.#work.run(container), 'killing');
    const found = unsealed(readRecord(path));
    switch (found.kind) {
      case 'blank':
        return undefined;
      case 'whole':
        return found.text;
      case 'damaged':
        throw new ContainerizerError(`the record '${path}' is damaged`);
    }
  }

  /** Each after those that are nested in it. */
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

  /** A supervisor works in the folder of its records. */
  #find(container: ContainerId): SupervisorRecord | undefined {
    const folder = this.#work.run(container);
    const all = this.#supervisors();
    for (const pid of [...(all.get(folder) ?? []), ...(all.get(`${folder} (deleted)`) ?? [])]) {
      const supervisor = processStat(pid);
      // Its process leads a session of its own; what else it has are orphans, which are younger.
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

/** Where there is no such folder there are no containers. */
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

/** Why a record does not tell what it was made for. */
function lossOf(folder: string, path: string, isFilled: boolean): string | undefined {
  if (isFilled) {
    return `the record '${path}' is damaged`;
  }
  return existsSync(folder)
    ? undefined
    : `the folder of its records, '${folder}', was removed while it ran`;
}

/** What agents before wrote to claim a run. */
const VOIDED = 'void\n';

/**
 * SUPERVISOR-PID START PROCESS-PID START MILLISECONDS BOOT-ID, kept or bound, and the sum of all
 * that. Those of earlier versions end with the boot id. Undefined: it is not whole.
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

/** In the place of a record that cannot be read. */
const damaged = Buffer.from('?');

/** Twice the same in its first line; what is left of the room behind it says nothing. */
function statusOf(text: string): number | undefined {
  const [, one, other] = /^wait (\d+) (\d+)(?:\n|$)/.exec(text) ?? [];
  return one !== undefined && one === other ? Number(one) : undefined;
}
