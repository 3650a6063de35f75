// The devices of this machine, as privileged containers have them: all in /dev but terminals and
// what is mounted there, of which every container has its own.
import { type Dirent, readdirSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Device } from '../plan/surroundings.ts';

const DEV = '/dev';
/** Of a container's own, by the launcher. */
const OWN: ReadonlySet<string> = new Set(
  'console core fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero'.split(
    ' ',
  ),
);
const MOST_DEVICES = 4_096;
const DEEPEST = 4;

export function hostDevices(): readonly Device[] {
  const found: Device[] = [];
  look(DEV, 0, found);
  return found;
}

function look(folder: string, depth: number, found: Device[]): void {
  for (const entry of entriesOf(folder)) {
    const path = join(folder, entry.name);
    if ((depth === 0 && OWN.has(entry.name)) || found.length >= MOST_DEVICES) {
      continue;
    }
    if (entry.isDirectory() && depth < DEEPEST) {
      look(path, depth + 1, found);
    } else if (entry.isCharacterDevice() || entry.isBlockDevice()) {
      const device = deviceAt(path);
      found.push(...(device === undefined ? [] : [device]));
    }
  }
}

/** Devices come and go. */
function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

/** What is at a path now, links followed; undefined: no device is. */
export function deviceAt(path: string): Device | undefined {
  let status: Stats | undefined;
  try {
    status = statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
  const isBlock = status?.isBlockDevice() === true;
  if (status === undefined || !(isBlock || status.isCharacterDevice())) {
    return undefined;
  }
  return {
    path,
    kind: isBlock ? 'block' : 'character',
    major: majorOf(status.rdev),
    minor: minorOf(status.rdev),
    mode: status.mode & 0o777,
  };
}

/** As glibc takes a number of Linux apart; both parts have 12 bits in the lower half or more. */
const majorOf = (device: number) => (device >>> 8) & 0xfff;
const minorOf = (device: number) => (device & 0xff) | ((device >>> 12) & 0xfff00);
