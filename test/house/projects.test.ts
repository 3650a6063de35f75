// A pure test has no clock, process, socket or file of its own, and neither has what it imports.
// Pure tests share a worker, run in half a minute, and can be run after every keystroke.
import { expect, test } from 'vitest';
import { isPureTest } from '../support/projects.ts';
import { codeOf, importsOf, type Source, sources } from '../support/sources.ts';

/** Modules of Node without side effects, and those for reading the checkout. */
const HARMLESS = [
  'assert',
  'assert/strict',
  'buffer',
  'crypto',
  'fs',
  'fs/promises',
  'path',
  'url',
  'zlib',
];

const FORBIDDEN: readonly (readonly [RegExp, string])[] = [
  [/\bDate\.now\b|\bnew Date\(\)|(?<![\w.#])performance\.now\b/, 'the clock'],
  [/(?<![\w.#])set(?:Timeout|Interval)\(|\buseFakeTimers\b/, 'a timer'],
  [/\bMath\.random\b/, 'a random source'],
  [/\b(?:mkdtemp|writeFile|mkdir|rm)(?:Sync)?\(/, 'files of its own'],
  [/\bprocess\.(?:chdir|on|exit|kill|env\.\w+ *=)/, 'the process'],
];

const all = new Map(
  [...sources('test/**/*.ts'), ...sources('src/**/*.ts'), ...sources('scripts/*.ts')].map(
    (source) => [source.path, source] as const,
  ),
);

/** What is found in a source once: nearly every test reaches nearly all of them. */
function once<T>(find: (source: Source) => T): (source: Source) => T {
  const found = new Map<Source, T>();
  return (source) => {
    const known = found.get(source) ?? find(source);
    found.set(source, known);
    return known;
  };
}

const importsIn = once(importsOf);
const problemsIn = once(problems);

/** The file and all of our files that it needs at run time. */
function reached(from: Source): Source[] {
  const found = new Map([[from.path, from]]);
  for (const source of found.values()) {
    for (const { target, typeOnly } of importsIn(source)) {
      const next = all.get(target);
      if (next !== undefined && !typeOnly) {
        found.set(target, next);
      }
    }
  }
  return [...found.values()];
}

function problems(source: Source): string[] {
  const modules = importsOf(source)
    .filter(({ target, typeOnly }) => !typeOnly && target.startsWith('node:'))
    .filter(({ target }) => !HARMLESS.includes(target.slice('node:'.length)))
    .map(({ target }) => `${source.path} imports ${target}`);
  if (!source.path.startsWith('test/')) {
    return modules;
  }
  const code = codeOf(source);
  const uses = FORBIDDEN.filter(([pattern]) => pattern.test(code));
  return [...modules, ...uses.map(([, what]) => `${source.path} uses ${what}`)];
}

test('pure tests are pure, with all that they import', () => {
  const files = [...all.values()].filter(
    ({ path }) => path.endsWith('.test.ts') && isPureTest(path),
  );
  const bad = files.flatMap((file) =>
    reached(file)
      .flatMap(problemsIn)
      .map((problem) => `${file.path}: ${problem}`),
  );
  expect(
    bad,
    'A pure test and what it imports have no clock, process, socket or file of their own. One that ' +
      'needs them belongs in a folder that PURE does not name (test/support/projects.ts)',
  ).toEqual([]);
});

test('the test itself sees what it should see', () => {
  const bad = (text: string) => problems({ path: 'test/master/a.test.ts', text });
  expect(bad("import { spawn } from 'node:child_process';")).toHaveLength(1);
  expect(bad("import type { Socket } from 'node:net';")).toEqual([]);
  expect(bad("import { readFileSync } from 'node:fs';")).toEqual([]);
  expect(bad('await new Promise((resolve) => setTimeout(resolve, 10));')).toHaveLength(1);
  expect(bad('const startedMs = Date.now();')).toHaveLength(1);
  expect(bad("mkdtempSync('x');")).toHaveLength(1);
});

test('a test is called test', () => {
  const named = [...all.values()].filter(
    ({ path, text }) =>
      path.startsWith('test/') && /^import \{[^}]*\bit\b[^}]*\} from 'vitest'/m.test(text),
  );
  expect(
    named.map(({ path }) => path),
    'Import `test` of vitest, not `it` (CONTRIBUTING.md, Handing in)',
  ).toEqual([]);
});
