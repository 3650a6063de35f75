// A product of scripts is made again when its sources have other content, and only then.
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import {
  coreModule,
  formatOfFiles,
  MESSAGES,
  PROGRAMS,
  SUPERVISOR,
  staleness,
} from '../../scripts/products.mjs';
import { importsOf, root, sources } from '../support/sources.ts';

const PRODUCT = {
  record: 'build/product.made-from',
  from: ['sources', 'script.ts', 'node_modules/tool/package.json'],
  makes: () => ['build/product'],
};

let checkout: string;

beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), 'mesoscale-products-'));
  onTestFinished(() => rmSync(checkout, { recursive: true }));
  write('sources/a.ts', 'a');
  write('sources/room/b.ts', 'b');
  write('sources/README.md', 'for readers');
  write('script.ts', 'script');
  write('node_modules/tool/package.json', '1.0');
});

function write(path: string, content: string, folder = checkout): void {
  mkdirSync(join(folder, path, '..'), { recursive: true });
  writeFileSync(join(folder, path), content);
}

const isStale = (folder = checkout) => staleness(PRODUCT, folder) !== undefined;

function make(): void {
  const made = staleness(PRODUCT, checkout);
  write('build/product', 'made');
  made?.();
}

test('a product is made where it is missing, and then not again', () => {
  expect(isStale()).toBe(true);
  make();
  expect(isStale()).toBe(false);
});

test('times of files make no difference', () => {
  make();
  const later = new Date('2100-01-01');
  for (const path of ['sources/a.ts', 'script.ts']) {
    utimesSync(join(checkout, path), later, later);
  }
  expect(isStale()).toBe(false);
  const earlier = new Date('2000-01-01');
  write('sources/a.ts', 'another');
  utimesSync(join(checkout, 'sources/a.ts'), earlier, earlier);
  expect(isStale()).toBe(true);
});

test('a copy of the checkout, with all files new, has what it needs', () => {
  make();
  const copy = mkdtempSync(join(tmpdir(), 'mesoscale-products-'));
  onTestFinished(() => rmSync(copy, { recursive: true }));
  cpSync(checkout, copy, { recursive: true });
  expect(isStale(copy)).toBe(false);
});

test.each<[string, () => void]>([
  ['a source', () => write('sources/room/b.ts', 'B')],
  ['the script', () => write('script.ts', 'another')],
  ['the version of the tool', () => write('node_modules/tool/package.json', '2.0')],
  ['a source that is new', () => write('sources/c.ts', '')],
  ['a source that is deleted', () => rmSync(join(checkout, 'sources/room/b.ts'))],
  [
    'the name of a source',
    () => {
      rmSync(join(checkout, 'sources/a.ts'));
      write('sources/b.ts', 'a');
    },
  ],
  [
    'the file in which a text stands',
    () => {
      write('sources/a.ts', '');
      write('sources/room/b.ts', 'ab');
    },
  ],
  ['the product itself', () => write('build/product', 'of another branch')],
  ['the product, which is deleted', () => rmSync(join(checkout, 'build/product'))],
])('what has changed is %s: it is made again', (_, change) => {
  make();
  change();
  expect(isStale()).toBe(true);
});

test('a change that is taken back, or of a page for readers, makes nothing anew', () => {
  make();
  write('sources/a.ts', 'of another branch');
  expect(isStale()).toBe(true);
  write('sources/a.ts', 'a');
  write('sources/README.md', 'better');
  expect(isStale()).toBe(false);
});

test('sources that change while it is made count as changed', () => {
  const made = staleness(PRODUCT, checkout);
  write('sources/a.ts', 'written meanwhile');
  write('build/product', 'of the old a.ts');
  made?.();
  expect(isStale()).toBe(true);
});

test('what was up to date at the last look is newer than the sources of then', () => {
  const timeOf = (path: string) => statSync(join(checkout, path)).mtimeMs;
  const old = new Date('2000-01-01');
  make();
  utimesSync(join(checkout, PRODUCT.record), old, old);
  utimesSync(join(checkout, 'sources/a.ts'), old, old);
  expect(isStale()).toBe(false);
  expect(timeOf(PRODUCT.record)).toBeGreaterThan(timeOf('sources/a.ts'));
  write('sources/a.ts', 'written after it');
  expect(isStale()).toBe(true);
  expect(timeOf(PRODUCT.record)).toBeLessThan(timeOf('sources/a.ts'));
});

test('without a product nothing is recorded', () => {
  staleness(PRODUCT, checkout)?.();
  expect(existsSync(join(checkout, PRODUCT.record))).toBe(false);
});

test('all that the products of this checkout are made from is there', () => {
  const missing = [MESSAGES, PROGRAMS, SUPERVISOR, coreModule('mesoscale-core.wasm')]
    .flatMap(({ from }) => from)
    .filter((path) => !existsSync(join(root, path)));
  expect(missing).toEqual([]);
});

test('messages are made from every file that their script imports', () => {
  const all = [...sources('scripts/*.ts'), ...sources('src/**/*.ts')];
  const found = new Set(['scripts/generate.ts']);
  for (const path of found) {
    const source = all.find((each) => each.path === path) ?? expect.fail(path);
    for (const { target, typeOnly } of importsOf(source)) {
      if (!typeOnly && /^(?:scripts|src)\/.*\.ts$/.test(target)) {
        found.add(target);
      }
    }
  }
  expect(MESSAGES.from).toEqual(expect.arrayContaining([...found]));
});

test('programs are made from every file that they import', () => {
  const own = sources('src/**/*.ts').flatMap(importsOf);
  const others = own
    .map(({ target }) => target)
    .filter((target) => /^(?!src\/).*\.ts$/.test(target));
  expect(PROGRAMS.from).toEqual(expect.arrayContaining(others));
  expect(others).not.toEqual([]);
});

test('a record without a product is up to date while the sources are the same', () => {
  const check = { record: 'build/check.passed', from: ['sources', 'script.ts'] };
  const passed = staleness(check, checkout);
  expect(passed).toBeDefined();
  expect(staleness(check, checkout)).toBeDefined();
  passed?.();
  expect(staleness(check, checkout)).toBeUndefined();
  write('sources/room/b.ts', 'other');
  expect(staleness(check, checkout)).toBeDefined();
});

test('the format is that of all files that git does not ignore', () => {
  expect(formatOfFiles(checkout)).toBeUndefined();
  write('.gitignore', 'build/\nnode_modules/\n');
  execFileSync('git', ['init', '-q'], { cwd: checkout });
  execFileSync('git', ['add', 'script.ts'], { cwd: checkout });
  write('build/product', 'ignored');
  const format = formatOfFiles(checkout);
  expect(format?.from.slice(1)).toEqual([
    ...['.gitignore', 'script.ts', 'sources/README.md', 'sources/a.ts', 'sources/room/b.ts'],
  ]);
});
