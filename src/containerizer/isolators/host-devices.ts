// The devices of this machine, as privileged containers have them: all in /dev but terminals and
// what is mounted there, of which every container has its own.
import { type Dirent, readdirSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Device } from '../plan/surroundings.ts';

const DEV = '/dev';
/** Of a container's own, by the launcher. */
const OWN: ReadonlySet<string> = new Set(
  [
    'console',
    'core',
    'fd',
    'full',
    'mqueue',
    'null',
    'ptmx',
    'pts',
    'random',
    'shm',
    'stderr',
  ].concat(['stdin', 'stdout', 'tty', 'urandom', 'zero']),
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
      found.push(...deviceAt(path));
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

/** What is at a path of /dev now, links followed: there they are root's. Empty: no device is. */
export function deviceAt(path: string): Device[] {
  let status: Stats;
  try {
    status = statSync(path);
  } catch {
    return [];
  }
  const { rdev, mode } = status;
  if (!status.isBlockDevice() && !status.isCharacterDevice()) {
    return [];
  }
  return [
    {
      path,
      kind: status.isBlockDevice() ? 'block' : 'character',
      // As makedev(3) of Linux packs them.
      major: Math.floor(rdev / 256) % 4096,
      minor: (rdev % 256) + Math.floor(rdev / 2 ** 20) * 256,
      mode: mode & 0o777,
    },
  ];
}
