// One program of a local cluster: a process of its own with its output in a log file. If it was
// ready once and ends without being asked to, it is restarted, more slowly each time.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fstatSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { appendPrivate, privateFolder } from '../../filesystem/private-file.ts';
import { PID_FILE_VARIABLE, removePidFile } from '../process/parent.ts';

export interface SupervisedOptions {
  /** A name for people: `the master`, `agent 2`. */
  readonly name: string;
  readonly command: readonly string[];
  readonly logFile: string;
  readonly pidFile: string;
  /** Called at every unexpected end, with how it ended and when it is restarted. */
  readonly onRestart: (how: string, delayMs: number) => void;
}

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 10_000;
/**
 * A program that has run for this long is healthy, and its next restart has the first delay again.
 */
const HEALTHY_MS = 30_000;
/** A program that has not stopped by then is killed. */
const STOP_MS = 10_000;
/** A line about an error, or about what ended the program, in glog's format. */
const ERROR_LINE = /^[EF]\d{4} \S+ +\d+ [^\]]*\] (.*)$/;
/** What an agent says that its master turns away for good: that it was marked gone. */
const SHUTDOWN = /\] Asked to shut down by the master: (.*)$/m;

export class SupervisedProcess {
  readonly #options: SupervisedOptions;
  #child: ChildProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #delayMs = FIRST_DELAY_MS;
  #stopping = false;
  /** Whether it was ready once; if not, another start would not help. */
  #wasReady = false;
  /** The position in the log file where the log of the current process begins. */
  #logStart = 0;

  constructor(options: SupervisedOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  get logFile(): string {
    return this.#options.logFile;
  }

  /** Rejects when the program ends before `ready` resolves; the error has its last words. */
  async start(ready: () => Promise<void>): Promise<void> {
    if (this.#stopping) {
      throw new Error(`${this.name} is not started: it was asked to stop`);
    }
    let watching = true;
    const died = new Promise<never>((_, reject) => {
      this.#spawn((how) => {
        if (watching) {
          this.#stopping = true;
          reject(new Error(this.#epitaph(how)));
        }
      });
    });
    try {
      await Promise.race([ready(), died]);
      this.#wasReady = true;
    } finally {
      watching = false;
    }
  }

  /** Kills the program and does not wait, as `stop` does. */
  kill(): void {
    this.#stopping = true;
    this.#child?.kill('SIGKILL');
  }

  /** Asks the program to end, and waits for it. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) {
      return;
    }
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    const impatience = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await ended;
    clearTimeout(impatience);
  }

  #spawn(onEnd: (how: string) => void): void {
    const [program = '', ...parameters] = this.#options.command;
    privateFolder(dirname(this.#options.logFile));
    const log = appendPrivate(this.#options.logFile);
    this.#logStart = fstatSync(log).size;
    const startedMs = Date.now();
    // In its own process group, so that Ctrl-C reaches only this process, which stops all programs
    // in order. The channel tells the program when this process is gone, and it ends.
    const child = spawn(program, parameters, {
      detached: true,
      stdio: ['ignore', log, log, 'ipc'],
      env: { ...process.env, [PID_FILE_VARIABLE]: this.#options.pidFile },
    });
    closeSync(log);
    this.#child = child;
    writeFileSync(this.#options.pidFile, `${child.pid}\n`);
    child.once('exit', (code, signal) => {
      removePidFile(this.#options.pidFile, child.pid);
      const how = signal ?? `status ${code}`;
      onEnd(how);
      if (!this.#stopping && this.#wasReady) {
        this.#restartLater(how, Date.now() - startedMs);
      }
    });
  }

  #restartLater(how: string, livedMs: number): void {
    if (livedMs >= HEALTHY_MS) {
      this.#delayMs = FIRST_DELAY_MS;
    }
    const delayMs = this.#delayMs;
    this.#delayMs = Math.min(this.#delayMs * 2, LONGEST_DELAY_MS);
    this.#options.onRestart(how, delayMs);
    this.#timer = setTimeout(() => this.#spawn(() => {}), delayMs);
  }

  /** For the end of this process: the program notices it, and ends. */
  abandon(): void {
    removePidFile(this.#options.pidFile, this.#child?.pid);
  }

  #epitaph(how: string): string {
    const asked = SHUTDOWN.exec(this.#log())?.[1];
    return (
      this.lastWords() ??
      (asked === undefined
        ? `${this.name} ended at once (${how}); see ${this.logFile}`
        : `${this.name} was told by the master to end (${asked}); without the folder meta of its work folder it comes as a new one`)
    );
  }

  #log(): string {
    return readFileSync(this.logFile).subarray(this.#logStart).toString().trimEnd();
  }

  /** The last error that the program has logged since its start. */
  lastWords(): string | undefined {
    return this.#log()
      .split('\n')
      .map((line) => /^mesoscale \w+: (.*)$/.exec(line)?.[1] ?? ERROR_LINE.exec(line)?.[1])
      .findLast((text) => text !== undefined);
  }
}
