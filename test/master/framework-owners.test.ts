// A framework's id is its principal's, also when a master that has just started cannot know it.
import { expect, test } from 'vitest';
import {
  type FrameworkInfo,
  MasterCall_Type,
  TaskState,
} from '../../src/model/generated/messages.ts';
import { FakeAgent, FakeFramework, runningTask, World } from './harness.ts';

const ID = { value: 'before-0001' };
const OWNER = { value: 'owner' };
const OTHER = { value: 'other' };

/** A master that has just started, with an agent of before that ran a task of the owner's. */
function restarted() {
  const before = new World();
  const { id, pid } = before.agent();
  const idle = before.agent({ pid: 'slave(1)@10.0.0.3:5051', hostname: 'node3' });
  const world = before.restart();
  const agent = new FakeAgent(world, { id, pid });
  const framework = (info: Partial<FrameworkInfo>) =>
    new FakeFramework(world, { id: ID, ...info }, {});
  const owner = framework({ principal: 'owner', failover_timeout: 3600 });
  const other = framework({ roles: ['others'], user: 'nobody' });
  const comeBack = (told: FrameworkInfo = owner.info) =>
    agent.reregister({ tasks: [runningTask(owner, agent, 't1')], frameworks: [told] });
  const idleBack = () => {
    const back = new FakeAgent(world, { id: idle.id, pid: idle.pid, hostname: 'node3' });
    back.reregister();
    world.allocate();
    return back;
  };
  return { world, agent, owner, other, comeBack, idleBack };
}

test('who subscribes with another’s id loses it when an agent tells whose it is', () => {
  const { world, agent, owner, other, comeBack, idleBack } = restarted();
  other.subscribe({}, {}, OTHER);
  expect(other.first('SUBSCRIBED')).toBeDefined();
  const idle = idleBack();
  other.launch(other.offer(), 'his');
  idle.update(other, 'his', TaskState.TASK_RUNNING);
  comeBack();
  expect(other.last('ERROR')?.error?.message).toBe(
    "The framework's id belongs to another principal",
  );
  expect(other.call('KILL', { kill: { task_id: { value: 't1' } } }).status).not.toBe(202);
  expect(agent.sent('KillTaskMessage')).toEqual([]);
  expect(agent.sent('ShutdownFrameworkMessage')).toEqual([]);
  expect(idle.sent('ShutdownFrameworkMessage')).toMatchObject([{ framework_id: ID }]);
  expect(agent.sent('UpdateFrameworkMessage')).toMatchObject([
    { framework_info: { principal: 'owner', user: 'root' } },
  ]);
  expect(world.logs.join('\n')).toContain("Removing framework before-0001 of principal 'other'");

  other.subscribe({}, {}, OTHER);
  expect(other.first('ERROR')?.error?.message).toContain('principal');
  owner.subscribe({}, {}, OWNER);
  owner.call('RECONCILE', { reconcile: {} });
  expect(owner.statuses()).toMatchObject([
    { task_id: { value: 't1' }, state: TaskState.TASK_RUNNING },
  ]);
  const frameworks = world.read({ type: MasterCall_Type.GET_FRAMEWORKS }).get_frameworks;
  expect(frameworks).toMatchObject({
    frameworks: [{ framework_info: { principal: 'owner' } }],
    completed_frameworks: [],
  });
});

test('who ends a framework of another’s id does not end what the owner runs', () => {
  const { agent, owner, other, comeBack } = restarted();
  other.subscribe({}, {}, OTHER);
  other.call('TEARDOWN');
  comeBack();
  expect(agent.sent('ShutdownFrameworkMessage')).toEqual([]);
  owner.subscribe({}, {}, OWNER);
  owner.call('RECONCILE', { reconcile: {} });
  expect(owner.statuses()).toMatchObject([{ state: TaskState.TASK_RUNNING }]);
});

test('an owner that subscribes before its agents keeps its id, whatever later agents tell', () => {
  const { world, owner, comeBack } = restarted();
  owner.subscribe({}, {}, OWNER);
  comeBack();
  const liar = new FakeAgent(world, { id: 'liar-S0', pid: 'slave(1)@10.0.0.9:5051' });
  liar.reregister({ frameworks: [{ ...owner.info, principal: 'other' }] });
  expect(owner.events('ERROR')).toEqual([]);
  expect(owner.events('SUBSCRIBED')).toHaveLength(1);
});

test('an id that the master has given is no claim', () => {
  const world = new World();
  const framework = new FakeFramework(world, { principal: 'owner' }, {});
  framework.subscribe({}, {}, OWNER);
  const liar = new FakeAgent(world, { id: 'liar-S0', pid: 'slave(1)@10.0.0.9:5051' });
  liar.reregister({
    frameworks: [{ ...framework.info, id: { value: framework.id }, principal: 'other' }],
  });
  expect(framework.events('ERROR')).toEqual([]);
});

test('a framework that had no principal can come back with one', () => {
  const { owner, comeBack } = restarted();
  owner.subscribe({}, {}, OWNER);
  const { principal: _, ...nobodys } = owner.info;
  comeBack(nobodys);
  owner.call('RECONCILE', { reconcile: {} });
  expect(owner.statuses()).toMatchObject([{ state: TaskState.TASK_RUNNING }]);
});

test('without authentication nobody’s id is protected: the first who comes has it', () => {
  const { other, comeBack } = restarted();
  other.subscribe({ principal: 'other' });
  comeBack();
  expect(other.events('ERROR')).toEqual([]);
});
