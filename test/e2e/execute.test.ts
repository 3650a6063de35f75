// `mesoscale execute` against a real master and agent.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LITTLE, type Program, TestCluster, until } from '../support/cluster.ts';

const cluster = new TestCluster();
beforeAll(() => cluster.start());
afterAll(() => cluster.stop());

test('the command says so where an agent answers instead of a master', async () => {
  for (const command of ['execute', 'batch']) {
    const file = join(cluster.folder, 'at-agent.jsonl');
    writeFileSync(file, '{"command":"true"}');
    const what = command === 'execute' ? ['--name=x', '--command=true'] : [file];
    const program = cluster.run(
      [command, `--master=${cluster.agent}`, ...what],
      `at-agent-${command}.log`,
    );
    expect(await program.ended()).toBe(1);
    expect(program.log).toMatch(/[Tt]here is no master at 127\.0\.0\.1:\d+/);
    expect(program.log).not.toContain('refuses');
  }
});

let runs = 0;
async function execute(...flags: string[]) {
  // A TaskInfo has resources of its own.
  const resources = flags.some((flag) => flag.startsWith('--task'))
    ? []
    : ['--resources=cpus:0.1;mem:32'];
  const program = cluster.run(
    ['execute', `--master=${cluster.address}`, ...resources, ...flags],
    `execute-${runs++}.log`,
  );
  const status = await program.ended();
  return { status, output: program.log };
}

test('a command runs, what it prints comes out, and its success is the command’s', async () => {
  const { status, output } = await execute(
    '--name=hello',
    '--command=echo to-stdout; echo err >&2',
  );
  expect(output).toContain('TASK_RUNNING');
  expect(output).toContain('TASK_FINISHED');
  expect(output).toMatch(/^to-stdout$/m);
  expect(output).toMatch(/^err$/m);
  expect(status).toBe(0);
});

test('the exit status follows the task', async () => {
  const { status, output } = await execute('--name=seven', '--command=exit 7');
  expect(output).toContain('TASK_FAILED');
  expect(status).toBe(7);
});

test('the environment reaches the task, JSON messages work as well', async () => {
  const { status, output } = await execute(
    '--name=env',
    '--command=echo "<$GREETING>"',
    '--env={"GREETING":"good day"}',
    '--content_type=json',
  );
  expect(output).toContain('<good day>');
  expect(status).toBe(0);
});

test('without a shell, arguments are not split', async () => {
  const { output } = await execute(
    '--name=argv',
    '--no-shell',
    '--command=/bin/echo',
    '--',
    'a  b',
    '$HOME',
  );
  expect(output).toMatch(/^a {2}b \$HOME$/m);
});

test('a task from JSON runs', async () => {
  const task = {
    name: 'from json',
    task_id: { value: 'json-1' },
    resources: LITTLE,
    command: { value: 'echo from $MESOS_TASK_ID', shell: true },
  };
  const { status, output } = await execute(`--task=${JSON.stringify(task)}`);
  expect(output).toContain("TASK_FINISHED for task 'json-1'");
  expect(status).toBe(0);
});

test('a task that ends for its health check is said to be unhealthy', async () => {
  const { output } = await execute(
    `--task=${JSON.stringify({
      name: 'ill',
      task_id: { value: 'ill' },
      agent_id: { value: '' },
      resources: LITTLE,
      command: { value: 'sleep 1000' },
      health_check: {
        type: 'COMMAND',
        delay_seconds: 0,
        grace_period_seconds: 0,
        interval_seconds: 0.05,
        consecutive_failures: 1,
        command: { value: 'exit 1' },
      },
    })}`,
  );
  expect(output).toMatch(/TASK_KILLED for task 'ill' \(unhealthy\)/);
});

test('the output of a custom executor comes out', async () => {
  const task = {
    name: 'own executor',
    task_id: { value: 'own-1' },
    resources: LITTLE,
    executor: {
      type: 'CUSTOM',
      executor_id: { value: 'own' },
      // It ends without ever contacting its agent.
      command: { value: 'echo begun' },
    },
  };
  const { status, output } = await execute(`--task=${JSON.stringify(task)}`);
  expect(output).toMatch(/^begun$/m);
  expect(output).toMatch(/^Executor own exited with status 0$/m);
  expect(output).toContain("TASK_FAILED for task 'own-1'");
  expect(status).toBe(1);
});

test('a task that takes too long is killed', async () => {
  const { status, output } = await execute(
    '--name=long',
    '--command=sleep 600',
    '--kill_after=100ms',
  );
  expect(output).toContain('TASK_KILLED');
  expect(status).toBe(128 + 15);
});

test('a command that a signal ends is told as a shell tells it', async () => {
  const { status } = await execute('--name=signal', '--command=kill -9 $$');
  expect(status).toBe(128 + 9);
});

test('the framework of the command has no failover timeout', async () => {
  const state = (await cluster.get('/state')) as {
    completed_frameworks: { failover_timeout: number }[];
  };
  const timeouts = state.completed_frameworks.map(({ failover_timeout }) => failover_timeout);
  expect(new Set(timeouts)).toEqual(new Set([0]));
});

describe('a command that is interrupted while the master is away', () => {
  const says = (program: Program, text: string) => until(text, () => program.log.includes(text));

  async function interrupted(name: string): Promise<Program> {
    const program = cluster.run(
      [
        'execute',
        `--master=${cluster.address}`,
        '--resources=cpus:0.1;mem:32',
        `--name=${name}`,
        '--command=sleep 600',
      ],
      `execute-${runs++}.log`,
    );
    await says(program, 'TASK_RUNNING');
    await cluster.master.kill('SIGKILL');
    await says(program, 'Lost the master');
    process.kill(program.pid, 'SIGINT');
    await says(program, 'waiting up to 30 s');
    return program;
  }

  test('kills the task when the master is back', async () => {
    const program = await interrupted('waits');
    await cluster.startMaster();
    expect(await program.ended()).toBe(130);
    expect(program.log).toContain("TASK_KILLED for task 'waits'");
  });

  test('ends at once with a second interrupt', async () => {
    const program = await interrupted('leaves');
    expect(await program.kill('SIGTERM')).toBe(130);
    await cluster.startMaster();
    await cluster.agentRegistered();
  });
});

describe('what cannot be run is refused in one line', () => {
  test.each([
    [['--name=x'], /^mesoscale execute: say what to run/],
    [['--command=x'], /^mesoscale execute: --command needs --name/],
    [['--name=x', '--command=y', '--rlimits={"rlimits":[5]}'], /^mesoscale execute: --rlimits: /],
    [['--task={"name":1'], /^mesoscale execute: --task expects JSON/],
    [['--name=x', '--command=y', 'z'], /^mesoscale execute: unexpected argument 'z'/],
  ])('%j', async (flags, message) => {
    const { status, output } = await execute(...flags);
    expect(output.trim().split('\n')).toHaveLength(1);
    expect(output).toMatch(message);
    expect(status).toBe(1);
  });
});

test('a task that is larger than any agent: what is missing is said', async () => {
  const program = cluster.run(
    [
      'execute',
      `--master=${cluster.address}`,
      '--resources=cpus:100000;mem:32',
      '--name=large',
      '--command=true',
    ],
    `execute-${runs++}.log`,
  );
  const large = /no agent is large enough; closest is .* \(cpus: 100000 needed, [\d.]+ there\)/;
  await until('the reason', () => large.test(program.log));
  expect(program.log).toMatch(/The offer of .* is too small \(cpus: 100000 needed, [\d.]+ there\)/);
  expect(await program.kill('SIGINT')).toBe(130);
});
