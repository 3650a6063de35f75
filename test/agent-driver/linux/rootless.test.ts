// The launcher linux of an agent that is not root: what user namespaces let it give to containers.
// This needs root, to become another user.
import { spawn } from 'node:child_process';
import { chownSync, mkdirSync, readdirSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  ContainerInfo_Type,
  Image_Type,
  LinuxInfo_IpcMode,
  type Volume,
  Volume_Mode,
  Volume_Source_SandboxPath_Type,
} from '../../../src/model/generated/messages.ts';
import {
  inSandbox,
  ofSecret,
  onHost,
  withVolumes,
} from '../../containerizer/volumes/asked-volumes.ts';
import { type Launch, temporaryFolder } from '../harness.ts';
import { eventually } from '../outside.ts';
import type { Outcome, Scenario } from './rootless-host.ts';

const script = fileURLToPath(new URL('./rootless-host.ts', import.meta.url));
/** On every machine, and not the number under which a namespace shows the files of others. */
const user = 'daemon';
const uid = 1;
const isolation = [
  'filesystem/linux',
  'docker/runtime',
  'namespaces/pid',
  'namespaces/ipc',
  'volume/host_path',
  'volume/sandbox_path',
  'volume/secret',
];

const folder = temporaryFolder();
const at = (...names: string[]) => join(folder.path, ...names);

const { MESOS } = ContainerInfo_Type;
const task = (value: string, ...volumes: Partial<Volume>[]): Launch => ({
  user,
  task: {
    command: { value },
    container: withVolumes(...volumes),
  },
});

const ofSandbox: Partial<Volume> = {
  container_path: '/mnt',
  ...inSandbox('box', Volume_Source_SandboxPath_Type.SELF),
};

const secret: Partial<Volume> = { container_path: 'secret', ...ofSecret(Buffer.from('hidden')) };

const PLACE = 'readlink /proc/self/ns/user /proc/self/ns/ipc /proc/self/ns/pid; id -un; echo END';
const place = (linux_info = {}) => ({
  command: { value: `${PLACE}; exec sleep 1000` },
  container: { type: MESOS, linux_info },
});
const group: Launch = {
  user,
  executorContainer: { type: MESOS, linux_info: { ipc_mode: LinuxInfo_IpcMode.PRIVATE } },
  group: [
    { name: 'one', ...place({ share_pid_namespace: true }) },
    { name: 'two', ...place({ share_pid_namespace: true }) },
    { name: 'alone', ...place() },
  ],
};

const running: Launch = {
  ...task('exec sleep 1000', onHost(at('host'))),
  container: 'running',
  checkpoint: true,
  framework: { checkpoint: true },
};
const checked: Launch = {
  ...running,
  task: {
    ...running.task,
    check: {
      type: 1,
      delay_seconds: 0,
      interval_seconds: 0.05,
      command: { command: { value: 'test "$(cat in/file)" = text && exit 7' } },
    },
  },
};

const launches: Record<string, Launch> = {
  identity: task('id -un; stat -c %u stdout; grep CapEff /proc/self/status; echo > /dev/null'),
  namespaces: task(
    'cat /proc/1/comm; for n in user mnt pid ipc; do readlink /proc/self/ns/$n; done',
  ),
  mount: task('mount -t tmpfs none /mnt 2> /dev/null || echo refused'),
  writable: task('cat in/file; touch in/made; echo >> in/file || echo closed', onHost(at('host'))),
  readOnly: task('touch in/x || echo closed', { ...onHost(at('host')), mode: Volume_Mode.RO }),
  ofSandbox: task('touch /mnt/x; ls box', ofSandbox),
  secret: task('cat secret', secret),
  ofRoot: task('cat in || echo closed', onHost(at('root'))),
  image: {
    user,
    task: {
      command: {
        value: 'id -u; pwd; ls /; echo x > /new; cat /new /proc/1/comm; ls /dev/shm /dev/pts',
      },
      container: {
        type: MESOS,
        mesos: { image: { type: Image_Type.DOCKER, docker: { name: 'base' } } },
      },
    },
  },
  otherUser: { ...task('true'), user: 'nobody' },
  group,
};

let results: Record<string, Outcome['results'][number]>;
let first: Outcome;
let second: Outcome;

