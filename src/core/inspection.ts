// Reads what the module has counted: who holds what of an agent, what a framework or a role holds,
// and what the cluster has.
import { fromMilli } from '../model/milli.ts';
import type { ExchangeBuffer } from './exchange-buffer.ts';
import type {
  ClusterSums,
  HeldOnAgent,
  LeafShare,
  Quantities,
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

  role(role: number): RoleSums {
    const { exports } = this.#buffer.module;
    const columns = this.#columns(checked(exports.readRole(role)), 5);
    const [reserved = {}, reservedHeld = {}, plainHeld = {}, , consumed = {}] = columns;
    return { reserved, reservedHeld, plainHeld, consumed };
  }

  cluster(onlyActive: boolean): ClusterSums {
    const { exports } = this.#buffer.module;
    const columns = this.#columns(checked(exports.readCluster(onlyActive ? 1 : 0)), 6);
    const [total = {}, offered = {}, used = {}, reserved = {}, revocable = {}, inUse = {}] =
      columns;
    return { total, offered, used, reserved, revocable, revocableUsed: inUse };
  }

  /** The answer of a call that writes `width` numbers for each name, without zeros. */
  #columns(names: number, width: number): Record<string, number>[] {
    const { module, kinds } = this.#buffer;
    module.locate();
    const columns = Array.from(
      { length: width },
      (): Record<string, number> => Object.create(null) as Record<string, number>,
    );
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
