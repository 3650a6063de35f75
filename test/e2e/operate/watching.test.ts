// What operators see of a cluster as a whole, with a real master and agent.
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MESOSCALE } from '../../support/bundle.ts';
import { LITTLE, TestCluster, until } from '../../support/cluster.ts';
import { Running } from '../../support/running.ts';

const cluster = new TestCluster();
beforeAll(async () => {
  await cluster.start();
  const sleeper = {
    name: 'sleeper',
    task_id: { value: 'sleeper' },
    agent_id: { value: '' },
    resources: LITTLE,
    command: { value: 'sleep 1000' },
  };
  const program = cluster.execute('sleeper', 'task', sleeper);
  await until('the task runs', () => program.log.includes('TASK_RUNNING'));
});
afterAll(() => cluster.stop());

async function said(...words: string[]) {
  const running = new Running(process.execPath, [MESOSCALE, ...words]);
  const status = await running.status;
  return { status, output: running.output, errors: running.errors };
}
const ofCluster = (...words: string[]) => said(...words, `--master=${cluster.address}`);

test('versions of all parts', async () => {
  const { status, output, errors } = await ofCluster('version');
  expect([status, errors]).toEqual([0, '']);
  expect(output).toMatch(/^Command: {2}mesoscale \d/);
  expect(output).toContain(`Master:   1.11.0 at ${cluster.address} (built `);
  expect(output).toContain('Agents:   1.11.0 on 1 agent\n');
  const { output: json } = await ofCluster('version', '-o', 'json');
  expect(JSON.parse(json)).toMatchObject({
    master: { version: '1.11.0' },
    agents: { '1.11.0': 1 },
  });
});

test('a master that was named must be there', async () => {
  const { status, errors } = await said('version', '--master=127.0.0.1:1');
  expect(status).toBe(5);
  expect(errors).toContain('mesoscale version: no master answers at 127.0.0.1:1 ');
});

test('what was waited for in vain is told, how long, and by which flag', async () => {
  const silent = createServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as AddressInfo;
  const at = `127.0.0.1:${port}`;
  const [call, stream, election] = await Promise.all([
    said('agent', 'list', `--master=${at}`, '--timeout=300ms'),
    said('events', `--master=${at}`, '--timeout=300ms'),
    said('version', '--master=zk://127.0.0.1:1/mesos', '--timeout=300ms'),
  ]);
  silent.close();
  expect([call.status, stream.status, election.status]).toEqual([5, 5, 5]);
  expect(call.errors).toBe(
    `mesoscale agent list: the master at ${at} has not answered GET_AGENTS within 300ms; ` +
      '--timeout sets how long an answer may take\n',
  );
  expect(stream.errors).toContain(' has not answered SUBSCRIBE within 300ms; --timeout sets ');
  expect(election.errors).toContain(
    'version: no master leads in ZooKeeper at 127.0.0.1:1/mesos within 300ms; --timeout sets ',
  );
});

// The first three an agent answers, the others it refuses each in a way of its own.
test.each([
  ['task', 'list'],
  ['framework', 'list'],
  ['metrics'],
  ['agent', 'list'],
  ['role', 'list'],
  ['events'],
])('an agent is no master, and is told from one: %s', async (...words) => {
  const { status, output, errors } = await said(...words, `--master=${cluster.agent}`);
  expect({ status, output }).toEqual({ status: 5, output: '' });
  expect(errors).toContain(`: an agent answers at ${cluster.agent}, and no master: say `);
});

test('health of a cluster that is well', async () => {
  const well = await ofCluster('health');
  expect(well).toMatchObject({ status: 0, errors: '' });
  expect(well.output).toMatch(/^well {2}master +leads at /);
  expect(well.output).toContain('1 connected, 1 of them offered\n');
  expect(await ofCluster('health', '-o', 'name')).toMatchObject({ output: 'healthy\n' });
});

test('a plan says what would end, and changes nothing', async () => {
  const { status, output, errors } = await ofCluster('plan', 'drain', 'S0');
  expect([status, errors]).toEqual([0, '']);
  expect(output).toContain('1 task ends:\n  1 task of mesos-execute instance: sleeper: sleeper\n');
  expect(output).toMatch(/^THE CLUSTER +BEFORE +AFTER$/m);
  expect(output).toMatch(/^Agents +1 +0$/m);
  expect(output).not.toMatch(/^CPUs offered/m);
  const json = JSON.parse((await ofCluster('plan', 'drain', 'S0', '-o', 'json')).output);
  expect(json).toMatchObject({ before: { agents: 1 }, after: { agents: 0 } });
  expect((await ofCluster('health')).output).toContain('1 connected, 1 of them offered');
});

test('several changes are planned together', async () => {
  const { status, output } = await ofCluster(
    ...['plan', 'changes', '--drain=S0', '--add-agents=2 cpus:8;mem:1024', '--weight=eng=2'],
  );
  expect(status).toBe(0);
  expect(output).toMatch(/^If so: agent \S+ \(\S+-S0\) drained and 2 agents more, /);
  expect(output).toContain(' each with cpus:8;mem:1024 and weights eng=2\n1 task ends:\n');
  expect(output).toMatch(/^Agents +1 +2$/m);
});