/** An agent of that user. */
async function run(scenario: Partial<Scenario>): Promise<Outcome> {
  const words = [
    { launcher: 'linux', isolation },
    {
      running: checked,
      session: 'readlink /proc/self/ns/pid; id -un; cat in/file; tr "\\0" " " < /proc/2/cmdline',
      ...scenario,
    },
  ].map((it) => JSON.stringify(it));
  const child = spawn(process.execPath, [script, at('work'), ...words], {
    uid,
    gid: uid,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  expect(errors).toBe('');
  return JSON.parse(output);
}

beforeAll(async () => {
  for (const name of ['work', 'host']) {
    mkdirSync(at(name));
    chownSync(at(name), uid, uid);
  }
  writeFileSync(at('host/file'), 'text\n');
  writeFileSync(at('root'), 'text\n', { mode: 0o600 });
  first = await run({ launches: Object.values(launches), isLeft: false, isKilled: true });
  second = await run({ launches: [], isLeft: true, isKilled: false });
  results = Object.fromEntries(
    Object.keys(launches).map((name, i) => [name, first.results[i] ?? '']),
  );
});

afterAll(() => {
  // There are some where a test has failed.
  for (const pid of processes()) {
    process.kill(Number(pid), 'SIGKILL');
  }
  folder[Symbol.dispose]();
});

const FINISHED = 'Command exited with status 0';
const lines = (name: string) => [...(results[name] as string[])].join('\n').trim().split('\n');

test('a task is its user, without capabilities, in namespaces of its own', () => {
  expect(lines('identity')).toEqual([FINISHED, user, '1', 'CapEff:\t0000000000000000']);
  const [, first, ...namespaces] = lines('namespaces');
  expect(first).toBe('mesos-container');
  const ours = ['user', 'mnt', 'pid', 'ipc'].map((kind) => readlinkSync(`/proc/self/ns/${kind}`));
  expect(namespaces).toHaveLength(4);
  expect(namespaces.filter((it) => ours.includes(it))).toEqual([]);
  expect(lines('mount')).toEqual([FINISHED, 'refused']);
});

test('volumes are mounted, and what root owns stays closed', () => {
  expect(lines('writable')).toEqual([FINISHED, 'text', 'closed']);
  expect(statSync(at('host/made')).uid).toBe(uid);
  expect(lines('readOnly')).toEqual([FINISHED, 'closed']);
  expect(lines('ofSandbox')).toEqual([FINISHED, 'x']);
  expect(lines('secret')).toEqual([FINISHED, 'hidden']);
  expect(lines('ofRoot')).toEqual([FINISHED, 'closed']);
});

test('tasks of a group are in their executor’s namespaces, where they share them', () => {
  const { one, two, alone = '' } = results.group as Record<string, string>;
  expect(one).toMatch(/^user:.*\nipc:.*\npid:.*\ndaemon\nEND\n$/);
  expect(two).toBe(one);
  expect(alone.split('\n').slice(0, 2)).toEqual(one?.split('\n').slice(0, 2));
  expect(alone.split('\n')[2]).not.toBe(one?.split('\n')[2]);
});

test('an image has its files for the user, who may write to all of them', () => {
  expect(lines('image')).toEqual([
    FINISHED,
    String(uid),
    '/mnt/mesos/sandbox',
    ...['bin', 'dev', 'etc', 'mnt', 'proc', 'sys'],
    'x',
    'mesos-container',
    ...['/dev/pts:', 'ptmx', '', '/dev/shm:'],
  ]);
});

test('another user is refused', () => {
  expect(results.otherUser).toBe(
    "Cannot run as user 'nobody': the agent does not run as root and cannot switch users",
  );
});

test('sessions and checks are in the container, also those of a later agent', () => {
  expect(first.check).toBe(7);
  expect(first.session).toMatch(/^pid:.*\ndaemon\ntext\nsleep 1000 $/);
  expect(second).toEqual({ ...first, results: [] });
});

test('no process is left, though the supervisor was killed, and there are no cgroups', async () => {
  await eventually(() => processes().length === 0);
});

/** Those that work in the folder of this test. */
const processes = () =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => workingDirectory(pid).startsWith(folder.path));

function workingDirectory(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    // The process has ended meanwhile.
    return '';
  }
}
