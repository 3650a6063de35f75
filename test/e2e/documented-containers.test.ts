// docs/containers.md as its reader goes through it: the cluster that it starts, and every command.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ISOLATOR_NAMES } from '../../src/containerizer/isolators/names.ts';
import { freePort, Program, until } from '../support/cluster.ts';
import { root } from '../support/sources.ts';

const page = readFileSync(join(root, 'docs', 'containers.md'), 'utf8');
const commands = page.match(/(?<=^ {4})(?:npm|bin\/|curl).*$/gm) ?? [];
const isRoot = process.geteuid?.() === 0;

const folder = mkdtempSync(join(tmpdir(), 'mesoscale-containers-'));
let cluster: Program | undefined;
let addresses = { master: '', agent: '' };

beforeAll(async () => {
  if (!isRoot) {
    return;
  }
  const [port, agentPort] = [await freePort(), await freePort()];
  addresses = { master: `127.0.0.1:${port}`, agent: `127.0.0.1:${agentPort}` };
  const [start = ''] = commands;
  cluster = new Program(
    [
      'local',
      ...start.split(' ').slice(3),
      `--port=${port}`,
      `--agent_port=${agentPort}`,
      `--work_dir=${join(folder, 'var')}`,
    ],
    join(folder, 'cluster.log'),
  );
  await until('the cluster runs', () => cluster?.log.includes('Ctrl-C stops it'));
});
afterAll(async () => {
  await cluster?.kill('SIGINT');
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 });
});

interface Ended {
  readonly status: number | string | null | undefined;
  readonly output: string;
}

/** Runs the only command of the page that has this in it. */
function documented(part: string): Promise<Ended> {
  const [command = '', ...others] = commands.filter((it) => it.includes(part));
  expect(others).toEqual([]);
  const here = command
    .replace('127.0.0.1:5051', addresses.agent)
    .replace(/^bin\/mesoscale (execute|task exec)/, `$& --master=${addresses.master}`);
  return new Promise((resolve) => {
    execFile('/bin/sh', ['-c', here], { cwd: root }, (error, stdout, stderr) =>
      resolve({ status: error?.code ?? 0, output: stdout + stderr }),
    );
  });
}

test('the page names every isolator', () => {
  for (const name of ISOLATOR_NAMES) {
    expect(page).toMatch(new RegExp(`^\\|.*\\b${name}\\b.*\\|.*\\|.*\\|$`, 'm'));
  }
});

test.runIf(isRoot)('a task sees its own processes only', async () => {
  const { status, output } = await documented('--name=processes');
  expect(status, output).toBe(0);
  expect(output).toMatch(/^ *1 /m);
  expect(output).not.toMatch(/mesoscale\.[jt]s/);
  expect(output).toMatch(/^\d+:memory:\/mesos\/\S+$|^0::\/mesos\/\S+$/m);
});

test.runIf(isRoot)('a greedy task ends at its limit', async () => {
  const { status, output } = await documented('--name=greedy');
  expect(status, output).not.toBe(0);
  expect(output).toContain('Memory limit exceeded');
});

test.runIf(isRoot)('a folder of the host can be read', async () => {
  const { status, output } = await documented('--name=reader');
  expect(status, output).toBe(0);
  expect(output).toMatch(/^GPL$/m);
});

test.runIf(isRoot)(
  'a group shares a folder, and each of its tasks has a view of its own',
  async () => {
    const [command = ''] = commands.filter((it) => it.includes('--task_group'));
    const flags = command.split(' ').slice(1);
    const group = new Program(
      [...flags, `--master=${addresses.master}`],
      join(folder, 'group.log'),
    );
    await until('the group is as the page says', () => {
      const { log } = group;
      return (
        log.includes("TASK_FINISHED for task 'confined'") &&
        /^\[reader\] .*\d\d:\d\d:\d\d/m.test(log)
      );
    });
    const inside = await documented('task exec web');
    expect(inside.status, inside.output).toBe(0);
    expect(inside.output).toContain('shared/beat');
    expect(inside.output).not.toContain('cat shared');
    await group.kill('SIGINT');
    expect(group.log).not.toContain('TASK_FAILED');
  },
);

test.runIf(isRoot)('a container by hand', async () => {
  const launched = await documented('LAUNCH_CONTAINER');
  expect(launched, launched.output).toEqual({ status: 0, output: '' });
  expect((await documented('WAIT_CONTAINER')).output).toContain('"exit_status":768');
  expect(await documented('REMOVE_CONTAINER')).toEqual({ status: 0, output: '' });
});
