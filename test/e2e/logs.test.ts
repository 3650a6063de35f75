// The logs of a running master and agent: a task is found in both by its id, as objects of JSON.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TestCluster, until } from '../support/cluster.ts';

const cluster = new TestCluster();
beforeAll(() => cluster.start({ master: ['--log_format=json'], agent: ['--log_format=json'] }));
afterAll(() => cluster.stop());

interface Line {
  readonly level: string;
  readonly program: string;
  readonly text: string;
  readonly task_id?: string;
}

const linesOf = (program: { readonly log: string }): readonly Line[] =>
  program.log
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));

/** What is told of a task, without who has sent it. */
const trailOf = (program: { readonly log: string }, task: string) =>
  linesOf(program)
    .filter(({ task_id }) => task_id === task)
    .map(({ level, text }) => `${level} ${/: (\w+)/.exec(text)?.[1]}`);

const execute = (name: string, command: string) =>
  cluster
    .run(
      ['execute', `--master=${cluster.address}`, `--name=${name}`, `--command=${command}`],
      `${name}.log`,
    )
    .ended();

test('a task that fails is in both logs, with why', async () => {
  await execute('bad', 'exit 3');
  for (const program of [cluster.master, cluster.agentProgram]) {
    await until('it is told', () => trailOf(program, 'bad').length > 0);
    expect(trailOf(program, 'bad')).toEqual(['INFO TASK_FAILED']);
    const line = linesOf(program).find(({ task_id }) => task_id === 'bad');
    expect(line?.text).toMatch(/^Task bad of framework .*: Command exited with status 3$/);
  }
});

test('while they are verbose, all of a task is', async () => {
  for (const address of [cluster.address, cluster.agent]) {
    const plain = await cluster.plainAddress(address);
    const answer = await fetch(`http://${plain}/logging/toggle?level=1&duration=1mins`);
    expect(answer.status).toBe(200);
  }
  await execute('good', 'true');
  const steps = ['launch', 'TASK_STARTING', 'acknowledgement', 'TASK_RUNNING', 'TASK_FINISHED'];
  for (const program of [cluster.master, cluster.agentProgram]) {
    await until('its end is acknowledged', () => {
      const trail = trailOf(program, 'good');
      return trail.at(-1) === 'DEBUG acknowledgement' && trail.includes('DEBUG TASK_FINISHED');
    });
    expect(new Set(trailOf(program, 'good'))).toEqual(new Set(steps.map((it) => `DEBUG ${it}`)));
  }
});
