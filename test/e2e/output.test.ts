// Commands whose output is not read any more, or that fail: they print no stack traces.
import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MESOSCALE } from '../support/bundle.ts';
import { freePort, TestCluster, until } from '../support/cluster.ts';
import { ask } from '../support/requests.ts';
import { root } from '../support/sources.ts';

const cluster = new TestCluster();
beforeAll(() => cluster.start());
afterAll(() => cluster.stop());

const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) {
    child.kill('SIGKILL');
  }
});

const STACK = /^ +at .*\(?.*:\d+:\d+\)?$/m;

interface Ended {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

interface Reading {
  /** The stream whose reader goes away after its first bytes. */
  readonly closes?: 'stdout' | 'stderr';
  readonly into?: string;
}

function run(program: readonly string[], { closes, into }: Reading = {}): Promise<Ended> {
  const child = spawn(process.execPath, program, {
    cwd: cluster.folder,
    stdio: ['ignore', into === undefined ? 'pipe' : openSync(into, 'w'), 'pipe'],
  });
  children.push(child);
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    if (name === closes) {
      child[name]?.destroy();
    } else {
      child[name]?.on('data', (data) => {
        text[name] += data;
      });
    }
  }
  return new Promise((resolve) =>
    child.once('close', (status) => resolve({ status, out: text.stdout, err: text.stderr })),
  );
}

const mesoscale = (...parameters: string[]) => [MESOSCALE, ...parameters];

describe('a reader that has gone ends a command quietly', () => {
  test.each([
    [['help'], 'stdout'],
    [['agent', '--help'], 'stdout'],
    [['version'], 'stdout'],
    [['frobnicate'], 'stderr'],
    [['agent', '--nix'], 'stderr'],
  ] as const)('%j, %s', async (parameters, closes) => {
    const { out, err } = await run(mesoscale(...parameters), { closes });
    expect(out + err).toBe('');
  });

  test('execute ends, and its task', async () => {
    const command = 'i=0; while [ $i -lt 100 ]; do echo line; sleep 0.1; i=$((i+1)); done';
    const ended = await run(
      mesoscale(
        'execute',
        `--master=${cluster.address}`,
        '--name=talks',
        `--command=${command}`,
        '--resources=cpus:0.1;mem:32',
      ),
      { closes: 'stdout' },
    );
    expect(ended.err).not.toMatch(STACK);
    expect(ended.err).toContain('TASK_KILLED');
  });

  test('batch is interrupted', async () => {
    writeFileSync(join(cluster.folder, 'b.csv'), 'command,cpus,mem\nsleep 30,0.1,32\n');
    const ended = await run(mesoscale('batch', `--master=${cluster.address}`, 'b.csv'), {
      closes: 'stdout',
    });
    expect(ended).toMatchObject({ status: 130, err: '' });
  });

  test('scripts end quietly, too', async () => {
    const ended = await run([join(root, 'bench', 'main.ts'), '--help'], { closes: 'stdout' });
    expect(ended.err).toBe('');
  });
});

test('a full disk is reported in one line', async () => {
  for (const parameters of [['version'], ['version', '--help'], ['help'], ['master', '--help']]) {
    expect(await run(mesoscale(...parameters), { into: '/dev/full' })).toMatchObject({
      status: 1,
      err: 'mesoscale: output cannot be written (ENOSPC)\n',
    });
  }
});

test('a master goes on when nobody reads its log any more', async () => {
  const port = await freePort();
  const flags = ['--ip=127.0.0.1', `--port=${port}`, '--registry=in_memory'];
  void run(mesoscale('master', ...flags), { closes: 'stderr' });
  const healthy = async () => (await ask(`127.0.0.1:${port}`, '/health')).ok;
  await until('it answers', healthy);
  for (let i = 0; i < 5; i++) {
    // Each request is a line in the log.
    await ask(`127.0.0.1:${port}`, '/logging/toggle?level=1&duration=1secs', {
      method: 'POST',
    });
  }
  expect(await healthy()).toBe(true);
});

