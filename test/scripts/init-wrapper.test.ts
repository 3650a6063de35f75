// mesos-init-wrapper makes flags of the files that Mesosphere's packages of Apache Mesos read.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { root } from '../support/sources.ts';

const wrapper = join(root, 'packaging', 'mesos-init-wrapper');
let etc: string;
beforeEach(() => {
  etc = mkdtempSync(join(tmpdir(), 'mesoscale-etc-'));
});
afterEach(() => rmSync(etc, { recursive: true }));

function write(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(etc, name)), { recursive: true });
    writeFileSync(join(etc, name), text);
  }
}

function run(parameters: readonly string[], program = '/nowhere') {
  const env = { PATH: process.env.PATH, MESOS_INIT_ETC: etc, MESOS_INIT_PROGRAM: program };
  return spawnSync(wrapper, parameters, { encoding: 'utf8', env });
}

const flags = (who: string) => run([who, '--print']).stdout.trimEnd().split('\n');

test('without files, only the place of the state is said', () => {
  expect(flags('master')).toEqual(['--work_dir=/var/lib/mesos/master']);
  expect(flags('agent')).toEqual(['--work_dir=/var/lib/mesos/agent']);
});

test('files of a folder are flags, with a question mark toggles, and leftovers are none', () => {
  write({
    'mesos-master/hostname': 'one.example.com\n',
    'mesos-master/acls': '{"permissive": false}\n',
    'mesos-master/?authenticate_agents': '',
    'mesos-master/?no-root_submissions': '',
    'mesos-master/?no-logger': '',
    'mesos-master/port~': '1\n',
    'mesos-master/port.dpkg-dist': '2\n',
    'mesos-master/work_dir': '/srv/two words\n',
  });
  expect(flags('master')).toEqual([
    '--acls={"permissive": false}',
    '--authenticate_agents',
    '--hostname=one.example.com',
    '--no-root_submissions',
    '--work_dir=/srv/two words',
  ]);
});

test('variables of /etc/default are flags, or go to the program; files of flags come first', () => {
  write({
    'default/mesos': 'LOGS=/srv/log\nMESOS_HOSTNAME=one.example.com\n',
    'default/mesos-master': 'IP=10.0.0.1\nPORT=5055\nCLUSTER=shop\nMESOS_WORK_DIR=/srv/master\n',
    'mesos-master/port': '5060\n',
  });
  expect(flags('master')).toEqual([
    '--cluster=shop',
    '--ip=10.0.0.1',
    '--log_dir=/srv/log',
    '--port=5060',
  ]);
  const program = join(etc, 'program');
  writeFileSync(program, '#!/bin/sh\necho "$1 $MESOS_HOSTNAME $MESOS_WORK_DIR $MESOS_INIT_ETC"\n', {
    mode: 0o755,
  });
  expect(run(['master'], program).stdout).toBe('master one.example.com /srv/master \n');
});

test('ZooKeeper’s address is named by its file, since it may have a password', () => {
  write({
    'mesos/zk': 'zk://mesos:secret@10.0.0.1:2181/mesos\n',
    // As Mesosphere's packages have it.
    'default/mesos-master': `ZK=\`cat ${etc}/mesos/zk\`\n`,
    'default/mesos-slave': `MASTER=\`cat ${etc}/mesos/zk\`\n`,
  });
  expect(flags('master')).toContain(`--zk=file://${etc}/mesos/zk`);
  expect(flags('slave')).toContain(`--master=file://${etc}/mesos/zk`);
  write({ 'default/mesos-slave': 'MASTER=10.0.0.2:5050\n' });
  expect(flags('agent')).toContain('--master=10.0.0.2:5050');
  write({ 'mesos-agent/master': 'zk://10.0.0.3:2181/mesos\n' });
  expect(flags('agent')).toContain('--master=zk://10.0.0.3:2181/mesos');
});

test('an agent reads the files of its old name, and those of its own before them', () => {
  write({
    'mesos-slave/isolation': 'posix/cpu\n',
    'mesos-slave/port': '5061\n',
    'mesos-agent/port': '5062\n',
    'mesos-slave/attributes/rack': 'r1\n',
    'mesos-agent/attributes/zone': 'a\n',
    'mesos-agent/attributes/empty': '',
    'mesos-agent/resources/cpus': '4\n',
  });
  expect(flags('agent')).toEqual([
    '--attributes=rack:r1;zone:a',
    '--isolation=posix/cpu',
    '--port=5062',
    '--resources=cpus:4',
    '--work_dir=/var/lib/mesos/agent',
  ]);
});

test('the folders that Mesosphere’s packages named are divided among master and agent', () => {
  write({
    'default/mesos': 'LOGS=/var/log/mesos\n',
    'mesos-master/work_dir': '/var/lib/mesos\n',
    'mesos-slave/work_dir': '/var/lib/mesos\n',
  });
  for (const who of ['master', 'agent']) {
    expect(flags(who)).toEqual([
      `--log_dir=/var/log/mesos/${who}`,
      `--work_dir=/var/lib/mesos/${who}`,
    ]);
  }
});

test('limits are those of ULIMIT, and one that cannot be set ends the start', () => {
  const program = join(etc, 'program');
  writeFileSync(program, '#!/bin/sh\nulimit -n\n', { mode: 0o755 });
  write({ 'default/mesos': 'ULIMIT="-n 123"\n' });
  expect(run(['master'], program).stdout).toBe('123\n');
  write({ 'default/mesos': 'ULIMIT="-n many"\n' });
  const { status, stderr } = run(['master'], program);
  expect(stderr).toContain('many');
  expect(status).not.toBe(0);
});

test.each([[[]], [['local']], [['master', '--help']], [['master', '--print', 'more']]])(
  'other words than its own get its usage: %j',
  (parameters) => {
    const { status, stderr } = run(parameters);
    expect(stderr).toBe('usage: mesos-init-wrapper master|agent [--print]\n');
    expect(status).toBe(2);
  },
);
