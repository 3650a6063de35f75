// `mesoscale task exec` and `attach` against a real master and agent; `script` is a terminal.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MESOSCALE } from '../../support/bundle.ts';
import { LITTLE, TestCluster, until } from '../../support/cluster.ts';
import { Running } from '../../support/running.ts';

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

const argumentsOf = (verb: string, parameters: readonly string[]) => [
  ...[MESOSCALE, 'task', verb, `--master=${cluster.address}`],
  ...parameters,
];
const task = (verb: string, ...parameters: string[]) =>
  new Running(process.execPath, argumentsOf(verb, parameters));
const inTerminal = (verb: string, ...parameters: string[]) => {
  const words = [process.execPath, ...argumentsOf(verb, parameters)].map((word) => `'${word}'`);
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
  expect(await sleeping.status).toBe(5);
  expect(sleeping.errors).toMatch(/^mesoscale task exec: the connection broke off, .*\n$/);
  await cluster.startAgent();
  await cluster.agentRegistered();
});

test.each(['agent', 'master'])('by way of the %s exec is the same', async (via) => {
  const input = task('exec', `--via=${via}`, '-i', 'ech', 'sh', '-c', 'cat; exit 3').end('in');
  expect(await input.status).toBe(3);
  expect(input.output).toBe('in');
  const shell = inTerminal('exec', `--via=${via}`, '-it', 'echo', 'sh');
  await until('there is a prompt', () => /[#$] /.test(shell.output));
  shell.type('stty size; exit 4\n');
  expect(await shell.status).toBe(4);
  expect(shell.output).toContain('33 111');
});

test('attach types into the task, and leaves it; also into one of an earlier agent', async () => {
  const first = inTerminal('attach', 'echo');
  await until('it is attached', () => {
    first.type('one\n');
    return first.output.includes('got one');
  });
  first.type('\x10\x11');
  expect(await first.status).toBe(0);
  expect(first.output).toContain('the task goes on');
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
  [['exec', 'nowhere', 'true'], 3, /no task 'nowhere'/],
  [['exec', 'echo'], 2, /missing required argument 'COMMAND'/],
  [['exec', 'echo', '--'], 2, /expected a command after the task/],
  [['attach'], 2, /missing required argument 'TASK'/],
  [['exec', '-it', 'echo', 'sh'], 2, /-i with -t expects a terminal as standard input/],
  [['exec', '--framework=other', 'echo', 'sh'], 3, /no framework 'other'/],
] as const)('%j is refused', async ([verb, ...parameters], status, why) => {
  const refused = task(verb, ...parameters);
  expect(await refused.status).toBe(status);
  expect(refused.errors).toMatch(why);
});
