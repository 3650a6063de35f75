// Files are nouns in kebab-case, of one idea each, and begin with what they own.
import { basename } from 'node:path';
import { expect, test } from 'vitest';
import { sources } from '../support/sources.ts';

const files = [
  ...sources('src/**/*.{ts,tsx}'),
  ...sources('asm/**/*.ts'),
  ...sources('bench/**/*.ts'),
];
/** The habit is 500; a few more lines are better than a file cut in the wrong place. */
const MAX_LINES = 600;

test('file names are kebab-case and say what is in them', () => {
  const bad = files.filter(
    ({ path }) =>
      !/^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.d)?\.tsx?$/.test(basename(path)) ||
      /(^|[-/])(utils?|helpers?|common|managers?|misc)\b/.test(path),
  );
  expect(
    bad.map(({ path }) => path),
    'A file is a noun in kebab-case that says what is in it: no utils, helpers, common, manager or misc (ARCHITECTURE.md, Names)',
  ).toEqual([]);
});

test(`no file is longer than ${MAX_LINES} lines`, () => {
  const long = files.filter(({ text }) => text.split('\n').length > MAX_LINES);
  expect(
    long.map(({ path, text }) => `${path}: ${text.split('\n').length}`),
    `A file has one idea, and at most ${MAX_LINES} lines (CONTRIBUTING.md, Handing in)`,
  ).toEqual([]);
});

test('every file begins with a sentence about what it owns', () => {
  const bad = files.filter(({ text }) => !/^(#!.*\n)?\/[/*]/.test(text));
  expect(
    bad.map(({ path }) => path),
    'A file begins with a comment that says what it owns (CONTRIBUTING.md, Handing in)',
  ).toEqual([]);
});

test('"slave" appears only where the wire says it', () => {
  const bad = files.flatMap(({ path, text }) =>
    // Variables, functions and types may not contain it; texts and keys of responses may.
    [...text.matchAll(/\b(?:const|let|function|class|interface|type)\s+(\w*[sS]lave\w*)/g)].map(
      ([, name]) => `${path}: ${name}`,
    ),
  );
  expect(
    bad.filter((entry) => !entry.startsWith('src/wire/')),
    'Names say "agent", but in src/wire/ (ARCHITECTURE.md, invariant 10)',
  ).toEqual([]);
});

test('what is known when a file is read is named in capitals', () => {
  const declared = /^(?:export )?const ([a-z]\w*)(?:: [^=]+)? =\s+([^;]+);$/gm;
  const begins =
    /^(?:new (?:Set|Map)[^(\n]*\()?\[*\s*(?:-?\d|'|"|`[^$`]*`$|\/[^/*]|[A-Z][A-Z0-9_]+\b)/;
  const isComputed = (value: string) => /\]\.\w+\(|\w\[|[?=<>]=|\b[A-Z][A-Z0-9_]+[.(]/.test(value);
  const bad = [...sources('src/**/*.{ts,tsx}'), ...sources('bench/**/*.ts')].flatMap(
    ({ path, text }) =>
      [...text.matchAll(declared)]
        .filter(([, , value = '']) => begins.test(value) && !isComputed(value))
        .map(([, name]) => `${path}: ${name}`),
  );
  expect(
    bad,
    'What is known when a file is read is CONSTANT_CASE (ARCHITECTURE.md, Names)',
  ).toEqual([]);
});

test('a line of a comment has at most 100 columns, as the formatter cuts code', () => {
  const everything = [...files, ...sources('test/**/*.ts'), ...sources('scripts/**/*.{ts,mjs}')];
  const bad = everything.flatMap(({ path, text }) =>
    text
      .split('\n')
      .flatMap((line, index) =>
        /^\s*(?:\/\/(?! biome-ignore)|\/?\*)/.test(line) && [...line].length > 100
          ? [`${path}:${index + 1}`]
          : [],
      ),
  );
  expect(bad, 'A line of a comment has at most 100 columns (CONTRIBUTING.md, Handing in)').toEqual(
    [],
  );
});

test('nothing is left to do', () => {
  const bad = [...files, ...sources('test/**/*.ts'), ...sources('scripts/**/*.{ts,mjs}')].filter(
    ({ path, text }) => !path.startsWith('test/house/') && /\b(TODO|FIXME|XXX|HACK)\b/.test(text),
  );
  expect(
    bad.map(({ path }) => path),
    'Do it, or leave it out: no TODO, FIXME, XXX or HACK (CONTRIBUTING.md, Handing in)',
  ).toEqual([]);
});
