// Resources in words.
import { expect, test } from 'vitest';
import { heldWords, resourceWords } from '../../src/webui/words/resources.ts';

const cpus = (value: number, role?: string) => ({
  ...{ name: 'cpus', scalar: { value } },
  ...(role === undefined ? {} : { allocation_info: { role } }),
});

test('one is one', () => {
  expect(resourceWords(cpus(1))).toBe('1 CPU');
  expect(resourceWords(cpus(1.5))).toBe('1.5 CPUs');
  expect(resourceWords({ name: 'gpus', scalar: { value: 1 } })).toBe('1 GPU');
});

test('what several have is told with the role of each', () => {
  expect(heldWords([cpus(0.7, 'eng'), cpus(2, 'web')])).toBe('0.7 by eng, 2 by web');
  expect(heldWords([cpus(2, 'eng')])).toBe('2');
});
