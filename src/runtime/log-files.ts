// The log in files of a folder, under glog's names, which log shippers and rotation know:
// `mesos-master.HOST.USER.log.INFO.20261122-090507.4711` and beside it the link `mesos-master.INFO` to the newest. There
// is a file for each severity, with the lines that are at least as severe, made when the first of them comes.
import { closeSync, renameSync, symlinkSync } from 'node:fs';
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
}

interface Open {
  fd: number;
  readonly path: string;
  readonly lines: Lines;
}

/** Lines wait for others no longer than this. */
const FLUSH_MS = 200;

export class LogFiles {
  /** That of the least severity, which has all lines. */
  readonly path: string;
  readonly #options: LogFilesOptions;
  readonly #open = new Map<number, Open>();

  /** Throws the system's errors. */
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

  /** For rotation, which has moved the files away: they are made anew under their names. Throws the system's errors. */
  reopen(): void {
    for (const [severity, file] of this.#open) {
      file.lines.flush();
      const fd = appendPrivate(file.path);
      closeSync(file.fd);
      file.fd = fd;
      this.#link(severity, file.path);
    }
  }

  close(): void {
    for (const { lines, fd } of this.#open.values()) {
      lines.close();
      closeSync(fd);
    }
    this.#open.clear();
  }

  #fileOf(severity: number): Open {
    const known = this.#open.get(severity);
    if (known !== undefined) {
      return known;
    }
    const path = join(this.#options.directory, this.#name(severity));
    const file: Open = {
      fd: appendPrivate(path),
      path,
      lines: new Lines(
        (lines) => writeAll(file.fd, lines),
        (flush) => setTimeout(flush, FLUSH_MS).unref(),
        this.#options.tellLost,
      ),
    };
    this.#open.set(severity, file);
    this.#link(severity, path);
    return file;
  }

  /** Put in the place of an older link in one step. */
  #link(severity: number, path: string): void {
    const link = join(this.#options.directory, `${this.#options.program}.${SEVERITIES[severity]}`);
    const made = `${link}.${process.pid}`;
    symlinkSync(basename(path), made);
    renameSync(made, link);
  }

  #name(severity: number): string {
    const digits = this.#options.now.toISOString().replaceAll(/\D/g, '');
    const started = `${digits.slice(0, 8)}-${digits.slice(8, 14)}`;
    const who = `${this.#options.program}.${hostname()}.${user()}.log`;
    return `${who}.${SEVERITIES[severity]}.${started}.${process.pid}`;
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
