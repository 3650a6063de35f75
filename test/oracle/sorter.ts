// The fair order of clients in a tree of paths (`a/b`). Siblings are ordered by share, then by how
// often something was allocated to them, then by path. A client with others below it competes with
// them as a leaf named `.` under its own node.
import {
  add,
  containsPiece,
  isShared,
  type Piece,
  type Pieces,
  subtract,
  toUnits,
} from './pieces.ts';
import { minus, NOTHING, plus, type Quantities, quantitiesOf } from './quantities.ts';

interface Node {
  readonly name: string;
  readonly path: string;
  readonly parent: Node | undefined;
  readonly children: Node[];
  /** The state of a client; undefined for a node that only has others below it. */
  leaf: { active: boolean } | undefined;
  /** Fixed when the first share is computed; `updateWeight` only affects nodes of clients. */
  weight: number | undefined;
  share: number;
  /** How often something was allocated to the client or those below it. */
  allocations: number;
  readonly held: Map<string, Pieces>;
  totals: Quantities;
}

function makeNode(name: string, parent: Node | undefined): Node {
  return {
    name,
    path: parent === undefined ? '' : parent.path === '' ? name : `${parent.path}/${name}`,
    parent,
    children: [],
    leaf: undefined,
    weight: undefined,
    share: 0,
    allocations: 0,
    held: new Map(),
    totals: NOTHING,
  };
}

export class Sorter {
  readonly #excluded: ReadonlySet<string>;
  readonly #root = makeNode('', undefined);
  readonly #clients = new Map<string, Node>();
  readonly #weights = new Map<string, number>();
  readonly #agents = new Map<string, Quantities>();
  #totals: Quantities = NOTHING;
  /**
   * Whether shares may have changed anywhere; otherwise only nodes that got something change
   * places.
   */
  #dirty = false;

  constructor(excluded: Iterable<string>) {
    this.#excluded = new Set(excluded);
  }

  has(client: string): boolean {
    return this.#clients.has(client);
  }

  /** Adds a client, which is inactive at first. */
  add(client: string): void {
    let node = this.#root;
    for (const name of client.split('/')) {
      if (node.leaf !== undefined) {
        this.#pushDown(node);
      }
      let child = node.children.find((candidate) => candidate.name === name);
      if (child === undefined) {
        child = makeNode(name, node);
        node.children.push(child);
      }
      node = child;
    }
    if (node.children.length > 0) {
      const virtual = makeNode('.', node);
      node.children.push(virtual);
      node = virtual;
    }
    node.leaf = { active: false };
    this.#clients.set(client, node);
    this.#dirty = true;
  }

