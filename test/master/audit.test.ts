// What a master tells the audit log: every decision on a call that changes something, with the rule
// that has decided, and what the first event of a stream does not show.
import { describe, expect, test } from 'vitest';
import { MasterCall_Type, SchedulerCall_Type } from '../../src/model/generated/messages.ts';
import { streamId } from '../../src/model/ids.ts';
import { aclAuthorizer, parseAcls } from '../../src/security/acls.ts';
import { cluster, World } from './harness.ts';

const exited = (agent: string) => ({
  agent_id: { value: agent },
  framework_id: { value: 'f' },
  executor_id: { value: 'e' },
  status: 0,
});

const any = { type: 'ANY' };
const none = { type: 'NONE' };
const under = (acls: object) => ({
  authorizer: aclAuthorizer(parseAcls(acls)),
  isAudited: true,
});

const weights = (role: string) => ({
  type: MasterCall_Type.UPDATE_WEIGHTS,
  update_weights: { weight_infos: [{ role, weight: 2 }] },
});

test('each decision has its principal, call, object and rule', () => {
  const world = new World(
    under({
      update_weights: [
        { principals: { values: ['ops'] }, roles: { values: ['dev'] } },
        { principals: any, roles: none },
      ],
    }),
  );
  expect(world.operate(weights('dev'), { value: 'ops' }).status).toBe(200);
  expect(world.operate(weights('prod'), { value: 'ops' }).status).toBe(403);
  expect(world.operate(weights('dev')).status).toBe(403);
  const entry = { call: 'UPDATE_WEIGHTS', action: 'UPDATE_WEIGHT' };
  expect(world.audited.map((it) => it.entry)).toEqual([
    {
      ...entry,
      principal: 'ops',
      object: { value: 'dev' },
      allowed: true,
      rule: 'update_weights[0]',
    },
    {
      ...entry,
      principal: 'ops',
      object: { value: 'prod' },
      allowed: false,
      rule: 'update_weights[1]',
    },
    { ...entry, object: { value: 'dev' }, allowed: false, rule: 'update_weights[1]' },
  ]);
});

test('a call that has waited for its turn is told of as itself', () => {
  const world = new World(under({}));
  world.commitsAtOnce = false;
  world.operate(weights('a'));
  world.operate(weights('b'));
  expect(world.audited.map(({ entry }) => entry.object?.value)).toEqual(['a']);
  world.commit();
  expect(world.audited).toMatchObject([
    { entry: { call: 'UPDATE_WEIGHTS', object: { value: 'a' } } },
    { entry: { call: 'UPDATE_WEIGHTS', object: { value: 'b' } } },
  ]);
});

test('frameworks and agents are audited, as what they call and send', () => {
  const { world, agent, framework } = cluster(
    under({
      permissive: true,
      run_tasks: [
        { principals: any, users: { values: ['nobody'] } },
        { principals: any, users: none },
      ],
    }),
    { user: 'nobody', principal: 'p' },
  );
  framework.launch(framework.offer(), 't1', {
    task_id: { value: 't2' },
    command: { value: 'x', user: 'root' },
  });
  const told = world.audited.map(({ entry, origin }) => ({ ...entry, origin }));
  expect(told).toMatchObject([
    {
      call: 'RegisterAgentMessage',
      action: 'REGISTER_AGENT',
      object: { agent: expect.any(String) },
      allowed: true,
      origin: agent.pid,
    },
    {
      call: 'SUBSCRIBE',
      action: 'REGISTER_FRAMEWORK',
      principal: 'p',
      object: { roles: expect.any(String) },
      allowed: true,
    },
    { call: 'ACCEPT', object: { value: 'nobody', task: 't1' }, rule: 'run_tasks[0]' },
    { call: 'ACCEPT', object: { value: 'root', task: 't2' }, allowed: false },
  ]);
});

test('what is done to an agent or a framework tells which, and whose', () => {
  const { world, agent, framework } = cluster(under({}), { principal: 'p' });
  world.audited.length = 0;
  const agent_id = { value: agent.id };
  world.operate({
    type: MasterCall_Type.TEARDOWN,
    teardown: { framework_id: { value: framework.id } },
  });
  world.operate({ type: MasterCall_Type.DEACTIVATE_AGENT, deactivate_agent: { agent_id } });
  world.operate({ type: MasterCall_Type.REACTIVATE_AGENT, reactivate_agent: { agent_id } });
  world.operate({
    type: MasterCall_Type.DRAIN_AGENT,
    drain_agent: { agent_id, mark_gone: true },
  });
  world.operate({ type: MasterCall_Type.MARK_AGENT_GONE, mark_agent_gone: { agent_id } });
  expect(world.audited.map(({ entry: { action, object } }) => ({ action, object }))).toMatchObject([
    { action: 'TEARDOWN_FRAMEWORK', object: { framework: framework.id, framework_principal: 'p' } },
    { action: 'DEACTIVATE_AGENT', object: { agent: agent.id } },
    { action: 'REACTIVATE_AGENT', object: { agent: agent.id } },
    { action: 'DRAIN_AGENT', object: { agent: agent.id } },
    { action: 'MARK_AGENT_GONE', object: { agent: agent.id } },
    { action: 'MARK_AGENT_GONE', object: { agent: agent.id } },
  ]);
});

