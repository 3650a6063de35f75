// The sources of the scheduler core have floors: a file imports from lower floors and its own,
// never from a higher one.
import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import { codeOf, importsOf, type Source, sources } from '../support/sources.ts';

const files = sources('asm/**/*.ts');

/** From the bottom to the top. A folder is one floor, and so are files that are listed together. */
const FLOORS: readonly (readonly string[])[] = [
  ['asm/constants', 'asm/slots', 'asm/memory'],
  ['asm/vectors', 'asm/intervals'],
  ['asm/kinds'],
  ['asm/rows'],
  ['asm/algebra', 'asm/matcher'],
  ['asm/allocator/tables'],
  ['asm/allocator/filters'],
  ['asm/allocator/run'],
  ['asm/allocator/calls'],
  ['asm/sweep'],
  ['asm/checks'],
  ['asm/index'],
  ['asm/debug'],
];

function floorOf(path: string): number {
  const file = path.replace(/\.ts$/, '');
  return FLOORS.findIndex((floor) => floor.includes(file) || floor.includes(dirname(file)));
}

function climbs(all: readonly Source[]): string[] {
  return all.flatMap((source) =>
    importsOf(source)
      .filter(({ target }) => floorOf(target) > floorOf(source.path))
      .map(({ target }) => `${source.path} imports ${target}`),
  );
}

/**
 * Files with an assert() that is neither guarded nor in a check: its condition would stay in the
 * shipped module.
 */
function bareAssertions(all: readonly Source[]): string[] {
  return all
    .filter(({ path }) => !path.startsWith('asm/checks/'))
    .filter((source) =>
      codeOf(source)
        .replaceAll(/^export function check[A-Z][\s\S]*?^\}/gm, '')
        .replaceAll(/^( *)if \(CHECKED\) \{\n[\s\S]*?^\1\}/gm, '')
        .includes('assert('),
    )
    .map(({ path }) => path);
}

test('every file of the core is on a floor', () => {
  expect(
    files.filter(({ path }) => floorOf(path) < 0).map(({ path }) => path),
    'Each file of asm/ is on a floor: name it in FLOORS of this test (ARCHITECTURE.md, below the table of rooms)',
  ).toEqual([]);
  expect(files.length).toBeGreaterThan(50);
});

test('no file of the core imports one of a higher floor', () => {
  expect(
    climbs(files),
    'A file of asm/ imports from its own floor and lower ones (ARCHITECTURE.md, below the table of rooms; FLOORS of this test)',
  ).toEqual([]);
});

test('a line of the core has at most 100 columns', () => {
  const long = files.flatMap(({ path, text }) =>
    text
      .split('\n')
      .flatMap((line, index) => ([...line].length > 100 ? [`${path}:${index + 1}`] : [])),
  );
  expect(long, 'A line of asm/ has at most 100 columns (CONTRIBUTING.md, Handing in)').toEqual([]);
});

test('assertions of the core are compiled into the debug build only', () => {
  expect(
    bareAssertions(files),
    'assert() stands in asm/checks/, in a function check…, or within `if (CHECKED) {`: the module ' +
      'that is shipped has none (ARCHITECTURE.md, invariant 4)',
  ).toEqual([]);
});

test('the host takes its constants from one file, which the build replaces in a package', () => {
  const importers = sources('src/**/*.ts').filter((source) =>
    importsOf(source).some(({ target }) => target.startsWith('asm/')),
  );
  expect(
    importers.map(({ path }) => path),
    'Only src/core/constants.ts imports asm/: a package has no sources of the module, and the ' +
      'build puts the constants in the place of that file (scripts/build.ts)',
  ).toEqual(['src/core/constants.ts']);
});

test('the test itself sees what it should see', () => {
  const file = (path: string, target: string) => ({
    path,
    text: `import {\n  x,\n} from '${target}';\n`,
  });
  const down = file('asm/allocator/run/visit.ts', '../tables/roles');
  const up = file('asm/allocator/tables/roles.ts', '../filters/orphan-filters');
  const beside = file('asm/allocator/tables/roles.ts', './groups');
  expect(climbs([down, up, beside])).toEqual([
    'asm/allocator/tables/roles.ts imports asm/allocator/filters/orphan-filters',
  ]);
  const guarded = '  if (CHECKED) {\n    assert(a, b);\n  }\n';
  const check = 'export function checkIt(): void {\n  assert(a, b);\n}\n';
  const bare = '  assert(a, b);\n';
  expect(
    bareAssertions([
      { path: 'asm/a.ts', text: guarded + check },
      { path: 'asm/b.ts', text: guarded + bare + check },
    ]),
  ).toEqual(['asm/b.ts']);
});
