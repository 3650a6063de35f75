// The log, in the line format and with the flags of Mesos (glog's): `I1122 09:00:00.123456 4711
// master] text`. Lines go to standard error and, with a log directory, to files in it.
import { closeSync, fstatSync, mkdirSync, writeSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { appendPrivate } from '../filesystem/private-file.ts';

export type Level = 'debug' | 'info' | 'warn' | 'error';

export interface Logger {
  debug(text: string): void;
  info(text: string): void;
  warn(text: string): void;
  error(text: string): void;
}

export interface LoggerOptions {
  /** Who logs: `master`, `agent`. Names the files, too. */
  readonly name: string;
  /** `--logging_level`: INFO, WARNING or ERROR; less severe lines are left out. */
  readonly level?: string | undefined;
  /** `--quiet`: nothing goes to standard error. */
  readonly quiet?: boolean | undefined;
  /** `--log_dir`: also write to files in this directory. */
  readonly directory?: string | undefined;
}

const SEVERITY: Readonly<Record<Level, number>> = { debug: -1, info: 0, warn: 1, error: 2 };
const LETTER: Readonly<Record<Level, string>> = { debug: 'I', info: 'I', warn: 'W', error: 'E' };
const LEVELS: Readonly<Record<string, number>> = { INFO: 0, WARNING: 1, ERROR: 2, FATAL: 3 };
/** Lines are gathered up to so many characters, for a file no longer than so many milliseconds. */
const BUFFER_CHARACTERS = 4 * 1024;
const FILE_FLUSH_MS = 200;

/** The process's log, with a verbosity that can be raised for a while (SET_LOGGING_LEVEL). */
export class ProcessLogger implements Logger {
  readonly #name: string;
  readonly #threshold: number;
  readonly #path: string | undefined;
  readonly #outputs: Lines[] = [];
  #fd: number | undefined;
  #verbosity = 0;

  constructor(options: LoggerOptions) {
    this.#name = options.name;
    this.#threshold = LEVELS[options.level ?? 'INFO'] ?? 0;
    const lost = (lines: number, why: string) =>
      formatLine(
        new Date(),
        'error',
        this.#name,
        `Lines of this log that are lost: ${lines} (${why})`,
      );
    if (options.directory) {
      mkdirSync(options.directory, { recursive: true });
      this.#path = join(options.directory, logFileName(options.name));
      const fd = appendPrivate(this.#path);
      this.#fd = fd;
      this.#outputs.push(
        new Lines(
          (lines) => writeAll(fd, lines),
          (flush) => setTimeout(flush, FILE_FLUSH_MS).unref(),
          lost,
        ),
      );
    }
    if (!options.quiet) {
      // Standard error gets its lines at the end of the turn in which they were logged.
      this.#outputs.push(new Lines(writeToStandardError(), setImmediate, lost));
    }
  }

  /** Path of the log file, where there is one. */
  get file(): string | undefined {
    return this.#path;
  }

  /** The verbosity: 0 normally, above that debug lines are written, too. */
  get verbosity(): number {
    return this.#verbosity;
  }

  set verbosity(level: number) {
    this.#verbosity = level;
  }

  debug(text: string): void {
    this.write('debug', text);
  }

  info(text: string): void {
    this.write('info', text);
  }

  warn(text: string): void {
    this.write('warn', text);
  }

  error(text: string): void {
    this.write('error', text);
  }

  write(level: Level, text: string): void {
    const wanted = level === 'debug' ? this.#verbosity > 0 : SEVERITY[level] >= this.#threshold;
    if (!wanted) {
      return;
    }
    const line = formatLine(new Date(), level, this.#name, text);
    for (const output of this.#outputs) {
      output.add(line);
    }
  }

  /** Writes what is still buffered; for the end of the process. */
  close(): void {
    for (const output of this.#outputs.splice(0)) {
      output.close();
    }
    if (this.#fd !== undefined) {
      closeSync(this.#fd);
      this.#fd = undefined;
    }
  }
}

/**
 * Lines that leave together. None is lost while they can be written; on a disk that is full they are, and
 * counted: what is logged about must go on.
 */
class Lines {
  readonly #write: (lines: string) => void;
  readonly #later: (flush: () => void) => void;
  readonly #tellLost: (lines: number, why: string) => string;
  #lines = '';
  #scheduled = false;
  #lost = 0;
  #why = '';
  readonly #flush = () => {
    this.#scheduled = false;
    const lines = this.#lines;
    this.#lines = '';
    if (lines === '') {
      return;
    }
    try {
      this.#write(this.#lost === 0 ? lines : this.#tellLost(this.#lost, this.#why) + lines);
      this.#lost = 0;
    } catch (error) {
      this.#lost += lines.split('\n').length - 1;
      this.#why = String(error);
    }
  };

  /**
   * `write` may throw. `later` calls back when waiting lines should be written at the latest; `tellLost`
   * makes the line that stands for those that could not be.
   */
  constructor(
    write: (lines: string) => void,
    later: (flush: () => void) => void,
    tellLost: (lines: number, why: string) => string,
  ) {
    this.#write = write;
    this.#later = later;
    this.#tellLost = tellLost;
    process.on('exit', this.#flush);
  }

  add(line: string): void {
    this.#lines += line;
    if (this.#lines.length >= BUFFER_CHARACTERS) {
      this.#flush();
    } else if (!this.#scheduled) {
      this.#scheduled = true;
      this.#later(this.#flush);
    }
  }

  close(): void {
    process.off('exit', this.#flush);
    this.#flush();
  }
}

function writeAll(file: number, text: string): void {
  for (let bytes = Buffer.from(text); bytes.length > 0; ) {
    bytes = bytes.subarray(writeSync(file, bytes));
  }
}

/** A stream on a file is closed for good by its first error; a full disk has room again some day. */
function writeToStandardError(): (lines: string) => void {
  return isFile(process.stderr.fd)
    ? (lines) => writeAll(process.stderr.fd, lines)
    : (lines) => process.stderr.write(lines);
}

function isFile(file: number): boolean {
  try {
    return fstatSync(file).isFile();
  } catch {
    // It was closed before the start.
    return false;
  }
}

/** Says nothing; for tests and embedded use. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
};

export function formatLine(date: Date, level: Level, name: string, text: string): string {
  const iso = date.toISOString();
  const day = iso.slice(5, 7) + iso.slice(8, 10);
  // One line a message: a peer's text must not be able to forge lines of ours.
  const safe = text.replaceAll('\n', '\\n').replaceAll('\r', '\\r');
  return `${LETTER[level]}${day} ${iso.slice(11, 23)}000 ${process.pid} ${name}] ${safe}\n`;
}

function logFileName(name: string): string {
  let user = 'unknown';
  try {
    user = userInfo().username;
  } catch {
    // A process may run under a uid that has no name.
  }
  return `mesoscale-${name}.${hostname()}.${user}.log`;
}
