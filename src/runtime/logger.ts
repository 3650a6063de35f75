// The log, in the line format and with the flags of Mesos (glog's): `I1122 09:00:00.123456 4711
// master] text`. Lines go to standard error and, with a log directory, to files in it.

import { fstatSync, mkdirSync } from 'node:fs';
import type { LogLevel, Stranger } from '../model/process-effects.ts';
import { LogFiles, SEVERITIES } from './log-files.ts';
import { Lines, writeAll } from './log-lines.ts';
import { StrangerLines } from './stranger-lines.ts';

export interface Logger {
  debug(text: string): void;
  info(text: string): void;
  /** `stranger`: where anybody can cause the line; what is alike is counted. */
  warn(text: string, stranger?: Stranger): void;
  error(text: string): void;
}

export interface LoggerOptions {
  /** The program that logs, `master` or `agent`; also in the files' names. */
  readonly name: string;
  /** `--logging_level`: INFO, WARNING or ERROR; less severe lines are left out. */
  readonly level?: string | undefined;
  /** `--quiet`: nothing goes to standard error. */
  readonly quiet?: boolean | undefined;
  /** `--log_format`: what a line is; by default as glog writes it. */
  readonly format?: LogFormat | undefined;
  /** `--log_dir`: also write to files in this directory. */
  readonly directory?: string | undefined;
  /** `--max_log_size`: at which a file is full; by default it never is. */
  readonly maxFileBytes?: number | undefined;
  /** `--max_log_files`: how many full ones are kept of each, and as much of earlier starts. */
  readonly keptFiles?: number | undefined;
}

export type LogFormat = 'glog' | 'json';

/** The task that a line is about, by which programs find those of it. */
export interface AboutTask {
  readonly task: string;
  readonly framework: string;
}

const SEVERITY: Readonly<Record<LogLevel, number>> = { debug: -1, info: 0, warn: 1, error: 2 };
const LETTER: Readonly<Record<LogLevel, string>> = { debug: 'I', info: 'I', warn: 'W', error: 'E' };

/** The process's log. Its verbosity can be raised for a while (SET_LOGGING_LEVEL). */
export class ProcessLogger implements Logger {
  readonly #name: string;
  readonly #line: typeof jsonLine;
  readonly #threshold: number;
  readonly #files: LogFiles | undefined;
  readonly #strangers = new StrangerLines((level, text) => this.write(level, text));
  #standardError: Lines | undefined;
  #verbosity = 0;

  constructor(options: LoggerOptions) {
    this.#name = options.name;
    this.#line = LINES[options.format ?? 'glog'];
    const severities: readonly (string | undefined)[] = SEVERITIES;
    this.#threshold = Math.max(0, severities.indexOf(options.level));
    const tellLost = (lines: number, why: string) =>
      this.#line(
        new Date(),
        'error',
        this.#name,
        `Lines of this log that are lost: ${lines} (${why})`,
      );
    if (!options.quiet) {
      // Lines go to standard error at the end of the turn in which they were logged.
      this.#standardError = new Lines(writeToStandardError(), setImmediate, tellLost);
    }
    if (options.directory) {
      mkdirSync(options.directory, { recursive: true });
      this.#files = new LogFiles({
        directory: options.directory,
        program: `mesos-${options.name}`,
        threshold: this.#threshold,
        now: new Date(),
        maxFileBytes: options.maxFileBytes ?? Number.POSITIVE_INFINITY,
        keptFiles: options.keptFiles ?? 0,
        tellLost,
        tellTrouble: (text) => this.#complain(text),
      });
    }
  }

  /** The path of the log file with all lines, if there is one. */
  get file(): string | undefined {
    return this.#files?.path;
  }

  /** The verbosity: normally 0; above that, debug lines are written, too. */
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

  warn(text: string, stranger?: Stranger): void {
    this.write('warn', text, stranger);
  }

  error(text: string): void {
    this.write('error', text);
  }

  write(level: LogLevel, text: string, stranger?: Stranger, about?: AboutTask): void {
    const wanted = level === 'debug' ? this.#verbosity > 0 : SEVERITY[level] >= this.#threshold;
    if (!wanted) {
      return;
    }
    if (stranger !== undefined) {
      this.#strangers.add(level, text, stranger);
      return;
    }
    const line = this.#line(new Date(), level, this.#name, text, about);
    this.#standardError?.add(line);
    this.#files?.add(SEVERITY[level], line);
  }

  /**
   * After rotation has moved the files away: creates new ones with the same names, or goes on in
   * the moved ones where that fails.
   */
  reopen(): void {
    this.#files?.reopen();
  }

  /** Writes the lines that wait; for the end of the process. */
  close(): void {
    this.#strangers.flush();
    this.#standardError?.close();
    this.#standardError = undefined;
    this.#files?.close();
  }

  /**
   * Reports a failure of the log itself on standard error, even with --quiet: there is no other
   * place.
   */
  #complain(text: string): void {
    const line = this.#line(new Date(), 'error', this.#name, text);
    if (this.#standardError !== undefined) {
      this.#standardError.add(line);
      return;
    }
    const lines = new Lines(writeToStandardError(), setImmediate, () => '');
    lines.add(line);
    lines.close();
  }
}

