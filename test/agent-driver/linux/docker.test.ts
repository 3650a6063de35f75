// Containers of type DOCKER beside those of type MESOS, by a real OCI runtime. This needs root.
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  CheckInfo_Type,
  type CommandInfo,
  type ContainerInfo,
  HealthCheck_Type,
  ContainerInfo_DockerInfo_Network as Network,
  type Parameter,
  TaskState,
  TaskStatus_Reason,
  Volume_Mode,
} from '../../../src/model/generated/messages.ts';
import { type ContainerId, containerId } from '../../../src/model/ids.ts';
import { mem } from '../../core/resources.ts';
import { openTestImages } from '../../support/test-images.ts';
import { ContainerCalls } from '../container-calls.ts';
import { docker } from '../docker-info.ts';
import { DriverHarness, type Launch, temporaryFolder } from '../harness.ts';
import { eventually } from '../outside.ts';
import { sessionOutput } from '../session-output.ts';

const images = {
  base: {
    environment: ['PATH=/bin', 'A=image', 'B=image'],
    command: ['/bin/env'],
    user: '',
  },
  user: {
    environment: ['PATH=/bin'],
    user: 'app',
    entrypoint: ['/bin/sh', '-c'],
    command: [
      'id; pwd; echo $HOME; cat /proc/1/comm; grep CapEff /proc/self/status; stat -c "%n %u %a" /srv/data/deep',
    ],
    workingDirectory: '/srv/app',
    volumes: ['/srv/data/deep', '/etc'],
    files: {
      'etc/passwd': 'root:x:0:0::/root:/bin/sh\napp:x:1234:100::/home/app:/bin/sh\n',
      'etc/group': 'root:x:0:\nusers:x:100:\nextra:x:2000:app\n',
    },
  },
  links: {
    environment: ['PATH=/bin'],
    user: '',
    files: { 'etc/hosts': '->/etc/passwd', 'etc/resolv.conf': '->../run/none' },
  },
  closed: { environment: ['PATH=/bin'], user: '' },
  quits: {
    environment: ['PATH=/bin'],
    user: '',
    stopSignal: 'SIGQUIT',
  },
};

let folder: ReturnType<typeof temporaryFolder>;
let harness: DriverHarness;
let provisioned: Awaited<ReturnType<typeof openTestImages>>;

const open = async () => {
  provisioned = await openTestImages(
    { work: folder.path, store: join(folder.path, 'store') },
    images,
  );
  harness = await DriverHarness.open(folder.path, {
    containerizers: ['docker', 'mesos'],
    images: { ...provisioned, support: { ...provisioned.support, types: [] } },
  });
};

const parameters = (given: Readonly<Record<string, string>>): Parameter[] =>
  Object.entries(given).map(([key, value]) => ({ key, value }));

const printed = (id: ContainerId, name = 'stdout') => {
  const path = harness.inSandbox(id, name);
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
};

async function outputOf(command: CommandInfo, container: ContainerInfo, launch: Launch = {}) {
  const id = harness.launch({ ...launch, task: { command, container } });
  const end = await Promise.race([harness.terminalStatus(id), harness.ended(id)]);
  return 'state' in end
    ? `${end.message}\n${printed(id)}${printed(id, 'stderr')}`
    : String(end.failure);
}

const DONE = 'Container exited with status 0';

