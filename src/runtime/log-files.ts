// Log files in a folder, under glog's names, which log shippers and rotation know:
// `mesos-master.HOST.USER.log.INFO.20261122-090507.4711`, and beside it the link
// `mesos-master.INFO` to the newest. Each severity has a file, which gets the lines of that
// severity and above, and is created with its first line.
//
// Nothing here throws: the process must go on. A file that cannot be created or written is reported
// once, outside this log, and retried with the next lines; a link that cannot be created is not
// retried.
import { closeSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { basename, join } from 'node:path';
import { appendPrivate } from '../filesystem/private-file.ts';
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
    const who = `${this.#options.program}.${hostname()}.${user()}.log`;
    return `${who}.${SEVERITIES[severity]}.${started}.${process.pid}`;
  }
}

interface LogFileOptions extends Pick<LogFilesOptions, 'tellLost' | 'tellTrouble'> {
  readonly path: string;
  readonly link: string;
}

class LogFile {
  readonly path: string;
  readonly lines: Lines;
  readonly #link: string;
  readonly #tellTrouble: (text: string) => void;
  /** Undefined while the file could not be opened. */
  #fd: number | undefined;
  /** The failures that were reported and still last. */
  readonly #troubles = new Set<string>();

  constructor({ path, link, tellLost, tellTrouble }: LogFileOptions) {
    this.path = path;
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
    writeAll(this.#fd ?? this.#open(), lines);
  }

  #open(): number {
    const before = this.#fd;
    const opened = appendPrivate(this.path);
    this.#fd = opened;
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
