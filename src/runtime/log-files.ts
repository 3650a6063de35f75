// Log files in a folder, under glog's names, which log shippers and rotation know:
// `mesos-master.HOST.USER.log.INFO.20261122-090507.4711`, and beside it the link
// `mesos-master.INFO` to the newest. Each severity has a file, which gets the lines of that
// severity and above, and is created with its first line. A full one is moved away, and those of
// earlier starts are bounded at the next.
//
// Nothing here throws: the process must go on. A file that cannot be created or written is reported
// once, outside this log, and retried with the next lines; a link that cannot be created is not
// retried.
import { closeSync, existsSync, fstatSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { basename, join } from 'node:path';
import { appendPrivate } from '../filesystem/private-file.ts';
import { boundEarlierLogs } from './earlier-logs.ts';
import { Lines, writeAll } from './log-lines.ts';

/** In ascending order. */
export const SEVERITIES = ['INFO', 'WARNING', 'ERROR', 'FATAL'] as const;

export interface LogFilesOptions {
  /** A folder that exists. */
  readonly directory: string;
  /** The beginning of the files' names, such as `mesos-master`. */
  readonly program: string;
  /** The index of the lowest severity that is written. */
  readonly threshold: number;
  readonly now: Date;
  /** The size at which a file is full: it is moved to FILE.1, that to FILE.2, and so on. */
  readonly maxFileBytes: number;
  /** How many of those are kept of each, and how much of files of earlier starts: as much. */
  readonly keptFiles: number;
  /** Makes a line that stands for lines which could not be written. */
  readonly tellLost: (lines: number, why: string) => string;
  /** Called with a failure, once as long as it lasts. */
  readonly tellTrouble: (text: string) => void;
}

/** How long a line waits for others before it is written. */
const FLUSH_MS = 200;

export class LogFiles {
  /** The path of the file with the lowest severity, which has all lines. */
  readonly path: string;
  readonly #options: LogFilesOptions;
  readonly #files = new Map<number, LogFile>();

  constructor(options: LogFilesOptions) {
    this.#options = options;
    this.#boundEarlier();
    this.path = this.#fileOf(options.threshold).path;
  }

  add(severity: number, line: string): void {
    const { threshold } = this.#options;
    for (let one = threshold; one <= Math.max(severity, threshold); one++) {
      this.#fileOf(one).lines.add(line);
    }
  }

  /** Creates the files again under their names, after rotation has moved them away. */
  reopen(): void {
    for (const file of this.#files.values()) {
      file.reopen();
    }
  }

  close(): void {
    for (const file of this.#files.values()) {
      file.close();
    }
    this.#files.clear();
  }

  #boundEarlier(): void {
    const { directory, maxFileBytes, keptFiles, tellTrouble } = this.#options;
    if (maxFileBytes === Number.POSITIVE_INFINITY) {
      return;
    }
    try {
      for (const severity of SEVERITIES.keys()) {
        const maxBytes = keptFiles * maxFileBytes;
        boundEarlierLogs({ directory, prefix: this.#prefix(severity), maxBytes });
      }
    } catch (error) {
      tellTrouble(`Logs of earlier starts in '${directory}' cannot be deleted: ${String(error)}`);
    }
  }

  #fileOf(severity: number): LogFile {
    const known = this.#files.get(severity);
    if (known !== undefined) {
      return known;
    }
    const { directory, program } = this.#options;
    const file = new LogFile({
      ...this.#options,
      path: join(directory, this.#name(severity)),
      link: join(directory, `${program}.${SEVERITIES[severity]}`),
    });
    this.#files.set(severity, file);
    return file;
  }

  #name(severity: number): string {
    const digits = this.#options.now.toISOString().replaceAll(/\D/g, '');
    const started = `${digits.slice(0, 8)}-${digits.slice(8, 14)}`;
    return `${this.#prefix(severity)}${started}.${process.pid}`;
  }

  /** What the names of all starts have in common. */
  #prefix(severity: number): string {
    return `${this.#options.program}.${hostname()}.${user()}.log.${SEVERITIES[severity]}.`;
  }
}

