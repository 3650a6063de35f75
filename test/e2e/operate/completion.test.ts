// Completion in real shells: what they put in where a person presses Tab.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LITTLE, TestCluster, until } from '../../support/cluster.ts';
import { Running } from '../../support/running.ts';
import { root } from '../../support/sources.ts';

const cluster = new TestCluster();
let agent = '';
let trap = '';
beforeAll(async () => {
  await cluster.start();
  trap = join(cluster.folder, 'sprung');
  const { slaves } = (await cluster.get('/slaves')) as { slaves: { id: string }[] };
  agent = slaves[0]?.id ?? '';
  // A shell that takes the name for more than a text runs what is in it.
  const task = {
    name: `$(touch ${trap})`,
    task_id: { value: 'sleeper' },
    agent_id: { value: '' },
    resources: LITTLE,
    command: { value: 'sleep 1000' },
  };
  const program = cluster.execute('sleeper', 'task', task);
  await until('the task runs', () => program.log.includes('TASK_RUNNING'));
});
afterAll(() => cluster.stop());

const environment = () => [
  `PATH=${join(root, 'bin')}:${process.env.PATH}`,
  `MESOS_MASTER=${cluster.address}`,
  'TERM=xterm',
];

const SHELLS = [
  ['bash', 'bash --norc -i', 'source <(mesoscale completion bash)'],
  ['zsh', 'zsh -f -i', 'autoload -Uz compinit; compinit -u -D; source <(mesoscale completion zsh)'],
] as const;

/** A person who types into a shell in a terminal. */
async function typing(line: string, setUp: string): Promise<Running> {
  const shell = new Running('env', [
    ...environment(),
    'script',
    '-qec',
    `stty cols 150; cd ${root}; exec ${line}`,
    '/dev/null',
  ]);
  await until('there is a prompt', () => /[#$%] /.test(shell.output));
  shell.type(`${setUp}; echo set-"up"\n`);
  await shell.shows('set-up');
  return shell;
}

test.each(SHELLS)('%s completes verbs, names, flags, values and files', async (_, line, setUp) => {
  const shell = await typing(line, setUp);
  shell.type('mesoscale age\tsho\t127\t--outp\tna\t && echo first-"done"\n');
  await shell.shows('first-done');
  expect(shell.output).toContain(`${agent}\r\n`);
  shell.type(`mesoscale agent show ${agent.slice(0, -3)}\t--output=na\t; echo second-"$?"\n`);
  await shell.shows('second-0');
  expect(shell.output.split(`${agent}\r\n`).length).toBe(3);
  shell.type(
    'ls examples/checks\t; mesoscale batch examples/checks\t --cpus=x; echo third-"done"\n',
  );
  await shell.shows('third-done');
  expect(shell.output).toContain('mesoscale batch: --cpus');
  expect(shell.output).toContain('checksums.csv');
  // All frameworks are offered, by ids alone.
  shell.type('mesoscale explain \t\t-o name; echo fourth-"$?"\n');
  await shell.shows('fourth-0');
  expect(existsSync(trap)).toBe(false);
  // Shells that expand what is typed before they complete do that by themselves.
  shell.type(`bindkey '^I' complete-word 2>/dev/null; echo fifth-"done"\n`);
  await shell.shows('fifth-done');
  shell.type(`mesoscale task list --x=$(>${trap})=\t\x15echo sixth-"done"\n`);
  await shell.shows('sixth-done');
  expect(existsSync(trap)).toBe(false);
  shell.type('exit\n');
  await shell.status;
});

test('fish is offered the same', async () => {
  const asked = [
    'mesoscale age',
    'mesoscale agent sho',
    'mesoscale agent show 127',
    'mesoscale agent list --output na',
    'mesoscale agent list --output=na',
    'mesoscale batch examples/checks',
    'mesoscale explain ',
  ];
  const lines = asked.map((line) => `complete -C ${JSON.stringify(line)}`);
  const script = ['mesoscale completion fish | source', `cd ${root}`, ...lines].join('; ');
  const fish = new Running('env', [...environment(), 'fish', '--no-config', '-c', script]);
  expect(await fish.status).toBe(0);
  expect(fish.output.split('\n').map((each) => each.split('\t')[0])).toEqual([
    ...['agent', 'show', '127.0.0.1', 'name', '--output=name', 'examples/checksums.csv'],
    expect.stringMatching(/-0000$/),
    '',
  ]);
  expect(existsSync(trap)).toBe(false);
});

test('nothing is offered, at once, where no master answers', async () => {
  const words = ['complete', '--', 'agent', 'show', '--master=127.0.0.1:1', ''];
  const asked = new Running('env', [...environment(), 'mesoscale', ...words]);
  expect(await asked.status).toBe(0);
  expect([asked.output, asked.errors]).toEqual([':4\n', '']);
});
