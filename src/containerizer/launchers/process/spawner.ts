// The agent's side of the spawner (supervisor/spawner.c): requests out, reports in. A spawner that
// dies is replaced, and the new one watches whatever the old one had started.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { ContainerizerError, UnknownEndError } from '../../containerizer-error.ts';
import type { Identity } from '../../host/users.ts';

export interface ProcessSpec {
  /**
   * Supervised processes are held until they are released, and outlive the agent; bound ones are
   * supervised, too, but end with the agent. So do plain ones, which have no records and are not
   * held.
   */
  readonly mode: 'supervised' | 'bound' | 'plain';
  /** Where the supervisor keeps its records; unused for plain processes. */
  readonly run: string;
  readonly bootId: string;
  readonly directory: string;
  readonly stdout: string;
  readonly stderr: string;
  /** Absent: the agent's own user. */
  readonly identity?: Identity | undefined;
  /** Folders of cgroups to join; supervisors make and remove them. The first is used to kill. */
  readonly cgroups: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly program: string;
  /** Including the zeroth. */
  readonly arguments: readonly string[];
}

export interface ProcessListener {
  started(pid: number, startTicks: number): void;
  /** `status` is the raw wait status of the child of the spawner, where it was one. */
  ended(status: number | undefined): void;
  /** With UnknownEndError where it may have been started, or could be now. */
  failed(error: ContainerizerError): void;
}

interface Watched {
  readonly listener: ProcessListener;
  pid?: number;
  startTicks?: number;
}

/** SIGUSR1: a supervisor, or the spawner for a plain process, kills all that there is of it. */
export const DESTROY_SIGNAL = 10;

type SpawnerProcess = ChildProcessByStdio<Writable, Readable, null>;

/** Bytes of a request, as in spawner.c: nothing that the kernel could execute is longer. */
const MAX_REQUEST_BYTES = 8 * 1024 * 1024;
// So many spawners in a row that lived less than this are not worth another try at once.
const MAX_SHORT_LIVES = 3;
const SHORT_LIFE_MS = 1000;
// One that cannot be started, or does not last, is tried again after this.
const RETRY_MS = 1000;

export class Spawner {
  readonly #program: string;
  readonly #watched = new Map<number, Watched>();
  readonly #warn: (text: string) => void;
  #process: SpawnerProcess | undefined;
  #startedMs = 0;
  #shortLives = 0;
  #lastToken = 0;
  #closing: Promise<void> | undefined;
  /** Why there is none for the moment. */
  #down: string | undefined;
  #unread = '';

  /** `program` is the path of the compiled one (supervisor-program.ts). */
  constructor(program: string, warn: (text: string) => void) {
    this.#program = program;
    this.#warn = warn;
    this.#process = this.#start();
  }

