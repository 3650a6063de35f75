// `mesoscale agent VERB`: agents are looked at, taken out and put back.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LITTLE, until } from '../../support/cluster.ts';
import { OperatedCluster } from '../../support/operators.ts';

const NONE = { type: 'NONE' };
const bob = { values: ['bob'] };

const cluster = new OperatedCluster();
beforeAll(async () => {
  await cluster.startWith(
    {
      drain_agents: [{ principals: bob, agents: NONE }],
      deactivate_agents: [{ principals: bob, agents: NONE }],
      reactivate_agents: [{ principals: bob, agents: NONE }],
      mark_agents_gone: [{ principals: bob, agents: NONE }],
    },
    ['--hostname=first', '--attributes=rack:r1'],
  );
  const task = {
    ...{ name: 'front', task_id: { value: 'front' }, agent_id: { value: '' } },
    ...{ resources: LITTLE, command: { value: 'sleep 1000' } },
  };
  const program = cluster.execute('front', 'task', task);
  await until('the task runs', () => program.log.includes('TASK_RUNNING'));
  await cluster.addAgent('second', ['--attributes=rack:r2']);
});
afterAll(() => cluster.stop());

const states = async () => {
  const { output } = await cluster.as('ada', 'agent', 'list', '-o', 'json');
  const agents = JSON.parse(output) as {
    agent_info: { hostname: string };
    deactivated?: boolean;
    drain_info?: { state: string };
  }[];
  return Object.fromEntries(
    agents.map(({ agent_info, deactivated, drain_info }) => [
      agent_info.hostname,
      drain_info?.state ?? (deactivated ? 'DEACTIVATED' : 'ACTIVE'),
    ]),
  );
};

test('an agent is shown with what it has and what runs there', async () => {
  const { output, status } = await cluster.as('bob', 'agent', 'show', 'first');
  expect(status).toBe(0);
  expect(output).toMatch(/^State: +active$/m);
  expect(output).toMatch(/^Attributes: +rack:r1$/m);
  expect(output).toMatch(/^Other: +ports:\[31000-31099\]$/m);
  expect(output).toMatch(/^cpus +4 +0\.1 +0$/m);
  expect(output).toMatch(/^front +TASK_RUNNING +\S.* 0\.1 +32\.0 MB +front$/m);
  const wide = await cluster.as('bob', 'agent', 'show', 'first', '-o', 'wide');
  expect(wide.output).toMatch(/^Version: +1\.11\.0 \(built [-\d]+ [:\d]+ by mesoscale\)$/m);
  const yaml = await cluster.as('bob', 'agent', 'show', 'first', '-o', 'yaml');
  expect(yaml.output).toMatch(/^ {2}nanoseconds: \d{19}$/m);
});

test('agents are chosen by name, or by a filter, and one of these is expected', async () => {
  const none = await cluster.as('ada', 'agent', 'deactivate', '-f', 'host=third');
  expect(none).toMatchObject({ status: 3, output: '' });
  expect(none.errors).toContain('none of 2 agents is like that');
  const unknown = await cluster.as('ada', 'agent', 'drain', 'firsd', '--yes');
  expect(unknown.status).toBe(3);
  expect(unknown.errors).toContain("no agent 'firsd' (did you mean first?)");
  const [neither, both] = await Promise.all([
    cluster.as('ada', 'agent', 'drain', '--yes'),
    cluster.as('ada', 'agent', 'drain', 'first', '-f', 'host=first', '--yes'),
  ]);
  expect(neither.status).toBe(2);
  expect(neither.errors).toContain('expected AGENT…, or --filter');
  expect(both.errors).toContain('got both');
});

test('who may not is told so, and nothing happens', async () => {
  const verbs = ['drain', 'deactivate', 'reactivate', 'gone'];
  for (const { status, errors } of await Promise.all(
    verbs.map((verb) =>
      cluster.as('bob', 'agent', verb, 'first', ...(verb === 'reactivate' ? [] : ['--yes'])),
    ),
  )) {
    expect(status, errors).toBe(4);
    expect(errors).toContain('not allowed');
  }
  // One line, not one for each.
  const both = await cluster.as('bob', 'agent', 'drain', 'first', 'second', '--yes');
  expect(both).toMatchObject({ status: 4, output: '' });
  expect(both.errors).toMatch(/^mesoscale agent drain: not allowed .*\n$/);
  expect(await states()).toEqual({ first: 'ACTIVE', second: 'ACTIVE' });
});

test('one agent is deactivated without a question, several with one', async () => {
  expect(await cluster.as('ada', 'agent', 'deactivate', 'second')).toMatchObject({ status: 0 });
  expect(await states()).toEqual({ first: 'ACTIVE', second: 'DEACTIVATED' });
  const undrained = await cluster.as('ada', 'agent', 'undrain', 'second');
  expect(undrained.status).toBe(1);
  expect(undrained.errors).toContain('is deactivated, not drained');
  const back = await cluster.as('ada', 'agent', 'reactivate', '-f', 'state=deactivated');
  expect(back.output).toMatch(/^agent \S+ \(second\) is offered again\n$/);
  const several = await cluster.as('ada', 'agent', 'deactivate', '-f', 'attributes=rack:*');
  expect(several.status).toBe(2);
  expect(several.errors).toContain('Deactivates 2 agents (first, second): offered to nobody');
  expect(several.errors).toContain('expected --yes');
  expect(await states()).toEqual({ first: 'ACTIVE', second: 'ACTIVE' });
});

