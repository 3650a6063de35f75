// The core's resource arithmetic and the oracle's give the same answers, and obey the laws of sums.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import type { ResourceAlgebra } from '../../src/core/interface.ts';
import { oracle } from '../oracle/core.ts';
import { checkedCore } from './built-core.ts';
import { operationOf } from './trace-messages.ts';
import { formatResources, parseResources } from './trace-text.ts';

const ITEMS = [
  'cpus:0.1',
  'cpus:1.118',
  'cpus:4',
  'cpus(S,r1):2',
  'cpus(D,r1,p1):0.7',
  'cpus(D,r1,p2):0.7',
  'cpus(S,r1)(D,r1/x,p1):1',
  'cpus{REV}:3',
  'mem:100.001',
  'mem:64',
  'disk:50',
  'disk(S,r1):50',
  'disk[path=/p1]:20',
  'disk[mount=/m1]:30',
  'disk[mount=/m1]:31',
  'disk(S,r1)[mount=/m2]:30',
  'disk(S,r1)[vol=v1]:20',
  'disk(S,r1)[vol=v1]:21',
  'disk(S,r1)[vol=v2]{SHARED}:20',
  'disk(S,r1)[vol=v2]{SHARED}:20*2',
  'ports:[31000-31009]',
  'ports:[31005-31014,31020-31020]',
  'ports(S,r1):[31000-31000]',
  'zones:{a,b}',
  'zones:{b,c}',
] as const;

const OPERATIONS = [
  { op: 'RESERVE', res: 'cpus(D,r1,p1):0.5' },
  { op: 'RESERVE', res: 'cpus(S,r1)(D,r1/x,p1):1' },
  { op: 'UNRESERVE', res: 'cpus(D,r1,p1):0.7' },
  { op: 'CREATE', res: 'disk(S,r1)[vol=v9]:20' },
  { op: 'CREATE', res: 'disk(S,r1)[vol=v9]{SHARED}:20' },
  { op: 'CREATE', res: 'disk(S,r1)[mount=/m2,vol=v9]:30' },
  { op: 'DESTROY', res: 'disk(S,r1)[vol=v1]:20' },
  { op: 'DESTROY', res: 'disk(S,r1)[vol=v2]{SHARED}:20' },
] as const;

/**
 * There is only one disk of a kind that is handed out whole: no agent has two at one mount point.
 */
const isWhole = (item: string) => /mount=|vol=/.test(item) && !item.includes('{SHARED}');

const resources = fc
  .array(fc.constantFrom(...ITEMS), { maxLength: 8 })
  .map((items) => items.filter((item, index) => !isWhole(item) || items.indexOf(item) === index))
  .map((items) => parseResources(items.join(';')));

let core: ResourceAlgebra;
beforeAll(async () => {
  // Sums leave nothing behind in the module: its state is checked now and then.
  core = (await checkedCore(500)).algebra;
});

test('sums, differences and comparisons are those of the oracle', () => {
  const property = fc.property(resources, resources, (left, right) => {
    for (const name of ['add', 'subtract'] as const) {
      const expected = formatResources(oracle.algebra[name](left, right));
      assert.equal(formatResources(core[name](left, right)), expected);
    }
    assert.equal(core.contains(left, right), oracle.algebra.contains(left, right));
    assert.equal(core.equal(left, right), oracle.algebra.equal(left, right));
    expect(core.quantities(left)).toEqual(oracle.algebra.quantities(left));
    assert.equal(core.isEmpty(left), oracle.algebra.isEmpty(left));
    assert.ok(core.contains(core.add(left, right), left));
  });
  fc.assert(property, { seed: 1, numRuns: 2000 });
});

test('operations end as in the oracle', () => {
  const property = fc.property(resources, fc.constantFrom(...OPERATIONS), (list, text) => {
    const operation = operationOf(text);
    const expected = oracle.algebra.apply(list, operation);
    const got = core.apply(list, operation);
    expect(got.ok).toBe(expected.ok);
    if (got.ok && expected.ok) {
      expect(formatResources(got.resources)).toBe(formatResources(expected.resources));
    }
  });
  fc.assert(property, { seed: 1, numRuns: 2000 });
});

test('a pool takes all or nothing', () => {
  const property = fc.property(resources, fc.array(resources, { maxLength: 5 }), (all, parts) => {
    const expected = oracle.algebra.pool(all);
    const got = core.pool(all);
    for (const part of parts) {
      assert.equal(got.contains(part), expected.contains(part));
      assert.equal(got.take(part), expected.take(part));
      assert.equal(formatResources(got.resources()), formatResources(expected.resources()));
      assert.equal(got.isEmpty(), expected.isEmpty());
    }
    got.free();
  });
  fc.assert(property, { seed: 1, numRuns: 1000 });
});
