// Volumes of containers with mounts of their own, and users who put links in their way. This needs
// root.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { parseSeccompProfile } from '../../../src/containerizer/plan/seccomp-profile.ts';
import {
  type Resource,
  Resource_ReservationInfo_Type,
  TaskState,
  Value_Type,
  type Volume,
  Volume_Mode,
  Volume_Source_SandboxPath_Type,
} from '../../../src/model/generated/messages.ts';
import type { ContainerId } from '../../../src/model/ids.ts';
import {
  inSandbox,
  ofSecret,
  onHost,
  withVolumes,
} from '../../containerizer/volumes/asked-volumes.ts';
import { ContainerCalls } from '../container-calls.ts';
import { DriverHarness, type Launch, temporaryFolder } from '../harness.ts';
import { eventually } from '../outside.ts';

const { SELF } = Volume_Source_SandboxPath_Type;
const isolation = [
  'filesystem/linux',
  'namespaces/pid',
  'volume/host_path',
  'volume/sandbox_path',
  'volume/secret',
];

let folder: ReturnType<typeof temporaryFolder>;
let harness: DriverHarness;
const at = (...names: string[]) => join(folder.path, ...names);

const open = () => DriverHarness.open(at('work'), { isolation, launcher: 'linux' });

beforeEach(async () => {
  folder = temporaryFolder();
  mkdirSync(at('work'));
  mkdirSync(at('host'));
  writeFileSync(at('host/file'), 'text\n');
  harness = await open();
});

afterEach(async () => {
  await harness.end();
  folder[Symbol.dispose]();
});

const secret = (text: string) => ofSecret(Buffer.from(text));

/** What a command prints, or why it failed. */
function printed(value: string, volumes: Partial<Volume>[], more: Launch = {}) {
  const task = { command: { value }, container: withVolumes(...volumes), ...more.task };
  return harness.outcome({ ...more, task });
}

/** A check that succeeds with the status 7, in shell, soon and often. */
const sevenIf = (condition: string) =>
  ({
    type: 1,
    delay_seconds: 0,
    interval_seconds: 0.05,
    command: { command: { value: `${condition} && exit 7` } },
  }) as const;

/** Waits until a task's check answers 7, now and from a later agent, and ends the task. */
async function checkedByTwoAgents(id: ContainerId, launch: Launch): Promise<void> {
  const checked = () =>
    harness.until(() =>
      harness.statuses(id).find((it) => it.check_status?.command?.exit_code === 7),
    );
  await checked();
  await harness.driver.close();
  harness = await open();
  harness.reattach(launch);
  await checked();
  harness.kill(id);
  expect(await harness.terminalStatus(id)).toMatchObject({ state: TaskState.TASK_KILLED });
}

const hidden = (more: string) => Buffer.from(`hidden-${more}`);

const mountinfo = () => readFileSync('/proc/self/mountinfo', 'utf8');

test('folders and files of the host are where they are wanted, in the container only', async () => {
  const before = mountinfo();
  const volumes = [
    { ...onHost(at('host')), container_path: 'deep/ä %' },
    { ...onHost(at('host')), container_path: '/mnt', mode: Volume_Mode.RO },
    { ...onHost(at('host/file')), container_path: 'one' },
  ];
  const script = 'cat deep/*/file /mnt/file one; touch "deep/ä %/made" && touch /mnt/other';
  expect(await printed(`${script} 2>&1; true`, volumes)).toMatch(
    /^text\ntext\ntext\n.*Read-only file system\n$/,
  );
  expect(readdirSync(at('host')).toSorted()).toEqual(['file', 'made']);
  expect(existsSync('/mnt/file')).toBe(false);
  expect(mountinfo()).toBe(before);
});

test('a user does not become root by what is mounted over the machine’s files', async () => {
  writeFileSync(at('host/su'), 'auth sufficient pam_permit.so\naccount sufficient pam_permit.so\n');
  const volume = { ...onHost(at('host/su')), container_path: '/etc/pam.d/su' };
  const script = 'cat /etc/pam.d/su | head -1; su -c id 2>/dev/null; id -u';
  const output = await printed(script, [volume], { user: 'nobody' });
  expect(output).toBe('auth sufficient pam_permit.so\n65534\n');
});

