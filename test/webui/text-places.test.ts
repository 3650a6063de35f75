// Where a text is within a longer one.
import { expect, test } from 'vitest';
import { placesOf } from '../../src/webui/store/text-places.ts';

test('places are in order, capital letters or not, and do not overlap', () => {
  expect(placesOf('Oh no, oh No', 'OH')).toEqual([0, 7]);
  expect(placesOf('aaaa', 'aa')).toEqual([0, 2]);
  expect(placesOf('aaaaa', 'aa')).toEqual([1, 3]);
  expect(placesOf('ab', 'b')).toEqual([1]);
  expect(placesOf('ab', 'abc')).toEqual([]);
});

test('of very many the last are found', () => {
  const places = placesOf('x'.repeat(10_005), 'x');
  expect([places.length, places[0], places.at(-1)]).toEqual([10_000, 5, 10_004]);
});
