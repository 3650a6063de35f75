// Clients of other projects, unmodified, in their own languages: each runs tasks on a real master
// and agent. `npm run test:clients` installs them; clients that are not installed are left out.
import { type ChildProcess, spawn } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TestCluster, until } from '../support/cluster.ts';
import { type Client, folderOf, installed } from './install.ts';

const cluster = new TestCluster();
beforeAll(() => cluster.start());
afterAll(() => cluster.stop());

const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) {
    child.kill('SIGKILL');
  }
});

const isThere = (client: Client) => {
  const found = installed(client);
  return found !== undefined && found.leftOut === undefined;
};

interface Run {
  readonly child: ChildProcess;
  /** The lines that it has printed. */
  lines(): string[];
  readonly ended: Promise<number | string | null>;
}

function run(command: string, ...parameters: string[]): Run {
  const child = spawn(command, parameters, { stdio: ['pipe', 'pipe', 'pipe'] });
  children.push(child);
  let text = '';
  let log = '';
  child.stdout.on('data', (data) => {
    text += data;
  });
  child.stderr.on('data', (data) => {
    log += data;
  });
  const ended = new Promise<number | string | null>((resolve) => {
    child.once('close', (code, signal) => {
      resolve(code ?? signal);
    });
  });
  return { child, lines: () => `${text}${log}`.split('\n').filter((line) => line !== ''), ended };
}

const events = (lines: readonly string[]) =>
  lines
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);

interface CompletedFramework {
  readonly name: string;
  readonly completed_tasks: readonly { readonly id: string; readonly state: string }[];
}

/** The tasks of a completed framework with their states, as the master shows them. */
async function outcome(name: string): Promise<Record<string, string>> {
  const framework = await until(`${name} is completed`, async () => {
    const state = (await cluster.get('/state')) as {
      completed_frameworks: CompletedFramework[];
    };
    return state.completed_frameworks.find((one) => one.name === name);
  });
  return Object.fromEntries(framework.completed_tasks.map(({ id, state }) => [id, state]));
}

/** The output of an executor; a command's executor has the name of its task. */
function output(executor: string, file = 'stdout'): string {
  const runs = `agent/slaves/*/frameworks/*/executors/${executor}/runs/latest`;
  const [path] = globSync(join(cluster.folder, runs, file));
  return path === undefined ? '' : readFileSync(path, 'utf8');
}

describe.skipIf(!isThere('pymesos'))('pymesos, in Python, with JSON', () => {
  const python = join(folderOf('pymesos'), 'venv', 'bin', 'python');
  const script = (name: string) => join(import.meta.dirname, 'python', name);

  test('its scheduler, executor and operator see a command and an executor through', async () => {
    const watcher = run(python, script('watch.py'), cluster.address, cluster.agent);
    await until('it watches', () => watcher.lines().some((line) => line.startsWith('{')));
    const scheduler = run(
      python,
      script('scheduler.py'),
      cluster.address,
      `${python} ${script('executor.py')}`,
    );
    expect(await scheduler.ended, scheduler.lines().join('\n')).toBe(0);
    expect(await outcome('pymesos')).toEqual({
      command: 'TASK_FINISHED',
      executor: 'TASK_FINISHED',
    });
    expect(output('command')).toMatch(/^from a command$/m);
    const told = events(scheduler.lines());
    expect(told).toContainEqual({ what: 'message', text: 'answer to ping' });
    expect(told).toContainEqual({
      what: 'update',
      task: 'executor',
      state: 'TASK_FINISHED',
      data: 'answer to ping',
    });

    watcher.child.stdin?.end();
    expect(await watcher.ended).toBe(0);
    const seen = events(watcher.lines());
    for (const event of [
      { what: 'health', answer: { healthy: true } },
      { what: 'frameworkAdded', name: 'pymesos' },
      { what: 'taskAdded', task: 'command' },
      { what: 'taskUpdated', state: 'TASK_FINISHED' },
      { what: 'frameworkRemoved', name: 'pymesos' },
      { what: 'version', answer: '1.11.0' },
      { what: 'agentVersion', answer: '1.11.0' },
      { what: 'agents', answer: 1 },
    ]) {
      expect(seen).toContainEqual(event);
    }
  });
});

describe.skipIf(!isThere('mesos-go'))('mesos-go, its own example programs, with protobuf', () => {
  test('its scheduler serves its executor to the agent, and five tasks finish', async () => {
    const folder = folderOf('mesos-go');
    const scheduler = run(
      join(folder, 'example-scheduler'),
      `-url=http://${cluster.address}/api/v1/scheduler`,
      '-exec.image=',
      `-executor=${join(folder, 'example-executor')}`,
      '-name=mesos-go',
      '-tasks=5',
      '-cpu=0.1',
      '-memory=16',
      '-failoverTimeout=0s',
    );
    // Its status is 1 even then: it takes the end that it asked for as an error.
    await scheduler.ended;
    expect(scheduler.lines().join('\n')).toContain('mission accomplished, terminating');
    expect(await outcome('mesos-go')).toEqual({
      1: 'TASK_FINISHED',
      2: 'TASK_FINISHED',
      3: 'TASK_FINISHED',
      4: 'TASK_FINISHED',
      5: 'TASK_FINISHED',
    });
    expect(output('default', 'stderr')).toContain('SUBSCRIBED');
  });
});

describe.skipIf(!isThere('mesos-rxjava'))('mesos-rxjava, in Java, with protobuf', () => {
  test('a scheduler on it sees its tasks through', async () => {
    const folder = folderOf('mesos-rxjava');
    const scheduler = run(
      'java',
      '-cp',
      `${folder}/lib/*:${folder}/classes`,
      'Driver',
      `http://${cluster.address}/api/v1/scheduler`,
      '3',
    );
    expect(await scheduler.ended, scheduler.lines().join('\n')).toBe(0);
    const updates = scheduler.lines().filter((line) => line.startsWith('update'));
    for (const task of ['rx-1', 'rx-2', 'rx-3']) {
      expect(updates).toContain(`update ${task} TASK_RUNNING`);
      expect(updates).toContain(`update ${task} TASK_FINISHED`);
      expect(output(task)).toMatch(new RegExp(`^from ${task}$`, 'm'));
    }
    expect(await outcome('mesos-rxjava')).toEqual({
      'rx-1': 'TASK_FINISHED',
      'rx-2': 'TASK_FINISHED',
      'rx-3': 'TASK_FINISHED',
    });
  });
});