/**
 * Node closes a stream on a file at its first error, for good, so files are written directly: a
 * full disk may have space again.
 */
function writeToStandardError(): (lines: string) => void {
  if (isFile(process.stderr.fd)) {
    return (lines) => writeAll(process.stderr.fd, Buffer.from(lines));
  }
  if (!process.stderr.listeners('error').includes(passOver)) {
    process.stderr.on('error', passOver);
  }
  return (lines) => process.stderr.write(lines);
}

/** The reader of a pipe may end: that ends this output and not the process. */
const passOver = () => undefined;

function isFile(file: number): boolean {
  try {
    return fstatSync(file).isFile();
  } catch {
    // Standard error was closed before the start.
    return false;
  }
}

/** Logs nothing; for tests and embedded use. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
};

/** As many as glog writes: names in a line may have a million, and would push all else out. */
const MOST_CHARACTERS = 30_000;

const kept = (text: string): string =>
  text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS).toWellFormed()}… (cut)` : text;

export function formatLine(date: Date, level: LogLevel, name: string, text: string): string {
  const iso = date.toISOString();
  const day = iso.slice(5, 7) + iso.slice(8, 10);
  const safe = kept(text).replace(CONTROLS, escaped);
  return `${LETTER[level]}${day} ${iso.slice(11, 23)}000 ${process.pid} ${name}] ${safe}\n`;
}

const WORDS: Readonly<Record<LogLevel, string>> = {
  debug: 'DEBUG',
  info: 'INFO',
  warn: 'WARNING',
  error: 'ERROR',
};

/** The words of `--logging_level`, and `DEBUG` for what is shown while the log is verbose. */
export function jsonLine(
  date: Date,
  level: LogLevel,
  program: string,
  text: string,
  about?: AboutTask,
): string {
  const line = {
    time: date.toISOString(),
    level: WORDS[level],
    program,
    pid: process.pid,
    text: kept(text),
    ...(about && { task_id: kept(about.task), framework_id: kept(about.framework) }),
  };
  // JSON escapes other control characters itself.
  return `${JSON.stringify(line).replace(CONTROLS, unicodeEscape)}\n`;
}

const unicodeEscape = (character: string) =>
  `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/**
 * A text from a peer must neither forge lines of the log nor command the terminal that shows them:
 * all control characters but the tab.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for.
const CONTROLS = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/g;

const escaped = (character: string): string =>
  ({ '\n': '\\n', '\r': '\\r' })[character] ??
  `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;

const LINES: Readonly<Record<LogFormat, typeof jsonLine>> = { glog: formatLine, json: jsonLine };
