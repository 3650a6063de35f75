import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Offer_Operation,
  Offer_Operation_Type as OperationType,
  type Resource,
} from '../../src/model/generated/messages.ts';
import { debugCore } from './debug.ts';
import {
  allocated,
  cpus,
  disk,
  items,
  mem,
  mount,
  ports,
  reserved,
  scalar,
  volume,
} from './resources.ts';

const core = await debugCore(20);
const algebra = core.algebra;

function applied(resources: Resource[], operation: Offer_Operation): Resource[] {
  const result = algebra.apply(resources, operation);
  if (!result.ok) {
    throw new Error(result.why);
  }
  return result.resources;
}

describe('sums', () => {
  test('amounts are thousandths: ten tenths are one', () => {
    expect(algebra.sum(Array.from({ length: 10 }, () => [cpus(0.1)]))).toEqual([cpus(1)]);
    expect(algebra.add([cpus(0.0004)], [])).toEqual([]);
    expect(algebra.add([cpus(0.0006)], [])).toEqual([cpus(0.001)]);
  });

  test('what differs in a field stays apart', () => {
    const sum = algebra.add(
      [cpus(1), reserved(cpus(2), 'a'), { ...cpus(3), revocable: {} }],
      [cpus(4), reserved(cpus(5), 'a'), reserved(cpus(6), 'a', 'a/b'), allocated(cpus(7), 'a')],
    );
    expect(sum.map((one) => one.scalar?.value)).toEqual([5, 7, 3, 6, 7]);
    expect(sum[4]?.allocation_info).toEqual({ role: 'a' });
  });

  test('ranges coalesce and are cut', () => {
    expect(algebra.add([ports([5, 9], [1, 4])], [ports([11, 12])])).toEqual([
      ports([1, 9], [11, 12]),
    ]);
    expect(algebra.subtract([ports([1, 9])], [ports([3, 4], [9, 20])])).toEqual([
      ports([1, 2], [5, 8]),
    ]);
    expect(algebra.contains([ports([1, 9])], [ports([3, 4])])).toBe(true);
    expect(algebra.contains([ports([1, 4], [6, 9])], [ports([4, 6])])).toBe(false);
  });

  test('sets add and subtract their items', () => {
    expect(algebra.subtract([items('zones', 'c', 'a', 'b')], [items('zones', 'b', 'x')])).toEqual([
      items('zones', 'a', 'c'),
    ]);
    expect(algebra.contains([items('zones', 'a')], [items('zones', 'a', 'b')])).toBe(false);
  });

  test('subtracting more than there is leaves nothing', () => {
    expect(algebra.subtract([cpus(1), mem(5)], [cpus(2), disk(1)])).toEqual([mem(5)]);
  });

  test('mount disks are whole or not at all', () => {
    expect(algebra.contains([mount('/a', 10)], [mount('/a', 5)])).toBe(false);
    expect(algebra.add([mount('/a', 10)], [mount('/b', 10)])).toHaveLength(2);
    expect(algebra.subtract([mount('/a', 10)], [mount('/a', 10)])).toEqual([]);
  });

  test('copies of a shared volume count once in quantities', () => {
    const shared = volume(reserved(disk(10), 'r'), 'v1', true);
    const two = algebra.add([shared], [shared]);
    expect(two).toHaveLength(2);
    expect(algebra.quantities([...two, reserved(disk(5), 'r')])).toEqual({ disk: 15 });
    expect(algebra.subtract(two, [shared])).toEqual([shared]);
  });

  test('a part without allocation is taken as allocated like the whole', () => {
    expect(algebra.contains([allocated(cpus(2), 'a')], [cpus(1)])).toBe(true);
    expect(algebra.contains([allocated(cpus(2), 'a')], [allocated(cpus(1), 'b')])).toBe(false);
    expect(algebra.subtract([allocated(cpus(2), 'a')], [cpus(1)])).toEqual([
      allocated(cpus(1), 'a'),
    ]);
  });

  test('wrong amounts are contained nowhere and cannot be added', () => {
    expect(algebra.contains([cpus(1)], [cpus(-1)])).toBe(false);
    expect(algebra.contains([cpus(1)], [cpus(Number.NaN)])).toBe(false);
    expect(algebra.contains([ports([1, 9])], [ports([5, 3])])).toBe(false);
    expect(() => algebra.add([cpus(1)], [cpus(1e300)])).toThrow('BAD_AMOUNT');
    expect(() => algebra.add([cpus(9e12)], [cpus(9e12)])).toThrow('BAD_AMOUNT');
  });
});

