// `npm run packages` makes a Debian package and an archive with Node in it. On a machine with
// systemd and without a network the package is installed, upgraded under a running task, and
// removed; the archive runs where there is no Node.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { BootedMachine } from '../support/booted-machine.ts';
import { until } from '../support/cluster.ts';
import { root } from '../support/sources.ts';

const packages = join(root, 'build', 'packages');
const MASTER = '127.0.0.1:5050';
/** On the machine, the file that the task waits for. */
const GO = '/var/tmp/go';

/** Layers and namespaces are root's to make. */
const testOfMachine = test.runIf(process.getuid?.() === 0);
let machine: BootedMachine;
/** The process of a task that runs from its first test to its last. */
let task: number;

// There is none where its test did not run.
afterAll(() => (machine as BootedMachine | undefined)?.stop());

interface State {
  readonly slaves: readonly { readonly id: string }[];
  readonly frameworks: readonly {
    readonly tasks: readonly { readonly id: string; readonly state: string }[];
  }[];
}

test('npm run packages makes one of each', () => {
  const made = execFileSync(process.execPath, [join(root, 'scripts', 'packages.ts')], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const architecture = { x64: 'amd64' }[process.arch as string] ?? process.arch;
  expect(made.trim().split('\n')).toEqual([
    expect.stringMatching(`^build/packages/mesoscale-[\\w.-]+-linux-${process.arch}\\.tar\\.gz$`),
    expect.stringMatching(`^build/packages/mesoscale_[\\w.~-]+_${architecture}\\.deb$`),
  ]);
});

/** What Mesosphere's packages of Apache Mesos left on a machine, as its operator changed it. */
const MESOSPHERE = `
mkdir -p mesos/DEBIAN mesos/etc/default mesos/etc/mesos-master mesos/etc/mesos-slave/attributes
printf 'Package: mesos\nVersion: 1.11.0\nArchitecture: all\nMaintainer: x <x@localhost>\nDescription: x\n' > mesos/DEBIAN/control
echo LOGS=/var/log/mesos > mesos/etc/default/mesos
echo 'ULIMIT="-n 8192"' >> mesos/etc/default/mesos
echo /var/lib/mesos > mesos/etc/mesos-master/work_dir
echo 1 > mesos/etc/mesos-master/quorum
echo /var/lib/mesos > mesos/etc/mesos-slave/work_dir
(cd mesos && find etc -type f -printf '/%p\n') > mesos/DEBIAN/conffiles
dpkg-deb --build mesos && dpkg --install mesos.deb
echo 127.0.0.1 > /etc/mesos-master/ip
echo shop > /etc/mesos-master/cluster
touch '/etc/mesos-slave/?no-switch_user' /etc/mesos-slave/port.dpkg-old
echo r1 > /etc/mesos-slave/attributes/rack
echo MASTER=${MASTER} > /etc/default/mesos-slave
echo MESOS_IP=127.0.0.1 >> /etc/default/mesos-slave
`;

testOfMachine('it takes the place of Mesosphere’s package, with its configuration', async () => {
  machine = new BootedMachine(packages);
  await machine.started();
  machine.out(`cd /tmp; set -e; ${MESOSPHERE}`);
  const { out, err, status } = machine.run('dpkg --install /packages/mesoscale_*.deb');
  expect(status).toBe(0);
  expect(err).not.toMatch(/error|warning|failed/i);
  expect(out).toContain('Nothing has been started');
  expect(machine.out('systemd-analyze verify mesos-master.service mesos-agent.service')).toBe('');
  expect(machine.run('systemctl is-active mesos-master mesos-agent').out).toBe(
    'inactive\ninactive\n',
  );
  // Its own user, which cannot log in.
  expect(machine.out('getent passwd mesos')).toMatch(/^mesos:.*:\/usr\/sbin\/nologin$/m);
  for (const page of ['8/mesos-master', '8/mesos-slave', '1/mesoscale-batch', '1/mesos-execute']) {
    const [section, name] = page.split('/');
    expect(machine.out(`man -P cat ${section} ${name}`)).toContain('OPTIONS');
  }
  machine.out("touch '/etc/mesos-master/?wrong' && systemctl start mesos-master");
  await until('no other start is tried', () => {
    const { out: is } = machine.run('systemctl is-failed mesos-master');
    return is === 'failed\n';
  });
  machine.out("rm '/etc/mesos-master/?wrong'");
  machine.out('systemctl enable --now mesos-master mesos-slave');
  await until('an agent is registered', () => stateOf()?.slaves.length === 1);
  expect(machine.out('stat -c %U:%a /var/lib/mesos/master /var/lib/mesos/agent')).toBe(
    'mesos:700\nroot:755\n',
  );
  expect(machine.out('ps -o user= -p "$(systemctl show -P MainPID mesos-master)"')).toBe('mesos\n');
  const state = machine.out(`curl -s ${MASTER}/state`);
  expect(state).toContain('"cluster":"shop"');
  expect(state).toContain('"rack":"r1"');
});

testOfMachine('an upgrade leaves a task running, and the next agent finds it', async () => {
  const command = `echo $$ > /var/tmp/pid; while ! [ -e ${GO} ]; do sleep 0.1; done; echo done`;
  machine.out(
    'systemd-run --quiet --unit=framework mesos-execute --checkpoint --name=waits ' +
      `--master=${MASTER} '--command=${command.replaceAll('$', '$$$$')}'`,
  );
  await until('the task runs', () => taskStates().includes('TASK_RUNNING'));
  task = Number(machine.out('cat /var/tmp/pid'));
  const before = stateOf()?.slaves;
  const agent = machine.out('systemctl show -P MainPID mesos-agent');
  machine.out('echo MESOS_LOGGING_LEVEL=INFO >> /etc/default/mesos-agent');
  // The same version once more goes the way of every upgrade.
  machine.out('dpkg --install /packages/mesoscale_*.deb');
  expect(machine.out('cat /etc/default/mesos-agent')).toContain('\nMESOS_LOGGING');
  await until('the agent is back', () => stateOf()?.slaves.length === 1);
  await until('its task is', () => taskStates().includes('TASK_RUNNING'));
  expect(machine.out('systemctl show -P MainPID mesos-agent')).not.toBe(agent);
  expect(stateOf()?.slaves.map(({ id }) => id)).toEqual(before?.map(({ id }) => id));
  expect(isThere(task)).toBe(true);
});

testOfMachine('when logs are rotated, an agent goes on in a new file', () => {
  machine.out('logrotate --force /etc/logrotate.d/mesoscale');
  machine.out('curl -s -X POST 127.0.0.1:5051/logging/toggle?level=0\\&duration=1secs');
  expect(machine.out('ls /var/log/mesos/agent/old')).toMatch(/mesos-agent\..*\.log\.INFO\..*\.gz/);
  expect(machine.out('ls /var/log/mesos/agent')).toMatch(/mesos-agent\..*\.log\.INFO\.[\d.-]+$/m);
});

testOfMachine('a removal leaves a task running, and whatever is not the package’s', async () => {
  machine.out('dpkg --remove mesoscale');
  expect(isThere(task)).toBe(true);
  expect(machine.run('ls /usr/lib/mesoscale').status).not.toBe(0);
  // It is found by the agent of a package that is installed again, and ends as it was to end.
  machine.out('dpkg --install /packages/mesoscale_*.deb');
  machine.out('systemctl start mesos-master mesos-agent');
  await until('the task is found', () => taskStates().includes('TASK_RUNNING'));
  machine.out(`touch ${GO}`);
  await until('the task ends', () => !isThere(task));
  await until('its framework does', () =>
    machine.out('journalctl -u framework').includes("TASK_FINISHED for task 'waits'"),
  );
  const { out } = machine.run('dpkg --purge mesoscale');
  expect(out).toContain('/var/lib/mesos is left');
  expect(machine.run('ls /var/log/mesos').status).not.toBe(0);
  expect(machine.out('ls /var/lib/mesos')).toBe('agent\nmaster\n');
});

const isThere = (pid: number) => machine.run(`kill -0 ${pid}`).status === 0;

function stateOf(): State | undefined {
  const { status, out } = machine.run(`curl -sf ${MASTER}/state`);
  return status === 0 ? (JSON.parse(out) as State) : undefined;
}

const taskStates = () =>
  stateOf()?.frameworks.flatMap(({ tasks }) => tasks.map(({ state }) => state)) ?? [];

test('a folder in an archive runs without Node on the machine, from anywhere', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mesoscale-archive-'));
  try {
    const [archive = ''] = readdirSync(packages).filter((name) => name.endsWith('.tar.gz'));
    execFileSync('tar', ['xzf', join(packages, archive), '-C', folder]);
    const names = readdirSync(folder);
    expect(names).toEqual([archive.replace('.tar.gz', '')]);
    const home = join(folder, names[0] ?? '');
    const env = { PATH: '/usr/bin:/bin' };
    const options = { cwd: folder, env, encoding: 'utf8' } as const;
    expect(execFileSync(join(home, 'bin', 'mesoscale'), ['version'], options)).toMatch(
      /mesoscale \d/,
    );
    expect(existsSync(join(home, 'docs', 'start.md'))).toBe(true);
    const node = join(home, 'node', 'bin', 'node');
    // What it is linked with is beside it, or part of every Debian.
    const libraries = execFileSync('ldd', [node], options);
    expect(libraries).toContain(`libatomic.so.1 => ${home}/`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
