// Volumes in the mount namespace of a runtime, for which a shell stands in that starts a process
// there; and users who put links in the way.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { volumeSteps } from '../../../../src/containerizer/launchers/oci/volume-step.ts';
import {
  placeIn,
  placeInParent,
  type VolumeMount,
} from '../../../../src/containerizer/plan/volume-mounts.ts';
import { containerId } from '../../../../src/model/ids.ts';
import { Stage } from './stage.ts';

const isRoot = process.geteuid?.() === 0;
const id = containerId('root.task');

let stage: Stage;
let parent: string;
let sandbox: string;

beforeEach(async () => {
  stage = await Stage.open();
  parent = stage.path('box');
  sandbox = stage.made('box/containers/task');
});

afterEach(() => stage.close());

const inSandbox = (...names: string[]) => placeIn({ id, sandbox }, names);
const inParent = (...names: string[]) =>
  ({ kind: 'sandbox', place: placeInParent({ id, sandbox }, names) }) as const;
const onHost = (name: string) => ({ kind: 'host', path: stage.path(name) }) as const;

const mounted = (source: VolumeMount['source'], more: Partial<VolumeMount> = {}): VolumeMount => ({
  source,
  target: inSandbox('in'),
  isReadOnly: false,
  ...more,
});

const printed = (script: string, mounts: readonly VolumeMount[]) =>
  stage.printed(
    script,
    mounts.flatMap((mount) =>
      volumeSteps(mount, {
        rootfs: '/',
        isOwn: false,
        seesProcesses: true,
        image: '',
        isRoot,
      }),
    ),
    sandbox,
  );

test.runIf(isRoot)(
  'a folder of the host is where it is wanted, in the container only',
  async () => {
    mkdirSync(stage.path('a %- \n'));
    writeFileSync(stage.path('a %- \n/file'), 'text\n');
    const volume = mounted(onHost('a %- \n'), { target: inSandbox('deep', 'ä') });
    expect(await printed('cat deep/ä/file; touch deep/ä/made && echo written', [volume])).toBe(
      'text\nwritten\n',
    );
    expect(readdirSync(join(sandbox, 'deep/ä'))).toEqual([]);
    expect(readdirSync(stage.path('a %- \n'))).toEqual(['file', 'made']);
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(stage.path());
  },
);

test.runIf(isRoot)('what is closed to writing is so with all that is mounted below', async () => {
  const host = stage.path('host');
  mkdirSync(join(host, 'below'), { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', 'none', join(host, 'below')]);
  try {
    const volume = mounted(onHost('host'), { isReadOnly: true });
    expect(await printed('touch in/x; touch in/below/x; true', [volume])).toMatch(
      /in\/x.*Read-only.*\n.*in\/below\/x.*Read-only/,
    );
  } finally {
    execFileSync('umount', [join(host, 'below')]);
  }
});

test.runIf(isRoot)(
  'a file can be a volume, and a missing folder of a sandbox is made',
  async () => {
    writeFileSync(stage.path('file'), 'text\n');
    chownSync(parent, 7, 8);
    const volumes = [
      mounted(onHost('file'), { target: inSandbox('one') }),
      mounted(inParent('deep', 'common')),
    ];
    expect(await printed('cat one; touch in/shared', volumes)).toBe('text\n');
    expect(readdirSync(join(parent, 'deep/common'))).toEqual(['shared']);
    expect(statSync(join(parent, 'deep/common'))).toMatchObject({ uid: 7, gid: 8 });
  },
);

test.runIf(isRoot)('a secret is a file that no disk has', async () => {
  const data = new TextEncoder().encode('s3cret\n'.repeat(10_000));
  const volumes = [
    mounted({ kind: 'secret', data }, { target: inSandbox('secrets', 'one') }),
    mounted({ kind: 'secret', data: new Uint8Array() }, { isReadOnly: true }),
  ];
  const script =
    'stat -c "%a %u %s" secrets/one in; stat -f -c %T in; head -n 1 secrets/one; echo x 2>&1 > in';
  expect(await printed(script, volumes)).toMatch(
    /^644 0 70000\n644 0 0\ntmpfs\ns3cret\n.*Read-only file system\n$/,
  );
  expect(statSync(join(sandbox, 'secrets/one')).size).toBe(0);
  const searched = ['-r', '--exclude=stdout', 's3cret', stage.path()];
  expect(spawnSync('grep', searched, { encoding: 'utf8' })).toMatchObject({ stdout: '' });
});

test.runIf(isRoot).each([
  ['the source', () => symlinkSync('/etc', join(parent, 'deep')), 'in'],
  ['the target', () => symlinkSync('/etc', join(sandbox, 'in')), 'in'],
  ['the way', () => symlinkSync('/etc', join(sandbox, 'way')), 'way/in'],
])('a link in place of %s is not followed', async (_, meddle, target) => {
  meddle();
  const source = inParent('deep', 'common');
  const volume = mounted(source, { target: inSandbox(...target.split('/')) });
  expect(await printed('true', [volume])).toBe(
    `Failed to mount the volume at '${join(sandbox, target)}': Too many levels of symbolic links`,
  );
  expect(existsSync('/etc/common')).toBe(false);
  expect(existsSync('/etc/in')).toBe(false);
});
