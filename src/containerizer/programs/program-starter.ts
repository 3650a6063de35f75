// Starts programs by way of a small process (starting-process.ts). To start one copies the page
// tables of whoever does it: on the loop of a large agent that takes 5 to 10 ms.
import { type ChildProcess, fork } from 'node:child_process';
import { moduleOf } from '../../filesystem/thread-module.ts';
import { errorText } from '../../model/error-text.ts';
import { killGroup } from '../process-group.ts';
import { failedEnd, LAST_OUTPUT_MS, type ProgramCall, type ProgramEnd } from './program-call.ts';

/** Without a call: nobody wants that answer any more. */
export interface StarterRequest {
  readonly id: number;
  readonly call?: ProgramCall | undefined;
}

export type StarterReport =
  | { readonly id: number; readonly pid: number }
  | { readonly id: number; readonly end: ProgramEnd };

interface Running {
  readonly resolve: (end: ProgramEnd) => void;
  /** Undefined until it was started. */
  pid?: number;
}

/** How much longer than a program may take its end may remain untold. */
const REPORT_MS = 10_000;

export class ProgramStarter {
  readonly #running = new Map<number, Running>();
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
    const id = ++this.#lastId;
    const child = this.#started();
    const { promise, resolve } = Promise.withResolvers<ProgramEnd>();
    this.#running.set(id, { resolve });
    child.channel?.ref();
    const hurry = () => this.#send(child, { id });
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
      this.#running.delete(id);
      if (this.#running.size === 0) {
        this.#child?.channel?.unref();
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
    child.on('message', (report: StarterReport) => this.#take(report));
    // Told after the last report.
    child.on('disconnect', () => this.#lose(child, 'it has ended'));
    child.on('error', (error) => this.#lose(child, errorText(error)));
    child.unref();
    this.#child = child;
    return child;
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

  #take(report: StarterReport): void {
    const running = this.#running.get(report.id);
    if (running === undefined) {
      return;
    }
    if ('end' in report) {
      running.resolve(report.end);
    } else {
      running.pid = report.pid;
    }
  }

  /** What runs is ended, for nobody looks after it. The next call starts another process. */
  #lose(child: ChildProcess, why: string): void {
    if (this.#child !== child) {
      return;
    }
    this.#child = undefined;
    child.kill('SIGKILL');
    for (const { pid, resolve } of this.#running.values()) {
      killGroup(pid);
      resolve(failedEnd(`was lost with the process that starts programs: ${why}`));
    }
  }
}

const longestMsOf = ({ patience }: ProgramCall) =>
  patience.longestMs + 2 * patience.endMs + LAST_OUTPUT_MS;
