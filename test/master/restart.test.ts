// kill -9 of the master at any moment: what was announced is known, and no task runs twice.
import { expect, test } from 'vitest';
import {
  FrameworkInfo_Capability_Type,
  MasterCall_Type,
  TaskState,
} from '../../src/model/generated/messages.ts';
import { cluster, FakeAgent, FakeFramework, runningTask, World } from './harness.ts';

const info = {
  failover_timeout: 3600,
  checkpoint: true,
  capabilities: [
    { type: FrameworkInfo_Capability_Type.MULTI_ROLE },
    { type: FrameworkInfo_Capability_Type.PARTITION_AWARE },
  ],
};

function restarted() {
  const before = cluster({}, info);
  before.framework.launch(before.framework.offer(), 't1');
  before.agent.update(before.framework, 't1', TaskState.TASK_RUNNING);
  const world = before.world.restart();
  const agent = new FakeAgent(world, { id: before.agent.id });
  const framework = new FakeFramework(world, { ...info, id: { value: before.framework.id } }, {});
  const comeBack = () =>
    agent.reregister({
      tasks: [runningTask(framework, agent, 't1')],
      frameworks: [framework.info],
    });
  return { world, agent, framework, comeBack };
}

test('agents of the registry are recovered until they are back', () => {
  const { world, agent, comeBack } = restarted();
  const agents = () => world.read({ type: MasterCall_Type.GET_AGENTS }).get_agents;
  expect(agents()?.recovered_agents?.map(({ id }) => id?.value)).toEqual([agent.id]);
  comeBack();
  expect(agents()?.recovered_agents).toEqual([]);
  expect(agents()?.agents?.[0]?.agent_info.id?.value).toBe(agent.id);
});

test('if the agent comes first, its framework is known as recovered, and finds its task', () => {
  const { world, framework, comeBack } = restarted();
  comeBack();
  const frameworks = () =>
    world.read({ type: MasterCall_Type.GET_FRAMEWORKS }).get_frameworks?.frameworks;
  expect(frameworks()).toMatchObject([{ recovered: true, connected: false, active: false }]);
  framework.subscribe();
  expect(framework.first('SUBSCRIBED')?.subscribed?.framework_id.value).toBe(framework.id);
  expect(frameworks()).toMatchObject([{ recovered: false, connected: true, active: true }]);
  framework.call('RECONCILE', { reconcile: {} });
  expect(framework.statuses('t1')).toMatchObject([{ state: TaskState.TASK_RUNNING }]);
  world.allocate();
  const cpus = framework.offer().resources?.find(({ name }) => name === 'cpus');
  expect(cpus?.scalar?.value).toBe(3);
});

test('if the framework comes first, its questions are not answered before the agent is back', () => {
  const { agent, framework, comeBack } = restarted();
  framework.subscribe();
  const named = { task_id: { value: 't1' }, agent_id: { value: agent.id } };
  framework.call('RECONCILE', { reconcile: { tasks: [named] } });
  framework.call('RECONCILE', { reconcile: { tasks: [{ task_id: { value: 't1' } }] } });
  expect(framework.statuses()).toEqual([]);
  comeBack();
  framework.call('RECONCILE', { reconcile: { tasks: [named] } });
  expect(framework.statuses()).toMatchObject([{ state: TaskState.TASK_RUNNING }]);
});

test('an agent that does not come back in time is unreachable', () => {
  const { world, agent, framework } = restarted();
  framework.subscribe();
  world.advance(600_000);
  expect(framework.events('FAILURE')).toHaveLength(1);
  expect(framework.statuses()).toEqual([]);
  const named = { task_id: { value: 't1' }, agent_id: { value: agent.id } };
  framework.call('RECONCILE', { reconcile: { tasks: [named] } });
  expect(framework.statuses()).toMatchObject([{ state: TaskState.TASK_UNREACHABLE }]);
});

test('too many missing agents and the master gives up rather than removing them', () => {
  const { world } = cluster({ recoveryAgentRemovalLimit: 0.5 }, info);
  const next = world.restart();
  next.advance(600_000);
  expect(next.aborted).toContain('removal limit exceeded');
});

test('a framework that does not come back keeps its tasks; an operator can end them', () => {
  const { world, agent, framework, comeBack } = restarted();
  comeBack();
  const teardown = { framework_id: { value: framework.id } };
  expect(world.operate({ type: MasterCall_Type.TEARDOWN, teardown })).toMatchObject({
    status: 200,
  });
  expect(agent.sent('ShutdownFrameworkMessage')).toMatchObject([
    { framework_id: { value: framework.id } },
  ]);
  framework.subscribe();
  expect(framework.first('ERROR')?.error?.message).toBe('Framework has been removed');
});