test('what a stream leaves out is counted by action: at first, then once in a second', () => {
  const { world, framework } = cluster(under({ view_tasks: [{ principals: any, users: none }] }), {
    user: 'nobody',
  });
  framework.launch(framework.offer(), 't1', 't2');
  world.audited.length = 0;
  world.operate({ type: MasterCall_Type.SUBSCRIBE }, { value: 'reader' });
  const entry = {
    principal: 'reader',
    call: 'SUBSCRIBE',
    action: 'VIEW_TASK',
    allowed: false,
    rule: 'view_tasks[0]',
    count: 2,
  };
  expect(world.audited).toMatchObject([{ entry }]);
  // A second reader is shown the same text, and is told of all the same.
  world.operate({ type: MasterCall_Type.SUBSCRIBE }, { value: 'reader' });
  expect(world.audited).toMatchObject([{ entry }, { entry }]);
  world.allocate();
  world.audited.length = 0;
  framework.launch(framework.offer(), 't3', 't4');
  // The events are no decisions about the call.
  expect(world.audited.map(({ entry: it }) => it.action)).toEqual(Array(2).fill('RUN_TASK'));
  world.audited.length = 0;
  world.advance(1_000);
  const object = { framework: framework.id, task: 't3' };
  const left = { entry: { ...entry, object } };
  expect(world.audited).toMatchObject([left, left]);
  world.advance(10_000);
  expect(world.audited).toHaveLength(2);
});

test('what a stream has left out is told of when it ends', () => {
  const { world, framework } = cluster(under({ view_tasks: [{ principals: any, users: none }] }), {
    user: 'nobody',
  });
  world.operate({ type: MasterCall_Type.SUBSCRIBE }, { value: 'reader' });
  framework.launch(framework.offer(), 't1');
  world.audited.length = 0;
  for (const stream of world.master.subscribers.keys()) {
    world.dispatch({ type: 'streamClosed', stream });
  }
  expect(world.audited).toMatchObject([{ entry: { principal: 'reader', action: 'VIEW_TASK' } }]);
  world.advance(10_000);
  expect(world.audited).toHaveLength(1);
});

describe('who is not believed', () => {
  const [other] = ['slave(1)@10.9.9.9:1'];

  test('an agent, or somebody who speaks for one', () => {
    const { world, agent } = cluster(under({}));
    const agent_id = { value: agent.id };
    world.dispatch({
      type: 'agentMessage',
      from: other,
      message: { name: 'ExitedExecutorMessage', body: exited(agent.id) },
    });
    world.dispatch({
      type: 'agentMessage',
      from: other,
      message: { name: 'UnregisterAgentMessage', body: { agent_id } },
    });
    expect(world.disbelieved).toMatchObject([
      {
        origin: other,
        disbelief: {
          claimed: other,
          call: 'ExitedExecutorMessage',
          why: 'sender: it speaks for another agent',
        },
      },
      {
        disbelief: {
          call: 'UnregisterAgentMessage',
          object: { agent: agent.id },
          why: `sender: the agent is at ${agent.pid}`,
        },
      },
    ]);
  });

  test('a caller that is not the scheduler', () => {
    const { world, framework } = cluster(under({}), { principal: 'p' });
    const framework_id = { value: framework.id };
    const call = { type: SchedulerCall_Type.REVIVE, framework_id };
    const from = { origin: '10.0.0.9', principal: { value: 'eve' } };
    const request = () => world.nextRequest();
    world.dispatch({ type: 'schedulerCall', request: request(), ...from, call });
    world.dispatch({
      type: 'schedulerSubscribe',
      request: request(),
      stream: streamId('s'),
      ...from,
      call: {
        type: SchedulerCall_Type.SUBSCRIBE,
        subscribe: { framework_info: { user: 'u', name: 'n', principal: 'p' } },
      },
    });
    const why = /^sender: Authenticated principal 'eve' does not match principal 'p'/;
    expect(world.disbelieved).toMatchObject([
      {
        origin: '10.0.0.9',
        disbelief: {
          principal: 'eve',
          call: 'REVIVE',
          object: { framework: framework.id },
          why: expect.stringMatching(why),
        },
      },
      {
        disbelief: {
          principal: 'eve',
          claimed: 'p',
          call: 'SUBSCRIBE',
          why: expect.stringMatching(why),
        },
      },
    ]);
  });
});

test('a call has the address that it comes from, however late it is taken', () => {
  const world = new World(under({}));
  world.commitsAtOnce = false;
  for (const origin of ['10.0.0.8', '10.0.0.9']) {
    const request = world.nextRequest();
    world.dispatch({ type: 'operatorCall', request, origin, call: weights(origin) });
  }
  world.commit();
  expect(world.audited.map(({ origin }) => origin)).toEqual(['10.0.0.8', '10.0.0.9']);
});

test('without an audit log nothing is told, and texts of strangers are cut with one', () => {
  const silent = new World();
  silent.operate(weights('dev'));
  expect(silent.audited).toEqual([]);
  const world = new World(under({}));
  world.operate(weights('dev'), { value: 'p'.repeat(1_000_000) });
  expect(world.audited[0]?.entry.principal).toHaveLength(257);
});
