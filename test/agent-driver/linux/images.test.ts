// Containers with files of their own, by the launcher linux and a real OCI runtime. This needs
// root.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { lookAtHost } from '../../../src/containerizer/host/host.ts';
import { appcArchitecture } from '../../../src/containerizer/images/formats/appc-name.ts';
import {
  type CheckInfo,
  CheckInfo_Type,
  type CommandInfo,
  type ContainerInfo,
  ContainerInfo_Type,
  ExecutorEvent_Type,
  Image_Type,
  TaskState,
  type Volume,
  Volume_Mode,
} from '../../../src/model/generated/messages.ts';
import type { ContainerId } from '../../../src/model/ids.ts';
import { aciOf, type TestAci } from '../../containerizer/images/acis.ts';
import { inSandbox, onHost } from '../../containerizer/volumes/asked-volumes.ts';
import { busyboxEntries } from '../../support/busybox-image.ts';
import { openTestImages } from '../../support/test-images.ts';
import { ContainerCalls } from '../container-calls.ts';
import { DriverHarness, type Launch, temporaryFolder } from '../harness.ts';
import { disappeared, eventually } from '../outside.ts';
import { sessionOutput } from '../session-output.ts';

const isolation = [
  'filesystem/linux',
  'docker/runtime',
  'appc/runtime',
  'namespaces/pid',
  'namespaces/ipc',
  'volume/host_path',
  'volume/image',
  'volume/sandbox_path',
  'posix/cpu',
];
let folder: ReturnType<typeof temporaryFolder>;
let harness: DriverHarness;
let provisioned: Awaited<ReturnType<typeof openTestImages>>;

const images = {
  base: { environment: ['PATH=/bin', 'A=image', 'B=image'], command: ['/bin/env'] },
  workdir: { workingDirectory: 'made/here' },
  hiding: { files: { over: '->/mnt' } },
  leading: { files: { srv: '->/v' }, workingDirectory: 'srv/dir' },
  out: { workingDirectory: '/proc/self/fd/6' },
  // The runtime, for which the machine's /proc is mounted there, would not come to `safe`.
  leaving: {
    files: { dir: '->/proc/self/fd/6', 'proc/self/fd/6': '->/safe', 'safe/file': '' },
    workingDirectory: 'dir',
  },
  ...Object.fromEntries(
    ['proc', 'sys', 'dev'].map((name) => [`${name}-link`, { files: { [name]: '->/tmp' } }]),
  ),
  late: { files: { late: '' } },
  later: { files: { later: '' } },
  links: { files: { 'etc/hosts': '->/etc/passwd', over: '->/tmp', 'tmp/keep': '' } },
};
const own = { name: 'B', value: 'mine' };
const runc = lookAtHost({}).programs.get('runc');

async function open(ociRuntime?: string): Promise<void> {
  provisioned = await openTestImages(
    { work: folder.path, store: join(folder.path, 'store'), acis: folder.path },
    images,
  );
  harness = await DriverHarness.open(folder.path, {
    isolation,
    launcher: 'linux',
    images: provisioned,
    ...(ociRuntime !== undefined && { ociRuntime }),
  });
}

async function close(): Promise<void> {
  await harness.end();
  await provisioned.provisioner.close();
}

beforeAll(async () => {
  folder = temporaryFolder();
  await open();
});

afterAll(async () => {
  await close();
  folder[Symbol.dispose]();
});

const container = (name: string, more: Partial<ContainerInfo> = {}): ContainerInfo => ({
  type: ContainerInfo_Type.MESOS,
  mesos: { image: { type: Image_Type.DOCKER, docker: { name } } },
  ...more,
});

async function outputOf(command: CommandInfo, info: ContainerInfo, launch: Launch = {}) {
  const id = harness.launch({ ...launch, task: { command, container: info } });
  const end = await Promise.race([harness.terminalStatus(id), harness.ended(id)]);
  const path = harness.inSandbox(id, 'stdout');
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const errors = existsSync(path) ? readFileSync(harness.inSandbox(id, 'stderr'), 'utf8') : '';
  return 'state' in end ? `${end.message}\n${text}${errors}` : end.failure;
}

const DONE = 'Command exited with status 0';

