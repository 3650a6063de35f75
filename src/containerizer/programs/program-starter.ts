// Starts programs by way of a small process (starting-process.ts). To start one copies the page
// tables of whoever does it: on the loop of a large agent that takes 5 to 10 ms.
import { type ChildProcess, fork } from 'node:child_process';
import { Socket } from 'node:net';
import { moduleOf } from '../../filesystem/thread-module.ts';
import { errorText } from '../../model/error-text.ts';
import { killGroup } from '../process-group.ts';
import {
  type ConnectionCall,
  failedEnd,
  LAST_OUTPUT_MS,
  type ProgramCall,
  type ProgramEnd,
} from './program-call.ts';

/** A call, or something that is to be done about an earlier one: `drop` it, or `begin` to relay. */
export type StarterRequest =
  | { readonly id: number; readonly call: ProgramCall }
  | { readonly id: number; readonly connection: ConnectionCall }
  | { readonly id: number; readonly does: 'drop' | 'begin' };

/** The last one is about a connection, and has that beside it. */
export type StarterReport =
  | { readonly id: number; readonly pid: number }
  | { readonly id: number; readonly end: ProgramEnd }
  | { readonly id: number; readonly said: string };

export interface Dialled {
  /** The program's line, or why there is none. */
  readonly said: string;
  readonly connection: Socket | undefined;
}

interface Asked {
  readonly take: (report: StarterReport, connection: Socket | undefined) => void;
  readonly lose: (why: string) => void;
}

/** How much longer than a program may take its end may remain untold. */
const REPORT_MS = 10_000;

export class ProgramStarter {
  readonly #asked = new Map<number, Asked>();
  readonly #reportMs: number;
  #child: ChildProcess | undefined;
  #lastId = 0;

  constructor(reportMs = REPORT_MS) {
    this.#reportMs = reportMs;
  }

  /**
   * Resolves when the program has ended: soon where nobody wants its answer any more, and in any
   * case before long. Where its end cannot be known any more, it has failed.
   */
  async run(call: ProgramCall, unwanted: AbortSignal): Promise<ProgramEnd> {
    const { promise, resolve } = Promise.withResolvers<ProgramEnd>();
    let group: number | undefined;
    const { child, id, settle } = this.#ask({
      take: (report) => {
        if ('end' in report) {
          resolve(report.end);
        } else if ('pid' in report) {
          group = report.pid;
        }
      },
      lose: (why) => {
        killGroup(group);
        resolve(failedEnd(why));
      },
    });
    const hurry = () => this.#send(child, { id, does: 'drop' });
    unwanted.addEventListener('abort', hurry, { once: true });
    const deadline = setTimeout(
      () => this.#lose(child, 'it does not answer'),
      longestMsOf(call) + this.#reportMs,
    );
    this.#send(child, { id, call });
    if (unwanted.aborted) {
      hurry();
    }
    try {
      return await promise;
    } finally {
      clearTimeout(deadline);
      unwanted.removeEventListener('abort', hurry);
      settle();
    }
  }

  /**
   * Resolves to what the program has said, with its connection, which ends with the abort. Rejects
   * with the reason of the abort where that was before, or where the program is lost.
   */
  async connect(call: ConnectionCall, abort: AbortSignal): Promise<Dialled> {
    abort.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<Dialled>();
    const { child, id, settle } = this.#ask({
      take: (report, connection) => {
        if ('said' in report) {
          resolve({ said: report.said, connection });
        }
      },
      lose: (why) => reject(new Error(`the program ${why}`)),
    });
    let connection: Socket | undefined;
    const giveUp = () => {
      reject(abort.reason);
      connection?.destroy();
    };
    const end = () => {
      abort.removeEventListener('abort', giveUp);
      this.#send(child, { id, does: 'drop' });
    };
    abort.addEventListener('abort', giveUp);
    this.#send(child, { id, connection: call });
    try {
      const dialled = await promise;
      connection = dialled.connection;
      // It may break before anybody listens.
      connection?.on('error', () => undefined).once('close', end);
      // Only now has the other process closed its own end.
      this.#send(child, { id, does: 'begin' });
      return dialled;
    } finally {
      settle();
      if (connection === undefined) {
        end();
      }
    }
  }

  /** Undefined: none runs at the moment. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** It keeps this process alive only while a program runs. */
  #started(): ChildProcess {
    if (this.#child !== undefined) {
      return this.#child;
    }
    const module = moduleOf(new URL('./starting-process', import.meta.url));
    const child = fork(module, [], {
      cwd: '/',
      detached: true,
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    child.on('message', (report, connection) =>
      this.#take(report as StarterReport, connection instanceof Socket ? connection : undefined),
    );
    // Told after the last report.
    child.on('disconnect', () => this.#lose(child, 'it has ended'));
    child.on('error', (error) => this.#lose(child, errorText(error)));
    child.unref();
    this.#child = child;
    return child;
  }

  /** Keeps this process alive until it is settled. */
  #ask(asked: Asked) {
    const id = ++this.#lastId;
    const child = this.#started();
    this.#asked.set(id, asked);
    child.channel?.ref();
    const settle = () => {
      this.#asked.delete(id);
      if (this.#asked.size === 0) {
        this.#child?.channel?.unref();
      }
    };
    return { child, id, settle };
  }

  #send(child: ChildProcess, request: StarterRequest): void {
    if (child.connected) {
      child.send(request, (error) => {
        if (error) {
          this.#lose(child, errorText(error));
        }
      });
    }
  }

  #take(report: StarterReport, connection: Socket | undefined): void {
    const asked = this.#asked.get(report.id);
    if (asked === undefined) {
      connection?.destroy();
    } else {
      asked.take(report, connection);
    }
  }

  /**
   * What runs is ended, for nobody looks after it; but not what was started at the last moment, of
   * which that process could not tell. The next call starts another process.
   */
  #lose(child: ChildProcess, why: string): void {
    if (this.#child !== child) {
      return;
    }
    this.#child = undefined;
    child.kill('SIGKILL');
    for (const { lose } of this.#asked.values()) {
      lose(`was lost with the process that starts programs: ${why}`);
    }
  }
}

const longestMsOf = ({ patience }: ProgramCall) =>
  patience.longestMs + 2 * patience.endMs + LAST_OUTPUT_MS;