test('SIGHUP opens the log again, and ends neither master nor agent', async () => {
  const logs = join(cluster.folder, 'logs');
  const port = await freePort();
  const flags = ['--ip=127.0.0.1', `--port=${port}`, '--quiet', `--log_dir=${logs}`];
  const programs = [
    ['mesos-master', 'master', '--registry=in_memory'],
    ['mesos-agent', 'agent', `--master=${cluster.address}`, `--work_dir=${join(logs, 'work')}`],
  ] as const;
  for (const [name, ...command] of programs) {
    const ended = run(mesoscale(...command, ...flags));
    await until('it answers', async () => (await ask(`127.0.0.1:${port}`, '/health')).ok);
    const link = join(logs, `${name}.INFO`);
    const file = realpathSync(link);
    renameSync(file, `${file}.1`);
    children.at(-1)?.kill('SIGHUP');
    await until('the log is there again', () => existsSync(link));
    await until('it is written', () => readFileSync(link, 'utf8').includes('Received SIGHUP'));
    expect(realpathSync(link)).toBe(file);
    children.at(-1)?.kill('SIGTERM');
    expect((await ended).status).toBe(0);
    expect(readFileSync(`${file}.1`, 'utf8')).toContain('Listening on');
  }
});

describe('a failure is reported in one line', () => {
  const script = (...path: string[]) => join(root, ...path);

  test.each([
    [mesoscale('master', '--port=70000'), '--port expects a port, 1 to 65535'],
    [mesoscale('agent', '--port=0', '--master=x'), '--port expects a port, 1 to 65535'],
    [mesoscale('local', '--agent_port=65535', '--agents=9'), '--agent_port leaves too few ports'],
    [mesoscale('batch', '/'), '/: cannot be read (it is a folder)'],
    [mesoscale('batch', '/dev/zero'), '/dev/zero: cannot be read (it is larger than 256 MB)'],
    [
      mesoscale('execute', '--task=/'),
      '--task names a file that cannot be read: / (it is a folder)',
    ],
    [mesoscale('execute', '--master=1.2.3.4:70000', '--name=x', '--command=y'), '--master expects'],
    [[script('scripts', 'traces.ts'), '/nowhere'], '/nowhere cannot be read (ENOENT)'],
    [[script('scripts', 'traces.ts')], 'usage: npm run traces'],
    [[script('scripts', 'conformance.ts'), '/nowhere'], 'There is no folder /nowhere'],
    [[script('scripts', 'test-long.ts'), '--seed=x'], 'usage: npm run test:long'],
    [[script('bench', 'main.ts'), 'e2e', '--agents=x'], 'e2e: --agents expects a whole number'],
    [[script('examples', 'embedding', 'node.js')], 'usage: node examples/embedding/node.js'],
    [[script('examples', 'embedding', 'node.js'), '/nowhere'], 'ENOENT'],
  ])('%j', async (program, line) => {
    const { status, err } = await run(program);
    expect(err).toContain(line);
    expect(err).not.toMatch(STACK);
    expect(status).toBeGreaterThan(0);
  });

  test('a Node that is too old, to an installed package', async () => {
    const folder = join(cluster.folder, 'package');
    const old = join(cluster.folder, 'old');
    mkdirSync(join(folder, 'dist', 'programs'), { recursive: true });
    mkdirSync(old);
    cpSync(join(root, 'bin'), join(folder, 'bin'), { recursive: true });
    writeFileSync(join(folder, 'dist', 'programs', 'mesoscale.js'), '');
    writeFileSync(join(old, 'node'), '#!/bin/sh\necho v20.12.1\n');
    chmodSync(join(old, 'node'), 0o755);
    const child = spawn(join(folder, 'bin', 'mesos-master'), [], {
      env: { PATH: `${old}:/usr/bin:/bin` },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (data) => {
      said += data;
    });
    const status = await new Promise((resolve) => child.once('close', resolve));
    expect(status).toBe(1);
    expect(said).toBe('mesoscale: needs Node 24 or later on the PATH, found v20.12.1\n');
  });
});

test.each([
  ['wire', 'usage: npm run bench -- wire'],
  ['parts', 'usage: npm run bench -- parts'],
  ['http', 'usage: npm run bench -- http'],
  ['e2e', 'usage: npm run bench -- e2e'],
  ['matcher', 'usage: npm run bench -- matcher'],
  ['allocator', 'usage: npm run bench -- allocator'],
])('bench -- %s --help shows its options', async (suite, line) => {
  const { status, out } = await run([join(root, 'bench', 'main.ts'), suite, '--help']);
  expect(out).toContain(line);
  expect(status).toBe(0);
});

test('help is found where people look for it', async () => {
  const forms = [
    ['agent', '--help'],
    ['help', 'agent'],
    ['agent', '-h'],
    ['--help', 'agent'],
    ['agent', '--help=true'],
  ];
  const [usual, ...others] = await Promise.all(forms.map((form) => run(mesoscale(...form))));
  expect(usual?.out).toContain('--work_dir=PATH');
  for (const other of others) {
    expect(other.out).toBe(usual?.out);
  }
  const { out } = await run(mesoscale('-h'));
  expect(out).toMatch(/^Usage: mesoscale COMMAND/);
});
