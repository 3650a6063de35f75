// The first steps of a new user: `npm start` (its script, with ports of the test), a command on the
// cluster, a killed master, Ctrl-C, and a second start.
import { type ChildProcess, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { freePort, Program, until } from '../support/cluster.ts';
import { root } from '../support/sources.ts';

const folder = mkdtempSync(join(tmpdir(), 'mesoscale-local-'));
const started: ChildProcess[] = [];
afterAll(() => {
  for (const child of started) {
    // The programs notice that the starter is gone, and end.
    child.kill('SIGKILL');
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 });
});

interface Start {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<number | null>;
}

function start(flags: readonly string[]): Start {
  const child = spawn(process.execPath, [join(root, 'scripts', 'start.mjs'), ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.push(child);
  let text = '';
  child.stdout.on('data', (data) => {
    text += data;
  });
  child.stderr.on('data', (data) => {
    text += data;
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return { child, output: () => text, ended };
}

const masterPid = (work = 'var') => Number(readFileSync(join(folder, work, 'master.pid'), 'utf8'));

test('a local cluster starts, works, survives a kill of its master, stops, and starts again', async () => {
  // Two free ports in a row for the agents.
  const port = await freePort();
  const agentPort = await freePort();
  const flags = [
    `--port=${port}`,
    `--agent_port=${agentPort}`,
    `--work_dir=${join(folder, 'var')}`,
    '--resources=cpus:2;mem:512;disk:256',
  ];
  const first = start(flags);
  await until('the cluster runs', () => first.output().includes('Ctrl-C stops it'));
  expect(first.output()).toContain(`://127.0.0.1:${port}`);

  const second = start(flags);
  expect(await second.ended).toBe(1);
  expect(second.output()).toMatch(
    /^mesoscale local: --work_dir: a cluster that runs already \(process \d+\) has /,
  );

  const command = new Program(
    [
      'execute',
      `--master=127.0.0.1:${port}`,
      '--name=survivor',
      '--command=for i in 1 2 3 4 5 6; do sleep 0.5; done; echo survived',
      '--resources=cpus:0.1;mem:32',
    ],
    join(folder, 'execute.log'),
  );
  await until('the task runs', () => command.log.includes('TASK_RUNNING'));
  const killed = masterPid();
  process.kill(killed, 'SIGKILL');
  await until('the master is started again', () => masterPid() !== killed);
  expect(await command.ended()).toBe(0);
  expect(command.log).toMatch(/^survived$/m);
  expect(first.output()).toContain('The master ended (SIGKILL)');

  first.child.kill('SIGINT');
  expect(await first.ended).toBe(0);
  await expect(fetch(`http://127.0.0.1:${port}/health`)).rejects.toThrow();

  const third = start(flags);
  await until('the cluster runs again', () => third.output().includes('Ctrl-C stops it'));
  expect(third.output()).toContain('found that of an earlier run');
  const { slaves } = (await (await fetch(`http://127.0.0.1:${port}/slaves`)).json()) as {
    slaves: { id: string }[];
  };
  const shown = await fetch(`http://127.0.0.1:${agentPort}/files/read?path=/slave/log&offset=0`);
  expect(((await shown.json()) as { data: string }).data).toContain('given agent ID');
  // The same agent, with the id that the first master gave it.
  const log = readFileSync(join(folder, 'var', 'log', 'agent-1.log'), 'utf8');
  expect(slaves.map(({ id }) => id)).toEqual([/given agent ID (\S+)/.exec(log)?.[1]]);
  third.child.kill('SIGINT');
  expect(await third.ended).toBe(0);
});

interface AgentState {
  readonly pid: string;
  readonly resources: { readonly mem: number };
  readonly used_resources: { readonly mem: number };
}

test('more agents than before, and fewer: tasks go on, those of agents that are not asked for too', async () => {
  const port = await freePort();
  const flags = [
    `--port=${port}`,
    `--agent_port=${await freePort(3)}`,
    `--work_dir=${join(folder, 'shares')}`,
  ];
  const run = async (...more: string[]) => {
    const cluster = start([...flags, ...more]);
    await until('the cluster runs', () => cluster.output().includes('Ctrl-C stops it'));
    const state = await fetch(`http://127.0.0.1:${port}/slaves`);
    const { slaves } = (await state.json()) as { slaves: readonly AgentState[] };
    const agents = slaves.toSorted((one, two) => one.pid.localeCompare(two.pid));
    const stop = () => {
      cluster.child.kill('SIGINT');
      return cluster.ended;
    };
    return { output: cluster.output, agents, stop };
  };
  const release = join(folder, 'release');
  const tasks: Program[] = [];
  const task = async (mem: number) => {
    const program = new Program(
      [
        'execute',
        `--master=127.0.0.1:${port}`,
        `--name=task-${tasks.length}`,
        `--command=until test -e ${release}; do sleep 0.05; done; echo went on`,
        `--resources=cpus:0.1;mem:${mem}`,
        '--checkpoint',
      ],
      join(folder, `task-${tasks.length}.log`),
    );
    tasks.push(program);
    await until('the task runs', () => program.log.includes('TASK_RUNNING'));
  };

  const alone = await run();
  const whole = alone.agents[0]?.resources.mem ?? 0;
  await task(Math.floor(whole * 0.6));
  expect(await alone.stop()).toBe(0);

  const three = await run('--agents=3');
  const [first, ...others] = three.agents;
  expect(three.agents).toHaveLength(3);
  expect(first?.resources.mem).toBeLessThanOrEqual(whole / 3);
  expect(first?.used_resources.mem).toBe(Math.floor(whole * 0.6));
  expect(others.map(({ used_resources }) => used_resources.mem)).toEqual([0, 0]);
  await task(Math.floor(whole * 0.2));

  const pid = masterPid('shares');
  const second = start([
    `--port=${await freePort()}`,
    `--agent_port=${await freePort(3)}`,
    `--work_dir=${join(folder, 'shares')}`,
  ]);
  expect(await second.ended).toBe(1);
  expect(second.output()).toMatch(
    /^mesoscale local: --work_dir: a cluster that runs already \(process \d+\) has /,
  );
  expect(masterPid('shares')).toBe(pid);
  expect(await three.stop()).toBe(0);

  const again = await run();
  expect(again.agents).toHaveLength(2);
  expect(again.output()).toMatch(/^Agent [23] runs as well/m);
  writeFileSync(release, '');
  expect(await Promise.all(tasks.map((program) => program.ended()))).toEqual([0, 0]);
  for (const program of tasks) {
    expect(program.log).toMatch(/^went on$/m);
  }
  expect(await again.stop()).toBe(0);
});

describe('whatever ends a local cluster, no program runs on and no pid file is left', () => {
  const parentOf = (pid: number) =>
    Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]);
  const isRunning = (pid: number) => existsSync(`/proc/${pid}`);

  test.each<[string, (start: number, local: number) => void, string, number | null]>([
    [
      'an interrupt that comes to the group, and from npm once more',
      (start) => {
        for (const signal of ['SIGINT', 'SIGINT', 'SIGTERM'] as const) {
          process.kill(start, signal);
        }
      },
      'Stopping.',
      0,
    ],
    [
      'an interrupt of all, whose starter is killed meanwhile',
      (start, local) => {
        process.kill(local, 'SIGINT');
        process.kill(start, 'SIGKILL');
      },
      'Stopping.',
      null,
    ],
    ['the end of its starter', (start) => process.kill(start, 'SIGKILL'), 'Stopping.', null],
    ['its own end', (_, local) => process.kill(local, 'SIGKILL'), '', 143],
  ])('%s', async (what, end, said, status) => {
    const work = join(folder, `ended-${what.length}`);
    mkdirSync(work);
    // Left by a larger cluster whose machine crashed.
    writeFileSync(join(work, 'agent-3.pid'), '999999999\n');
    const cluster = start([
      `--port=${await freePort()}`,
      `--agent_port=${await freePort(3)}`,
      `--work_dir=${work}`,
      '--resources=cpus:1;mem:128;disk:128',
    ]);
    await until('the cluster runs', () => cluster.output().includes('Ctrl-C stops it'));
    const pidFiles = () => readdirSync(work).filter((name) => name.endsWith('.pid'));
    expect(pidFiles().toSorted()).toEqual(['agent-1.pid', 'master.pid']);
    const programs = pidFiles().map((name) => Number(readFileSync(join(work, name), 'utf8')));
    const local = parentOf(programs[0] ?? 0);
    end(cluster.child.pid ?? 0, local);
    expect(await cluster.ended).toBe(status);
    await until('all have ended', () => ![local, ...programs].some(isRunning));
    expect(pidFiles()).toEqual([]);
    expect(cluster.output()).toContain(said);
  });
});

test('a start that fails says what the log says, and leaves no pid files', async () => {
  const work = join(folder, 'broken');
  mkdirSync(join(work, 'master'), { recursive: true });
  writeFileSync(join(work, 'master', 'registry.sqlite'), 'no registry '.repeat(100));
  const port = await freePort();
  const failed = start([
    `--port=${port}`,
    `--agent_port=${await freePort(3)}`,
    `--work_dir=${work}`,
    '--resources=cpus:1;mem:128;disk:128',
  ]);
  expect(await failed.ended).toBe(1);
  expect(failed.output().trim()).toBe(
    `mesoscale local: --work_dir: ${work}/master/registry.sqlite is damaged: file is not a database`,
  );
  expect(readdirSync(work).filter((name) => name.endsWith('.pid'))).toEqual([]);
});
