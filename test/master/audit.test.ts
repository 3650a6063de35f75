// What a master tells the audit log: every decision on a call that changes something, with the rule
// that has decided, and what the first event of a stream does not show.
import { expect, test } from 'vitest';
import { MasterCall_Type } from '../../src/model/generated/messages.ts';
import { aclAuthorizer, parseAcls } from '../../src/security/acls.ts';
import { cluster, World } from './harness.ts';

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
    { call: 'RegisterAgentMessage', action: 'REGISTER_AGENT', allowed: true, origin: agent.pid },
    { call: 'SUBSCRIBE', action: 'REGISTER_FRAMEWORK', principal: 'p', allowed: true },
    { call: 'ACCEPT', object: { value: 'nobody', task: 't1' }, rule: 'run_tasks[0]' },
    { call: 'ACCEPT', object: { value: 'root', task: 't2' }, allowed: false },
  ]);
});

test('what a stream begins without is counted by action, and events are no decisions', () => {
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
  framework.launch(framework.offer(), 't3');
  expect(world.audited.map(({ entry: it }) => it.action)).toEqual([
    'VIEW_TASK',
    'VIEW_TASK',
    'RUN_TASK',
  ]);
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