interface LogFileOptions
  extends Pick<LogFilesOptions, 'maxFileBytes' | 'keptFiles' | 'tellLost' | 'tellTrouble'> {
  readonly path: string;
  readonly link: string;
}

class LogFile {
  readonly path: string;
  readonly lines: Lines;
  readonly #link: string;
  readonly #tellTrouble: (text: string) => void;
  readonly #maxBytes: number;
  readonly #kept: number;
  /** Undefined while the file could not be opened. */
  #fd: number | undefined;
  #bytes = 0;
  /** The failures that were reported and still last. */
  readonly #troubles = new Set<string>();

  constructor(options: LogFileOptions) {
    const { path, link, tellLost, tellTrouble } = options;
    this.path = path;
    this.#maxBytes = options.maxFileBytes;
    this.#kept = options.keptFiles;
    this.#link = link;
    this.#tellTrouble = tellTrouble;
    this.lines = new Lines(
      (lines) => this.#attempt(`The log '${path}' cannot be written`, () => this.#write(lines)),
      (flush) => setTimeout(flush, FLUSH_MS).unref(),
      tellLost,
    );
    try {
      this.#attempt(`The log '${path}' cannot be written`, () => this.#open());
    } catch {
      // The failure is reported; the next lines try again.
    }
  }

  reopen(): void {
    this.lines.flush();
    try {
      this.#attempt(`The log '${this.path}' cannot be opened again`, () => this.#open());
    } catch {
      // The failure is reported; the file that was open stays in use.
    }
  }

  close(): void {
    this.lines.close();
    if (this.#fd !== undefined) {
      closeQuietly(this.#fd);
      this.#fd = undefined;
    }
  }

  #write(lines: string): void {
    const file = this.#fd ?? this.#open();
    const bytes = Buffer.from(lines);
    writeAll(file, bytes);
    this.#bytes += bytes.length;
    if (this.#bytes >= this.#maxBytes) {
      this.#turn();
    }
  }

  /** The file is full. Where the next cannot be begun it goes on, and is looked at again later. */
  #turn(): void {
    this.#bytes = 0;
    try {
      this.#attempt(`The log '${this.path}' is full, and cannot be moved away`, () => {
        this.#moveAway();
        this.#open();
      });
    } catch {
      // The failure is reported; the file that was open stays in use.
    }
  }

  #moveAway(): void {
    const older = (age: number) => (age === 0 ? this.path : `${this.path}.${age}`);
    if (this.#kept === 0) {
      rmSync(this.path, { force: true });
    }
    for (let age = this.#kept - 1; age >= 0; age--) {
      if (existsSync(older(age))) {
        renameSync(older(age), older(age + 1));
      }
    }
  }

  #open(): number {
    const before = this.#fd;
    const opened = appendPrivate(this.path);
    this.#fd = opened;
    this.#bytes = fstatSync(opened).size;
    if (before !== undefined) {
      closeQuietly(before);
    }
    try {
      this.#attempt(`The link '${this.#link}' to the log cannot be made`, () => this.#makeLink());
    } catch {
      // The failure is reported; the log works without its link.
    }
    return opened;
  }

  /** Replaces an older link in one step. */
  #makeLink(): void {
    const made = `${this.#link}.${process.pid}`;
    rmSync(made, { force: true });
    symlinkSync(basename(this.path), made);
    try {
      renameSync(made, this.#link);
    } catch (error) {
      rmSync(made, { force: true });
      throw error;
    }
  }

  /** Runs `act`. If it throws, reports the failure unless it is known, and throws on. */
  #attempt(trouble: string, act: () => void): void {
    try {
      act();
      this.#troubles.delete(trouble);
    } catch (error) {
      if (!this.#troubles.has(trouble)) {
        this.#troubles.add(trouble);
        this.#tellTrouble(`${trouble}, and is tried again: ${String(error)}`);
      }
      throw error;
    }
  }
}

/** Lines that are not on the disk by now were lost and reported before. */
function closeQuietly(fd: number): void {
  try {
    closeSync(fd);
  } catch {
    // The descriptor is free even so.
  }
}

function user(): string {
  try {
    return userInfo().username;
  } catch {
    // The process may run under a uid without a name.
    return 'unknown';
  }
}
