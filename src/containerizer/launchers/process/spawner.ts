// The agent's side of the spawner (supervisor/spawner.c): it sends requests and reads reports. If a
// spawner dies, a new one replaces it and watches the processes that the old one started.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { ContainerizerError, UnknownEndError } from '../../containerizer-error.ts';
import type { Identity } from '../../host/users.ts';
import type { CgroupPlacement } from '../../plan/cgroup-plan.ts';

export interface ProcessSpec {
  /**
   * A supervised process is held until it is released, and outlives the agent. A bound one is the
   * same, but ends with the agent. A plain one has no records, is not held, and ends with the
   * agent.
   */
  readonly mode: 'supervised' | 'bound' | 'plain';
  /** Where the supervisor keeps its records; unused for plain processes. */
  readonly run: string;
  readonly bootId: string;
  /**
   * A folder above the working directory, below which other users may change what there is; absent
   * where the process's user can reach the working directory.
   */
  readonly above?: string | undefined;
  readonly directory: string;
  readonly stdout: string;
  readonly stderr: string;
  /** Undefined: the agent's own user. */
  readonly identity?: Identity | undefined;
  readonly cgroups: CgroupPlacement;
  /** What confines the process besides its user, as confinement.c reads it. */
  readonly settings: readonly string[];
  /** How input and output are connected with the supervisor; nothing for files alone. */
  readonly io?: readonly string[] | undefined;
  /** Undefined: without a runtime, in the agent's namespaces. */
  readonly runtime?: RuntimeCall | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly program: string;
  /** All arguments, with the program's name as the first. */
  readonly arguments: readonly string[];
}

/** How an OCI runtime starts a process (supervisor/runtime.c). */
export interface RuntimeCall {
  /** Steps of three words each, before the runtime is started (supervisor/stage.c). */
  readonly stage: readonly string[];
  /** All arguments, with the runtime's path as the first. */
  readonly arguments: readonly string[];
  /** Where the runtime writes the process's pid, and its log, in JSON. */
  readonly pidFile: string;
  readonly logFile: string;
}

export interface ProcessListener {
  started(pid: number, startTicks: number): void;
  /** Its supervisor has started the process, or could not; or it is not known any more. */
  begun?(): void;
  /** `status` is the raw wait status, known only for a child of this spawner. */
  ended(status: number | undefined): void;
  /** The error is an UnknownEndError where the process may have been started, or could be now. */
  failed(error: ContainerizerError): void;
}

interface Watched {
  readonly listener: ProcessListener;
  /** Those that no spawner has said to have passed on: the next one gets them again. */
  readonly signals: Set<number>;
  pid?: number;
  startTicks?: number;
}

/** SIGUSR1: the supervisor, or for a plain process the spawner, kills all of its processes. */
export const DESTROY_SIGNAL = 10;

type SpawnerProcess = ChildProcessByStdio<Writable, Readable, null>;