test('before the registry is read no call is answered', () => {
  const { world } = cluster();
  world.commitsAtOnce = false;
  const next = world.restart();
  next.commitsAtOnce = true;
  expect(next.views.recovered).toBe(true);
});

test('nothing that an unwritten registration promised is remembered', () => {
  const { world } = cluster();
  world.commitsAtOnce = false;
  const late = new FakeAgent(world, { pid: 'slave(9)@10.0.0.9:5051', hostname: 'late' });
  late.register();
  expect(late.id).toBe('');
  const next = world.restart();
  const recovered = next.read({ type: MasterCall_Type.GET_AGENTS }).get_agents?.recovered_agents;
  expect(recovered).toHaveLength(1);
});

test('where there are quotas, offers wait for a part of the known agents, or for a while', () => {
  const world = new World({
    allocatorAgentRecoveryFactor: 0.5,
    allocatorRecoveryTimeoutMs: 90_000,
  });
  const agents = [1, 2, 3, 4].map((n) => world.agent({ pid: `slave(1)@10.0.1.${n}:5051` }));
  world.operate({
    type: MasterCall_Type.UPDATE_QUOTA,
    update_quota: { force: true, quota_configs: [{ role: 'q', limits: { cpus: { value: 64 } } }] },
  });
  const offersAfter = (back: number, ms: number) => {
    const next = world.restart();
    const framework = next.framework();
    for (const agent of agents.slice(0, back)) {
      Object.assign(agent, { world: next });
      agent.reregister();
    }
    next.advance(ms);
    return framework.offers().length;
  };
  expect(offersAfter(1, 60_000)).toBe(0);
  expect(offersAfter(2, 2_000)).toBe(2);
  expect(offersAfter(1, 92_000)).toBe(1);
});

test('removals of agents that do not come back are slowed down, and one that does is spared', () => {
  const { world } = cluster({ agentRemovalIntervalMs: 3600_000 });
  const others = ['10.0.0.3', '10.0.0.4'].map((ip) =>
    world.agent({ pid: `slave(1)@${ip}:5051`, hostname: ip }),
  );
  const next = world.restart();
  const metrics = () => next.views.metrics(next.nowMs);
  const unreachable = () => next.disk.snapshot().unreachable.length;
  next.advance(600_000);
  expect(unreachable()).toBe(1);
  next.advance(3600_000);
  expect(unreachable()).toBe(2);
  const left = others.find(
    ({ id }) => !next.disk.snapshot().unreachable.some((it) => it.id === id),
  );
  if (left === undefined) {
    throw new Error('all are unreachable');
  }
  new FakeAgent(
    next,
    left.setup.pid === undefined ? {} : { ...left.setup, id: left.id },
  ).reregister();
  next.advance(2 * 3600_000);
  expect(unreachable()).toBe(2);
  expect(metrics()).toMatchObject({
    'master/slave_unreachable_scheduled': 3,
    'master/slave_unreachable_completed': 2,
    'master/slave_unreachable_canceled': 1,
  });
});

test('a drain or a quota that is in use is asked of the next master, and no longer when it ends', () => {
  const { world, agent } = cluster();
  const asked = () => world.disk.snapshot().minimumCapabilities ?? [];
  const agent_id = { value: agent.id };
  expect(asked()).toEqual([]);
  world.operate({ type: MasterCall_Type.DRAIN_AGENT, drain_agent: { agent_id } });
  expect(asked()).toEqual(['AGENT_DRAINING']);
  const update_quota = {
    quota_configs: [{ role: 'r', limits: { cpus: { value: 1 } } }],
  };
  world.operate({ type: MasterCall_Type.UPDATE_QUOTA, update_quota });
  expect(asked()).toEqual(['AGENT_DRAINING', 'QUOTA_V2']);
  const next = world.restart();
  expect(next.views.recovered).toBe(true);
  const askedNow = () => next.disk.snapshot().minimumCapabilities;
  const none = { quota_configs: [{ role: 'r' }] };
  next.operate({ type: MasterCall_Type.UPDATE_QUOTA, update_quota: none });
  expect(askedNow()).toEqual(['AGENT_DRAINING']);
  new FakeAgent(next, { id: agent.id }).reregister();
  next.operate({ type: MasterCall_Type.REACTIVATE_AGENT, reactivate_agent: { agent_id } });
  expect(askedNow()).toEqual([]);
});

test('a registry that asks for what this master does not know is refused by name', () => {
  const { world } = cluster();
  world.disk.apply({ type: 'setMinimumCapabilities', names: ['QUOTA_V2', 'TIME_TRAVEL'] });
  const next = world.restart();
  expect(next.views.recovered).toBe(false);
  expect(next.master.failure).toMatch(/needs a master with the capabilities TIME_TRAVEL,/);
});
