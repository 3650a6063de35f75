// A client's side of a session with the model of an ensemble, with the delays of a network.
// Requests and answers arrive in order. When its connection breaks, a request may or may not have
// been carried out, and nobody tells.
import type {
  CreateOptions,
  Node,
  Operation,
  Session,
  SessionState,
} from '../../../src/zookeeper/interface.ts';
import { ZooKeeperError } from '../../../src/zookeeper/zookeeper-error.ts';
import { BreachError } from '../breach.ts';
import { type Process, whenRunning } from '../network.ts';
import type { ModelEnsemble, SessionRecord } from './model-ensemble.ts';

interface Asked {
  readonly fail: (error: ZooKeeperError) => void;
}

interface Watch {
  readonly kind: 'data' | 'children';
  readonly path: string;
  readonly onChange: () => void;
}

const RECONNECT_MS = 500;
/** No connection of a client has this number. */
const LOST = -1;

export class ModelSession implements Session {
  state: SessionState = 'connecting';
  readonly trouble = undefined;
  readonly #ensemble: ModelEnsemble;
  readonly #process: Process;
  readonly #timeoutMs: number;
  readonly #listeners = new Set<(state: SessionState) => void>();
  readonly #asked = new Set<Asked>();
  readonly #watches = new Set<Watch>();
  #record: SessionRecord | undefined;
  /** When the last sign of life that was answered was sent. */
  #heldSinceMs: number | undefined;
  #seenMs: number;
  #isBeatOpen = false;
  #connection = 0;
  /** Requests and answers do not overtake each other. */
  #requestAtMs = 0;
  #answerAtMs = 0;

  constructor(ensemble: ModelEnsemble, process: Process, timeoutMs: number) {
    this.#ensemble = ensemble;
    this.#process = process;
    this.#timeoutMs = timeoutMs;
    this.#seenMs = ensemble.agenda.nowMs;
    this.#connect();
    this.#look();
  }

  isHeld(): boolean {
    return (
      !this.#isOver() &&
      this.#heldSinceMs !== undefined &&
      this.#ensemble.agenda.nowMs < this.#heldSinceMs + this.#timeoutMs
    );
  }

  id(): string {
    return this.#record?.id ?? '0'.repeat(16);
  }

  onState(listener: (state: SessionState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  create(path: string, data: Buffer, options: CreateOptions = {}): Promise<string> {
    return this.#ask((znodes) => znodes.create(path, data, this.id(), options));
  }

  exists(path: string): Promise<boolean> {
    return this.#ask((znodes) => znodes.exists(path));
  }

  /** The model knows no rights. */
  isOpenToAll(): Promise<boolean> {
    return Promise.resolve(true);
  }

  get(path: string, onChange?: () => void): Promise<Node> {
    return this.#ask((znodes) => {
      const node = znodes.get(path);
      this.#watch('data', path, onChange);
      return node;
    });
  }