test('a command has the files of its image, and its sandbox among them', async () => {
  const value = 'ls /; pwd; echo x > here; echo $A $B $MESOS_SANDBOX';
  const command = { value, environment: { variables: [own] } };
  const id = harness.launch({ task: { command, container: container('base') } });
  await harness.ended(id);
  expect(readFileSync(harness.inSandbox(id, 'stdout'), 'utf8').split('\n')).toEqual([
    ...['bin', 'dev', 'etc', 'mnt', 'proc', 'sys'],
    '/mnt/mesos/sandbox',
    'image mine /mnt/mesos/sandbox',
    '',
  ]);
  expect(readFileSync(harness.inSandbox(id, 'here'), 'utf8')).toBe('x\n');
  expect(existsSync(join(folder.path, 'provisioner/containers', id))).toBe(false);
});

test('an image says what is executed, and where', async () => {
  expect(await outputOf({ shell: false }, container('base'))).toContain(`${DONE}\nPATH=/bin\n`);
  const text = await outputOf({ value: 'pwd; touch x; echo $?' }, container('workdir'), {
    user: 'nobody',
  });
  expect(text).toBe(`${DONE}\n/made/here\n1\ntouch: x: Permission denied\n`);
});

test('an image of App Container says what is executed, and is a volume of another', async () => {
  const arch = appcArchitecture(process.arch);
  const app = {
    exec: ['/bin/sh', '-c', 'echo $A $B $MESOS_SANDBOX; pwd; ls /'],
    user: '0',
    group: '0',
    workingDirectory: '/srv',
    environment: [
      { name: 'A', value: 'image' },
      { name: 'B', value: 'image' },
      { name: 'PATH', value: '/bin' },
    ],
  };
  const put = (name: string, aci: TestAci) =>
    writeFileSync(join(folder.path, `${name}-latest-linux-${arch}.aci`), aciOf(name, aci, arch));
  put('low', { entries: busyboxEntries('rootfs/') });
  put('app', { manifest: { app, dependencies: [{ imageName: 'low' }] }, files: { own: 'x' } });
  const image = { type: Image_Type.APPC, appc: { name: 'app' } };
  const command = { shell: false, environment: { variables: [own] } };
  const info = { type: ContainerInfo_Type.MESOS, mesos: { image } };
  const text = `${DONE}\nimage mine /mnt/mesos/sandbox\n/srv\n`;
  expect(await outputOf(command, info)).toBe(`${text}bin\ndev\netc\nmnt\nown\nproc\nsrv\nsys\n`);
  const volumes = [{ container_path: '/image', mode: Volume_Mode.RO, image }];
  expect(await outputOf({ value: 'ls /image' }, container('base', { volumes }))).toBe(
    `${DONE}\nbin\nown\n`,
  );
});

test('a link in the place of a file of the machine leads nowhere', async () => {
  const value = 'cat /etc/hosts; [ -L /etc/hosts ]; echo $?; echo x > /etc/hosts';
  const hosts = readFileSync('/etc/hosts', 'utf8');
  const text = await outputOf({ value }, container('links'));
  expect(text).toMatch(/^Command exited with status 1\n/);
  expect(text).toContain(`\n${hosts}1\n`);
  expect(text).toContain('Read-only file system');
  expect(readFileSync('/etc/hosts', 'utf8')).toBe(hosts);
});

test('volumes are where they are wanted, on folders that are made for them', async () => {
  const host = join(folder.path, 'volumes-host');
  mkdirSync(host);
  writeFileSync(join(host, 'f'), 'host\n');
  const volume = (container_path: string, mode: Volume_Mode = Volume_Mode.RW): Volume => ({
    container_path,
    mode,
    ...onHost(host),
  });
  const image = { type: Image_Type.DOCKER, docker: { name: 'workdir' } };
  const info = container('links', {
    volumes: [
      volume('rel'),
      volume('/deep/down/in'),
      // Where a link leads in the image, and not where it would lead on the machine.
      volume('/over/there', Volume_Mode.RO),
      { container_path: '/image', mode: Volume_Mode.RW, image },
    ],
  });
  const value =
    'cat rel/f /deep/down/in/f /tmp/there/f; touch /over/there/x; ls /image; touch /image/x && ls /image/x';
  const text = await outputOf({ value }, info);
  expect(text?.split('\n').slice(0, 6)).toEqual([DONE, 'host', 'host', 'host', 'bin', '/image/x']);
  expect(text).toContain('Read-only file system');
  expect(existsSync('/tmp/there')).toBe(false);
});