test('what is mounted over the OCI runtime is not what the agent executes', async () => {
  const made = at('host/made');
  writeFileSync(at('host/runtime'), `#!/bin/sh\nid > ${made}\n`, { mode: 0o755 });
  const runtime = execFileSync('/bin/sh', ['-c', 'command -v crun'], { encoding: 'utf8' }).trim();
  const volume = { ...onHost(at('host/runtime')), container_path: runtime };
  expect(await printed(`head -c 9 ${runtime}`, [volume], { user: 'nobody' })).toBe('#!/bin/sh');
  expect(existsSync(made)).toBe(false);
});

test('a user gets no folder of the host that the user could not enter', async () => {
  mkdirSync(at('host/closed/inner'), { recursive: true });
  chmodSync(at('host/closed'), 0o700);
  const volume = onHost(at('host/closed/inner'));
  const none = /^The volume at '.*' has no source or mount point that its user can reach: /;
  // What is not there, and what is closed to the user, is told in the same words.
  for (const path of ['closed/inner', 'closed/none', 'none']) {
    const source = onHost(at('host', path));
    expect(await printed('ls in', [source], { user: 'nobody' })).toMatch(none);
    const target = { ...onHost(at('host')), container_path: at('host', path) };
    expect(await printed('true', [target], { user: 'nobody' })).toMatch(none);
    const kept = { ...secret('x'), container_path: at('host', path) };
    expect(await printed('true', [kept], { user: 'nobody' })).toMatch(none);
  }
  expect(await printed('ls -d in', [volume])).toBe('in\n');
});

test('a volume over a folder above the sandbox leads root nowhere', async () => {
  symlinkSync(folder.path, at('host/link'));
  mkdirSync(at('target'));
  symlinkSync(at('target'), at('host/work'));
  for (const path of [folder.path, at('host/link')]) {
    const volume = { ...onHost(at('host')), container_path: path };
    expect(await printed('true', [volume], { user: 'nobody' })).toBe(
      `The volume at '${path}' would hide the folder with the sandbox: Operation not permitted`,
    );
  }
  expect(readdirSync(at('target'))).toEqual([]);
});

test('in a volume on the way to another one the user makes what is missing, or nobody', async () => {
  const first = { ...onHost(at('host')), container_path: 'in' };
  const others = [
    { ...onHost(at('host')), container_path: 'in/made/deep' },
    { ...onHost(at('host/file')), container_path: 'in/made-file' },
    { ...secret('x'), container_path: 'in/made-secret' },
  ];
  for (const other of others) {
    expect(await printed('true', [first, other], { user: 'nobody' })).toMatch(
      new RegExp(`^Failed to mount the volume at '.*/${other.container_path}': Permission denied$`),
    );
  }
  expect(readdirSync(at('host'))).toEqual(['file']);
  chmodSync(at('host'), 0o777);
  const script = 'cat in/made/deep/file in/made-file in/made-secret';
  expect(await printed(script, [first, ...others], { user: 'nobody' })).toBe('text\ntext\nx');
  const made = readdirSync(at('host')).filter((name) => name.startsWith('made'));
  expect(made.map((name) => statSync(at('host', name)).uid)).toEqual([65534, 65534, 65534]);
});

test('a link of the operator on the way to sandboxes is not what a volume can replace', async () => {
  await harness.driver.close();
  mkdirSync(at('alias'));
  symlinkSync(at('work'), at('alias/work'));
  harness = await DriverHarness.open(at('alias/work'), { isolation, launcher: 'linux' });
  mkdirSync(at('target'));
  symlinkSync(at('target'), at('host/work'));
  const volume = { ...onHost(at('host')), container_path: at('alias') };
  expect(await printed('pwd -P', [volume], { user: 'nobody' })).toMatch(`${at('work')}/`);
  expect(readdirSync(at('target'))).toEqual([]);
});

test('no link leads a volume to what is there for every container', async () => {
  for (const top of ['/', '/proc', '/sys', '/dev']) {
    const link = at('host', `to-${top.slice(1)}`);
    symlinkSync(top, link);
    const volume = { ...onHost(at('host')), container_path: link };
    expect(await printed('true', [volume], { user: 'nobody' })).toMatch(/which are not replaced/);
  }
});

