// Runs one CNI plugin: a program that is told what to do by its environment and its input, and
// answers on its output. It is the operator's, and may all the same hang, crash, print without end
// or leave processes behind.
import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { formatDuration } from '../../../model/duration.ts';
import { errorText } from '../../../model/error-text.ts';
import { killGroup } from '../../process-group.ts';

export interface PluginCall {
  readonly path: string;
  /** All of its environment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly input: string;
}

export interface Patience {
  /** How long a plugin may take. */
  readonly longestMs: number;
  /** How long it may go on when nobody wants its answer any more. */
  readonly unwantedMs: number;
  /** How long it may take to end when it is asked to. */
  readonly endMs: number;
}

export const DEFAULT_PATIENCE: Patience = { longestMs: 60_000, unwantedMs: 5_000, endMs: 5_000 };

export interface PluginEnd {
  /** How it failed, after its name; undefined: it has exited with status 0. */
  readonly failure: string | undefined;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

const MAX_OUTPUT_BYTES = 1024 * 1024;
/** How long output may still come from what a plugin has left behind. */
const LAST_OUTPUT_MS = 500;

/**
 * Resolves when the plugin has ended: soon where nobody wants its answer any more, and in any case
 * before long.
 */
export async function callPlugin(
  call: PluginCall,
  patience: Patience,
  unwanted: AbortSignal,
): Promise<PluginEnd> {
  const running = new RunningPlugin(call, patience);
  const hurry = () => running.hurry();
  unwanted.addEventListener('abort', hurry, { once: true });
  if (unwanted.aborted) {
    hurry();
  }
  try {
    return await running.end;
  } finally {
    unwanted.removeEventListener('abort', hurry);
  }
}

class RunningPlugin {
  /** Without streams where no descriptor was free. */
  readonly #child: ChildProcess;
  readonly #patience: Patience;
  readonly #end = Promise.withResolvers<PluginEnd>();
  readonly #stdout: () => Buffer;
  readonly #stderr: () => Buffer;
  /** Of the next thing that happens when nothing else does. */
  #timer: NodeJS.Timeout | undefined;
  #failure: string | undefined;
  #hasExited = false;

  /** Throws where the system starts no process at all. */
  constructor({ path, environment, input }: PluginCall, patience: Patience) {
    this.#patience = patience;
    const options = { cwd: '/', env: environment, detached: true, stdio: 'pipe' } as const;
    const child: ChildProcess = spawn(path, [], options);
    this.#child = child;
    const { longestMs } = patience;
    this.#after(longestMs, () => this.#ask(`took longer than ${formatDuration(longestMs)}`));
    child.on('error', (error) => this.#exited(`cannot be started: ${errorText(error)}`));
    child.on('exit', (status, signal) =>
      this.#exited(
        signal !== null
          ? `was ended by ${signal}`
          : status === 0
            ? undefined
            : `exited with status ${status}`,
      ),
    );
    child.on('close', () => this.#over());
    const overflow = () => {
      this.#failure ??= `printed more than ${MAX_OUTPUT_BYTES} bytes`;
      this.#kill();
    };
    this.#stdout = collected(child.stdout, overflow);
    this.#stderr = collected(child.stderr, overflow);
    // It need not read its input.
    child.stdin?.on('error', () => {}).end(input);
  }

  get end(): Promise<PluginEnd> {
    return this.#end.promise;
  }

  hurry(): void {
    if (this.#failure === undefined && !this.#hasExited) {
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
    if (!this.#hasExited) {
      killGroup(this.#child.pid);
      this.#after(this.#patience.endMs, () => this.#exited('cannot be ended'));
    }
  }

  /** What it has left behind may hold its output, and go on where all went well. */
  #exited(failure: string | undefined): void {
    if (this.#hasExited) {
      return;
    }
    this.#failure ??= failure;
    if (this.#failure !== undefined) {
      killGroup(this.#child.pid);
    }
    this.#hasExited = true;
    this.#after(LAST_OUTPUT_MS, () => this.#over());
  }

  #over(): void {
    clearTimeout(this.#timer);
    this.#child.unref();
    this.#child.stdin?.destroy();
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
    const failure = this.#failure;
    this.#end.resolve({ failure, stdout: this.#stdout(), stderr: this.#stderr() });
  }

  #after(ms: number, act: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(act, ms);
  }
}

/** What has come from a stream so far. What is beyond the bound is dropped. */
function collected(stream: Readable | null | undefined, overflow: () => void): () => Buffer {
  const chunks: Buffer[] = [];
  let left = MAX_OUTPUT_BYTES;
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
