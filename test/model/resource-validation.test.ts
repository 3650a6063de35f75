// The validator and the core fit together: every list that passes, the core can take.
import { expect, test } from 'vitest';
import { createCore } from '../../src/core/core.ts';
import { type Resource, Value_Type } from '../../src/model/generated/messages.ts';
import { allResourcesError, resourcesError } from '../../src/model/resource-validation.ts';
import { loadCore } from '../../src/runtime/load-core.ts';

const { algebra } = createCore(await loadCore());

const scalar = (name: string, value: number): Resource => ({
  name,
  type: Value_Type.SCALAR,
  scalar: { value },
});
const ranges = (name: string, ...range: [begin: number, end: number][]): Resource => ({
  name,
  type: Value_Type.RANGES,
  ranges: { range: range.map(([begin, end]) => ({ begin, end })) },
});
const set = (name: string, count: number): Resource => ({
  name,
  type: Value_Type.SET,
  set: { item: Array.from({ length: count }, (_, i) => `item-${i}`) },
});
const times = <T>(count: number, make: (i: number) => T) =>
  Array.from({ length: count }, (_, i) => make(i));

test.each<[what: string, atTheLimit: Resource[], beyond: Resource[]]>([
  ['amounts', [scalar('mem', 1e10)], [scalar('mem', 1e10), scalar('cpus', 1)]],
  ['the least amount', [scalar('cpus', 0.0005)], [scalar('cpus', 0.0004)]],
  ['no amount', [scalar('cpus', 0)], [scalar('cpus', Number.NaN)]],
  ['numbers', [ranges('ports', [0, 1e10 - 1])], [ranges('ports', [0, 1e10])]],
  [
    'numbers of several',
    [ranges('a', [1, 5e9]), ranges('b', [1, 5e9])],
    [ranges('a', [1, 5e9]), ranges('b', [0, 5e9])],
  ],
  [
    'high numbers',
    [ranges('a', [2 ** 53 - 2, 2 ** 53 - 1])],
    [ranges('a', [2 ** 53 - 1, 2 ** 53])],
  ],
  [
    'ranges',
    [ranges('a', ...times(9_999, (i): [number, number] => [2 * i, 2 * i]))],
    [ranges('a', ...times(10_001, (i): [number, number] => [2 * i, 2 * i]))],
  ],
  ['items', [set('a', 4_999), set('b', 4_999)], [set('a', 5_000), set('b', 5_000)]],
  ['names', times(256, (i) => scalar(`name-${i}`, 1)), times(257, (i) => scalar(`name-${i}`, 1))],
  ['resources', times(10_000, () => scalar('cpus', 1)), times(10_001, () => scalar('cpus', 1))],
])('%s: the limit is one that the core can bear', (_, atTheLimit, beyond) => {
  expect(resourcesError(atTheLimit)).toBeUndefined();
  const twice = algebra.sum([atTheLimit, atTheLimit]);
  expect(algebra.contains(twice, atTheLimit)).toBe(true);
  expect(resourcesError(beyond)).toMatch(/more than|value <= 0|not a number/);
});

test('what is wrong with a long resource is told shortly', () => {
  const long = ranges('a', ...times(9_999, (i): [number, number] => [9, i]));
  expect(resourcesError([long])?.length).toBeLessThan(400);
});

test('what an agent has is allocated to roles that there can be', () => {
  const allocated = (role: string): Resource => ({
    ...scalar('cpus', 1),
    allocation_info: { role },
  });
  expect(allResourcesError([[allocated('*'), allocated('a/b'), scalar('mem', 1)]])).toBeUndefined();
  expect(allResourcesError([[scalar('mem', 1)], [allocated('a/.')]])).toBe(
    "Resources are allocated to an invalid role: Role 'a/.' cannot include '.' as a component",
  );
});
