// Files that import each other in a circle can only be read together, and moved together. What is
// allowed: a circle of values within one folder, of three files at most; a circle that types alone
// close within one room of src/.
import { posix } from 'node:path';
import { expect, test } from 'vitest';
import { importsOf, type Source, sources } from '../support/sources.ts';

const MAX_FILES = 3;

type Graph = ReadonlyMap<string, readonly string[]>;

function graphOf(files: readonly Source[], kind: 'values' | 'all'): Graph {
  const known = new Set(files.map(({ path }) => path));
  return new Map(
    files.map((source) => [
      source.path,
      importsOf(source)
        .filter(({ typeOnly }) => kind === 'all' || !typeOnly)
        .map(({ target }) => (known.has(target) ? target : `${target}.ts`))
        .filter((target) => known.has(target)),
    ]),
  );
}

/** Sets of files of which each reaches each other one (Tarjan's strongly connected components). */
function circles(graph: Graph): string[][] {
  const found: string[][] = [];
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const open: string[] = [];
  const visit = (file: string): number => {
    const number = order.size;
    order.set(file, number);
    open.push(file);
    let low = number;
    for (const next of graph.get(file) ?? []) {
      if (!order.has(next)) {
        low = Math.min(low, visit(next));
      } else if (open.includes(next)) {
        low = Math.min(low, lowest.get(next) ?? order.get(next) ?? low);
      }
      lowest.set(file, low);
    }
    lowest.set(file, low);
    if (low === number) {
      found.push(open.splice(open.indexOf(file)));
    }
    return low;
  };
  for (const file of graph.keys()) {
    if (!order.has(file)) {
      visit(file);
    }
  }
  return found.filter((files) => files.length > 1).map((files) => files.toSorted());
}

const roomOf = (path: string) =>
  path.startsWith('src/') ? path.split('/').slice(0, 2).join('/') : 'asm';

function problems(files: readonly Source[]): string[] {
  const wrong = (text: string, circle: readonly string[]) => `${text}: ${circle.join(', ')}`;
  return [
    ...circles(graphOf(files, 'values')).flatMap((circle) => [
      ...(circle.length > MAX_FILES
        ? [wrong('more files than one can read together', circle)]
        : []),
      ...(new Set(circle.map((path) => posix.dirname(path))).size > 1
        ? [wrong('files of different folders', circle)]
        : []),
    ]),
    ...circles(graphOf(files, 'all'))
      .filter((circle) => new Set(circle.map(roomOf)).size > 1)
      .map((circle) => wrong('rooms that know the types of each other', circle)),
  ];
}

test('no files import each other in a circle that leaves its folder or is large', () => {
  expect(
    problems(sources('src/**/*.{ts,tsx}')),
    'A circle of imports stays in its folder and has three files at most, and no two rooms know ' +
      'the types of each other (ARCHITECTURE.md, below the table of rooms)',
  ).toEqual([]);
});

test('the test itself sees what it should see', () => {
  const file = (path: string, ...targets: string[]) => ({
    path,
    text: targets.map((target) => `import { x } from '${target}';`).join('\n'),
  });
  const ring = (...names: string[]) =>
    names.map((name, index) =>
      file(`src/a/${name}.ts`, `./${names[(index + 1) % names.length]}.ts`),
    );
  expect(problems(ring('p', 'q', 'r'))).toEqual([]);
  expect(problems(ring('p', 'q', 'r', 's'))).toHaveLength(1);
  expect(problems([file('src/a/b/p.ts', '../q.ts'), file('src/a/q.ts', './b/p.ts')])).toHaveLength(
    1,
  );
  const types = (path: string, target: string) => ({
    path,
    text: `import type { X } from '${target}';`,
  });
  expect(
    problems([types('src/a/p.ts', '../b/q.ts'), types('src/b/q.ts', '../a/p.ts')]),
  ).toHaveLength(1);
  expect(problems([types('src/a/p.ts', './b/q.ts'), types('src/a/b/q.ts', '../p.ts')])).toEqual([]);
  expect(
    problems([file('asm/p.ts', './q'), file('asm/a/b.ts', '../q'), file('asm/q.ts', './a/b')]),
  ).toHaveLength(1);
});
