import assert from 'node:assert/strict';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NameOrder } from '../../src/core/name-order.ts';

test('ranks order like the names, whatever comes and goes', () => {
  const name = fc.stringMatching(/^[a-c]{1,4}$/);
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), name), { maxLength: 200 }), (steps) => {
      const known = new Map<string, number>();
      const ranks = new NameOrder((one, rank) => known.set(one, rank));
      for (const [adds, one] of steps) {
        if (adds) {
          known.set(one, ranks.add(one));
        } else if (known.delete(one)) {
          ranks.remove(one);
        }
      }
      const byName = [...known.keys()].sort();
      const byRank = [...known.entries()].sort(([, a], [, b]) => a - b).map(([one]) => one);
      expect(byRank).toEqual(byName);
      expect(new Set(known.values()).size).toBe(known.size);
    }),
  );
});

const count = 20_000;
const orders: readonly (readonly [string, (index: number) => string])[] = [
  ['ascending', (index) => String(10_000_000 + index)],
  ['descending', (index) => String(10_000_000 - index)],
  ['shuffled', (index) => String(10_000_000 + ((index * 7919) % count))],
  ['towards one place', (index) => String(10_000_000 + (index % 2 ? -index : index))],
  // Names as clients number them, regardless of order: `r9`, `ra`, `r10`.
  ['counted without leading zeros', (index) => `r${index.toString(16)}`],
];

test.each(orders)('names that come %s change few of the others', (_, nameOf) => {
  let renumbered = 0;
  const known = new Map<string, number>();
  const ranks = new NameOrder((one, rank) => {
    renumbered += 1;
    known.set(one, rank);
  });
  for (let index = 0; index < count; index++) {
    const one = nameOf(index);
    known.set(one, ranks.add(one));
  }
  const ordered = [...known.keys()].sort().map((one) => known.get(one) as number);
  assert.deepStrictEqual(
    ordered,
    [...new Set(ordered)].toSorted((a, b) => a - b),
  );
  expect(ordered[0]).toBeGreaterThan(0);
  expect(ordered.at(-1)).toBeLessThan(2 ** 24);
  expect(renumbered).toBeLessThan(count * 25);
});

test('many names come and go in any order without moving all the others', {
  timeout: 10_000,
}, () => {
  const many = 150_000;
  const nameAt = (index: number) => String(10_000_000 + ((index * 7919) % many));
  const ranks = new NameOrder(() => undefined);
  for (let index = 0; index < many; index++) {
    ranks.add(nameAt(index));
  }
  for (let index = 1; index < many; index++) {
    ranks.remove(nameAt(index));
  }
  expect(ranks.save().map(([name]) => name)).toEqual([nameAt(0)]);
});

test('saved ranks go on as those that they were saved of', () => {
  const given: [string, number][] = [];
  const ranks = new NameOrder(() => undefined);
  for (let index = 0; index < 2_000; index++) {
    ranks.add(`r${(index * 7919) % 2_000}`);
  }
  const again = new NameOrder((name, rank) => given.push([name, rank]));
  again.restore(ranks.save());
  expect(again.save()).toEqual(ranks.save());
  for (let index = 0; index < 2_000; index++) {
    expect(again.add(`r${index}.`)).toBe(ranks.add(`r${index}.`));
  }
  expect(again.save()).toEqual(ranks.save());
});
