// Fetches the output of ended tasks and stores their results, a few at a time.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Credential } from '../../http/server/credentials.ts';
import type { Dialer } from '../../http/transport/dialer.ts';
import type { TaskStatus } from '../../model/generated/messages.ts';
import { taskStateName } from '../../model/task-state.ts';
import { taskEnd } from '../framework/task-end.ts';
import { OutputDownloads, type OutputFile, type TaskPlace } from '../framework/task-output.ts';
import type { Attempt } from './batch.ts';
import type { Journal, Result } from './journal.ts';
import type { BatchTask } from './task-file.ts';

export interface CollectorOptions {
  readonly journal: Journal;
  readonly credential: Credential | undefined;
  readonly dialer: Dialer;
}

/** The most downloads at a time. */
const AT_ONCE = 16;
/** The pauses before retries: the agent may be restarting. */
const RETRY_MS = [100, 500, 2000, 5000];

export class Collector {
  readonly #options: CollectorOptions;
  readonly #downloads: OutputDownloads;
  #free = AT_ONCE;
  readonly #queue: (() => void)[] = [];

  constructor(options: CollectorOptions) {
    this.#options = options;
    this.#downloads = new OutputDownloads(options.dialer, options.credential);
  }

  /** Resolves with the result of a task when its output is in the folder of results. */
  async collect(
    task: BatchTask,
    attempt: Attempt,
    status: TaskStatus,
    frameworkId: string,
  ): Promise<Result> {
    await this.#begin();
    try {
      const place: TaskPlace = {
        agent: attempt.agentAddress,
        frameworkId,
        executorId: attempt.taskId,
      };
      const folder = this.#options.journal.outputFolder(task);
      const [stdout, stderr] = await Promise.all([
        this.#fetch(place, folder, 'stdout'),
        this.#fetch(place, folder, 'stderr'),
      ]);
      const { exitStatus = null, signal = null } = taskEnd(status);
      return {
        index: task.index,
        name: task.name,
        task_id: attempt.taskId,
        state: taskStateName(status.state),
        exit_status: exitStatus,
        signal,
        message: status.message ?? '',
        attempts: attempt.number,
        agent: attempt.agentAddress,
        ended: status.timestamp ?? null,
        stdout,
        stderr,
      };
    } finally {
      this.#end();
    }
  }

  /** Null where the output cannot be fetched: the agent is gone, or the task never started. */
  async #fetch(place: TaskPlace, folder: string, file: OutputFile): Promise<string | null> {
    const path = join(folder, file);
    const target = join(this.#options.journal.folder, path);
    for (const waitMs of [0, ...RETRY_MS]) {
      await sleep(waitMs);
      try {
        const found = await this.#downloads.copy(place, file, target);
        return found ? path : null;
      } catch {
        // The agent cannot be reached at the moment.
      }
    }
    return null;
  }

  /** Closes the connections to agents. */
  close(): void {
    this.#downloads.close();
  }

  async #begin(): Promise<void> {
    if (this.#free > 0) {
      this.#free--;
      return;
    }
    await new Promise<void>((resolve) => this.#queue.push(resolve));
  }

  #end(): void {
    const next = this.#queue.shift();
    if (next === undefined) {
      this.#free++;
    } else {
      next();
    }
  }
}