/** The largest request, as in spawner.c: the kernel executes no longer command line. */
const MAX_REQUEST_BYTES = 8 * 1024 * 1024;
// After this many spawners in a row with short lives, the next one waits.
const MAX_SHORT_LIVES = 3;
const SHORT_LIFE_MS = 1000;
// How long it waits.
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
  /** Why there is no spawner at the moment. */
  #down: string | undefined;
  #unread = '';

  /** `program` is the path of the compiled program (supervisor-program.ts). */
  constructor(program: string, warn: (text: string) => void) {
    this.#program = program;
    this.#warn = warn;
    this.#process = this.#start();
  }

  launch(spec: ProcessSpec, listener: ProcessListener): number {
    const token = this.#watch(listener);
    const { identity, runtime } = spec;
    const environment = Object.entries(spec.environment).map(([name, value]) => `${name}=${value}`);
    const request = [
      spec.mode,
      spec.run,
      spec.bootId,
      spec.above ?? '',
      spec.directory,
      spec.stdout,
      spec.stderr,
      identity === undefined ? '-' : String(identity.uid),
      identity === undefined ? '-' : String(identity.gid),
      ...counted(identity?.groups.map(String) ?? []),
      ...counted(spec.cgroups.own),
      ...counted(spec.cgroups.joined),
      spec.cgroups.memory ?? '',
      ...counted(spec.settings),
      ...counted(spec.io ?? []),
      ...counted(runtime?.stage ?? []),
      ...counted(runtime?.arguments ?? []),
      runtime?.pidFile ?? '',
      runtime?.logFile ?? '',
      ...counted(environment),
      // A runtime has it from its configuration, which is a file: no variables are in it.
      ...counted(runtime ? [] : [spec.program, ...spec.arguments]),
    ];
    const refusal = this.#down === undefined ? refusalOf(request) : new UnknownEndError(this.#down);
    if (refusal === undefined) {
      this.#request('L', token, request);
    } else {
      // Not before the caller has the token.
      queueMicrotask(() => this.#fail(token, refusal));
    }
    return token;
  }

  /** Lets processes in a cgroup of v2 use these devices only. Rejects with ContainerizerError. */
  limitDevices(cgroup: string, rules: readonly string[]): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const token = this.#watch({
      started: () => undefined,
      ended: () => resolve(),
      failed: reject,
    });
    if (this.#down === undefined) {
      this.#request('D', token, [cgroup, ...counted(rules)]);
    } else {
      this.#fail(token, new UnknownEndError(this.#down));
    }
    return promise;
  }

  /** Watches a process that an earlier spawner started. */
  watch(pid: number, startTicks: number, listener: ProcessListener): number {
    const token = this.#watch(listener, { pid, startTicks });
    this.#request('W', token, [String(pid), String(startTicks)]);
    return token;
  }

  /** Lets a held supervisor start its process. */
  release(token: number): void {
    this.#request('G', token, []);
  }

  /** Comes once; twice where a spawner dies that has just passed it on. */
  signal(token: number, signal: number): void {
    this.#watched.get(token)?.signals.add(signal);
    this.#request('S', token, [String(signal)]);
  }

  /** Ends the spawner: it kills plain processes; supervisors go on. */
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

  #watch(listener: ProcessListener, known: Pick<Watched, 'pid' | 'startTicks'> = {}): number {
    this.#lastToken = (this.#lastToken + 1) >>> 0;
    this.#watched.set(this.#lastToken, { listener, signals: new Set(), ...known });
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

  /** Undefined where the spawner cannot be started at the moment; it will be retried. */
  #start(): SpawnerProcess | undefined {
    this.#startedMs = performance.now();
    this.#unread = '';
    this.#down = undefined;
    // In its own session, so that Ctrl-C in a terminal reaches only the agent.
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
    child.once('close', (code, signal) => {
      if (this.#closing === undefined && !hasFailed) {
        this.#warn(`The spawner of containers ended (${signal ?? `status ${code}`})`);
        this.#ended();
      }
    });
    // Without free descriptors the child has not even pipes.
    if (child.pid === undefined) {
      return undefined;
    }
    child.stdout.setEncoding('utf8').on('data', (text: string) => this.#read(text));
    // A write to a spawner that has just died; `close` reports its end.
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

  /**
   * Running processes go on, and the next spawner watches them; nothing can be launched until then.
   */
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
    for (const [token, { listener, pid, startTicks, signals }] of this.#watched) {
      if (pid !== undefined && startTicks !== undefined) {
        this.#request('W', token, [String(pid), String(startTicks)]);
        for (const signal of signals) {
          this.#request('S', token, [String(signal)]);
        }
        // The spawner that has ended would have told.
        listener.begun?.();
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
      case 'begun':
        watched.listener.begun?.();
        return;
      case 'signalled':
        watched.signals.delete(Number(rest[0]));
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

/** Why the spawner cannot read a request: NUL ends each string, so a string must not contain it. */
function refusalOf(strings: readonly string[]): ContainerizerError | undefined {
  const bytes = strings.reduce((total, string) => total + Buffer.byteLength(string) + 1, 5);
  if (bytes > MAX_REQUEST_BYTES) {
    return new ContainerizerError(
      `The command with its environment is too large: ${bytes} bytes, of at most ${MAX_REQUEST_BYTES}`,
    );
  }
  return strings.some((string) => string.includes('\0'))
    ? new ContainerizerError(
        'The command, its arguments or its environment have a NUL character, which no process can be given',
      )
    : undefined;
}

const counted = (strings: readonly string[]) => [String(strings.length), ...strings];