test('a drain says what ends, asks, and is waited for', async () => {
  const dry = await cluster.as('ada', 'agent', 'drain', 'first', '--grace=1500ms', '--dry-run');
  expect(JSON.parse(dry.output)).toMatchObject({
    type: 'DRAIN_AGENT',
    drain_agent: { max_grace_period: { seconds: 1, nanos: 500_000_000 }, mark_gone: false },
  });
  expect(dry.errors).toMatch(/^Drains agent \S+ \(first\): 1 task \(1 of .+\) ends, and /);
  const words = ['agent', 'drain', 'first', '--wait'];
  const no = await cluster.asks('ada', words, 'n');
  expect(no.status).toBe(1);
  expect(no.output).toContain('nothing was done');
  expect(await states()).toEqual({ first: 'ACTIVE', second: 'ACTIVE' });
  const yes = await cluster.asks('ada', words, 'y');
  expect(yes.status).toBe(0);
  expect(yes.output).toMatch(/\(first\) drains\r\nagent \S+ \(first\) is drained\r\n$/);
  const shown = await cluster.as('ada', 'agent', 'show', 'first');
  expect(shown.output).toMatch(/^State: +drained$/m);
  expect(shown.output).not.toContain('TASK_RUNNING');
  for (const verb of ['drain', 'deactivate']) {
    const again = await cluster.as('ada', 'agent', verb, 'first', '--yes');
    expect(again).toMatchObject({ status: 0, errors: '' });
    expect(again.output).toMatch(/^agent \S+ \(first\) is drained already; .*\n$/);
  }
  expect(await cluster.as('ada', 'agent', 'undrain', 'first')).toMatchObject({ status: 0 });
  expect(await states()).toEqual({ first: 'ACTIVE', second: 'ACTIVE' });
});

test('agents are marked gone, also those that are not registered any more', async () => {
  const [id] = (
    await cluster.as('ada', 'agent', 'list', '-f', 'host=second', '-o', 'name')
  ).output.split('\n');
  const gone = await cluster.as('ada', 'agent', 'drain', 'S1', '--gone', '--wait', '--yes');
  expect(gone.output).toMatch(/\(second\) drains\nagent \S+ \(second\) is gone\n$/);
  const listedGone = await cluster.as(
    'ada',
    'agent',
    'list',
    '-a',
    '-f',
    'state=gone',
    '-o',
    'name',
  );
  expect(listedGone.output).toBe(`${id}\n`);
  const shown = await cluster.as('bob', 'agent', 'show', 'second');
  expect(shown.output).toMatch(/^State: +gone$/m);
  const again = await cluster.as('ada', 'agent', 'gone', id ?? '', '--yes');
  expect(again).toMatchObject({ status: 0, output: `agent ${id} (not registered now) is gone\n` });
  // One that is refused does not keep the others from it.
  const mixed = await cluster.as('ada', 'agent', 'gone', 'none-S7', id ?? '', '--yes');
  expect(mixed).toMatchObject({ status: 3, output: `agent ${id} (not registered now) is gone\n` });
  expect(mixed.errors).toMatch(
    /^mesoscale agent gone: agent none-S7 \(not registered now\): .+\n$/,
  );
  expect(await states()).toEqual({ first: 'ACTIVE' });
});

test('a drain is waited for beyond the end of a master; agents that are not back are listed', async () => {
  const task = {
    ...{ name: 'back', task_id: { value: 'back' }, agent_id: { value: '' } },
    ...{ resources: LITTLE, command: { value: 'sleep 1000' } },
  };
  const program = cluster.execute('back', 'task', task, '--checkpoint');
  await until('the task runs', () => program.log.includes('TASK_RUNNING'));
  await cluster.agentProgram.kill('SIGKILL');
  await until('it is disconnected', async () => {
    const { output } = await cluster.as('ada', 'agent', 'list', '-f', 'state=disconnected');
    return output.includes('first');
  });
  // What is away drains when it is back.
  const waiting = cluster.as('ada', 'agent', 'drain', 'first', '--wait', '--yes');
  await until('it drains', async () => (await states()).first === 'DRAINING');
  await cluster.master.kill('SIGKILL');
  await cluster.startMaster(cluster.masterFlags);
  const list = await cluster.as('ada', 'agent', 'list', '-f', 'state=recovered', '-o', 'wide');
  expect(list.output).toMatch(/ first +recovered /);
  // What it does not know may be there: that is another end than that there is nothing.
  const unknown = await Promise.all([
    cluster.as('ada', 'task', 'show', 'back'),
    cluster.as('ada', 'task', 'kill', 'back', '--yes'),
    cluster.as('ada', 'framework', 'show', 'nosuch'),
  ]);
  for (const { status, errors } of unknown) {
    expect(errors).toContain('but 1 agent has not come back yet (first) since the master began');
    expect(status).toBe(5);
  }
  await cluster.startAgent(['--hostname=first', '--attributes=rack:r1']);
  const { status, output, errors } = await waiting;
  expect(errors).toMatch(/^(.*; waiting goes on\n)*$/);
  expect(output).toMatch(/\(first\) drains\nagent \S+ \(first\) is drained\n$/);
  expect(status).toBe(0);
});
