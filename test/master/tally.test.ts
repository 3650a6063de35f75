// Amounts added up from many lists at once are those that the core counts of each list.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { countedAmounts, plus, Tally, withoutZeros } from '../../src/master/roles/quantities.ts';
import { type Resource, Value_Type, Volume_Mode } from '../../src/model/generated/messages.ts';
import { testCore } from './core.ts';

const { algebra } = testCore;

const scalar = (name: string, value: number): Resource => ({
  name,
  type: Value_Type.SCALAR,
  scalar: { value },
});

const volume = (id: number): Resource => ({
  ...scalar('disk', 4),
  disk: {
    persistence: { id: `v${id}` },
    volume: { container_path: 'v', mode: Volume_Mode.RW },
  },
  reservations: [{ role: 'r', type: 2 }],
  shared: {},
});

const ports = (begin: number, more: number): Resource => ({
  name: 'ports',
  type: Value_Type.RANGES,
  ranges: { range: [{ begin, end: begin + more }] },
});

const resource = fc.oneof(
  fc
    .tuple(fc.constantFrom('cpus', 'mem', 'disk'), fc.nat(9_000))
    .map(([name, milli]) => scalar(name, milli / 1000)),
  fc.nat(2).map(volume),
);

const list = fc
  .tuple(fc.array(resource, { maxLength: 5 }), fc.nat(999), fc.nat(9))
  .map(([some, begin, more]) => [...some, ports(begin, more)]);

test('many lists come to what the core counts of each', () => {
  fc.assert(
    fc.property(fc.array(list, { maxLength: 6 }), fc.boolean(), (lists, scalarsOnly) => {
      const tally = new Tally(algebra, { scalarsOnly });
      let sum = {};
      for (const each of lists) {
        tally.add(each);
        const counted = scalarsOnly
          ? withoutZeros(algebra.quantities(each))
          : countedAmounts(algebra, each);
        sum = plus(sum, counted);
      }
      expect({ ...tally.amounts }).toEqual({ ...sum });
    }),
    { numRuns: 100 },
  );
});
