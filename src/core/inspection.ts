// Reads what the module has counted: who holds what of an agent, what a framework or a role holds,
// and what the cluster has.
import type { FrameworkId } from '../model/ids.ts';
import { fromMilli, toMilli } from '../model/milli.ts';
import type { ExchangeBuffer } from './exchange-buffer.ts';
import type {
  ClusterSums,
  HeldOnAgent,
  Holders,
  LeafHoldings,
  LeafShare,
  Quantities,
  RoleHoldings,
  RoleSums,
  Share,
} from './interface.ts';
import { checked } from './module.ts';
import type { Names } from './offers.ts';

export class Inspection {
  readonly #buffer: ExchangeBuffer;
  readonly #names: Pick<Names, 'frameworkId' | 'role'>;

  constructor(buffer: ExchangeBuffer, names: Pick<Names, 'frameworkId' | 'role'>) {
    this.#buffer = buffer;
    this.#names = names;
  }

  holdings(agent: number): HeldOnAgent[] {
    const { module } = this.#buffer;
    const count = checked(module.exports.readHoldings(agent));
    module.locate();
    const held: HeldOnAgent[] = [];
    let at = module.io;
    for (let index = 0; index < count; index++) {
      const { u32 } = module;
      const [framework = 0, role = 0, offeredItems = 0, usedItems = 0] = u32.subarray(at, at + 4);
      const offered = this.#buffer.listAt(at + 4, offeredItems);
      const used = this.#buffer.listAt(offered.end, usedItems);
      at = used.end;
      held.push({
        frameworkId: this.#names.frameworkId(framework),
        role: this.#names.role(role),
        offered: offered.resources,
        used: used.resources,
      });
    }
    return held;
  }

  /** Of a framework in a role. */
  held(framework: number, role: number): Quantities {
    const { exports } = this.#buffer.module;
    return this.#columns(checked(exports.readLeaf(framework, role)), 1)[0] ?? {};
  }

  leafShare(framework: number, role: number): LeafShare | undefined {
    const { exports } = this.#buffer.module;
    const share = this.#share(checked(exports.readLeafShare(framework, role)));
    if (share === undefined) {
      return undefined;
    }
    const [refusals = 0, firstEndMs, lastEndMs] = this.#numbers(2, 3);
    return refusals === 0
      ? { ...share, refusals, firstEndMs: undefined, lastEndMs: undefined }
      : { ...share, refusals, firstEndMs, lastEndMs };
  }

  roleShare(role: number | undefined): Share {
    const { exports } = this.#buffer.module;
    const answer = role === undefined ? 0 : checked(exports.readRoleShare(role));
    return this.#share(answer) ?? { part: 0, resource: undefined };
  }

  /** What a call has written; undefined where it has not. */
  #share(answer: number): Share | undefined {
    if (answer === 0) {
      return undefined;
    }
    const [part = 0, name = 0] = this.#numbers(0, 2);
    return { part, resource: part === 0 ? undefined : this.#buffer.kinds.names[name] };
  }

