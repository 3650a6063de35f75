import { expect, test } from 'vitest';
import { scalarsIn } from '../../../src/cli/operate/scalars.ts';

test('amounts by name', () => {
  expect(scalarsIn('cpus:0.5; mem:1024', '--demand')).toEqual({
    cpus: { value: 0.5 },
    mem: { value: 1024 },
  });
});

test.each([
  ['', ''],
  ['cpus', ' ('],
  ['ports:[1-2]', ': ports is no number'],
  ['cpus(eng):1', ': cpus has a role'],
  ['cpus:1;cpus:2', ': cpus is there twice'],
])('%j is none', (text, why) => {
  expect(() => scalarsIn(text, '--demand')).toThrow(
    `--demand expects amounts such as cpus:4;mem:1024, got '${text}'${why}`,
  );
});
