import { expect, test } from 'vitest';
import { isAtOrBelow, isWithin } from '../../src/model/paths.ts';

test('a folder is within itself, and one whose name begins alike is not', () => {
  expect(isWithin('/a/b', '/a/b')).toBe(true);
  expect(isWithin('/a/b/c', '/a/b')).toBe(true);
  expect(isWithin('/a/bc', '/a/b')).toBe(false);
  expect(isWithin('/a', '/a/b')).toBe(false);
});

test('slashes too many, and dots, are no names', () => {
  expect(isAtOrBelow('//a/./b//c', '/a/b/')).toBe(true);
  expect(isAtOrBelow('/a/bc', '/a/b')).toBe(false);
  expect(isAtOrBelow('/a', '/')).toBe(true);
});
