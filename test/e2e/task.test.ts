// `mesoscale task` against a real master and agent; `script` is a person's terminal.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MESOSCALE } from '../support/bundle.ts';
import { LITTLE, TestCluster, until } from '../support/cluster.ts';
import { Running } from '../support/running.ts';

const cluster = new TestCluster();
beforeAll(async () => {
  await cluster.start();
  const task = {
    name: 'echo',
    task_id: { value: 'echo' },
    agent_id: { value: '' },
    resources: LITTLE,
    command: { value: 'while read a; do echo "got $a"; done' },
    container: { type: 'MESOS', tty_info: { window_size: { rows: 20, columns: 70 } } },
  };
  const program = cluster.execute('execute', 'task', task, '--checkpoint');
  await until('the task runs', () => program.log.includes('TASK_RUNNING'));
});
afterAll(() => cluster.stop());

const argumentsOf = (parameters: readonly string[]) => [
  MESOSCALE,
  'task',
  `--master=${cluster.address}`,
  ...parameters,
];
const task = (...parameters: string[]) => new Running(process.execPath, argumentsOf(parameters));
const inTerminal = (...parameters: string[]) => {
  const words = [process.execPath, ...argumentsOf(parameters)].map((word) => `'${word}'`);
  return new Running('script', ['-qec', `stty rows 33 cols 111; ${words.join(' ')}`, '/dev/null']);
};

test('exec passes output, errors, input and the exit status on', async () => {
  const plain = task('exec', 'echo', '--', 'sh', '-c', 'echo out; echo err >&2; exit 7');
  expect(await plain.status).toBe(7);
  expect([plain.output, plain.errors]).toEqual(['out\n', 'err\n']);
  const input = task('exec', '-i', 'echo', 'cat').end('piped in');
  expect(await input.status).toBe(0);
  expect(input.output).toBe('piped in');
  // Without -i there is none, and nothing waits for it.
  expect(await task('exec', 'echo', 'cat').status).toBe(0);
  expect(await task('exec', 'echo', '--', 'sh', '-c', 'kill -9 $$').status).toBe(137);
});

test('exec -it is a terminal, of the size of the window', async () => {
  const shell = inTerminal('exec', '-it', 'echo', 'sh');
  // A shell of root, or another.
  await until('there is a prompt', () => /[#$] /.test(shell.output));
  shell.type('stty size; tty\n');
  await shell.shows('33 111');
  await shell.shows('/dev/pts/');
  shell.type('exit 5\n');
  expect(await shell.status).toBe(5);
});

test('an agent that ends meanwhile is no crash of the command', async () => {
  const sleeping = task('exec', 'echo', '--', 'sh', '-c', 'echo begun; sleep 1000');
  await sleeping.shows('begun');
  await cluster.agentProgram.kill('SIGKILL');
  expect(await sleeping.status).toBe(1);
  expect(sleeping.errors).toMatch(/^The connection with the agent broke off .*\n$/);
  await cluster.startAgent();
  await cluster.agentRegistered();
});

test('attach types into the task, and leaves it; also into one of an earlier agent', async () => {
  const first = inTerminal('attach', 'echo');
  await until('it is attached', () => {
    first.type('one\n');
    return first.output.includes('got one');
  });
  first.type('\x10\x11');
  expect(await first.status).toBe(0);
  expect(first.output).toContain('The task goes on');
  await cluster.agentProgram.kill('SIGKILL');
  await cluster.startAgent();
  await cluster.agentRegistered();
  const again = inTerminal('attach', 'echo');
  await until('it is attached', () => {
    again.type('two\n');
    return again.output.includes('got two');
  });
  // The end of its input is the end of the task.
  again.type('\x04');
  expect(await again.status).toBe(0);
});

test.each([
  [['exec', 'nowhere', 'true'], /No task 'nowhere' is running/],
  [['exec', 'echo'], /exec expects a task and a command/],
  [['attach'], /attach expects one task/],
  [['exec', '-it', 'echo', 'sh'], /-i with -t expects a terminal as standard input/],
  [['list'], /expected 'exec' or 'attach', got 'list'/],
])('%j is refused', async (parameters, why) => {
  const refused = task(...parameters);
  expect(await refused.status).toBe(1);
  expect(refused.errors).toMatch(why);
});