  launch(spec: ProcessSpec, listener: ProcessListener): number {
    const token = this.#watch(listener);
    const { identity } = spec;
    const environment = Object.entries(spec.environment).map(([name, value]) => `${name}=${value}`);
    const request = [
      spec.mode,
      spec.run,
      spec.bootId,
      spec.directory,
      spec.stdout,
      spec.stderr,
      identity === undefined ? '-' : String(identity.uid),
      identity === undefined ? '-' : String(identity.gid),
      ...counted(identity?.groups.map(String) ?? []),
      ...counted(spec.cgroups),
      ...counted(environment),
      ...counted([spec.program, ...spec.arguments]),
    ];
    const text = this.#down === undefined ? refusalOf(request) : undefined;
    const refusal =
      this.#down !== undefined
        ? new UnknownEndError(this.#down)
        : text !== undefined && new ContainerizerError(text);
    if (refusal === false) {
      this.#request('L', token, request);
    } else {
      // Not before the caller has the token.
      queueMicrotask(() => this.#fail(token, refusal));
    }
    return token;
  }

  /** Watches a process that an earlier spawner has started. */
  watch(pid: number, startTicks: number, listener: ProcessListener): number {
    const token = this.#watch(listener, { pid, startTicks });
    this.#request('W', token, [String(pid), String(startTicks)]);
    return token;
  }

  /** Lets a held supervisor start its process. */
  release(token: number): void {
    this.#request('G', token, []);
  }

  signal(token: number, signal: number): void {
    this.#request('S', token, [String(signal)]);
  }

  /** Ends the spawner: plain processes are killed, supervisors go on. */
  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      if (this.#process === undefined) {
        resolve();
        return;
      }
      this.#process.once('close', () => resolve());
      this.#process.stdin.end();
    });
    return this.#closing;
  }

  #watch(listener: ProcessListener, known: Omit<Watched, 'listener'> = {}): number {
    this.#lastToken = (this.#lastToken + 1) >>> 0;
    this.#watched.set(this.#lastToken, { listener, ...known });
    return this.#lastToken;
  }

  #request(kind: string, token: number, strings: readonly string[]): void {
    const text = strings.map((string) => `${string}\0`).join('');
    const size = Buffer.byteLength(text);
    const frame = Buffer.allocUnsafe(9 + size);
    frame.writeUInt32LE(5 + size, 0);
    frame.write(kind, 4, 'latin1');
    frame.writeUInt32LE(token, 5);
    frame.write(text, 9);
    this.#process?.stdin.write(frame);
  }

  /** Undefined where it cannot be started for the moment: that is tried again. */
  #start(): SpawnerProcess | undefined {
    this.#startedMs = performance.now();
    this.#unread = '';
    this.#down = undefined;
    // In a session of its own, so that a terminal's Ctrl-C reaches the agent alone.
    const child = spawn(this.#program, [], {
      stdio: ['pipe', 'pipe', 'inherit'],
      detached: true,
      env: { PATH: process.env.PATH },
    });
    let hasFailed = false;
    child.once('error', (error) => {
      hasFailed = true;
      this.#pause(`Failed to start the spawner of containers: ${error.message}`);
    });
    child.once('close', () => {
      if (this.#closing === undefined && !hasFailed) {
        this.#ended();
      }
    });
    // Without descriptors there are not even pipes to it.
    if (child.pid === undefined) {
      return undefined;
    }
    child.stdout.setEncoding('utf8').on('data', (text: string) => this.#read(text));
    // Writing to a spawner that has just died: its end is noticed by `close`.
    child.stdin.on('error', () => undefined);
    return child;
  }

  #ended(): void {
    const isShort = performance.now() - this.#startedMs < SHORT_LIFE_MS;
    this.#shortLives = isShort ? this.#shortLives + 1 : 0;
    if (this.#shortLives >= MAX_SHORT_LIVES) {
      this.#pause('The spawner of containers ends as soon as it is started');
      return;
    }
    this.#failUnstarted('The spawner of containers ended');
    this.#again();
  }

  /** What runs goes on, and is watched by the next spawner; nothing is launched until then. */
  #pause(why: string): void {
    this.#process = undefined;
    this.#down = why;
    this.#warn(why);
    this.#failUnstarted(why);
    setTimeout(() => this.#again(), RETRY_MS).unref();
  }

  #failUnstarted(why: string): void {
    for (const [token, { listener, pid, startTicks }] of [...this.#watched]) {
      if (pid === undefined || startTicks === undefined) {
        this.#watched.delete(token);
        listener.failed(new UnknownEndError(why));
      }
    }
  }

  #again(): void {
    if (this.#closing !== undefined) {
      return;
    }
    this.#process = this.#start();
    for (const [token, { pid, startTicks }] of this.#watched) {
      if (pid !== undefined && startTicks !== undefined) {
        this.#request('W', token, [String(pid), String(startTicks)]);
      }
    }
  }

  #read(text: string): void {
    const lines = (this.#unread + text).split('\n');
    this.#unread = lines.pop() ?? '';
    for (const line of lines) {
      this.#report(line);
    }
  }

  #fail(token: number, error: ContainerizerError): void {
    const watched = this.#watched.get(token);
    this.#watched.delete(token);
    watched?.listener.failed(error);
  }

  #report(line: string): void {
    const [kind, tokenText, ...rest] = line.split(' ');
    const token = Number(tokenText);
    const watched = this.#watched.get(token);
    if (watched === undefined) {
      return;
    }
    switch (kind) {
      case 'started':
        watched.pid = Number(rest[0]);
        watched.startTicks = Number(rest[1]);
        watched.listener.started(watched.pid, watched.startTicks);
        return;
      case 'ended':
        this.#watched.delete(token);
        watched.listener.ended(rest[0] === '-1' ? undefined : Number(rest[0]));
        return;
      case 'failed':
        this.#fail(token, new ContainerizerError(rest.join(' ')));
        return;
      default:
        throw new Error(`The spawner reports '${line}'`);
    }
  }
}

/** Why the spawner would not take a request: strings in it end with NUL, and so must have none. */
function refusalOf(strings: readonly string[]): string | undefined {
  const bytes = strings.reduce((total, string) => total + Buffer.byteLength(string) + 1, 5);
  if (bytes > MAX_REQUEST_BYTES) {
    return `The command with its environment is too large: ${bytes} bytes, of at most ${MAX_REQUEST_BYTES}`;
  }
  return strings.some((string) => string.includes('\0'))
    ? 'The command, its arguments or its environment have a NUL character, which no process can be given'
    : undefined;
}

const counted = (strings: readonly string[]) => [String(strings.length), ...strings];
