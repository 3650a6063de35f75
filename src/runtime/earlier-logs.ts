// Log files of earlier starts: each start begins files of its own, so that somebody has to bound
// those that were before. It looks at the names that this program gives, and at nothing else that
// is in the folder, and deletes files only: a link or folder under such a name stays.
import { lstatSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isOfAnother } from './other-process.ts';

/** A program that ends at once and is started again for days makes many small ones. */
const MOST_FILES = 1_000;

interface EarlierLogs {
  readonly directory: string;
  /** The beginning of the names of one log, up to the time of the start. */
  readonly prefix: string;
  /** How many bytes are kept of them, the newest first. */
  readonly maxBytes: number;
}

/** Deletes the oldest of what is too much, or too many. Throws the system's errors. */
export function boundEarlierLogs({ directory, prefix, maxBytes }: EarlierLogs): void {
  let bytes = 0;
  let files = 0;
  for (const { name, pid } of newestFirst(directory, prefix)) {
    const path = join(directory, name);
    const status = lstatSync(path, { throwIfNoEntry: false });
    if (!status?.isFile()) {
      continue;
    }
    bytes += status.size;
    files++;
    if ((bytes > maxBytes || files > MOST_FILES) && !isOfAnother(pid)) {
      rmSync(path, { force: true });
    }
  }
}

interface EarlierLog {
  readonly name: string;
  /** When the program was started, as digits. */
  readonly started: string;
  readonly pid: number;
  /** How often it was moved away as it was full. */
  readonly age: number;
}

function newestFirst(directory: string, prefix: string): readonly EarlierLog[] {
  const found = readdirSync(directory).flatMap((name): readonly EarlierLog[] => {
    const rest = name.startsWith(prefix)
      ? /^(\d{8}-\d{6})\.(\d+)(?:\.(\d+))?$/.exec(name.slice(prefix.length))
      : null;
    const [, started = '', pid, age = 0] = rest ?? [];
    return rest === null ? [] : [{ name, started, pid: Number(pid), age: Number(age) }];
  });
  return found.sort(
    (a, b) => compare(b.started, a.started) || a.age - b.age || compare(a.name, b.name),
  );
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