  #numbers(from: number, count: number): number[] {
    const { module } = this.#buffer;
    module.locate();
    const at = (module.io >> 1) + from;
    return [...module.f64.subarray(at, at + count)];
  }

  /** Refusals in force, by role; `paths` are the names of roles by their numbers. */
  filters(paths: readonly string[]): Record<string, number> {
    const { exports } = this.#buffer.module;
    const active: Record<string, number> = {};
    paths.forEach((path, role) => {
      const count = role === 0 ? 0 : exports.roleFilters(role);
      if (count > 0) {
        active[path] = count;
      }
    });
    return active;
  }

  role(role: number): RoleSums {
    const { exports } = this.#buffer.module;
    const columns = this.#columns(checked(exports.readRole(role)), 5);
    const [reserved = {}, reservedHeld = {}, plainHeld = {}, , consumed = {}] = columns;
    return { reserved, reservedHeld, plainHeld, consumed };
  }

  holders({ counted }: { readonly counted: boolean }): Holders {
    const { module } = this.#buffer;
    const count = checked(module.exports.readRoles());
    module.locate();
    const roles = new Map<string, Sums>();
    const reservers = new Set<string>();
    for (const [text, places] of this.#sumsByName(count)) {
      for (const at of places) {
        const [number = 0, , pieces = 0] = module.u32.subarray(at, at + 3);
        const columns = module.f64.subarray((at >> 1) + 2, (at >> 1) + 6);
        const role = this.#names.role(number);
        if (columns[RESERVED] !== 0) {
          reservers.add(role);
        }
        if (counted || pieces === 0) {
          const sums = roles.get(role) ?? noSums();
          roles.set(role, addSums(sums, text, columns));
        }
      }
    }
    return { roles, reservers, users: this.#users(module.io + HEAD + count * SUM) };
  }

  leafHoldings(): ReadonlyMap<FrameworkId, ReadonlyMap<string, LeafHoldings>> {
    const { module, kinds } = this.#buffer;
    const count = checked(module.exports.readLeaves());
    module.locate();
    const { u32, f64, io } = module;
    const all = new Map<FrameworkId, Map<string, LeafSums>>();
    for (let at = io + HEAD; at < io + HEAD + count * LEAF_SUM; at += LEAF_SUM) {
      const [framework = 0, role = 0, name = 0] = u32.subarray(at, at + 3);
      const [used = 0, offered = 0] = f64.subarray((at >> 1) + 2, (at >> 1) + 4);
      const id = this.#names.frameworkId(framework);
      const own = all.get(id) ?? new Map<string, LeafSums>();
      all.set(id, own);
      const path = this.#names.role(role);
      const sums = own.get(path) ?? { used: amounts(), offered: amounts() };
      own.set(path, sums);
      add(sums.used, kinds.names[name] ?? '', used);
      add(sums.offered, kinds.names[name] ?? '', offered);
    }
    return all;
  }

  /** Places of the sums that `readRoles` has written, by the names of resources in their order. */
  #sumsByName(count: number): (readonly [name: string, places: readonly number[]])[] {
    const { module, kinds } = this.#buffer;
    const places = new Map<number, number[]>();
    for (let at = module.io + HEAD; at < module.io + HEAD + count * SUM; at += SUM) {
      const name = module.u32[at + 1] as number;
      const known = places.get(name);
      if (known === undefined) {
        places.set(name, [at]);
      } else {
        known.push(at);
      }
    }
    return [...places]
      .map(([name, own]) => [kinds.names[name] ?? '', own] as const)
      .sort(([left], [right]) => (left < right ? -1 : 1));
  }

  #users(from: number): (readonly [FrameworkId, string])[] {
    const { u32, io } = this.#buffer.module;
    const users: (readonly [FrameworkId, string])[] = [];
    for (let at = from; at < from + (u32[io + 1] as number) * 2; at += 2) {
      const [framework = 0, role = 0] = u32.subarray(at, at + 2);
      users.push([this.#names.frameworkId(framework), this.#names.role(role)]);
    }
    return users;
  }

  cluster(onlyActive: boolean): ClusterSums {
    const { exports } = this.#buffer.module;
    const columns = this.#columns(checked(exports.readCluster(onlyActive ? 1 : 0)), 6);
    const [total = {}, offered = {}, used = {}, reserved = {}, revocable = {}, inUse = {}] =
      columns;
    return {
      total,
      offered,
      used,
      held: sum(used, offered),
      reserved,
      revocable,
      revocableUsed: inUse,
    };
  }

  /** The answer of a call that writes `width` numbers for each name, without zeros. */
  #columns(names: number, width: number): Record<string, number>[] {
    const { module, kinds } = this.#buffer;
    module.locate();
    const columns = Array.from({ length: width }, amounts);
    for (let name = 0; name < names; name++) {
      const text = kinds.names[name];
      for (let column = 0; column < width; column++) {
        const milli = module.f64[(module.io >> 1) + name * width + column] as number;
        const to = columns[column];
        if (text !== undefined && to !== undefined && milli !== 0) {
          to[text] = fromMilli(milli);
        }
      }
    }
    return columns;
  }
}

type LeafSums = { readonly [Field in keyof LeafHoldings]: Record<string, number> };

/** What `readLeaves` writes for each sum, in u32s. */
const LEAF_SUM = 8;

/** What `readRoles` writes, in u32s: the head, and each sum; the f64 of a sum that is reserved. */
const HEAD = 2;
const SUM = 16;
const RESERVED = 2;

type Sums = { readonly [Field in keyof RoleHoldings]: Record<string, number> };

const amounts = () => Object.create(null) as Record<string, number>;

const noSums = (): Sums => ({
  used: amounts(),
  offered: amounts(),
  held: amounts(),
  reserved: amounts(),
  consumed: amounts(),
});

function sum(left: Quantities, right: Quantities): Quantities {
  const both = amounts();
  for (const [name, amount] of [...Object.entries(left), ...Object.entries(right)]) {
    add(both, name, toMilli(amount));
  }
  return both;
}

/** Adds the columns of one sum of the module's: used, offered, reserved, idle; in thousandths. */
function addSums(sums: Sums, name: string, columns: Float64Array): Sums {
  const [used = 0, offered = 0, reserved = 0, idle = 0] = columns;
  add(sums.used, name, used);
  add(sums.offered, name, offered);
  add(sums.held, name, used + offered);
  add(sums.reserved, name, reserved);
  add(sums.consumed, name, used + idle);
  return sums;
}

function add(to: Record<string, number>, name: string, milli: number): void {
  if (milli !== 0) {
    to[name] = fromMilli(toMilli(to[name] ?? 0) + milli);
  }
}
