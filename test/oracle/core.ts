// The oracle as a core: the same interface with other insides.
import type {
  Allocator,
  AllocatorOptions,
  Applied,
  Ledger,
  Quantities,
  ResourceAlgebra,
  ResourcePool,
  SchedulerCore,
} from '../../src/core/interface.ts';
import type { Offer_Operation, Resource } from '../../src/model/generated/messages.ts';
import { OracleAllocator } from './allocator.ts';
import { replace, replacementsOf } from './operations.ts';
import {
  add,
  contains,
  equal,
  fromResources,
  type Pieces,
  subtract,
  toResources,
  toUnits,
} from './pieces.ts';
import { quantitiesOf } from './quantities.ts';

type Resources = readonly Resource[];

function apply(resources: Resources, operation: Offer_Operation): Applied {
  const result = replace(fromResources(resources), replacementsOf(operation));
  if (result === undefined) {
    return { ok: false, why: 'what the operation needs is not there' };
  }
  return { ok: true, resources: toResources(result) };
}

function pool(initial: Resources): ResourcePool {
  let pieces = fromResources(initial);
  const before: Pieces[] = [];
  const become = (next: Pieces) => {
    before.push(pieces);
    pieces = next;
  };
  return {
    contains: (resources) => contains(pieces, fromResources(resources)),
    take(resources) {
      const wanted = fromResources(resources);
      const isThere = contains(pieces, wanted);
      if (isThere) {
        become(subtract(pieces, wanted));
      }
      return isThere;
    },
    put(resources) {
      become(add(pieces, fromResources(resources)));
    },
    convert(operation) {
      const result = replace(pieces, replacementsOf(operation));
      if (result === undefined) {
        return { ok: false, why: 'what the operation needs is not there' };
      }
      become(result);
      return { ok: true };
    },
    undo() {
      pieces = before.pop() ?? pieces;
    },
    isEmpty: () => pieces.length === 0,
    size: () => pieces.length,
    resources: () => toResources(pieces),
    free() {
      pieces = [];
    },
  };
}

function quantities(resources: Resources): Quantities {
  return Object.fromEntries(
    [...quantitiesOf(fromResources(resources))].map(([name, amount]) => [name, toUnits(amount)]),
  );
}

const algebra: ResourceAlgebra = {
  add: (left, right) => toResources(add(fromResources(left), fromResources(right))),
  subtract: (left, right) => toResources(subtract(fromResources(left), fromResources(right))),
  contains: (whole, part) => contains(fromResources(whole), fromResources(part)),
  equal: (left, right) => equal(fromResources(left), fromResources(right)),
  isEmpty: (resources) => fromResources(resources).length === 0,
  sum: (lists) =>
    toResources([...lists].reduce<Pieces>((total, list) => add(total, fromResources(list)), [])),
  quantities,
  apply,
  // Only the core finds invalid operations: the oracle is asked for sums.
  operationError: () => undefined,
  pool,
};

function ledger(initial: Resources): Ledger {
  let total = fromResources(initial);
  const byHolder = new Map<string, Pieces>();
  const used = () => [...byHolder.values()].reduce<Pieces>((sum, pieces) => add(sum, pieces), []);
  const hold = (holder: string, pieces: Pieces) => {
    if (pieces.length === 0) {
      byHolder.delete(holder);
    } else {
      byHolder.set(holder, pieces);
    }
  };
  const free = () => subtract(total, used());
  return {
    total: () => toResources(total),
    setTotal(resources) {
      total = fromResources(resources);
    },
    free: () => toResources(free()),
    used: () => toResources(used()),
    usedBy: (holder) => toResources(byHolder.get(holder) ?? []),
    take(holder, resources) {
      const wanted = fromResources(resources);
      const isThere = contains(free(), wanted);
      if (isThere) {
        hold(holder, add(byHolder.get(holder) ?? [], wanted));
      }
      return isThere;
    },
    give(holder, resources) {
      hold(holder, subtract(byHolder.get(holder) ?? [], fromResources(resources)));
    },
    release(holder) {
      byHolder.delete(holder);
    },
    apply(operation) {
      const applied = apply(toResources(total), operation);
      if (applied.ok) {
        total = fromResources(applied.resources);
      }
      return applied;
    },
  };
}

/** The oracle decides; it has no states to keep or explain. */
export const oracle: Pick<SchedulerCore, 'abiVersion' | 'algebra'> & {
  allocator(options: AllocatorOptions): Allocator;
  ledger(total: Resources): Ledger;
} = {
  abiVersion: 0,
  algebra,
  allocator: (options) => new OracleAllocator(options),
  ledger,
};