test('a working directory in a volume is entered as the user, who makes it if he may', async () => {
  const host = join(folder.path, 'host');
  mkdirSync(host, { mode: 0o755 });
  const volumes: Volume[] = [
    {
      container_path: '/made',
      mode: Volume_Mode.RW,
      ...onHost(host),
    },
  ];
  const asked = () =>
    outputOf({ value: 'pwd' }, container('workdir', { volumes }), { user: 'nobody' });
  expect(await asked()).toBe("Failed to change directory to '/made/here': Permission denied\n");
  expect(existsSync(join(host, 'here'))).toBe(false);
  chmodSync(host, 0o777);
  expect(await asked()).toBe(`${DONE}\n/made/here\n`);
});

const leads = (path: string) => `The way to '${path}' leads into a volume, or into /proc or /dev: `;

test('no link of an image leads root into a volume', async () => {
  const host = join(folder.path, 'closed');
  mkdirSync(host, { mode: 0o755 });
  const volume = (container_path: string): Volume => ({
    container_path,
    mode: Volume_Mode.RW,
    ...onHost(host),
  });
  const asked = (image: string, container_path: string) =>
    outputOf({ value: 'true' }, container(image, { volumes: [volume(container_path)] }), {
      user: 'nobody',
    });
  expect(await asked('hiding', '/over')).toContain(leads('/mnt/mesos/sandbox'));
  expect(await asked('leading', '/v')).toContain(leads('/srv/dir'));
  expect(readdirSync(host)).toEqual([]);
});

test('no working directory of an image leads out of it', async () => {
  for (const [image, path] of [
    ['out', '/proc/self/fd/6'],
    ['leaving', '/dir'],
  ] as const) {
    expect(await outputOf({ value: 'true' }, container(image))).toContain(leads(path));
  }
});

test.each(['proc', 'sys', 'dev'])('no link of an image takes the place of /%s', async (name) => {
  expect(await outputOf({ value: 'true' }, container(`${name}-link`))).toContain(
    'or /proc, /sys or /dev is a link: ',
  );
});

test('a session does not leave its container by a link in the place of its directory', async () => {
  const links = 'cd /; rmdir /made/here; ln -s /proc/self/fd/$N /made/here; echo made';
  const look = `ls -d ${'../'.repeat(30)}usr`;
  for (const n of [3, 4, 5, 6, 7, 8, 9]) {
    const value = `${links.replace('$N', String(n))}; exec sleep 1000`;
    const id = harness.launch({ task: { command: { value }, container: container('workdir') } });
    const path = harness.inSandbox(id, 'stdout');
    await eventually(() => existsSync(path) && readFileSync(path, 'utf8') === 'made\n');
    const text = await sessionOutput(harness, id, look).catch(String);
    expect(text).not.toMatch(/^(\.\.\/)+usr$/m);
  }
});

test.runIf(existsSync('/sys/fs/cgroup'))(
  'a container sees its own cgroups, and changes none',
  async () => {
    const name = existsSync('/sys/fs/cgroup/freezer') ? 'freezer' : 'leaf';
    const value = `cd /sys/fs/cgroup; ls; grep -c . ${name}/cgroup.procs; mkdir ${name}/x`;
    const text = await outputOf({ value }, container('base'));
    // The first process, the shell, and one that counts.
    expect(text).toMatch(/^Command exited with status 1\n(?:[a-z_.]+\n)+3\n/);
    expect(text).toContain(`\n${name}\n`);
    expect(text).toContain('Read-only file system');
  },
);

test('what an image lacks fails the task when it is executed, and no image fails its launch', async () => {
  expect(await outputOf({ shell: false, value: '/none' }, container('base'))).toBe(
    "Command exited with status 1\nFailed to execute '/none': No such file or directory\n",
  );
  expect(await outputOf({ value: 'x' }, container('unknown'))).toBe(
    "Failed to pull image 'unknown': There is no image 'unknown'",
  );
});

test('checks and sessions run in the image', async () => {
  const command = { value: 'exec sleep 1000' };
  const check: CheckInfo = {
    type: CheckInfo_Type.COMMAND,
    command: { command: { value: '[ $A = image ] && [ $PWD = / ] && [ ! -e /usr ]' } },
    delay_seconds: 0,
    interval_seconds: 0.1,
  };
  const id = harness.launch({ task: { command, check, container: container('base') } });
  const checked = await harness.until(() =>
    harness.statuses(id).find((it) => it.check_status?.command?.exit_code !== undefined),
  );
  expect(checked.check_status?.command?.exit_code).toBe(0);
  const session = 'echo $A; pwd; ls /; cat /proc/1/comm';
  expect(await sessionOutput(harness, id, session)).toBe(
    'image\n/mnt/mesos/sandbox\nbin\ndev\netc\nmnt\nproc\nsys\nmesos-container\n',
  );
});

