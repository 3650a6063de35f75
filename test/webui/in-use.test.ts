// What containers really take, by a sample of agents.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { allocatedOf, sampleOf, usedBy } from '../../src/webui/store/in-use.ts';

const container = (id: string, timestamp: number, secs: number) => ({
  container_id: id,
  statistics: {
    ...{ timestamp, cpus_user_time_secs: secs, cpus_system_time_secs: 1 },
    mem_rss_bytes: 3 * 2 ** 20,
  },
});

test('CPUs are what was busy between two measurements, container by container', () => {
  const first = [container('a', 10, 5), container('gone', 10, 5)];
  expect(usedBy(undefined, first)).toEqual({ cpus: undefined, mem: 6000 });
  // One has come, and one was busy for 2 seconds of 4.
  const second = [container('a', 14, 7), container('new', 14, 90)];
  expect(usedBy(first, second)).toEqual({ cpus: 500, mem: 6000 });
  expect(usedBy(second, [])).toEqual({ cpus: 0, mem: 0 });
  expect(usedBy(second, [{}])).toEqual({ cpus: undefined, mem: undefined });
});

test('a sample has no agent twice, and never more than asked for', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.nat(), { maxLength: 30 }),
      fc.nat(20),
      fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
      (all, most, draws) => {
        const sample = sampleOf(all, most, () => draws.next().value as number);
        expect(sample).toHaveLength(Math.min(most, all.length));
        expect(new Set(sample).size).toBe(sample.length);
        expect(all).toEqual(expect.arrayContaining([...sample]));
      },
    ),
  );
});

test('what is allocated is added up', () => {
  expect(
    allocatedOf([
      [1, 2, 3, 4],
      [10, 20, 30, 40],
    ]),
  ).toEqual([11, 22, 33, 44]);
  expect(allocatedOf([])).toEqual([0, 0, 0, 0]);
});