describe.runIf(process.geteuid?.() === 0)('a container of type DOCKER', () => {
  beforeAll(async () => {
    folder = temporaryFolder();
    await open();
  });
  afterAll(async () => {
    await harness.end();
    folder[Symbol.dispose]();
  });

  test('is what its image says, but for the variables of the command', async () => {
    const variables = [{ name: 'B', value: 'mine' }];
    const id = harness.launch({
      task: { command: { shell: false, environment: { variables } }, container: docker('base') },
    });
    expect((await harness.terminalStatus(id)).message).toBe(DONE);
    expect(printed(id).split('\n').filter(Boolean).sort()).toEqual([
      'A=image',
      'B=mine',
      'HOME=/',
      `HOSTNAME=${hostname()}`,
      `MESOS_CONTAINER_NAME=mesos-${id}`,
      'MESOS_SANDBOX=/mnt/mesos/sandbox',
      'PATH=/bin',
    ]);
  });

  test('runs as the user of its image, who has no capability, as the first process', async () => {
    expect(await outputOf({ shell: false }, docker('user'))).toBe(
      `${DONE}\nuid=1234(app) gid=100(users) groups=100(users),2000(extra)\n` +
        '/srv/app\n/home/app\nsh\nCapEff:\t0000000000000000\n' +
        '/srv/data/deep 0 755\n',
    );
  });

  test('has docker’s capabilities, a shell of its own, and its sandbox', async () => {
    const value =
      'id -u; pwd; grep -E "Cap(Inh|Eff)" /proc/self/status; grep -c mqueue /proc/mounts; echo x > $MESOS_SANDBOX/here; mkdir /x && echo made; exit 3';
    const id = harness.launch({ task: { command: { value }, container: docker('base') } });
    expect((await harness.terminalStatus(id)).message).toBe('Container exited with status 3');
    expect(printed(id)).toBe(
      '0\n/\nCapInh:\t0000000000000000\nCapEff:\t00000000a80425fb\n1\nmade\n',
    );
    expect(readFileSync(harness.inSandbox(id, 'here'), 'utf8')).toBe('x\n');
    await harness.ended(id);
    expect(existsSync(join(folder.path, 'provisioner/containers', id))).toBe(false);
  });

  test('makes no namespaces, but without docker’s filter of system calls', async () => {
    const command = { value: 'busybox unshare -U /bin/echo apart' };
    expect(await outputOf(command, docker('base'))).toContain('Operation not permitted');
    const unconfined = parameters({ 'security-opt': 'seccomp=unconfined' });
    expect(await outputOf(command, docker('base', { docker: { parameters: unconfined } }))).toBe(
      `${DONE}\napart\n`,
    );
  });

  test('can be closed, or opened, by options of docker run', async () => {
    const container = docker('base', {
      docker: {
        parameters: parameters({
          env: 'C=param',
          user: '7:8',
          workdir: '/tmp/work',
          'read-only': 'true',
          tmpfs: '/scratch:size=1m,mode=1777',
          ulimit: 'nofile=100:200',
          'shm-size': '1m',
          'cap-drop': 'ALL',
          init: 'true',
          rm: 'true',
        }),
      },
    });
    const value =
      'id -u; id -g; pwd; echo $C; ulimit -n; touch /x; touch /scratch/y && echo there; ' +
      'cat /proc/1/comm; grep CapBnd /proc/self/status; grep /dev/shm /proc/mounts';
    const text = await outputOf({ value }, container);
    expect(text).toContain(
      `7\n8\n/tmp/work\nparam\n100\nthere\nmesos-container\nCapBnd:\t0000000000000000\n`,
    );
    expect(text).toContain('size=1024k');
    expect(text).toContain('Read-only file system');
  });

  test('without a network has a machine’s name and the loopback device alone', async () => {
    const container = docker('base', {
      hostname: 'alone',
      docker: { network: Network.NONE, parameters: parameters({ 'add-host': 'db:10.0.0.7' }) },
    });
    const value =
      'busybox hostname; cat /etc/hostname /etc/hosts; ls /sys/class/net; busybox ping -c 1 127.0.0.1 > /dev/null && echo up';
    expect(await outputOf({ value }, container)).toBe(
      `${DONE}\nalone\nalone\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n` +
        'fe00::\tip6-localnet\nff00::\tip6-mcastprefix\nff02::1\tip6-allnodes\n' +
        'ff02::2\tip6-allrouters\n10.0.0.7\tdb\nlo\nup\n',
    );
  });

  test('without a network is checked within its own, to the end of redirects', async () => {
    const often = { delay_seconds: 0, interval_seconds: 0.05, grace_period_seconds: 60 };
    const value =
      'cd $MESOS_SANDBOX; mkdir -p www/page; echo > www/page/index.html; ' +
      'exec busybox httpd -f -p 127.0.0.1:8080 -h www';
    const id = harness.launch({
      task: {
        command: { value },
        container: docker('base', { docker: { network: Network.NONE } }),
        health_check: { type: HealthCheck_Type.TCP, tcp: { port: 8080 }, ...often },
        check: { type: CheckInfo_Type.HTTP, http: { port: 8080, path: '/page' }, ...often },
      },
    });
    await harness.until(() =>
      harness
        .statuses(id)
        .find((it) => it.healthy === true && it.check_status?.http?.status_code === 200),
    );
    await harness.destroy(id);
  });

  test('has folders of the host, which are made where they are missing', async () => {
    const host = join(folder.path, 'host');
    mkdirSync(host);
    writeFileSync(join(host, 'f'), 'host\n');
    const rw = Volume_Mode.RW;
    const container = docker('base', {
      volumes: [
        { host_path: host, container_path: '/data', mode: Volume_Mode.RO },
        { host_path: join(host, 'new/folder'), container_path: 'rel', mode: rw },
        { host_path: 'own', container_path: '/own', mode: rw },
      ],
      docker: { parameters: parameters({ volume: `${host}:/param` }) },
    });
    const value =
      'cat /data/f /param/f; touch /data/x; touch $MESOS_SANDBOX/rel/made /own/inside /param/y';
    const id = harness.launch({ task: { command: { value }, container } });
    expect((await harness.terminalStatus(id)).message).toBe(DONE);
    expect(printed(id)).toBe('host\nhost\n');
    expect(printed(id, 'stderr')).toContain('Read-only file system');
    expect(existsSync(join(host, 'new/folder/made'))).toBe(true);
    expect(existsSync(join(host, 'y'))).toBe(true);
    expect(statSync(harness.inSandbox(id, 'own', 'inside')).isFile()).toBe(true);
  });

  test('is limited in memory, and not to the devices of others, unless it is privileged', async () => {
    const resources = [mem(32)];
    const value =
      'cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes 2> /dev/null || cat memory.max; ls /dev | grep -c .';
    const usual = await outputOf({ value }, docker('base'), { resources });
    expect(usual).toMatch(/^Container exited with status 0\n33554432\n/);
    const all = 'grep CapEff /proc/self/status; touch /proc/sys/kernel/domainname && echo open';
    const text = await outputOf({ value: all }, docker('base', { docker: { privileged: true } }));
    const own = /^CapPrm:\t(\w+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    expect(text).toBe(`${DONE}\nCapEff:\t${own}\nopen\n`);
  });

  test('has devices that it asks for, and files of the machine’s /dev', async () => {
    const container = docker('base', {
      volumes: [{ host_path: '/dev/full', container_path: '/dev/bound', mode: Volume_Mode.RW }],
      docker: { parameters: parameters({ device: '/dev/zero:/dev/made:r' }) },
    });
    const value =
      'stat -c %t:%T /dev/bound /dev/made; busybox head -c 2 /dev/made | busybox wc -c; echo x > /dev/bound';
    const text = await outputOf({ value }, container);
    expect(text).toContain('\n1:7\n1:5\n2\n');
    expect(text).toContain('No space left on device');
  });

  test('is ended where it needs more memory than it was given', async () => {
    const id = harness.launch({
      resources: [mem(32)],
      task: {
        command: { value: 'busybox head -c 200m /dev/zero | busybox tail' },
        container: docker('base'),
      },
    });
    expect(await harness.ended(id)).toMatchObject({
      failure: expect.stringContaining('Memory limit exceeded'),
      reason: TaskStatus_Reason.REASON_CONTAINER_LIMITATION_MEMORY,
    });
  });

  test('is asked to end by the signal of its image, and killed after its time', async () => {
    const value =
      'trap "echo quit; exit 4" QUIT; trap "" TERM; echo ready; while :; do sleep 0.1; done';
    const id = harness.launch({ task: { command: { value }, container: docker('quits') } });
    await eventually(() => printed(id).includes('ready'));
    harness.kill(id, 60_000);
    expect(await harness.terminalStatus(id)).toMatchObject({
      state: TaskState.TASK_KILLED,
      message: 'Container exited with status 4',
    });
    expect(printed(id)).toBe('ready\nquit\n');
  });

  test('shows the machine to those that watch it, if they ask', async () => {
    const volume = (host_path: string, container_path: string) => ({
      host_path,
      container_path,
      mode: Volume_Mode.RO,
    });
    const container = docker('base', {
      volumes: [volume('/proc', '/host/proc'), volume('/', '/rootfs'), volume('/etc/fstab', '/f')],
    });
    const value =
      'cat /host/proc/1/comm; ls /rootfs/etc/passwd; test -f /f && echo file; ls -d /proc/1';
    expect(await outputOf({ value }, container)).toBe(
      `${DONE}\n${readFileSync('/proc/1/comm', 'utf8')}/rootfs/etc/passwd\nfile\n/proc/1\n`,
    );
    const shared = docker('base', {
      docker: { parameters: parameters({ pid: 'host', ipc: 'host' }) },
    });
    expect(
      await outputOf({ value: 'cat /proc/1/comm; busybox readlink /proc/self/ns/ipc' }, shared),
    ).toBe(
      `${DONE}\n${readFileSync('/proc/1/comm', 'utf8')}${readlinkSync('/proc/self/ns/ipc')}\n`,
    );
  });

  test('can be an executor’s, with the variables to speak with the agent', async () => {
    const id = harness.launch({
      custom: { value: 'echo $MESOS_EXECUTOR_ID $MESOS_FRAMEWORK_ID $MESOS_SANDBOX; exit 4' },
      executorContainer: docker('base'),
    });
    expect(await harness.ended(id)).toMatchObject({ waitStatus: 4 << 8 });
    expect(printed(id)).toBe(`${id} f-1 /mnt/mesos/sandbox\n`);
  });

  test('is pulled with the login that its files bring, and again where that is asked', async () => {
    const path = join(folder.path, '.dockercfg');
    writeFileSync(path, '{"registry.example": {"auth": "bWU6cHc="}}');
    const task = {
      command: { value: 'test -f $MESOS_SANDBOX/.dockercfg', uris: [{ value: path }] },
      container: docker('closed'),
    };
    expect((await harness.terminalStatus(harness.launch({ task }))).message).toBe(DONE);
    expect(String(provisioned.shelf.credentials)).toBe(String(readFileSync(path)));
    const before = provisioned.shelf.manifests;
    for (const isAgain of [true, false]) {
      const container = docker('base', { docker: { force_pull_image: isAgain } });
      expect(await outputOf({ value: 'true' }, container)).toBe(`${DONE}\n`);
    }
    expect(provisioned.shelf.manifests - before).toBe(1);
  });

  test('may change the files of names, which are its own, and has a terminal if it asks', async () => {
    const value =
      'cat /etc/hosts /etc/resolv.conf; echo 10.0.0.9 more >> /etc/hosts && grep more /etc/hosts; ' +
      'test -t 0 && echo $TERM';
    const parts = parameters({ 'dns-search': 'lan' });
    const text = await outputOf(
      { value },
      docker('links', { tty_info: {}, docker: { parameters: parts } }),
    );
    const hosts = readFileSync('/etc/hosts', 'utf8').trimEnd();
    expect(text.replaceAll('\r', '')).toContain(`${DONE}\n${hosts}\n`);
    expect(text.replaceAll('\r', '')).toMatch(/\nsearch lan\n10\.0\.0\.9 more\nxterm\n$/);
    expect(readFileSync('/etc/hosts', 'utf8').trimEnd()).toBe(hosts);
  });

  test('is checked as its own user, whoever its sandbox belongs to', async () => {
    const id = harness.launch({
      user: 'nobody',
      task: {
        command: { shell: false, arguments: ['exec sleep 1000'] },
        container: docker('user'),
        health_check: {
          type: HealthCheck_Type.COMMAND,
          command: { value: 'echo told >&2; test $(id -u) = 1234' },
          delay_seconds: 0,
          interval_seconds: 0.1,
        },
      },
    });
    await harness.until(() => harness.statuses(id).find(({ healthy }) => healthy === true));
    expect(printed(id, 'stderr')).toMatch(/^told\n/);
    await harness.destroy(id);
  });

  test('that puts a link in the place of its output gets nothing written there', async () => {
    const path = join(folder.path, 'secret');
    writeFileSync(path, '');
    const id = harness.launch({
      task: {
        command: {
          value: `ln -sf ${path} $MESOS_SANDBOX/stderr; trap exit TERM; while :; do sleep 0.1; done`,
        },
        container: docker('base'),
        health_check: {
          type: HealthCheck_Type.COMMAND,
          command: { value: 'echo mine >&2' },
          delay_seconds: 0,
          interval_seconds: 0.1,
          grace_period_seconds: 0,
          consecutive_failures: 2,
        },
      },
    });
    expect(await harness.terminalStatus(id)).toMatchObject({ healthy: false });
    expect(readFileSync(path, 'utf8')).toBe('');
  });

  test('is looked into by its own user; nothing else is nested in it', async () => {
    const command = { shell: false, arguments: ['echo ready; exec sleep 1000'] };
    const id = harness.launch({ user: 'root', task: { command, container: docker('user') } });
    await eventually(() => printed(id).includes('ready'));
    const look = 'id -u; grep CapBnd /proc/self/status; echo $HOME; ls -d /srv/app';
    expect(await sessionOutput(harness, id, look)).toBe(
      '1234\nCapBnd:\t00000000a80425fb\n/home/app\n/srv/app\n',
    );
    await expect(
      sessionOutput(harness, id, 'id', { user: 'nobody', containerId: containerId(`${id}.s2`) }),
    ).rejects.toThrow(
      'A session in a container of type DOCKER has the user and the capabilities of its command',
    );
    expect(await new ContainerCalls(harness).launch(`${id}.below`, 'true')).toEqual({
      status: 400,
      text: 'Nothing can be nested in a container of type DOCKER',
    });
    await harness.destroy(id);
  });

  test.each([
    [
      'base',
      { docker: { network: Network.BRIDGE } },
      "The network BRIDGE needs the CNI plugin 'bridge', which is not in ''",
    ],
    [
      'base',
      { docker: { parameters: parameters({ device: '/dev/none' }) } },
      "parameter 'device' asks for '/dev/none', which is no device of this machine",
    ],
    ['base', { hostname: 'h' }, 'Unable to set hostname with host network mode'],
    [
      'base',
      { docker: { parameters: parameters({ user: 'none' }) } },
      "the image has no user 'none'",
    ],
  ] as const)('is refused by what it asks for: %s %j', async (image, info, why) => {
    expect(await outputOf({ value: 'true' }, docker(image, info as never))).toContain(why);
  });
});