describe('operations', () => {
  test('reserve, refine, unreserve', () => {
    const reserve = (...resources: Resource[]): Offer_Operation => ({
      type: OperationType.RESERVE,
      reserve: { resources },
    });
    const first = applied([cpus(4)], reserve(reserved(cpus(1), 'a')));
    expect(first).toEqual([cpus(3), reserved(cpus(1), 'a')]);
    const second = applied(first, reserve(reserved(cpus(1), 'a', 'a/b')));
    expect(second).toEqual([cpus(3), reserved(cpus(1), 'a', 'a/b')]);
    const third = applied(second, {
      type: OperationType.UNRESERVE,
      unreserve: { resources: [reserved(cpus(1), 'a', 'a/b')] },
    });
    expect(algebra.equal(third, first)).toBe(true);
    expect(algebra.apply([cpus(1)], reserve(reserved(cpus(2), 'a'))).ok).toBe(false);
    expect(algebra.apply([cpus(1)], reserve(cpus(1))).ok).toBe(false);
  });

  test('a re-reservation names its source', () => {
    const moved = applied([reserved(cpus(2), 'a')], {
      type: OperationType.RESERVE,
      reserve: { source: [reserved(cpus(1), 'a')], resources: [reserved(cpus(1), 'b')] },
    });
    expect(moved).toEqual([reserved(cpus(1), 'a'), reserved(cpus(1), 'b')]);
  });

  test('volumes are made, grown, shrunk and destroyed', () => {
    const space = reserved(disk(100), 'a');
    const made = volume(reserved(disk(40), 'a'), 'v1');
    let have = applied([space], { type: OperationType.CREATE, create: { volumes: [made] } });
    expect(have).toEqual([reserved(disk(60), 'a'), made]);
    have = applied(have, {
      type: OperationType.GROW_VOLUME,
      grow_volume: { volume: made, addition: reserved(disk(10), 'a') },
    });
    expect(have).toContainEqual(volume(reserved(disk(50), 'a'), 'v1'));
    have = applied(have, {
      type: OperationType.SHRINK_VOLUME,
      shrink_volume: { volume: volume(reserved(disk(50), 'a'), 'v1'), subtract: { value: 20 } },
    });
    expect(have).toContainEqual(volume(reserved(disk(30), 'a'), 'v1'));
    have = applied(have, {
      type: OperationType.DESTROY,
      destroy: { volumes: [volume(reserved(disk(30), 'a'), 'v1')] },
    });
    expect(have).toEqual([space]);
  });

  test('a shared volume is destroyed only when no other copy is left', () => {
    const shared = volume(reserved(disk(10), 'r'), 'v1', true);
    const destroy: Offer_Operation = {
      type: OperationType.DESTROY,
      destroy: { volumes: [shared] },
    };
    expect(algebra.apply([shared, shared], destroy).ok).toBe(false);
    expect(applied([shared], destroy)).toEqual([reserved(disk(10), 'r')]);
  });

  test('disks change their type', () => {
    const raw: Resource = { ...disk(50), disk: { source: { type: 4, profile: 'fast' } } };
    const made = applied([raw], {
      type: OperationType.CREATE_DISK,
      create_disk: { source: raw, target_type: 2 },
    });
    expect(made[0]?.disk?.source).toEqual({ type: 2, profile: 'fast' });
  });
});

describe('pool', () => {
  test('takes all or nothing', () => {
    const pool = algebra.pool([allocated(cpus(2), 'r'), allocated(ports([1, 10]), 'r')]);
    expect(pool.take([cpus(1), ports([3, 4])])).toBe(true);
    expect(pool.take([cpus(1), ports([4, 5])])).toBe(false);
    expect(pool.contains([allocated(cpus(1), 'r')])).toBe(true);
    expect(pool.resources()).toEqual([
      allocated(cpus(1), 'r'),
      allocated(ports([1, 2], [5, 10]), 'r'),
    ]);
    pool.put([cpus(0.5)]);
    expect(pool.take([cpus(1.5), ports([1, 2], [5, 10])])).toBe(true);
    expect(pool.isEmpty()).toBe(true);
    pool.free();
    expect(() => pool.isEmpty()).toThrow('BAD_HANDLE');
  });
});

