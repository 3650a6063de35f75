// ResourceAlgebra and ResourcePool over one instance of the module. Two resources with different
// allocation roles are different, as in Mesos; but a list in which no resource has an allocation
// role is compared as if it had those of the other list.
import type { Offer_Operation, Resource } from '../model/generated/messages.ts';
import { fromMilli } from '../model/milli.ts';
import { checkObject, checkResources } from './arguments.ts';
import { NOT_CONTAINED, STILL_SHARED } from './constants.ts';
import { conversionsOf, NOT_THERE, writeConversions } from './conversions.ts';
import type { Allocation, ExchangeBuffer } from './exchange-buffer.ts';
import type { Applied, Converted, Quantities, ResourceAlgebra, ResourcePool } from './interface.ts';
import { accepted, checked, statusError } from './module.ts';
import type { SharedInstance } from './shared-instance.ts';

/**
 * The allocation role that all resources of a list have; undefined where none has one, null where
 * they differ.
 */
function allocationRole(resources: readonly Resource[]): string | null | undefined {
  let found: string | null | undefined;
  for (const resource of resources) {
    const role = resource.allocation_info?.role;
    if (role === undefined || role === found) {
      continue;
    }
    if (found !== undefined) {
      return null;
    }
    found = role;
  }
  return found;
}

/** How the allocation roles of a part are read when it is compared with the whole. */
function beside(whole: string | null | undefined): Allocation {
  if (whole === undefined) {
    return 'drop';
  }
  return whole === null ? 'keep' : { assume: whole };
}

/**
 * Whether the module says yes. Any other answer is a no: a resource that is not valid is contained
 * nowhere.
 */
function isYes(answer: number): boolean {
  return answer === 1;
}

/** How many resources are summed at a time: a list of the core has at most 65,536. */
const MAX_AT_ONCE = 16_384;

function* slices(parts: Iterable<readonly Resource[]>): Iterable<readonly Resource[]> {
  for (const part of parts) {
    if (part.length <= MAX_AT_ONCE) {
      yield part;
      continue;
    }
    for (let from = 0; from < part.length; from += MAX_AT_ONCE) {
      yield part.slice(from, from + MAX_AT_ONCE);
    }
  }
}

export class Algebra implements ResourceAlgebra {
  readonly #shared: SharedInstance;

  constructor(shared: SharedInstance) {
    this.#shared = shared;
  }

  add(left: readonly Resource[], right: readonly Resource[]): Resource[] {
    checkResources(left, 'left');
    checkResources(right, 'right');
    if (left.length === 0 && right.length === 0) {
      return [];
    }
    return this.#shared.run((buffer) => {
      const n = buffer.begin().write(left, 'keep');
      const m = buffer.write(right, 'keep');
      return buffer.read(checked(buffer.module.exports.listAdd(n, m)));
    });
  }

  subtract(left: readonly Resource[], right: readonly Resource[]): Resource[] {
    checkResources(left, 'left');
    checkResources(right, 'right');
    return this.#shared.run((buffer) => {
      const n = buffer.begin().write(left, 'keep');
      const m = buffer.writeKnown(right, beside(allocationRole(left)));
      return buffer.read(checked(buffer.module.exports.listSubtract(n, m)));
    });
  }

  contains(whole: readonly Resource[], part: readonly Resource[]): boolean {
    checkResources(whole, 'whole');
    checkResources(part, 'part');
    if (part.length === 0) {
      return true;
    }
    return this.#shared.run((buffer) => {
      const n = buffer.begin().write(whole, 'keep');
      const m = buffer.ask(part, beside(allocationRole(whole)));
      return m !== undefined && isYes(buffer.module.exports.listContains(n, m));
    });
  }

  equal(left: readonly Resource[], right: readonly Resource[]): boolean {
    checkResources(left, 'left');
    checkResources(right, 'right');
    return this.#shared.run((buffer) => {
      const n = buffer.begin().write(left, 'keep');
      const m = buffer.ask(right, 'keep');
      return m !== undefined && isYes(buffer.module.exports.listEqual(n, m));
    });
  }

  isEmpty(resources: readonly Resource[]): boolean {
    checkResources(resources);
    if (resources.length === 0) {
      return true;
    }
    return this.#shared.run((buffer) => {
      const count = buffer.begin().write(resources, 'drop');
      return checked(buffer.module.exports.listAdd(count, 0)) === 0;
    });
  }

  sum(all: Iterable<readonly Resource[]>): Resource[] {
    // An iterable that can be read only once would be empty the second time.
    const parts = [...all];
    return this.#shared.run((buffer) => {
      buffer.begin();
      let count = 0;
      for (const resources of slices(parts)) {
        if (count >= MAX_AT_ONCE) {
          const sum = buffer.read(checked(buffer.module.exports.listAdd(count, 0)));
          buffer.begin();
          count = buffer.write(sum, 'keep');
        }
        count += buffer.write(resources, 'keep');
      }
      return buffer.read(checked(buffer.module.exports.listAdd(count, 0)));
    });
  }

  quantities(resources: readonly Resource[]): Quantities {
    checkResources(resources);
    return this.#shared.run((buffer) => {
      const { module, kinds } = buffer.begin();
      const count = checked(module.exports.listQuantities(buffer.write(resources, 'drop')));
      module.locate();
      // A name may be `__proto__`.
      const quantities = Object.create(null) as Record<string, number>;
      for (let name = 0; name < count; name++) {
        const milli = module.f64[(module.io >> 1) + name] as number;
        if (milli > 0) {
          quantities[kinds.names[name] ?? ''] = fromMilli(milli);
        }
      }
      return quantities;
    });
  }

  apply(resources: readonly Resource[], operation: Offer_Operation): Applied {
    checkResources(resources);
    checkObject(operation, 'operation');
    return this.#shared.run((buffer): Applied => {
      const conversions = conversionsOf(buffer, operation);
      if (!conversions.ok) {
        return conversions;
      }
      const count = buffer.begin().write(resources, 'keep');
      const allocation = beside(allocationRole(resources));
      const why = writeConversions(buffer, conversions.conversions, allocation);
      if (why !== undefined) {
        return { ok: false, why };
      }
      const answer = buffer.module.exports.listConvert(count, conversions.conversions.length);
      return answer < 0 ? notApplied(answer) : { ok: true, resources: buffer.read(answer) };
    });
  }

  operationError(operation: Offer_Operation): string | undefined {
    checkObject(operation, 'operation');
    const conversions = this.#shared.run((buffer) => conversionsOf(buffer, operation));
    return conversions.ok ? undefined : conversions.why;
  }

  pool(initial: readonly Resource[]): ResourcePool {
    checkResources(initial, 'initial');
    return new Pool(this.#shared, initial);
  }
}

