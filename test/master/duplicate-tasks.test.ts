// One task id on two agents: the framework keeps the task that it knows, and the other one ends
// without an update.
import { expect, test } from 'vitest';
import { type Task, TaskState } from '../../src/model/generated/messages.ts';
import { cluster, type FakeAgent, type FakeFramework, resources } from './harness.ts';

/** A cluster whose framework runs t1 on one agent; a second agent is registered, too. */
function twoAgents() {
  const { world, agent, framework } = cluster({}, { checkpoint: true, failover_timeout: 60 });
  framework.launch(framework.offer(), 't1');
  agent.update(framework, 't1', TaskState.TASK_RUNNING);
  const other = world.agent({ pid: 'slave(1)@10.0.0.3:5051', hostname: 'node3' });
  const claimed = (of: FakeAgent): Task => ({
    name: 't1',
    task_id: { value: 't1' },
    framework_id: { value: framework.id },
    agent_id: { value: of.id },
    state: TaskState.TASK_RUNNING,
    resources: resources('cpus:1;mem:64').map((it) => ({
      ...it,
      allocation_info: { role: 'dev' },
    })),
  });
  const claim = () =>
    other.reregister({
      tasks: [claimed(other)],
      frameworks: [{ ...framework.info, id: { value: framework.id } }],
    });
  const heard = framework.statuses().length;
  return { world, agent, framework, other, claim, news: () => framework.statuses().slice(heard) };
}

/** The cpus in the latest offer of the agent. */
const cpusOffered = (framework: FakeFramework, agent: FakeAgent) =>
  framework
    .offers()
    .filter((offer) => offer.agent_id.value === agent.id)
    .at(-1)
    ?.resources?.find(({ name }) => name === 'cpus')?.scalar?.value;

test("another agent's update of a running task is not heard, and is acknowledged to that agent", () => {
  const { framework, agent, other, news } = twoAgents();
  const uuid = other.update(framework, 't1', TaskState.TASK_FINISHED);
  expect(news()).toEqual([]);
  expect(other.sent('StatusUpdateAcknowledgementMessage')).toMatchObject([{ uuid }]);
  framework.call('RECONCILE', { reconcile: { tasks: [{ task_id: { value: 't1' } }] } });
  expect(news()).toMatchObject([{ state: TaskState.TASK_RUNNING, agent_id: { value: agent.id } }]);
});

test('an agent that claims a task which runs elsewhere is told to kill it, and what it uses is counted', () => {
  const { world, framework, agent, other, claim, news } = twoAgents();
  claim();
  expect(news()).toEqual([]);
  expect(other.sent('KillTaskMessage')).toMatchObject([{ task_id: { value: 't1' } }]);
  expect(agent.sent('KillTaskMessage')).toEqual([]);
  world.allocate();
  expect(cpusOffered(framework, other)).toBe(3);
  other.update(framework, 't1', TaskState.TASK_KILLED);
  expect(news()).toEqual([]);
  framework.call('DECLINE', { decline: { offer_ids: framework.offers().map(({ id }) => id) } });
  world.advance(10_000);
  world.allocate();
  expect(cpusOffered(framework, other)).toBe(4);
});

test('when the agent with the duplicate goes, the framework keeps its task and can kill it', () => {
  const { framework, agent, other, claim, news } = twoAgents();
  claim();
  other.send('UnregisterAgentMessage', { agent_id: { value: other.id } });
  expect(news()).toEqual([]);
  framework.call('KILL', { kill: { task_id: { value: 't1' } } });
  expect(agent.sent('KillTaskMessage')).toHaveLength(1);
  agent.update(framework, 't1', TaskState.TASK_KILLED);
  expect(news()).toMatchObject([{ state: TaskState.TASK_KILLED }]);
});

test('the end of a framework reaches the agents of both, and frees both', () => {
  const { world, framework, agent, other, claim } = twoAgents();
  claim();
  framework.call('TEARDOWN');
  expect(agent.sent('ShutdownFrameworkMessage')).toHaveLength(1);
  expect(other.sent('ShutdownFrameworkMessage')).toHaveLength(1);
  expect([...world.master.agents.registered.values()].map(({ tasks }) => tasks.size)).toEqual([
    0, 0,
  ]);
});
