import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Ranks } from '../../src/core/ranks.ts';

test('ranks order like the names, whatever comes and goes', () => {
  const name = fc.stringMatching(/^[a-c]{1,4}$/);
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), name), { maxLength: 200 }), (steps) => {
      const known = new Map<string, number>();
      const ranks = new Ranks((one, rank) => known.set(one, rank));
      for (const [adds, one] of steps) {
        if (adds) known.set(one, ranks.add(one));
        else if (known.delete(one)) ranks.remove(one);
      }
      const byName = [...known.keys()].sort();
      const byRank = [...known.entries()].sort(([, a], [, b]) => a - b).map(([one]) => one);
      expect(byRank).toEqual(byName);
      expect(new Set(known.values()).size).toBe(known.size);
    }),
  );
});

test('names in one place, one after another, leave the others mostly alone', () => {
  let renumbered = 0;
  const known = new Map<string, number>();
  const ranks = new Ranks((one, rank) => {
    renumbered += 1;
    known.set(one, rank);
  });
  for (let index = 0; index < 5000; index++) {
    const one = `m${String((index * 3701) % 5000).padStart(6, '0')}`;
    known.set(one, ranks.add(one));
  }
  const ordered = [...known.keys()].sort().map((one) => known.get(one) as number);
  expect(ordered).toEqual([...ordered].sort((a, b) => a - b));
  expect(Math.max(...ordered)).toBeLessThan(2 ** 24);
  expect(renumbered).toBeLessThan(5000 * 40);
});
