// One program that runs: in a process group of its own, with bounds of time and of output. It may
// hang, crash, print without end or leave processes behind.
import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { formatDuration } from '../../model/duration.ts';
import { errorText } from '../../model/error-text.ts';
import { killGroup } from '../process-group.ts';
import {
  LAST_OUTPUT_MS,
  type Patience,
  type ProgramCall,
  type ProgramEnd,
} from './program-call.ts';

export class RunningProgram {
  /** Without streams where no descriptor was free. */
  readonly #child: ChildProcess;
  readonly #patience: Patience;
  readonly #end = Promise.withResolvers<ProgramEnd>();
  readonly #stdout: () => Buffer;
  readonly #stderr: () => Buffer;
  /** Of the next thing that happens when nothing else does. */
  #timer: NodeJS.Timeout | undefined;
  #failure: string | undefined;
  #hasEnded = false;
  #hasExited = false;

  /** Throws where the system starts no process at all. */
  constructor({ program, words, environment, input, mostBytes, patience }: ProgramCall) {
    this.#patience = patience;
    const options = { cwd: '/', env: environment, detached: true, stdio: 'pipe' } as const;
    const child: ChildProcess = spawn(program, words, options);
    this.#child = child;
    const { longestMs } = patience;
    this.#after(longestMs, () => this.#ask(`took longer than ${formatDuration(longestMs)}`));
    child.on('error', (error) => this.#ended(`cannot be started: ${errorText(error)}`));
    child.on('exit', (status, signal) => {
      this.#hasExited = signal === null && this.#failure === undefined;
      this.#ended(
        signal !== null
          ? `was ended by ${signal}`
          : status === 0
            ? undefined
            : `exited with status ${status}`,
      );
    });
    child.on('close', () => this.#over());
    const overflow = () => {
      this.#failure ??= `printed more than ${mostBytes} bytes`;
      this.#kill();
    };
    this.#stdout = collected(child.stdout, mostBytes, overflow);
    this.#stderr = collected(child.stderr, mostBytes, overflow);
    // It need not read its input.
    child.stdin?.on('error', () => {}).end(input);
  }

  /** Resolves when it has ended, or is given up: before long in any case. */
  get end(): Promise<ProgramEnd> {
    return this.#end.promise;
  }

  /** That of its group, too; undefined where it was not started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Nobody wants its answer any more. */
  hurry(): void {
    if (this.#failure === undefined && !this.#hasEnded) {
      this.#after(this.#patience.unwantedMs, () => this.#ask('was not wanted any more'));
    }
  }

  /** Asks it to end, with all that it has started. */
  #ask(why: string): void {
    this.#failure ??= why;
    killGroup(this.#child.pid, 'SIGTERM');
    this.#after(this.#patience.endMs, () => this.#kill());
  }

  /** A process that waits for the kernel may not end even then. */
  #kill(): void {
    if (!this.#hasEnded) {
      killGroup(this.#child.pid);
      this.#after(this.#patience.endMs, () => this.#ended('cannot be ended'));
    }
  }

  /** What it has left behind may hold its output, and go on where all went well. */
  #ended(failure: string | undefined): void {
    if (this.#hasEnded) {
      return;
    }
    this.#failure ??= failure;
    if (this.#failure !== undefined) {
      killGroup(this.#child.pid);
    }
    this.#hasEnded = true;
    this.#after(LAST_OUTPUT_MS, () => this.#over());
  }

  #over(): void {
    clearTimeout(this.#timer);
    this.#child.unref();
    this.#child.stdin?.destroy();
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
    this.#end.resolve({
      failure: this.#failure,
      hasExited: this.#hasExited,
      stdout: this.#stdout(),
      stderr: this.#stderr(),
    });
  }

  #after(ms: number, act: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(act, ms);
  }
}

/** What has come from a stream so far. What is beyond the bound is dropped. */
function collected(
  stream: Readable | null | undefined,
  mostBytes: number,
  overflow: () => void,
): () => Buffer {
  const chunks: Buffer[] = [];
  let left = mostBytes;
  stream?.on('error', () => {});
  stream?.on('data', (chunk: Buffer) => {
    if (left >= 0) {
      chunks.push(chunk.subarray(0, left));
      left -= chunk.length;
      if (left < 0) {
        overflow();
      }
    }
  });
  return () => Buffer.concat(chunks);
}