  /** A client gets others below it: what it holds moves to a leaf of its own among them. */
  #pushDown(node: Node): void {
    const virtual = makeNode('.', node);
    virtual.leaf = node.leaf;
    virtual.allocations = node.allocations;
    virtual.totals = node.totals;
    for (const [agent, pieces] of node.held) {
      virtual.held.set(agent, pieces);
    }
    node.leaf = undefined;
    node.children.push(virtual);
    this.#clients.set(node.path, virtual);
  }

  /** Removes a client, which must hold nothing. Nodes without any client left are removed, too. */
  remove(client: string): void {
    let node = this.#client(client);
    this.#clients.delete(client);
    this.#dirty = true;
    node.leaf = undefined;
    while (node.parent !== undefined) {
      const { parent } = node;
      const [only, ...others] = node.children;
      if (only === undefined) {
        if (node.leaf === undefined) {
          parent.children.splice(parent.children.indexOf(node), 1);
        }
      } else if (others.length === 0 && only.name === '.') {
        node.leaf = only.leaf;
        node.children.length = 0;
        this.#clients.set(node.path, node);
      }
      node = parent;
    }
  }

  activate(client: string): void {
    const { leaf } = this.#client(client);
    if (leaf === undefined || leaf.active) {
      return;
    }
    leaf.active = true;
    this.#dirty = true;
  }

  deactivate(client: string): void {
    const { leaf } = this.#client(client);
    if (leaf !== undefined) {
      leaf.active = false;
    }
  }

  updateWeight(path: string, weight: number): void {
    this.#weights.set(path, weight);
    this.#dirty = true;
    const client = this.#clients.get(path);
    if (client === undefined) {
      return;
    }
    const node = client.name === '.' ? client.parent : client;
    if (node !== undefined) {
      node.weight = weight;
    }
  }

  allocated(client: string, agent: string, pieces: Pieces): void {
    for (const node of this.#upwards(client)) {
      const before = node.held.get(agent) ?? [];
      const isNew = (piece: Piece) =>
        !isShared(piece) || !containsPiece(before, { ...piece, copies: 1 });
      node.totals = plus(node.totals, quantitiesOf(pieces.filter(isNew)));
      node.held.set(agent, add(before, pieces));
      node.allocations += 1;
      if (!this.#dirty && node.parent !== undefined && node.leaf?.active !== false) {
        node.share = this.#shareOf(node);
      }
    }
  }

  unallocated(client: string, agent: string, pieces: Pieces): void {
    for (const node of this.#upwards(client)) {
      const after = subtract(node.held.get(agent) ?? [], pieces);
      const isGone = (piece: Piece) =>
        !isShared(piece) || !containsPiece(after, { ...piece, copies: 1 });
      node.totals = minus(node.totals, quantitiesOf(pieces.filter(isGone)));
      this.#hold(node, agent, after);
    }
    this.#dirty = true;
  }

  /** Replaces what the client holds without counting it as an allocation. */
  update(client: string, agent: string, change: { from: Pieces; to: Pieces }): void {
    for (const node of this.#upwards(client)) {
      node.totals = plus(minus(node.totals, quantitiesOf(change.from)), quantitiesOf(change.to));
      this.#hold(node, agent, add(subtract(node.held.get(agent) ?? [], change.from), change.to));
    }
    this.#dirty = true;
  }

  #hold(node: Node, agent: string, pieces: Pieces): void {
    if (pieces.length === 0) {
      node.held.delete(agent);
    } else {
      node.held.set(agent, pieces);
    }
  }

  holdsAnything(client: string): boolean {
    return this.#client(client).held.size > 0;
  }

  /** Everything that clients hold. */
  allAllocated(): Quantities {
    return this.#root.totals;
  }

  addAgent(agent: string, total: Quantities): void {
    this.#agents.set(agent, total);
    this.#totals = plus(this.#totals, total);
    this.#dirty = true;
  }

  removeAgent(agent: string): void {
    this.#totals = minus(this.#totals, this.#agents.get(agent) ?? NOTHING);
    this.#agents.delete(agent);
    this.#dirty = true;
  }

  /** Active clients in order. */
  sort(): string[] {
    if (this.#dirty) {
      this.#computeShares(this.#root);
    }
    this.#dirty = false;
    return this.#activeBelow(this.#root);
  }

  #computeShares(node: Node): void {
    for (const child of node.children) {
      if (child.leaf?.active === false) {
        continue;
      }
      child.share = this.#shareOf(child);
      this.#computeShares(child);
    }
  }

  #activeBelow(node: Node): string[] {
    const competing = node.children.filter((child) => child.leaf?.active !== false);
    competing.sort(
      (a, b) => a.share - b.share || a.allocations - b.allocations || compareBytes(a.path, b.path),
    );
    return competing.flatMap((child) => {
      if (child.leaf === undefined) {
        return this.#activeBelow(child);
      }
      return [child.name === '.' ? node.path : child.path];
    });
  }

  #shareOf(node: Node): number {
    let share = 0;
    for (const [name, total] of this.#totals) {
      if (this.#excluded.has(name)) {
        continue;
      }
      share = Math.max(share, toUnits(node.totals.get(name) ?? 0) / toUnits(total));
    }
    node.weight ??= this.#weights.get(node.path) ?? 1;
    return share / node.weight;
  }

  #client(client: string): Node {
    const node = this.#clients.get(client);
    if (node === undefined) {
      throw new Error(`no client ${client}`);
    }
    return node;
  }

  /** The client's node and its ancestors. */
  *#upwards(client: string): Iterable<Node> {
    for (let node: Node | undefined = this.#client(client); node; node = node.parent) {
      yield node;
    }
  }
}

/** The order of UTF-8 bytes; JavaScript's order differs only above U+FFFF. */
export function compareBytes(left: string, right: string): number {
  const a = [...left];
  const b = [...right];
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const difference = (a[i]?.codePointAt(0) ?? 0) - (b[i]?.codePointAt(0) ?? 0);
    if (difference !== 0) {
      return difference;
    }
  }
  return a.length - b.length;
}