/** Why an operation could not be applied, as a text for people. */
export function notApplied(status: number): Applied & { ok: false } {
  switch (Math.abs(status)) {
    case NOT_CONTAINED:
      return { ok: false, why: NOT_THERE };
    case STILL_SHARED:
      return {
        ok: false,
        why: 'Persistent volume cannot be removed due to additional shared copies',
      };
    default:
      return { ok: false, why: `Invalid resources (${statusError(status).code})` };
  }
}

/** A change that was made to a pool, kept so that it can be repeated. */
type Done =
  | { readonly type: 'put' | 'take'; readonly resources: readonly Resource[] }
  | { readonly type: 'convert'; readonly operation: Offer_Operation };

/**
 * A pool is a row in the shared instance. Its changes are kept, so that they can be repeated in a
 * new instance when this one is lost.
 */
class Pool implements ResourcePool {
  readonly #shared: SharedInstance;
  readonly #initial: readonly Resource[];
  readonly #allocation: Allocation;
  readonly #done: Done[] = [];
  /** The buffer of the instance that has the row. */
  #buffer: ExchangeBuffer | undefined;
  #row = 0;

  constructor(shared: SharedInstance, initial: readonly Resource[]) {
    this.#shared = shared;
    this.#initial = initial;
    this.#allocation = beside(allocationRole(initial));
    this.#run(() => {});
  }

  /** Works on the row, and makes it first if this instance lacks it. */
  #run<T>(work: (buffer: ExchangeBuffer, row: number) => T): T {
    return this.#shared.run((buffer) => {
      if (buffer !== this.#buffer) {
        this.#make(buffer);
      }
      return work(buffer, this.#row);
    });
  }

  #make(buffer: ExchangeBuffer): void {
    const { exports } = buffer.module;
    const row = checked(exports.rowMake(buffer.begin().write(this.#initial, 'keep')));
    for (const done of this.#done) {
      if (done.type === 'convert') {
        this.#convert(buffer, row, done.operation);
        continue;
      }
      const count = buffer.begin().write(done.resources, this.#allocation);
      accepted(done.type === 'put' ? exports.rowPut(row, count) : exports.rowTake(row, count));
    }
    this.#row = row;
    this.#buffer = buffer;
  }

  contains(resources: readonly Resource[]): boolean {
    checkResources(resources);
    return this.#run((buffer, row) => {
      const count = buffer.begin().ask(resources, this.#allocation);
      return count !== undefined && isYes(buffer.module.exports.rowHas(row, count));
    });
  }

  take(resources: readonly Resource[]): boolean {
    checkResources(resources);
    const isTaken = this.#run((buffer, row) => {
      const count = buffer.begin().ask(resources, this.#allocation);
      return count !== undefined && buffer.module.exports.rowTake(row, count) === 0;
    });
    if (isTaken) {
      this.#done.push({ type: 'take', resources });
    }
    return isTaken;
  }

  put(resources: readonly Resource[]): void {
    checkResources(resources);
    this.#run((buffer, row) => {
      const count = buffer.begin().write(resources, this.#allocation);
      accepted(buffer.module.exports.rowPut(row, count));
    });
    this.#done.push({ type: 'put', resources });
  }

  convert(operation: Offer_Operation): Converted {
    checkObject(operation, 'operation');
    const converted = this.#run((buffer, row) => this.#convert(buffer, row, operation));
    if (converted.ok) {
      this.#done.push({ type: 'convert', operation });
    }
    return converted;
  }

  #convert(buffer: ExchangeBuffer, row: number, operation: Offer_Operation): Converted {
    const conversions = conversionsOf(buffer, operation);
    if (!conversions.ok) {
      return conversions;
    }
    const why = writeConversions(buffer.begin(), conversions.conversions, this.#allocation);
    if (why !== undefined) {
      return { ok: false, why };
    }
    const status = buffer.module.exports.rowConvert(row, conversions.conversions.length);
    return status === 0 ? { ok: true } : notApplied(status);
  }

  undo(): void {
    this.free();
    this.#done.pop();
    // The next use makes the row again, with the changes that are left.
    this.#buffer = undefined;
  }

  size(): number {
    return this.#run(({ module }, row) => checked(module.exports.rowSize(row)));
  }

  isEmpty(): boolean {
    return this.#run(({ module }, row) => checked(module.exports.rowSize(row)) === 0);
  }

  resources(): Resource[] {
    return this.#run((buffer, row) => buffer.read(checked(buffer.module.exports.rowRead(row))));
  }

  free(): void {
    this.#run(({ module }, row) => accepted(module.exports.rowDrop(row)));
  }
}
