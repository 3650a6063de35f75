import { expect, test } from 'vitest';
import { type Line, shownLines } from '../../../src/cli/operate/top/tables.ts';
import { pressed, type View } from '../../../src/cli/operate/top/view.ts';

const view: View = { name: 'tasks', sort: 'cpus', isReversed: false, from: 0 };
const press = (...names: string[]) =>
  names.reduce<View | undefined>(
    (now, name) => now && pressed(now, { name }, { rows: 10, all: 25 }),
    view,
  );

test.each([
  [['m'], { sort: 'mem' }],
  [['right'], { sort: 'mem' }],
  [['left'], { sort: 'age' }],
  [['r'], { isReversed: true }],
  [['n'], { name: 'agents' }],
  [['down', 'down'], { from: 2 }],
  [['pagedown', 'pagedown', 'pagedown'], { from: 15 }],
  [['end', 'up'], { from: 14 }],
  [['down', 'c'], { from: 0, sort: 'cpus' }],
  [['up'], {}],
  [['x'], {}],
])('%j', (names, changes) => {
  expect(press(...names)).toEqual({ ...view, ...changes });
});

test('q and Ctrl-C end it', () => {
  expect(press('q')).toBeUndefined();
  expect(pressed(view, { name: 'c', ctrl: true }, { rows: 1, all: 1 })).toBeUndefined();
});

test('lines are sorted, and those that are on the screen are shown', () => {
  const lines = [3, 1, 2].map(
    (cpus): Line => ({
      keys: { cpus, mem: 0, disk: 0, gpus: 0, age: 0 },
      cells: () => [String(cpus)],
    }),
  );
  const shown = (changes: Partial<View>, rows: number) =>
    shownLines(lines, { ...view, ...changes }, rows).flatMap(({ cells }) => cells());
  expect(shown({}, 2)).toEqual(['3', '2']);
  expect(shown({ from: 1 }, 2)).toEqual(['2', '1']);
  expect(shown({ isReversed: true }, 2)).toEqual(['1', '2']);
});
