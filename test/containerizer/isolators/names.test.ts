import { expect, test } from 'vitest';
import {
  createIsolators,
  isolatorOnceUsed,
} from '../../../src/containerizer/isolators/isolators.ts';
import {
  ISOLATOR_NAMES,
  ISOLATOR_NEEDS,
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

test('mounts of its own bring a container the volumes that are mounted, as with Mesos', () => {
  expect(isolatorsNamed(['filesystem/linux'])).toEqual([
    'filesystem/linux',
    'volume/host_path',
    'volume/sandbox_path',
    'volume/image',
  ]);
});

test('each isolator is made under its name', () => {
  // This machine may have no XFS.
  const able = ISOLATOR_NAMES.filter(
    (name) => ISOLATOR_NEEDS[name]?.launcher === undefined && name !== 'disk/xfs',
  );
  expect(createIsolators(able, isolatorParts).map(({ name }) => name)).toEqual(able);
});

test('cleaning up after an isolator that is used no more needs neither its flags nor programs', () => {
  const { host } = isolatorParts;
  const bare = { ...isolatorParts, host: { ...host, programs: new Map() } };
  const cleaning = ISOLATOR_NAMES.flatMap((name) => isolatorOnceUsed(name, bare));
  expect(cleaning.map((it) => it?.name)).toEqual(['filesystem/posix', 'filesystem/linux']);
  expect(isolatorOnceUsed('of/tomorrow', bare)).toBeUndefined();
});

test('files are those of the machine with its mounts, or with mounts of their own', () => {
  const linux = { ...isolatorParts, launcher: 'linux' } as const;
  const named = (...words: string[]) => createIsolators(words, linux).map(({ name }) => name);
  expect(named('filesystem/linux')).toContain('filesystem/linux');
  expect(named('filesystem/linux')).not.toContain('filesystem/posix');
  expect(() => named('filesystem/linux', 'filesystem/posix')).toThrow(
    '--isolation: filesystem/linux and filesystem/posix exclude each other',
  );
});

test('an isolator is refused without what it needs, which is named', () => {
  for (const name of ['linux/seccomp', 'filesystem/linux', 'namespaces/pid', 'namespaces/ipc']) {
    expect(() => createIsolators([name], isolatorParts)).toThrow(
      `--isolation: ${name} needs --launcher=linux`,
    );
  }
  expect(() => createIsolators(['disk/xfs', 'posix/disk'], isolatorParts)).toThrow(
    '--isolation: disk/xfs and disk/du exclude each other',
  );
  expect(() => createIsolators(['disk/xfs'], isolatorParts)).toThrow(
    '--isolation: disk/xfs needs the program xfs_quota',
  );
  const host = { ...isolatorParts.host, isRoot: false };
  const linux = { ...isolatorParts, host, launcher: 'linux' } as const;
  const file = 'filesystem/linux';
  for (const name of ['linux/capabilities', 'linux/devices', 'cgroups/devices', 'disk/xfs']) {
    expect(() => createIsolators([file, name], linux)).toThrow(
      `--isolation: ${name} needs an agent that runs as root`,
    );
  }
  expect(() => createIsolators(['filesystem/shared'], linux)).toThrow(
    '--isolation: filesystem/shared needs an agent that runs as root',
  );
});
