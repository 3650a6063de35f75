// Pure rooms touch no clock, timer, random source, process, console or promise: time, randomness
// and I/O come in as events and go out as effects. The compiler cannot see that; this test does.
import { expect, test } from 'vitest';
import { codeOf, type Source, sources } from '../support/sources.ts';

const PURE_ROOMS = [
  ...['model', 'security', 'wire', 'core', 'master', 'agent'],
  ...['containerizer/plan', 'containerizer/images/formats'],
  ...['webui/locations', 'webui/words', 'webui/store'],
];

const FORBIDDEN: readonly (readonly [RegExp, string])[] = [
  [/(?<![\w.#])Date\b/g, 'the clock'],
  [/(?<![\w.#])performance\b/g, 'the clock'],
  [/\bMath\.random\b/g, 'a random source'],
  [/(?<![\w.#])crypto\b/g, 'a random source'],
  [/(?<![\w.#])(?:set|clear)(?:Timeout|Interval|Immediate)\b/g, 'a timer'],
  [/(?<![\w.#])queueMicrotask\b/g, 'a timer'],
  [/(?<![\w.#])process\s*[.[]/g, 'the process'],
  [/(?<![\w.#])console\b/g, 'the console'],
  [/(?<![\w.#])Promise\b/g, 'a promise'],
  [/(?<![\w.#])(?:async|await)\b(?!\s*[:?,)])/g, 'a promise'],
  [/(?<![\w.#])(?:Buffer|globalThis|fetch)\b/g, 'the platform'],
];

/** Where a pure room may use one of these, and why. */
const ALLOWED = new Map<string, string>([]);

function problems(source: Source): string[] {
  const code = codeOf(source);
  return FORBIDDEN.flatMap(([pattern, what]) =>
    [...code.matchAll(pattern)].map((match) => {
      const line = code.slice(0, match.index).split('\n').length;
      return `${source.path}:${line} uses ${what}: ${match[0]}`;
    }),
  ).filter((problem) => !ALLOWED.has(problem.replace(/:\d+ .*/, '')));
}

test('pure rooms are pure', () => {
  const files = PURE_ROOMS.flatMap((room) => sources(`src/${room}/**/*.ts`));
  expect(
    files.flatMap(problems),
    'Pure rooms touch no clock, timer, random source, process, console or promise: time, ' +
      'randomness and I/O come as events and go as effects (ARCHITECTURE.md, Pure rooms)',
  ).toEqual([]);
});

test('the test itself sees what it should see', () => {
  const bad = (text: string) => problems({ path: 'src/master/a.ts', text });
  expect(bad('const t = Date.now();')).toHaveLength(1);
  expect(bad('async function f() { await g(); }')).toHaveLength(2);
  expect(bad(`process.env.X; \`$\{process.pid}\``)).toHaveLength(2);
  expect(bad("// Date\nconst a = 'Date.now()'; x.process.run(); this.date = nowMs;")).toEqual([]);
});
