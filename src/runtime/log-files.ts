// The log in files of a folder, under glog's names, which log shippers and rotation know:
// `mesos-master.HOST.USER.log.INFO.20261122-090507.4711` and beside it the link `mesos-master.INFO`
// to the newest. There is a file for each severity, with the lines that are at least as severe,
// made when the first of them comes.
//
// Nothing here throws: what is logged about must go on. A file that cannot be made or written is
// told of elsewhere, once, and tried again with the next lines; a link that cannot be made is
// passed over.
import { closeSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { basename, join } from 'node:path';
import { appendPrivate } from '../filesystem/private-file.ts';
import { Lines, writeAll } from './log-lines.ts';

/** From the least severe on. */
export const SEVERITIES = ['INFO', 'WARNING', 'ERROR', 'FATAL'] as const;

export interface LogFilesOptions {
  /** An existing folder. */
  readonly directory: string;
  /** Names the files: `mesos-master`. */
  readonly program: string;
  /** Index of the least severity that is written. */
  readonly threshold: number;
  readonly now: Date;
  /** The line that stands for lines that could not be written. */
  readonly tellLost: (lines: number, why: string) => string;
  /** Told what cannot be done, once for as long as it is so. */
  readonly tellTrouble: (text: string) => void;
}

/** Lines wait for others no longer than this. */
const FLUSH_MS = 200;

export class LogFiles {
  /** That of the least severity, which has all lines. */
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

  /** For rotation, which has moved the files away: they are made anew under their names. */
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
  /** Undefined: it could not be opened yet. */
  #fd: number | undefined;
  /** What was told of and still holds. */
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
      // It is told; the next lines try again.
    }
  }

  reopen(): void {
    this.lines.flush();
    try {
      this.#attempt(`The log '${this.path}' cannot be opened again`, () => this.#open());
    } catch {
      // It is told; what was open stays so.
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
      // It is told; the log itself has a name besides.
    }
    return opened;
  }

  /** Put in the place of an older link in one step. */
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

  /** Throws what `act` throws, and tells of it when that is new. */
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

/** What is not on the disk by now was lost before. */
function closeQuietly(fd: number): void {
  try {
    closeSync(fd);
  } catch {
    // The descriptor is free all the same.
  }
}

function user(): string {
  try {
    return userInfo().username;
  } catch {
    // A process may run under a uid that has no name.
    return 'unknown';
  }
}
