// The registry in one SQLite file, the embedded default. Changes that are stored while others are
// being written share the next transaction, so that ten thousand agents can register in a few
// commits. Each `store` resolves after the commit that holds its changes.
//
// Epochs are counted in memory: no other process can open the file meanwhile.
//
// While the disk is full, the transaction and all later ones wait; it is retried until there is
// room. No `store` of them resolves before.
import { statSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { type Log, Stall } from '../filesystem/stall.ts';
import { moduleOf } from '../filesystem/thread-module.ts';
import { formatDuration } from '../model/duration.ts';
import type { RegistryChange, RegistrySnapshot } from '../model/registry.ts';
import { timerDelay } from '../model/timer-delay.ts';
import {
  DamageError,
  type DurableRegistry,
  type RegistryDescription,
  RegistryError,
  type StoreResult,
} from './registry.ts';
import { decodeRows, encodeChange } from './registry-rows.ts';
import { type Answer, type Request, SCHEMA_VERSION, type SqliteChange } from './sqlite-protocol.ts';

const writer = moduleOf(new URL('./sqlite-writer', import.meta.url));

export interface SqliteRegistryOptions {
  /**
   * A disk that takes longer than this to write a transaction, or to report that it is full, counts
   * as failed.
   */
  readonly answerTimeoutMs?: number;
  readonly log?: Log;
  /** Called during `open` where changes may be missing and nothing can tell. */
  readonly onDoubt?: (text: string) => void;
  /** Called once, when the file has been deleted or replaced: no change can be stored any more. */
  readonly onLost?: (error: RegistryError) => void;
}

interface Pending {
  readonly changes: readonly SqliteChange[];
  readonly epoch: number;
  readonly resolve: (result: StoreResult) => void;
  readonly reject: (error: Error) => void;
}

interface Expected {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

export class SqliteRegistry implements DurableRegistry {
  readonly #file: string;
  readonly #options: SqliteRegistryOptions;
  readonly #worker: Worker;
  readonly #stall: Stall;
  /**
   * The requests without an answer yet. The writer answers in order, so an answer belongs to the
   * oldest.
   */
  readonly #expected: Expected[] = [];
  #waiting: Pending[] = [];
  #epoch = 0;
  /** Resolves when nothing waits to be written; undefined while nothing does. */
  #writing: Promise<void> | undefined;
  #failure: RegistryError | undefined;

  private constructor(file: string, options: SqliteRegistryOptions) {
    this.#file = file;
    this.#options = options;
    this.#stall = new Stall(options.log);
    this.#worker = new Worker(writer, { workerData: { file } });
    this.#worker.on('message', (answer: Answer) => this.#answered(answer));
    this.#worker.on('error', (error) => this.#ended(error as Error));
    this.#worker.on('exit', () => this.#ended(new Error('its writer has ended')));
  }

  /**
   * Opens the file, or makes it. Rejects with RegistryError where it is damaged, too new, in use,
   * or unreadable.
   */
  static async open(file: string, options: SqliteRegistryOptions = {}): Promise<SqliteRegistry> {
    const registry = new SqliteRegistry(file, options);
    const answer = await registry.#expect();
    if (answer.type === 'opened' && answer.doubt !== undefined) {
      options.onDoubt?.(answer.doubt);
    }
    return registry;
  }

  async read(): Promise<RegistrySnapshot> {
    const answer = await this.#ask({ type: 'read' });
    return answer.type === 'rows' ? decodeRows(answer.rows) : unexpected(answer);
  }

  /**
   * A transaction of the earlier epoch that is being written ends before the next `read` does: so
   * the new leader reads every change that was reported as stored.
   */
  async beginEpoch(): Promise<number> {
    return ++this.#epoch;
  }

  /** One of an earlier version is brought into the present form when it is opened. */
  async describe(): Promise<RegistryDescription> {
    return { format: SCHEMA_VERSION };
  }

  store(changes: readonly RegistryChange[], epoch: number): Promise<StoreResult> {
    return this.#store(changes.flatMap(encodeChange), epoch);
  }

  replace(changes: readonly RegistryChange[], epoch: number): Promise<StoreResult> {
    return this.#store([{ op: 'clear' }, ...changes.flatMap(encodeChange)], epoch);
  }

  sizeBytes(): number {
    return [this.#file, `${this.#file}-wal`].reduce(
      (sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0),
      0,
    );
  }

  /** Retries changes that wait for room once more, and then rejects them. */
  async close(): Promise<void> {
    this.#stall.close();
    await this.#writing;
    if (this.#failure === undefined) {
      await this.#ask({ type: 'close' });
    } else {
      await this.#worker.terminate();
    }
  }

  #store(changes: readonly SqliteChange[], epoch: number): Promise<StoreResult> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ changes, epoch, resolve, reject });
      // All changes that are stored in this turn of the event loop join the transaction.
      this.#writing ??= Promise.resolve().then(() => this.#writeWaiting());
    });
  }

  async #writeWaiting(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#waiting.filter(({ epoch }) => epoch === this.#epoch);
      const late = this.#waiting.filter(({ epoch }) => epoch !== this.#epoch);
      this.#waiting = [];
      for (const { resolve } of late) {
        resolve('notLeader');
      }
      if (group.length === 0) {
        continue;
      }
      try {
        await this.#write(group);
        group.forEach(({ resolve }) => {
          resolve('stored');
        });
      } catch (error) {
        group.forEach(({ reject }) => {
          reject(error as Error);
        });
      }
    }
    this.#writing = undefined;
  }

  /** Resolves when the transaction is written, however long the disk is full. */
  async #write(group: readonly Pending[]): Promise<void> {
    const changes = group.flatMap((pending) => pending.changes);
    for (;;) {
      const answer = await this.#inTime(this.#ask({ type: 'write', changes }));
      if (answer.type !== 'full') {
        this.#stall.end(`${this.#file} can be written again`);
        return;
      }
      if (this.#stall.isClosed) {
        throw new RegistryError(`${answer.message}, and the master ends`);
      }
      await this.#stall.pause(
        `${answer.message}. It is tried again every second; ${group.length + this.#waiting.length} so far wait ` +
          'for it: agents that come or go, and calls that change weights, quotas, maintenance or agents',
      );
    }
  }

  #inTime(answer: Promise<Answer>): Promise<Answer> {
    const { answerTimeoutMs } = this.#options;
    if (answerTimeoutMs === undefined) {
      return answer;
    }
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(
      () =>
        reject(
          new RegistryError(`The registry took longer than ${formatDuration(answerTimeoutMs)}`),
        ),
      timerDelay(answerTimeoutMs),
    );
    return Promise.race([answer, late]).finally(() => clearTimeout(timer));
  }

  #ask(request: Request): Promise<Answer> {
    if (this.#failure !== undefined) {
      return Promise.reject(this.#failure);
    }
    this.#worker.postMessage(request);
    return this.#expect();
  }

  #expect(): Promise<Answer> {
    return new Promise((resolve, reject) => this.#expected.push({ resolve, reject }));
  }

  #answered(answer: Answer): void {
    if (answer.type === 'lost') {
      this.#failure ??= new RegistryError(answer.message);
      this.#options.onLost?.(this.#failure);
      return;
    }
    const expected = this.#expected.shift();
    if (answer.type === 'failed') {
      const flaws = answer.damage?.map((text) => ({ kind: 'damaged' as const, text }));
      expected?.reject(
        flaws === undefined ? new RegistryError(answer.message) : new DamageError(flaws),
      );
    } else {
      expected?.resolve(answer);
    }
  }

  #ended(cause: Error): void {
    this.#failure ??= new RegistryError(`The registry has ended: ${cause.message}`, { cause });
    for (const { reject } of this.#expected.splice(0)) {
      reject(this.#failure);
    }
  }
}

function unexpected(answer: Answer): never {
  throw new Error(`The registry's writer answered ${answer.type} out of turn`);
}
