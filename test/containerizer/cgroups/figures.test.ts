// Figures in files of cgroups.
import { expect, test } from 'vitest';
import { figuresOf, linesIn, numberIn } from '../../../src/containerizer/cgroups/figures.ts';

test('all lines of a file are counted, and a file that there is none of has none', () => {
  expect(linesIn('1\n22\n333\n')).toBe(3);
  expect(linesIn(undefined)).toBeUndefined();
});

test('a number is one, and a word or a missing file is none', () => {
  expect(['4096\n', 'max\n', undefined].map(numberIn)).toEqual([4096, undefined, undefined]);
});

test('without a file there are no figures', () => {
  expect(figuresOf(undefined, ['file'])).toEqual([undefined]);
});

test('a figure is found by its whole name, wherever its line is', () => {
  const text = 'file 1\nfile_mapped 22\nanon 333\n';
  expect(figuresOf(text, ['anon', 'file', 'mapped', 'file_mapped', 'ano'])).toEqual([
    333,
    1,
    undefined,
    22,
    undefined,
  ]);
});
