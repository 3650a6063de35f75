// Rows of a table that are chosen.
import { expect, test } from 'vitest';
import { toggled, withRange } from '../../src/webui/components/selection.ts';

test('a row is chosen and let go, and so is all between two', () => {
  const keys = ['a', 'b', 'c', 'd'];
  const one = toggled(new Set(), 'b');
  expect([...one]).toEqual(['b']);
  expect([...toggled(one, 'b')]).toEqual([]);
  expect([...withRange(one, keys, 3, 2)]).toEqual(['b', 'c', 'd']);
  expect([...withRange(one, keys, -1, 0)]).toEqual(['b', 'a']);
  expect([...one]).toEqual(['b']);
});
