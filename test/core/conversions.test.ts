// The resources that operations make: nothing that was not there before.
import { describe, expect, test } from 'vitest';
import {
  type Offer_Operation,
  Offer_Operation_Type,
  type Resource,
  Resource_ReservationInfo_Type,
} from '../../src/model/generated/messages.ts';
import { loadCore } from './load.ts';
import { cpus, disk, mem, mount, ports, reserved, volume } from './resources.ts';

const core = await loadCore();
const { algebra } = core;

const reserve = (source: Resource[], resources: Resource[]): Offer_Operation => ({
  type: Offer_Operation_Type.RESERVE,
  reserve: { source, resources },
});
const statically = (resource: Resource, role: string): Resource => ({
  ...resource,
  reservations: [{ type: Resource_ReservationInfo_Type.STATIC, role }],
});
const unequal = 'Source and target resources should refer to identical resource quantities';
const volumes = /persistent volume/;

describe('RESERVE with a source', () => {
  test('changes the reservations of what is the same otherwise', () => {
    const before = [reserved(cpus(1), 'a'), reserved(cpus(2), 'a'), reserved(ports([1, 9]), 'a')];
    const after = [reserved(cpus(3), 'a', 'a/b'), reserved(ports([1, 4], [5, 9]), 'a', 'a/b')];
    const operation = reserve(before, after);
    expect(algebra.operationError(operation)).toBeUndefined();
    const applied = algebra.apply([...before, mem(1)], operation);
    expect(applied).toMatchObject({ ok: true });
    expect(applied.ok && algebra.equal(applied.resources, [...after, mem(1)])).toBe(true);
  });

  const low = (resource: Resource) => reserved(resource, 'low');
  const other: Resource = { ...disk(5), disk: { source: { type: 1, path: { root: '/etc' } } } };
  test.each<[string, Resource[], Resource[], string | RegExp]>([
    ['more than there was', [low(disk(5))], [low(disk(100_000))], unequal],
    ['less than there was', [low(disk(5))], [low(disk(4))], unequal],
    ['another name', [low(cpus(4))], [low(mem(4))], unequal],
    ['something more', [low(cpus(4))], [low(cpus(4)), low(mem(1))], unequal],
    ['other ports', [ports([1, 9])], [low(ports([1, 10]))], unequal],
    ['a disk mounted anywhere', [disk(5)], [low(mount('/etc', 5))], unequal],
    ['a folder anywhere', [disk(5)], [low(other)], unequal],
    ['another mount', [mount('/a', 5)], [low(mount('/b', 5))], unequal],
    ['a mount in pieces', [mount('/a', 5)], [low(mount('/a', 2)), low(mount('/a', 3))], unequal],
    ['a volume', [low(disk(5))], [volume(low(disk(5)), 'v')], volumes],
    ["a volume's disk", [volume(low(disk(5)), 'v')], [low(disk(5))], volumes],
    [
      "another's volume",
      [volume(low(disk(5)), 'v')],
      [volume(reserved(disk(5), 'b'), 'v')],
      volumes,
    ],
    ['a revocable', [{ ...cpus(1), revocable: {} }], [low(cpus(1))], unequal],
    [
      'what was static',
      [statically(cpus(1), 'b')],
      [low(cpus(1))],
      /static reservation.*taken off/,
    ],
    ['something static', [low(cpus(1))], [statically(cpus(1), 'b')], /static reservation.*made/],
    ['nothing reserved', [low(cpus(1))], [cpus(1)], /no reservation/],
    ['nothing', [low(cpus(1))], [], unequal],
  ])('does not make %s', (_, source, resources, why) => {
    const operation = reserve(source, resources);
    expect(algebra.operationError(operation)).toMatch(why);
    expect(algebra.apply(source, operation)).toMatchObject({ ok: false });
    const ledger = core.ledger(source);
    expect(ledger.apply(operation)).toMatchObject({ ok: false });
    expect(algebra.equal(ledger.total(), source)).toBe(true);
  });
});

test.each<[string, Resource, Offer_Operation]>([
  [
    'RESERVE does not move a volume to another folder, which would empty it',
    volume(reserved(disk(5), 'a'), 'v'),
    reserve([], [volume(reserved(disk(5), 'a', 'a/b'), 'v')]),
  ],
  [
    'UNRESERVE does not move a volume either',
    volume(reserved(disk(5), 'a', 'a/b'), 'v'),
    {
      type: Offer_Operation_Type.UNRESERVE,
      unreserve: { resources: [volume(reserved(disk(5), 'a', 'a/b'), 'v')] },
    },
  ],
  [
    'UNRESERVE does not take off what is reserved by the flags',
    statically(cpus(1), 'a'),
    { type: Offer_Operation_Type.UNRESERVE, unreserve: { resources: [statically(cpus(1), 'a')] } },
  ],
])('%s', (_, resource, operation) => {
  expect(algebra.apply([resource], operation)).toMatchObject({ ok: false });
});

test.each<[string, Resource]>([
  ['of another name', reserved(cpus(5), 'a')],
  ['of another role', reserved(disk(5), 'b')],
  ['of a role before reservation refinement', { ...disk(5), role: 'b' }],
  ['of no role', disk(5)],
  ['on another disk', reserved(mount('/b', 5), 'a')],
])('a volume does not grow by what is %s', (_, addition) => {
  const grown = volume(reserved(disk(5), 'a'), 'v');
  const operation = {
    type: Offer_Operation_Type.GROW_VOLUME,
    grow_volume: { volume: grown, addition },
  };
  expect(algebra.apply([grown, addition], operation)).toMatchObject({ ok: false });
});

test('a mount is not divided', () => {
  const whole = volume(reserved(mount('/a', 5), 'a'), 'v');
  const operation = {
    type: Offer_Operation_Type.SHRINK_VOLUME,
    shrink_volume: { volume: whole, subtract: { value: 2 } },
  };
  expect(algebra.apply([whole], operation)).toMatchObject({ ok: false });
});

describe('a pool', () => {
  const reserveOf = (...resources: Resource[]) => reserve([], resources);

  test('converts as lists are converted, one operation after another', () => {
    const before = [cpus(4), mem(100), ports([1, 9])];
    const pool = algebra.pool(before);
    let list = before;
    for (const operation of [
      reserveOf(reserved(cpus(2), 'a'), reserved(ports([3, 5]), 'a')),
      reserveOf(reserved(cpus(3), 'b')),
      reserveOf(reserved(cpus(1), 'a', 'a/b')),
    ]) {
      const applied = algebra.apply(list, operation);
      expect(pool.convert(operation).ok).toBe(applied.ok);
      list = applied.ok ? applied.resources : list;
      expect(algebra.equal(pool.resources(), list)).toBe(true);
      expect(pool.size()).toBe(list.length);
    }
    pool.free();
  });

  test('is as it was before a change that is taken back', () => {
    const pool = algebra.pool([cpus(4), mem(100)]);
    expect(pool.convert(reserveOf(reserved(cpus(1), 'a')))).toEqual({ ok: true });
    expect(pool.take([cpus(1)])).toBe(true);
    const before = pool.resources();
    expect(pool.convert(reserveOf(reserved(cpus(2), 'a')))).toEqual({ ok: true });
    pool.undo();
    expect(pool.resources()).toEqual(before);
    expect(pool.convert(reserveOf(reserved(cpus(2), 'b')))).toEqual({ ok: true });
    expect(pool.contains([reserved(cpus(2), 'b'), reserved(cpus(1), 'a')])).toBe(true);
    pool.free();
  });
});
