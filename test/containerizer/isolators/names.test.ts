import { expect, test } from 'vitest';
import { createIsolators } from '../../../src/containerizer/isolators/isolators.ts';
import {
  ISOLATION_WORDS,
  ISOLATOR_NAMES,
  isolatorsNamed,
} from '../../../src/containerizer/isolators/names.ts';
import { isolatorParts } from './parts.ts';

test('an agent uses the isolators that it was told to, in their order, each once', () => {
  expect(isolatorsNamed(['posix/mem', 'posix/cpu', 'posix/mem'])).toEqual([
    'filesystem/posix',
    'posix/cpu',
    'posix/mem',
  ]);
  expect(isolatorsNamed(['posix/mem'])).toEqual(['filesystem/posix', 'posix/mem']);
  expect(isolatorsNamed(['process'])).toEqual(isolatorsNamed(['posix/cpu', 'posix/mem']));
});

test('containers have the files of the machine where no isolator is named', () => {
  expect(isolatorsNamed([])).toEqual(['filesystem/posix']);
});

test('each isolator that the flag takes is made under its name', () => {
  const made = createIsolators(ISOLATION_WORDS, isolatorParts);
  expect(made.map(({ name }) => name)).toEqual([...ISOLATOR_NAMES]);
});
