// The path of a new user: `npm start` (its script, with ports of our own), a command on the cluster, a
// killed master, Ctrl-C, and a second start.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { freePort, Program, until } from '../support/cluster.ts';
import { root } from '../support/sources.ts';

const folder = mkdtempSync(join(tmpdir(), 'mesoscale-local-'));
const started: ChildProcess[] = [];
afterAll(() => {
  for (const child of started) {
    // Its programs notice that it is gone, and end.
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

const masterPid = () => Number(readFileSync(join(folder, 'var', 'master.pid'), 'utf8'));

test('start, use, kill the master, stop, start again', async () => {
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
  expect(first.output()).toContain(`http://127.0.0.1:${port}`);

  const second = start(flags);
  expect(await second.ended).toBe(1);
  expect(second.output()).toMatch(
    /^mesoscale local: --port expects a free port, got \d+: another program listens/,
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
  // The same agent, by the id that the first master gave it.
  const log = readFileSync(join(folder, 'var', 'log', 'agent-1.log'), 'utf8');
  expect(slaves.map(({ id }) => id)).toEqual([/given agent ID (\S+)/.exec(log)?.[1]]);
  third.child.kill('SIGINT');
  expect(await third.ended).toBe(0);
});