test('no volume shows the processes of others', async () => {
  for (const path of ['/proc', '/proc/sys/kernel', '/']) {
    expect(await printed('ls in', [onHost(path)])).toMatch(/would show the machine's processes/);
  }
  expect(await printed('ls in', [onHost('/proc/self/cwd')])).toMatch(/symbolic links$/);
  expect(await printed('ls -d in/lib', [onHost('/var')])).toBe('in/lib\n');
});

test('the machine’s /dev/null stays root’s', async () => {
  expect(await printed('stat -c %U /dev/null; echo x > /dev/null', [], { user: 'nobody' })).toBe(
    'root\n',
  );
  expect(statSync('/dev/null').uid).toBe(0);
});

test('a check sees the volumes of its task, also when a later agent makes it', async () => {
  const launch: Launch = {
    container: 'c-1',
    checkpoint: true,
    framework: { checkpoint: true },
    task: {
      command: { value: 'sleep 1000' },
      container: withVolumes(onHost(at('host'))),
      check: sevenIf('test "$(cat in/file)" = text'),
    },
  };
  const id = harness.launch(launch);
  await checkedByTwoAgents(id, launch);
});

test('secrets are in memory, and in no file of the agent', async () => {
  const volumes = [{ ...secret('hidden'), container_path: 'deep/one' }, secret('')];
  const script = 'stat -c "%a %u %s" deep/one in; stat -f -c %T in; cat deep/one; sleep 1000';
  const launch: Launch = {
    container: 'c-1',
    user: 'nobody',
    checkpoint: true,
    framework: { checkpoint: true },
    task: {
      command: {
        value: script,
        environment: {
          variables: [{ name: 'A', type: 2, secret: { type: 2, value: { data: hidden('too') } } }],
        },
      },
      container: withVolumes(...volumes),
      check: sevenIf('test "$(printf %s "$A" | wc -c)" = 10'),
    },
  };
  const id = harness.launch(launch);
  const output = harness.inSandbox(id, 'stdout');
  const text = '644 0 6\n644 0 0\ntmpfs\nhidden';
  await eventually(() => existsSync(output) && readFileSync(output, 'utf8') === text);
  const files = readdirSync(at('work'), { recursive: true, encoding: 'utf8' });
  const found = files.filter((name) => {
    const path = at('work', name);
    // The OCI runtime has files that come and go.
    return (
      statSync(path, { throwIfNoEntry: false })?.isFile() &&
      readFileSync(path, 'latin1').includes('hidden')
    );
  });
  expect(new Set(found.map((name) => realpathSync(at('work', name))))).toEqual(new Set([output]));
  await checkedByTwoAgents(id, launch);
});

test('a folder of the own sandbox can be elsewhere, too', async () => {
  const volume = { ...inSandbox('box/tmp', SELF), container_path: '/mnt' };
  expect(await printed('touch /mnt/x; ls box/tmp; id -u', [volume], { user: 'nobody' })).toBe(
    'x\n65534\n',
  );
});

test.each([
  [onHost('/no/such'), /^Path '\/no\/such' in HOST_PATH volume does not exist$/],
  [
    { ...onHost('/etc'), container_path: '/no/such' },
    /^Mount point '\/no\/such' is an absolute path. It must exist/,
  ],
  [
    { ...onHost('/etc'), container_path: 'stdout' },
    /^Container path 'stdout' of a volume is the file/,
  ],
  [inSandbox('x', SELF), /^'container_path' is relative for SANDBOX_PATH volume SELF type$/],
  [inSandbox('x'), /^SANDBOX_PATH volume PARENT type only works for nested container$/],
])('%j is refused', async (volume, text) => {
  expect(await printed('true', [volume])).toMatch(text);
});

describe('a persistent volume', () => {
  const persistent = (mode: Volume_Mode): Resource => ({
    name: 'disk',
    type: Value_Type.SCALAR,
    scalar: { value: 8 },
    reservations: [{ type: Resource_ReservationInfo_Type.DYNAMIC, role: 'kit' }],
    disk: { persistence: { id: 'v1' }, volume: { container_path: 'data', mode } },
  });

  test('is mounted, and leaves no trace in the sandbox', async () => {
    const launch = (mode: Volume_Mode): Launch => ({ resources: [persistent(mode)] });
    const script = 'stat -c "%F %a" data; touch data/x && ls data';
    expect(await printed(script, [], launch(Volume_Mode.RW))).toBe('directory 755\nx\n');
    expect(readdirSync(at('work/volumes/roles/kit/v1'))).toEqual(['x']);
    expect(await printed('ls data; touch data/y 2>&1; true', [], launch(Volume_Mode.RO))).toMatch(
      /^x\n.*Read-only file system\n$/,
    );
  });
});

test('system calls are those of the profile', async () => {
  await harness.driver.close();
  const profile = (names: string[]) =>
    parseSeccompProfile(
      JSON.stringify({
        defaultAction: 'SCMP_ACT_ALLOW',
        syscalls: [{ names, action: 'SCMP_ACT_ERRNO', errnoRet: 1 }],
      }),
    );
  const profiles = new Map([['no-folders', profile(['mkdir', 'mkdirat'])]]);
  harness = await DriverHarness.open(at('work'), {
    isolation: ['linux/seccomp'],
    launcher: 'linux',
    isolators: { seccomp: { folder: '/p', profiles, standard: 'no-folders' } },
  });
  const script = 'mkdir made 2>&1; true';
  expect(await printed(script, [])).toMatch(/made.*: Operation not permitted\n$/);
  const unconfined = { linux_info: { seccomp: { unconfined: true } } };
  const task = { container: { ...withVolumes(), ...unconfined } };
  expect(await printed(`${script}; ls -d made`, [], { task })).toBe('made\n');
});

describe('of nested containers', () => {
  let calls: ContainerCalls;
  const parent = (...names: string[]) => at('work/containers/c1', ...names);
  const shared = (more: Partial<Volume> = {}) =>
    withVolumes({ ...inSandbox('deep/common'), ...more });

  beforeEach(async () => {
    calls = new ContainerCalls(harness);
    expect(await calls.launch('c1', 'sleep 1000')).toEqual({ status: 200 });
  });

  test('folders of the parent are shared, and belong to its user', async () => {
    chownSync(parent(), 65534, 65534);
    await calls.launch('c1.a', 'touch in/a', { container: shared() });
    await eventually(() => existsSync(parent('deep/common/a')));
    expect(statSync(parent('deep/common')).uid).toBe(65534);
    const readOnly = shared({ container_path: 'way/in', mode: Volume_Mode.RO });
    await calls.launch('c1.b', 'ls way/in > found; touch way/in/b || echo closed >> found', {
      container: readOnly,
    });
    const found = parent('containers/b/found');
    await eventually(() => existsSync(found) && readFileSync(found, 'utf8') === 'a\nclosed\n');
  });

  test.each([
    ['the source', () => symlinkSync('/etc', parent('deep'))],
    [
      'the end of the source',
      () => {
        mkdirSync(parent('deep'));
        symlinkSync('/etc', parent('deep/common'));
      },
    ],
    [
      'the sandbox',
      () => {
        rmdirSync(parent('containers'));
        symlinkSync('/etc', parent('containers'));
      },
    ],
  ])('a link in place of %s is not followed', async (_, meddle) => {
    mkdirSync(parent('containers'), { recursive: true });
    meddle();
    const before = readdirSync('/etc').length;
    await calls.launch('c1.a', 'touch in/planted', { container: shared() });
    await calls.wait('c1.a');
    expect(existsSync('/etc/common')).toBe(false);
    expect(readdirSync('/etc').length).toBe(before);
  });

  test('a user who swaps folders for links meanwhile gets to nothing new', async () => {
    mkdirSync(at('closed'), { mode: 0o700 });
    chownSync(parent(), 65534, 65534);
    const swap = `ln -s ${at('closed')} common; rm common; mkdir common; rmdir common`;
    const swapper = spawn('sh', ['-c', `while :; do ${swap}; done`], {
      cwd: parent(),
      uid: 65534,
      gid: 65534,
      stdio: 'ignore',
    });
    for (let n = 0; n < 12; n++) {
      const asking = { container: withVolumes(inSandbox('common')) };
      await calls.launch(`c1.n${n}`, 'touch in/planted', asking);
      await calls.wait(`c1.n${n}`);
    }
    const ended = once(swapper, 'close');
    swapper.kill('SIGKILL');
    await ended;
    expect(readdirSync(at('closed'))).toEqual([]);
  });
});