test('tasks of a group have images or none, and share folders of their executor', async () => {
  const shared = (container_path: string) => ({
    volumes: [{ container_path, mode: Volume_Mode.RW, ...inSandbox('common') }],
  });
  const id = harness.launch({
    group: [
      {
        name: 'one',
        command: { value: 'echo hi > /shared/one; exec sleep 1000' },
        container: container('base', shared('/shared')),
      },
      {
        name: 'two',
        command: { value: 'until [ -s here/one ]; do sleep 0.01; done; cat here/one; ls -d /usr' },
        container: { type: ContainerInfo_Type.MESOS, ...shared('here') },
      },
    ],
  });
  const path = harness.inSandbox(id, 'tasks', 'two', 'stdout');
  await eventually(() => existsSync(path) && readFileSync(path, 'utf8').includes('/usr'));
  expect(readFileSync(path, 'utf8')).toBe('hi\n/usr\n');
});

test('of a container that stands alone nothing is known when it has no image', async () => {
  const calls = new ContainerCalls(harness);
  const asked = { container: container('unknown') };
  expect(await calls.launch('alone', 'true', asked)).toEqual({
    status: 400,
    text: "Failed to pull image 'unknown': There is no image 'unknown'",
  });
  expect(await calls.wait('alone')).toMatchObject({ status: 404 });
  expect(await calls.launch('alone', 'sleep 1000')).toEqual({ status: 200 });
  expect(await calls.launch('alone.n', 'true', asked)).toMatchObject({ status: 400 });
  expect(await calls.wait('alone.n')).toEqual({});
});

describe('while an image is pulled', () => {
  /** Resolves when the image is asked for; what it asks for never comes. */
  const held = () =>
    new Promise<void>((resolve) => {
      provisioned.shelf.gate = (_, abort) => {
        resolve();
        return new Promise((_, reject) => {
          abort.addEventListener('abort', () => reject(abort.reason));
        });
      };
    });
  afterEach(() => {
    provisioned.shelf.gate = async () => undefined;
  });
  const nothingLeft = (id: ContainerId) =>
    disappeared(join(folder.path, 'provisioner/containers', id));

  test('its container can be given up, and be asked for again', async () => {
    const asked = held();
    const launch = { task: { command: { value: 'true' }, container: container('late') } };
    const id = harness.launch(launch);
    await asked;
    const end = await harness.destroy(id);
    expect(end).not.toHaveProperty('waitStatus', 0);
    expect(end.awaited).toMatch(
      /^image 'late:latest' was still being pulled \([01] of 2 layers are there, and 1\.1 MB of 1\.1 MB have arrived\)$/,
    );
    await nothingLeft(id);
    provisioned.shelf.gate = async () => undefined;
    const again = harness.launch(launch);
    expect((await harness.terminalStatus(again)).message).toBe(DONE);
  });

  test('a task of a group can be killed, and its group with it', async () => {
    const asked = held();
    const command = { value: 'exec sleep 1000' };
    const id = harness.launch({
      group: [
        { name: 'early', command },
        { name: 'later', command, container: container('later') },
      ],
    });
    await asked;
    harness.send(id, { type: ExecutorEvent_Type.KILL, kill: { task_id: { value: 'later' } } });
    const ends = await harness.until(() => {
      const all = harness.statuses(id).filter(({ state }) => state === TaskState.TASK_KILLED);
      return all.length === 2 ? all : undefined;
    });
    expect(ends.map(({ task_id }) => task_id.value).toSorted()).toEqual(['early', 'later']);
    await nothingLeft(id);
  });
});

test.runIf(runc !== undefined)('runc makes the same containers', async () => {
  await close();
  await open(runc);
  const value = 'cat /etc/hosts; pwd; echo $A; mkdir /sys/fs/cgroup/x; exec sleep 1000';
  const id = harness.launch({ task: { command: { value }, container: container('links') } });
  await harness.status(id, TaskState.TASK_RUNNING);
  const looks = 'pwd; ls /mnt/mesos; (echo x > /etc/hosts) 2>&1; ls /';
  expect((await sessionOutput(harness, id, looks)).trim().split('\n')).toEqual([
    '/mnt/mesos/sandbox',
    'sandbox',
    "sh: can't create /etc/hosts: Read-only file system",
    ...['bin', 'dev', 'etc', 'mnt', 'over', 'proc', 'sys', 'tmp'],
  ]);
});