  children(path: string, onChange?: () => void): Promise<readonly string[]> {
    return this.#ask((znodes) => {
      const names = znodes.children(path);
      this.#watch('children', path, onChange);
      return names;
    });
  }

  set(path: string, data: Buffer, version?: number): Promise<number> {
    return this.#ask((znodes) => znodes.set(path, data, version));
  }

  delete(path: string): Promise<void> {
    return this.#ask((znodes) => znodes.delete(path));
  }

  transact(operations: readonly Operation[]): Promise<void> {
    return this.#ask((znodes) => znodes.transact(operations, this.id()));
  }

  async close(): Promise<void> {
    if (this.#isOver()) {
      return;
    }
    const { agenda } = this.#ensemble;
    const record = this.#record;
    const isHeard = this.state === 'connected' && this.#ensemble.isReachable(this.#process.host);
    this.#end('closed');
    if (isHeard && record !== undefined) {
      await new Promise<void>((resolve) => {
        agenda.after(this.#delay(), () => {
          this.#ensemble.end(record);
          this.#ensemble.isStirred = true;
          resolve();
        });
      });
    }
  }

  /** A server has gone, or a connection with it. */
  breakConnection(): void {
    if (this.state !== 'connected') {
      return;
    }
    this.#connection++;
    this.#isBeatOpen = false;
    this.#fail('connectionLoss');
    this.#becomes('disconnected');
    this.#connect();
  }

  /** The ensemble ends the session, and this side hears of it with the next answer. */
  expire(): void {
    if (this.#record !== undefined) {
      this.#ensemble.end(this.#record);
    }
  }

  #connect(): void {
    const { agenda } = this.#ensemble;
    this.#later(this.#delay(), () => {
      if (this.#isOver()) {
        return;
      }
      if (!this.#ensemble.isReachable(this.#process.host)) {
        this.#later(RECONNECT_MS, () => this.#connect());
        return;
      }
      if (this.#record?.isOver === true) {
        this.#end('expired');
        return;
      }
      this.#record ??= this.#ensemble.begin(this.#timeoutMs);
      const record = this.#record;
      record.heardMs = agenda.nowMs;
      record.connection = ++this.#connection;
      record.changed = (kind, path) => this.#changed(kind, path);
      this.#later(this.#delay(), () => this.#connected(record.connection));
    });
  }

  #connected(connection: number): void {
    if (connection === this.#connection && !this.#isOver()) {
      this.#seenMs = this.#ensemble.agenda.nowMs;
      this.#becomes('connected');
      this.#beat();
    }
  }

  /** Signs of life, and what follows where nobody answers them. */
  #look(): void {
    const { agenda } = this.#ensemble;
    this.#later(this.#timeoutMs / 12, () => {
      if (this.#isOver()) {
        return;
      }
      if (this.#heldSinceMs !== undefined && !this.isHeld()) {
        this.#end('expired');
        return;
      }
      if (agenda.nowMs - this.#seenMs >= (this.#timeoutMs * 2) / 3) {
        this.#seenMs = agenda.nowMs;
        this.breakConnection();
      } else if (this.state === 'connected' && agenda.nowMs - this.#seenMs >= this.#timeoutMs / 3) {
        this.#beat();
      }
      this.#look();
    });
  }

  #beat(): void {
    if (this.#isBeatOpen) {
      return;
    }
    this.#isBeatOpen = true;
    const { agenda } = this.#ensemble;
    const sentMs = agenda.nowMs;
    this.#ask((znodes) => znodes.exists('/')).then(
      () => {
        this.#heldSinceMs = sentMs;
        this.#seenMs = agenda.nowMs;
        this.#isBeatOpen = false;
      },
      () => {},
    );
  }

  #ask<T>(run: (znodes: ModelEnsemble['znodes']) => T): Promise<T> {
    if (this.state !== 'connected') {
      const fault = this.#isOver() ? (this.state as 'expired' | 'closed') : 'disconnected';
      return Promise.reject(new ZooKeeperError(fault, `the session is ${this.state}`));
    }
    const { agenda } = this.#ensemble;
    const connection = this.#connection;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const asked: Asked = { fail: reject };
    this.#asked.add(asked);
    this.#requestAtMs = Math.max(this.#requestAtMs, agenda.nowMs + this.#delay());
    agenda.after(this.#requestAtMs - agenda.nowMs, () => {
      const record = this.#record;
      if (record === undefined || record.connection !== connection) {
        return;
      }
      if (!this.#ensemble.isReachable(this.#process.host)) {
        // A request got lost: nothing of this connection arrives any more.
        record.connection = LOST;
        return;
      }
      record.heardMs = agenda.nowMs;
      const answer = record.isOver ? expired : this.#carryOut(run);
      this.#answerAtMs = Math.max(this.#answerAtMs, agenda.nowMs + this.#delay());
      this.#later(this.#answerAtMs - agenda.nowMs, () => {
        if (this.#asked.delete(asked)) {
          this.#ensemble.isStirred = true;
          'error' in answer ? reject(answer.error) : resolve(answer.value);
        }
      });
    });
    return promise;
  }

  #carryOut<T>(
    run: (znodes: ModelEnsemble['znodes']) => T,
  ): { readonly value: T } | { readonly error: unknown } {
    try {
      return { value: run(this.#ensemble.znodes) };
    } catch (error) {
      if (error instanceof BreachError) {
        throw error;
      }
      return { error };
    }
  }

  #watch(kind: Watch['kind'], path: string, onChange: (() => void) | undefined): void {
    if (onChange !== undefined) {
      this.#watches.add({ kind, path, onChange });
    }
  }

  /** Events come in the order of answers; those of a broken connection come with the next one. */
  #changed(kind: Watch['kind'], path: string): void {
    const { agenda } = this.#ensemble;
    for (const watch of [...this.#watches]) {
      if (watch.kind === kind && watch.path === path) {
        this.#watches.delete(watch);
        this.#answerAtMs = Math.max(this.#answerAtMs, agenda.nowMs + this.#delay());
        this.#later(this.#answerAtMs - agenda.nowMs, () => this.#tell(watch));
      }
    }
  }

  #tell(watch: Watch): void {
    if (this.#isOver()) {
      return;
    }
    if (this.state !== 'connected' || !this.#ensemble.isReachable(this.#process.host)) {
      this.#later(RECONNECT_MS, () => this.#tell(watch));
      return;
    }
    this.#ensemble.isStirred = true;
    watch.onChange();
  }

  #becomes(state: SessionState): void {
    if (this.state === state || this.#isOver()) {
      return;
    }
    this.state = state;
    this.#ensemble.isStirred = true;
    for (const listener of [...this.#listeners]) {
      listener(state);
    }
  }

  #end(state: 'expired' | 'closed'): void {
    this.#becomes(state);
    this.#fail(state);
    this.#listeners.clear();
  }

  #fail(fault: 'connectionLoss' | 'expired' | 'closed'): void {
    for (const { fail } of this.#asked) {
      fail(new ZooKeeperError(fault, `the session is ${this.state}`));
    }
    this.#asked.clear();
    this.#ensemble.isStirred = true;
  }

  /** In the client's process, as long as there is one, and when it runs. */
  #later(delayMs: number, run: () => void): void {
    this.#ensemble.agenda.after(delayMs, () =>
      whenRunning(this.#process, () => {
        if (this.#process.alive) {
          run();
        }
      }),
    );
  }

  #isOver(): boolean {
    return this.state === 'expired' || this.state === 'closed';
  }

  #delay(): number {
    return this.#ensemble.network.delay();
  }
}

const expired = { error: new ZooKeeperError('expired', 'the session has expired') };