test.each([
  [['plan', 'changes'], 2, 'expected changes: --add-agents, --drain, --quota,'],
  [['plan', 'changes', '--quota=eng', '--drain=S0'], 2, '--quota expects two words such as'],
  [
    ['plan', 'changes', '--drain=S0', '--quota=eng/web cpus:1', '--add-agents=1 cpus:99999999999'],
    1,
    '1 agent more, each with cpus:99999999999: ',
  ],
  [['plan', 'drain', 'S7'], 3, "no agent 'S7'"],
  [['plan', 'quota', 'eng', 'cpus:x'], 2, 'LIMITS expects amounts such as cpus:4;mem:1024'],
  [['plan', 'quota', 'eng', 'ports:[1-2]'], 2, 'ports is no number'],
  [['plan', 'weight', 'eng=0'], 2, "expected ROLE=WEIGHT with a weight above 0, got 'eng=0'"],
  [['plan', 'add-agents', 'x'], 2, "NUMBER expects how many agents, got 'x'"],
  [['explain', 'nothing'], 3, "no framework 'nothing'"],
] as const)('%j is refused', async (words, expected, why) => {
  const { status, output, errors } = await ofCluster(...words);
  expect([status, output]).toEqual([expected, '']);
  expect(errors).toContain(why);
});

test('why a framework gets no more, and whether a task would fit', async () => {
  const { status, output } = await ofCluster('explain', '--demand=cpus:64');
  expect(status).toBe(0);
  expect(output).toContain('Role *: of 1 agent it has 0 agents on offer now.');
  expect(output).toContain('  Never. No agent is large enough for this.');
  expect(output).toContain('    Never: 1 agent with too few CPUs; the most is 4.');
  expect(output).toContain('The framework has suppressed offers: 1 agent.');
});

test('figures of the master and of an agent, by name', async () => {
  const { status, output } = await ofCluster('metrics', 'master/tasks_r*', '--no-headers');
  expect([status, output]).toEqual([0, 'master/tasks_running  1\n']);
  const { output: json } = await ofCluster(
    ...['metrics', 'slave/tasks_running', '-o', 'json'],
    ...['--agent=S0', '--via=master'],
  );
  expect(JSON.parse(json)).toEqual([{ name: 'slave/tasks_running', value: 1 }]);
});

test('top in a pipe is a table, with what tasks use', async () => {
  const { status, output, errors } = await ofCluster('top', '--via=master');
  expect([status, errors]).toEqual([0, '1 task on 1 agent, by what they use\n']);
  const [titles = '', row = ''] = output.split('\n');
  expect(titles).toMatch(/^TASK +FRAMEWORK +AGENT +CPUS +USED +MEM +USED +AGE$/);
  expect(row).toMatch(
    /^sleeper +mesos-execute instance: sleeper +\S+ +0\.1 +\d+\.\d\d +32\.0 MB +\S+ [KM]B +\d+s$/,
  );
});

test('top agents shows the load and the free memory of their machines', async () => {
  const { status, output, errors } = await ofCluster('top', 'agents', '--via=master');
  expect([status, errors]).toEqual([0, '1 agent, by what is allocated\n']);
  const [titles = '', row = ''] = output.split('\n');
  expect(titles).toMatch(/ GPUS +LOAD +MEM FREE +AGE$/);
  expect(row).toMatch(/ \d+\.\d\d\/\d+ +\d\S* [KMGT]B +\d+s$/);
});

test('top in a terminal is sorted by keys, until q', async () => {
  const words = [process.execPath, MESOSCALE, 'top', `--master=${cluster.address}`];
  const top = new Running('script', [
    '-qec',
    `stty rows 20 cols 120; ${words.join(' ')}`,
    '/dev/null',
  ]);
  await top.shows(`tasks of ${cluster.address} by cpus: 1 task on 1 agent`);
  top.type('m');
  await top.shows('by mem: 1 task');
  top.type('n');
  await top.shows(`agents of ${cluster.address} by mem: 1 agent, by what is allocated`);
  await top.shows('0.1/4');
  top.type('q');
  expect(await top.status).toBe(0);
});

test('events are told in words, and go on with a master that is started again', async () => {
  const events = new Running(process.execPath, [
    MESOSCALE,
    'events',
    `--master=${cluster.address}`,
    '--filter=of=agent',
  ]);
  await until('it listens', () => events.errors.includes('following '));
  await ofCluster('agent', 'deactivate', 'S0');
  await events.shows(' is deactivated\n');
  expect(events.output).toMatch(
    /^\d{4}-\d\d-\d\dT[\d:.]+Z {2}agent \S+ \(\S+-S0\) is deactivated\n/,
  );
  await cluster.master.kill('SIGKILL');
  await until('its end is told', () => events.errors.includes('connecting again in '));
  await cluster.startMaster();
  await until('it listens again', () => events.errors.includes('following again '));
  // Its agent comes back first.
  await until(
    'it is reactivated',
    async () => (await ofCluster('agent', 'reactivate', 'S0')).status === 0,
  );
  await events.shows(' is active\n');
  events.stop();
  await events.status;
});

test('events for programs are an object a line', async () => {
  const events = new Running(process.execPath, [
    MESOSCALE,
    ...['events', '-n', '1', '-o', 'json', `--master=${cluster.address}`],
    '--filter=type=AGENT_UPDATED',
  ]);
  await until('it listens', () => events.errors.includes('following '));
  await ofCluster('agent', 'deactivate', 'S0');
  expect(await events.status).toBe(0);
  const [line = '', ...rest] = events.output.split('\n');
  expect(rest).toEqual(['']);
  expect(JSON.parse(line)).toMatchObject({
    heard: expect.stringMatching(/Z$/),
    type: 'AGENT_UPDATED',
    agent_updated: { agent: { deactivated: true } },
  });
  await ofCluster('agent', 'reactivate', 'S0');
});
