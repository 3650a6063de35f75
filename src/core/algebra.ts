// ResourceAlgebra and ResourcePool over one instance of the module. An allocation role is part of what
// distinguishes two resources, as in Mesos; but a list in which no resource has one is compared as if
// it were allocated like the other.
import type { Offer_Operation, Resource } from '../model/generated/messages.ts';
import { conversionsOf, NOT_THERE, writeConversions } from './conversions.ts';
import type { Applied, Quantities, ResourceAlgebra, ResourcePool } from './interface.ts';
import { fromMilli } from './kinds.ts';
import type { Allocation, Lists } from './lists.ts';
import { accepted, checked, NOT_CONTAINED, STILL_SHARED, statusError } from './module.ts';

/** The one allocation role of a list; undefined when there is none; null when there are several. */
function allocationRole(resources: readonly Resource[]): string | null | undefined {
  let found: string | null | undefined;
  for (const resource of resources) {
    const role = resource.allocation_info?.role;
    if (role === undefined || role === found) continue;
    if (found !== undefined) return null;
    found = role;
  }
  return found;
}

/** How the allocation roles of a part are read beside those of the whole. */
function beside(whole: string | null | undefined): Allocation {
  if (whole === undefined) return 'drop';
  return whole === null ? 'keep' : { assume: whole };
}

/** Wrong input from outside is "no" to the question whether it is contained. */
export function isYes(answer: number): boolean {
  return answer === 1;
}

export class Algebra implements ResourceAlgebra {
  readonly #lists: Lists;

  constructor(lists: Lists) {
    this.#lists = lists;
  }

  add(left: readonly Resource[], right: readonly Resource[]): Resource[] {
    if (left.length === 0 && right.length === 0) return [];
    const lists = this.#lists.begin();
    const n = lists.write(left, 'keep');
    const m = lists.write(right, 'keep');
    return lists.read(checked(lists.module.exports.listAdd(n, m)));
  }

  subtract(left: readonly Resource[], right: readonly Resource[]): Resource[] {
    const lists = this.#lists.begin();
    const n = lists.write(left, 'keep');
    const m = lists.writeKnown(right, beside(allocationRole(left)));
    return lists.read(checked(lists.module.exports.listSubtract(n, m)));
  }

  contains(whole: readonly Resource[], part: readonly Resource[]): boolean {
    if (part.length === 0) return true;
    const lists = this.#lists.begin();
    const n = lists.write(whole, 'keep');
    const m = lists.ask(part, beside(allocationRole(whole)));
    if (m === undefined) return false;
    return isYes(lists.module.exports.listContains(n, m));
  }

  equal(left: readonly Resource[], right: readonly Resource[]): boolean {
    const lists = this.#lists.begin();
    const n = lists.write(left, 'keep');
    const m = lists.ask(right, 'keep');
    return m !== undefined && isYes(lists.module.exports.listEqual(n, m));
  }

  isEmpty(resources: readonly Resource[]): boolean {
    if (resources.length === 0) return true;
    const lists = this.#lists.begin();
    return checked(lists.module.exports.listAdd(lists.write(resources, 'drop'), 0)) === 0;
  }

  sum(all: Iterable<readonly Resource[]>): Resource[] {
    const lists = this.#lists.begin();
    let count = 0;
    for (const resources of all) count += lists.write(resources, 'keep');
    return lists.read(checked(lists.module.exports.listAdd(count, 0)));
  }

  quantities(resources: readonly Resource[]): Quantities {
    const lists = this.#lists.begin();
    const { module, kinds } = lists;
    const count = checked(module.exports.listQuantities(lists.write(resources, 'drop')));
    module.locate();
    const quantities: Record<string, number> = {};
    for (let name = 0; name < count; name++) {
      const milli = module.f64[(module.io >> 1) + name] as number;
      if (milli > 0) quantities[kinds.names[name] ?? ''] = fromMilli(milli);
    }
    return quantities;
  }

  apply(resources: readonly Resource[], operation: Offer_Operation): Applied {
    const conversions = conversionsOf(operation);
    if (!conversions.ok) return conversions;
    const lists = this.#lists.begin();
    const count = lists.write(resources, 'keep');
    const allocation = beside(allocationRole(resources));
    const why = writeConversions(lists, conversions.conversions, allocation);
    if (why !== undefined) return { ok: false, why };
    const answer = lists.module.exports.listConvert(count, conversions.conversions.length);
    return answer < 0 ? notApplied(answer) : { ok: true, resources: lists.read(answer) };
  }

  pool(initial: readonly Resource[]): ResourcePool {
    return new Pool(this.#lists, initial);
  }
}

/** Why an operation could not be applied, for people. */
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

class Pool implements ResourcePool {
  readonly #lists: Lists;
  readonly #row: number;
  readonly #allocation: Allocation;

  constructor(lists: Lists, initial: readonly Resource[]) {
    this.#lists = lists.begin();
    this.#allocation = beside(allocationRole(initial));
    this.#row = checked(lists.module.exports.rowMake(lists.write(initial, 'keep')));
  }

  contains(resources: readonly Resource[]): boolean {
    const lists = this.#lists.begin();
    const count = lists.ask(resources, this.#allocation);
    return count !== undefined && isYes(lists.module.exports.rowHas(this.#row, count));
  }

  take(resources: readonly Resource[]): boolean {
    const lists = this.#lists.begin();
    const count = lists.ask(resources, this.#allocation);
    return count !== undefined && lists.module.exports.rowTake(this.#row, count) === 0;
  }

  put(resources: readonly Resource[]): void {
    const lists = this.#lists.begin();
    accepted(lists.module.exports.rowPut(this.#row, lists.write(resources, this.#allocation)));
  }

  isEmpty(): boolean {
    return checked(this.#lists.module.exports.rowSize(this.#row)) === 0;
  }

  resources(): Resource[] {
    return this.#lists.read(checked(this.#lists.module.exports.rowRead(this.#row)));
  }

  free(): void {
    accepted(this.#lists.module.exports.rowDrop(this.#row));
  }
}