describe('ledger', () => {
  test('knows who has what', () => {
    const ledger = core.ledger([cpus(4), ports([1, 10])]);
    expect(ledger.take('one', [cpus(1), ports([1, 2])])).toBe(true);
    expect(ledger.take('two', [cpus(4)])).toBe(false);
    expect(ledger.take('two', [allocated(cpus(3), 'x')])).toBe(true);
    expect(ledger.free()).toEqual([ports([3, 10])]);
    expect(ledger.usedBy('two')).toEqual([cpus(3)]);
    ledger.give('two', [cpus(2)]);
    ledger.release('one');
    expect(ledger.used()).toEqual([cpus(1)]);
    expect(() => ledger.give('two', [cpus(2)])).toThrow('NOT_CONTAINED');
    ledger.setTotal([cpus(8)]);
    expect(ledger.free()).toEqual([cpus(7)]);
  });

  test('a copy goes on by itself', () => {
    const ledger = core.ledger([cpus(4)]);
    ledger.take('one', [cpus(1)]);
    const copy = ledger.fork();
    expect(copy.isLike(ledger)).toBe(true);
    copy.take('two', [cpus(2)]);
    expect(copy.isLike(ledger)).toBe(false);
    expect(copy.free()).toEqual([cpus(1)]);
    expect(ledger.free()).toEqual([cpus(3)]);
    copy.release('two');
    expect(copy.isLike(ledger)).toBe(true);
    copy.give('one', [cpus(1)]);
    expect(copy.isLike(ledger)).toBe(false);
  });

  test('a shared volume has many users; operations keep off what is used', () => {
    const shared = volume(reserved(disk(10), 'r'), 'v1', true);
    const ledger = core.ledger([shared, cpus(1)]);
    expect(ledger.take('one', [shared])).toBe(true);
    expect(ledger.take('two', [shared])).toBe(true);
    const destroy: Offer_Operation = {
      type: OperationType.DESTROY,
      destroy: { volumes: [shared] },
    };
    expect(ledger.apply(destroy).ok).toBe(false);
    ledger.release('one');
    ledger.release('two');
    expect(ledger.apply(destroy)).toEqual({
      ok: true,
      resources: [cpus(1), reserved(disk(10), 'r')],
    });
    const reserve: Offer_Operation = {
      type: OperationType.RESERVE,
      reserve: { resources: [reserved(cpus(1), 'r')] },
    };
    expect(ledger.take('three', [cpus(0.5)])).toBe(true);
    expect(ledger.apply(reserve).ok).toBe(false);
  });
});

describe('laws', () => {
  const amount = fc.integer({ min: 1, max: 50_000 }).map((milli) => milli / 1000);
  const begin = fc.integer({ min: 0, max: 200 });
  const resource = fc.oneof(
    amount.map(cpus),
    amount.map(mem),
    amount.map((value) => reserved(cpus(value), 'a')),
    amount.map((value) => scalar('custom', value)),
    fc
      .array(fc.tuple(begin, fc.nat(20)), { minLength: 1, maxLength: 4 })
      .map((pairs) => ports(...pairs.map(([first, more]) => [first, first + more] as const))),
    fc.subarray(['a', 'b', 'c', 'd'], { minLength: 1 }).map((names) => items('zones', ...names)),
  );
  const list = fc.array(resource, { maxLength: 8 });
  const onlyScalars = (resources: Resource[]) => resources.filter((one) => one.scalar);

  test('add and subtract', () => {
    fc.assert(
      fc.property(list, list, list, (a, b, c) => {
        const sum = algebra.add(a, b);
        expect(algebra.equal(sum, algebra.add(b, a))).toBe(true);
        expect(algebra.equal(algebra.add(sum, c), algebra.add(a, algebra.add(b, c)))).toBe(true);
        expect(algebra.contains(sum, a)).toBe(true);
        expect(algebra.isEmpty(algebra.subtract(a, sum))).toBe(true);
        expect(
          algebra.equal(
            algebra.subtract(algebra.sum([onlyScalars(a), onlyScalars(b)]), onlyScalars(b)),
            onlyScalars(a),
          ),
        ).toBe(true);
      }),
    );
  });

  test('a set of numbers is the set of its numbers', () => {
    const numbers = fc.uniqueArray(fc.integer({ min: 0, max: 40 }), { minLength: 1 });
    const asPorts = (all: number[]) => ports(...all.map((one) => [one, one] as const));
    const asNumbers = (all: Resource[]) =>
      all.flatMap((one) =>
        (one.ranges?.range ?? []).flatMap(({ begin: first, end }) =>
          Array.from({ length: end - first + 1 }, (_, index) => first + index),
        ),
      );
    const sorted = (all: Iterable<number>) => [...all].sort((x, y) => x - y);
    fc.assert(
      fc.property(numbers, numbers, (a, b) => {
        const left = new Set(a);
        const right = new Set(b);
        const both = algebra.add([asPorts(a)], [asPorts(b)]);
        expect(asNumbers(both)).toEqual(sorted(left.union(right)));
        const rest = algebra.subtract([asPorts(a)], [asPorts(b)]);
        expect(asNumbers(rest)).toEqual(sorted(left.difference(right)));
        expect(algebra.contains([asPorts(a)], [asPorts(b)])).toBe(right.isSubsetOf(left));
      }),
    );
  });
});

test('as many resources are summed as a cluster has, in one list or in many', () => {
  const many = Array.from({ length: 70_000 }, () => cpus(0.001));
  expect(algebra.sum([many])).toEqual([cpus(70)]);
  expect(algebra.sum([[mem(1)], ...many.map((one) => [one])])).toEqual([mem(1), cpus(70)]);
});
