// Ports as filters match them.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  matchOf,
  portBlocks,
} from '../../../../src/containerizer/networks/port-mapping/port-blocks.ts';

const range = (begin: number, end: number) => ({ begin, end });
const block = (begin: number, size: number) => ({ begin, size });

test.each([
  ['one port', [range(31_000, 31_000)], [block(31_000, 1)]],
  ['an aligned range', [range(31_008, 31_015)], [block(31_008, 8)]],
  [
    'one that is not',
    [range(31_003, 31_008)],
    [block(31_003, 1), block(31_004, 4), block(31_008, 1)],
  ],
  ['ranges that meet', [range(4, 5), range(6, 7)], [block(4, 2), block(6, 2)]],
  [
    'ranges that overlap, the later one first',
    [range(6, 9), range(4, 7)],
    [block(4, 4), block(8, 2)],
  ],
  ['one within another', [range(0, 7), range(2, 3)], [block(0, 8)]],
  ['all', [range(0, 65_535)], [block(0, 65_536)]],
  ['none', [], []],
])('%s', (_, ranges, blocks) => {
  expect(portBlocks(ranges)).toEqual(blocks);
});

test('a block is matched by the bits that its ports share', () => {
  expect(matchOf(block(32_768, 1024))).toBe('32768 0xfc00');
  expect(matchOf(block(31_000, 1))).toBe('31000 0xffff');
  expect(matchOf(block(0, 65_536))).toBe('0 0x0');
});

const port = fc.integer({ min: 0, max: 65_535 });

test('blocks have the ports of the ranges, each once, and match no others', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(port, fc.integer({ min: 0, max: 300 })), { maxLength: 5 }),
      fc.array(port),
      (starts, probes) => {
        const ranges = starts.map(([begin, more]) => range(begin, Math.min(begin + more, 65_535)));
        const blocks = portBlocks(ranges);
        const edges = ranges.flatMap(({ begin, end }) => [begin - 1, begin, end, end + 1]);
        for (const it of [...probes, ...edges].filter((edge) => edge >= 0 && edge <= 65_535)) {
          const isAsked = ranges.some(({ begin, end }) => begin <= it && it <= end);
          const matching = blocks.filter((found) => {
            const [value, mask] = matchOf(found).split(' ').map(Number) as [number, number];
            return (it & mask) === value;
          });
          expect(matching.length).toBe(isAsked ? 1 : 0);
        }
      },
    ),
  );
});
