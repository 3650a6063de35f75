// What a model of an ensemble holds: znodes, and the rules of each operation on them. All servers
// of an ensemble agree on one order of changes, so that there is one tree.
import type { CreateOptions, Node, Operation } from '../../../src/zookeeper/interface.ts';
import { ZooKeeperError } from '../../../src/zookeeper/zookeeper-error.ts';

interface Znode {
  data: Buffer;
  version: number;
  readonly owner: string;
  readonly children: Set<string>;
  /** Of all children that there ever were: the number of the next sequential one. */
  nextNumber: number;
}

const NOBODY = '0'.repeat(16);
/** As a server's jute.maxbuffer. */
const MOST_BYTES = 1_048_575;

export class Znodes {
  readonly #byPath = new Map<string, Znode>([['/', znode(Buffer.alloc(0), NOBODY)]]);
  /** Called for each change: the znode's data or existence, or its list of children. */
  readonly #onChange: (kind: 'data' | 'children', path: string) => void;

  constructor(onChange: (kind: 'data' | 'children', path: string) => void) {
    this.#onChange = onChange;
  }

  create(path: string, data: Buffer, owner: string, options: CreateOptions): string {
    const { isEphemeral = false, isSequential = false } = options;
    const parentPath = parentOf(path);
    const parent = this.#at(parentPath);
    if (parent.owner !== NOBODY) {
      throw new ZooKeeperError('other', `${parentPath} is ephemeral and has no children`);
    }
    const number = parent.nextNumber;
    const whole = isSequential ? `${path}${String(number).padStart(10, '0')}` : path;
    if (this.#byPath.has(whole)) {
      throw new ZooKeeperError('nodeExists', `${whole} exists`);
    }
    parent.nextNumber++;
    parent.children.add(whole.slice(whole.lastIndexOf('/') + 1));
    this.#byPath.set(whole, znode(data, isEphemeral ? owner : NOBODY));
    this.#onChange('data', whole);
    this.#onChange('children', parentPath);
    return whole;
  }

  exists(path: string): boolean {
    return this.#byPath.has(path);
  }

  get(path: string): Node {
    const { data, version, owner } = this.#at(path);
    return { data: Buffer.from(data), version, owner };
  }

  children(path: string): readonly string[] {
    return [...this.#at(path).children];
  }

  set(path: string, data: Buffer, version?: number): number {
    const node = this.#at(path);
    this.#expects(path, version);
    node.data = Buffer.from(data);
    node.version++;
    this.#onChange('data', path);
    return node.version;
  }

  delete(path: string): void {
    if (this.#at(path).children.size > 0) {
      throw new ZooKeeperError('notEmpty', `${path} has children`);
    }
    this.#byPath.delete(path);
    const parent = parentOf(path);
    this.#at(parent).children.delete(path.slice(path.lastIndexOf('/') + 1));
    this.#onChange('data', path);
    this.#onChange('children', parent);
  }

  /** All of it, or an error and nothing. */
  transact(operations: readonly Operation[], owner: string): void {
    const bytes = operations.reduce(
      (sum, it) => sum + it.path.length + ('data' in it ? it.data.length : 0),
      0,
    );
    if (bytes > MOST_BYTES) {
      throw new ZooKeeperError('connectionLoss', 'a server takes no request of this size');
    }
    this.#check(operations);
    for (const operation of operations) {
      switch (operation.type) {
        case 'create':
          this.create(operation.path, operation.data, owner, {});
          break;
        case 'set':
          this.set(operation.path, operation.data, operation.version);
          break;
        case 'delete':
          this.delete(operation.path);
          break;
        case 'check':
          break;
        default:
          operation satisfies never;
      }
    }
  }

  /** The session has ended. */
  deleteOf(owner: string): void {
    for (const [path, node] of [...this.#byPath]) {
      if (node.owner === owner) {
        this.delete(path);
      }
    }
  }

  /** Finds out on names alone whether each operation is possible after those before it. */
  #check(operations: readonly Operation[]): void {
    const made = new Map<string, boolean>();
    const exists = (path: string) => made.get(path) ?? this.exists(path);
    for (const { type, path, ...rest } of operations) {
      if (type === 'create') {
        if (exists(path)) {
          throw new ZooKeeperError('nodeExists', `${path} exists`);
        }
        if (!exists(parentOf(path))) {
          throw new ZooKeeperError('noNode', `${parentOf(path)} is missing`);
        }
      } else if (!exists(path)) {
        throw new ZooKeeperError('noNode', `${path} is missing`);
      } else if ('version' in rest && !made.has(path)) {
        this.#expects(path, rest.version);
      }
      made.set(path, type !== 'delete');
    }
  }

  #expects(path: string, version: number | undefined): void {
    if (version !== undefined && version !== this.#at(path).version) {
      throw new ZooKeeperError('badVersion', `${path} has another version`);
    }
  }

  #at(path: string): Znode {
    const found = this.#byPath.get(path);
    if (found === undefined) {
      throw new ZooKeeperError('noNode', `${path} is missing`);
    }
    return found;
  }
}

const znode = (data: Buffer, owner: string): Znode => ({
  data: Buffer.from(data),
  version: 0,
  owner,
  children: new Set(),
  nextNumber: 0,
});

const parentOf = (path: string) => path.slice(0, path.lastIndexOf('/')) || '/';
