// A session with the model of an ensemble, without a network: what is asked for is done at once. It
// can be cut off for good at any moment.
import type { CreateOptions, Node, Operation, Session } from '../../src/zookeeper/interface.ts';
import type { Znodes } from '../simulation/zookeeper/znodes.ts';

const ID = '1'.padStart(16, '0');

export class ZnodesSession implements Session {
  readonly state = 'connected';
  readonly trouble = undefined;
  readonly #znodes: Znodes;
  /** How many more changes are carried out; with the next one the client is killed. */
  #changesLeft: number;
  /** Resolves when the client has been killed. */
  readonly killed: Promise<void>;
  readonly #kill: () => void;

  constructor(znodes: Znodes, changesLeft = Number.POSITIVE_INFINITY) {
    this.#znodes = znodes;
    this.#changesLeft = changesLeft;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.killed = promise;
    this.#kill = resolve;
  }

  isHeld(): boolean {
    return true;
  }

  id(): string {
    return ID;
  }

  onState(): () => void {
    return () => undefined;
  }

  create(path: string, data: Buffer, options: CreateOptions = {}): Promise<string> {
    return this.#change(() => this.#znodes.create(path, data, ID, options));
  }

  async exists(path: string): Promise<boolean> {
    return this.#znodes.exists(path);
  }

  async isOpenToAll(): Promise<boolean> {
    return false;
  }

  async get(path: string): Promise<Node> {
    return this.#znodes.get(path);
  }

  async children(path: string): Promise<readonly string[]> {
    return this.#znodes.children(path);
  }

  set(path: string, data: Buffer, version?: number): Promise<number> {
    return this.#change(() => this.#znodes.set(path, data, version));
  }

  delete(path: string): Promise<void> {
    return this.#change(() => this.#znodes.delete(path));
  }

  transact(operations: readonly Operation[]): Promise<void> {
    const isChange = operations.some(({ type }) => type !== 'check');
    const work = () => this.#znodes.transact(operations, ID);
    return isChange ? this.#change(work) : Promise.resolve().then(work);
  }

  async close(): Promise<void> {}

  #change<T>(work: () => T): Promise<T> {
    if (this.#changesLeft === 0) {
      this.#kill();
      return new Promise(() => undefined);
    }
    this.#changesLeft--;
    return Promise.resolve().then(work);
  }
}
