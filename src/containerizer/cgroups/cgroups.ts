// What is done to cgroups of containers: settings, the processes in them, their removal. Where they
// are, and what is written there, is in the plan of a container.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { codeOf } from '../../filesystem/folder.ts';
import { errorText } from '../../model/error-text.ts';
import { ContainerizerError } from '../containerizer-error.ts';
import { kill } from '../host/process-table.ts';
import type { CgroupSetting } from '../plan/cgroup-plan.ts';
import { isAbsence, isPassing, readText, withDescriptor } from '../records/record-file.ts';

const SHORTEST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 500;
/** How much longer each pause is than the one before. */
const GROWTH = 1.2;
/** Every 10th sweep kills without waiting until all processes are frozen. */
const FORCED_SWEEP = 10;

/** Creates cgroups, each with the one above it. Throws ContainerizerError. */
export function makeCgroups(folders: readonly string[]): void {
  for (const folder of folders) {
    try {
      makeCgroup(folder);
    } catch (cause) {
      throw new ContainerizerError(`Failed to create cgroup '${folder}': ${errorText(cause)}`, {
        cause,
      });
    }
  }
}

function makeCgroup(folder: string): void {
  try {
    mkdirSync(folder);
  } catch (error) {
    if (codeOf(error) === 'ENOENT' && existsSync(dirname(dirname(folder)))) {
      makeCgroup(dirname(folder));
      makeCgroup(folder);
    } else if (codeOf(error) !== 'EEXIST') {
      throw error;
    }
  }
}

/** There is no such cgroup any more: it has gone with the processes of its container. */
export class GoneCgroupError extends ContainerizerError {}

/**
 * Writes settings, in their order. Throws ContainerizerError where the kernel takes one of them
 * not.
 */
export function applySettings(settings: readonly CgroupSetting[]): void {
  for (const { folder, file, value, isRaised } of settings) {
    const path = join(folder, file);
    try {
      if (
        isRaised !== true ||
        isMore(
          value,
          withDescriptor(() => readFileSync(path, 'latin1')),
        )
      ) {
        withDescriptor(() => writeFileSync(path, value, { flag: 'r+' }));
      }
    } catch (cause) {
      const Failure = existsSync(folder) ? ContainerizerError : GoneCgroupError;
      throw new Failure(
        `Failed to set '${file}' of cgroup '${folder}' to '${value}': ${errorText(cause)}`,
        { cause },
      );
    }
  }
}

/** Of two limits as the kernel has them; v1 shows none as a number that is as good as one. */
function isMore(value: string, current: string): boolean {
  const amount = (text: string) => (text === 'max' || text === '-1' ? Infinity : Number(text));
  return amount(value) > amount(current.trim());
}

/**
 * Kills the processes left in a cgroup without supervisor, and removes it. False if it cannot be
 * removed in that time: only a process that hangs in the kernel prevents that.
 */
export async function sweepCgroup(folder: string, limitMs: number): Promise<boolean> {
  const endMs = performance.now() + limitMs;
  for (let tries = 1, pauseMs = SHORTEST_PAUSE_MS; ; tries++) {
    if (removeCgroup(folder)) {
      return true;
    }
    if (performance.now() >= endMs) {
      return false;
    }
    try {
      killCgroup(folder, tries % FORCED_SWEEP !== 0);
    } catch (error) {
      // A cgroup that was removed meanwhile is no reason to stop.
      if (!isPassing(error) && !isAbsence(error)) {
        throw error;
      }
    }
    await delay(pauseMs, undefined, { ref: false });
    pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * GROWTH);
  }
}

/** Removes a cgroup and those that a task made below it. False while it contains processes. */
function removeCgroup(folder: string): boolean {
  try {
    for (const entry of withDescriptor(() => readdirSync(folder, { withFileTypes: true }))) {
      if (entry.isDirectory()) {
        removeCgroup(join(folder, entry.name));
      }
    }
    rmdirSync(folder);
    return true;
  } catch (error) {
    return isAbsence(error);
  }
}

/**
 * Kills the processes of a cgroup. With `mayWait` it does nothing until all are frozen: a list of
 * processes that may still fork would be out of date at once.
 */
function killCgroup(folder: string, mayWait: boolean): void {
  if (write(join(folder, 'cgroup.kill'), '1')) {
    return;
  }
  const isFreezable = write(join(folder, 'freezer.state'), 'FROZEN');
  if (isFreezable && mayWait && readText(join(folder, 'freezer.state')) === 'FREEZING\n') {
    return;
  }
  const all = withBelow(folder);
  for (const pid of all.flatMap(cgroupProcesses)) {
    kill(pid, 'SIGKILL');
  }
  for (const group of all) {
    write(join(group, 'freezer.state'), 'THAWED');
  }
}

function withBelow(folder: string): string[] {
  const entries = withDescriptor(() => readdirSync(folder, { withFileTypes: true }));
  const below = entries.filter((entry) => entry.isDirectory());
  return [...below.flatMap(({ name }) => withBelow(join(folder, name))), folder];
}

export const cgroupProcesses = (folder: string): number[] =>
  pidsIn(readText(join(folder, PROCESSES)));

/** Of a cgroup, the file that lists its processes. */
export const PROCESSES = 'cgroup.procs';

/** The processes in such a file; none where there is no such cgroup any more. */
export const pidsIn = (text: string | undefined): number[] =>
  (text ?? '').split('\n').filter(Boolean).map(Number);

function write(path: string, text: string): boolean {
  try {
    withDescriptor(() => writeFileSync(path, text, { flag: 'r+' }));
    return true;
  } catch {
    // This version of cgroups lacks the file, or the cgroup was removed meanwhile.
    return false;
  }
}
