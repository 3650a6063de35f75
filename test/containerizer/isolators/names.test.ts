import { expect, test } from 'vitest';
import { DEFAULT_DISK_OPTIONS } from '../../../src/containerizer/isolators/disk-du.ts';
import { createIsolators } from '../../../src/containerizer/isolators/isolators.ts';
import {
  ISOLATION_WORDS,
  ISOLATOR_NAMES,
  isolatorsNamed,
} from '../../../src/containerizer/isolators/names.ts';
import { Volumes } from '../../../src/containerizer/volumes/volumes.ts';
import { WorkDirectory } from '../../../src/containerizer/work-directory.ts';

const volumes = new Volumes(new WorkDirectory('/no/such/folder'), () => {});

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
  const made = createIsolators(ISOLATION_WORDS, {
    host: { isRoot: true, programs: new Map([['du', '/usr/bin/du']]) },
    volumes,
    capabilities: {},
    disk: DEFAULT_DISK_OPTIONS,
    warn: () => {},
    onLimitation: () => {},
  });
  expect(made.map(({ name }) => name)).toEqual([...ISOLATOR_NAMES]);
});
