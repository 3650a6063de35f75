// What an agent tells the audit log: decisions on calls that change something, refusals of those
// that do not, and the users of launches.
import { expect, test } from 'vitest';
import {
  type AgentCall,
  AgentCall_Type,
  ExecutorCall_Type,
} from '../../src/model/generated/messages.ts';
import { requestId } from '../../src/model/ids.ts';
import { aclAuthorizer, parseAcls } from '../../src/security/acls.ts';
import { commandTask, FRAMEWORK, World } from './harness.ts';

const any = { type: 'ANY' };

function audited(acls: object) {
  const world = new World({ authorizer: aclAuthorizer(parseAcls(acls)), isAudited: true });
  world.register();
  return world;
}

const call = (world: World, body: AgentCall) => {
  world.send({
    type: 'operatorCall',
    request: requestId('r'),
    origin: '10.0.0.9',
    principal: { value: 'p' },
    call: body,
  });
  return world.take('audit');
};

const container_id = { value: 'c', parent: { value: 'p' } };

test('each decision on a call that changes something', () => {
  const world = audited({ prune_images: [{ principals: any, images: { type: 'NONE' } }] });
  const common = {
    principal: 'p',
    allowed: false,
    rule: 'prune_images[0]',
    action: 'PRUNE_IMAGES',
  };
  expect(call(world, { type: AgentCall_Type.PRUNE_IMAGES })).toEqual([
    { type: 'audit', origin: '10.0.0.9', entry: { ...common, call: 'PRUNE_IMAGES' } },
  ]);
  expect(
    call(world, {
      type: AgentCall_Type.KILL_NESTED_CONTAINER,
      kill_nested_container: { container_id },
    }),
  ).toMatchObject([{ entry: { call: 'KILL_NESTED_CONTAINER', allowed: true } }]);
});

test('of calls that only read, refusals', () => {
  const wait = {
    type: AgentCall_Type.WAIT_NESTED_CONTAINER,
    wait_nested_container: { container_id },
  };
  expect(call(audited({}), wait)).toEqual([]);
  expect(call(audited({ permissive: false, register_agents: [] }), wait)).toMatchObject([
    { entry: { call: 'WAIT_NESTED_CONTAINER', allowed: false, rule: 'permissive: false' } },
  ]);
});

test('the users of a launch, with the master that sent it', () => {
  const world = audited({});
  world.runTask(commandTask('t'));
  const [told] = world.take('audit');
  expect(told?.entry).toMatchObject({ call: 'RunTaskMessage', action: 'RUN_TASK', allowed: true });
  expect(told?.origin).toMatch(/^master@/);
});

test('who is not believed: other masters, and executors that others claim to be', () => {
  const world = audited({});
  const other = 'master@10.9.9.9:5050';
  const slave = { name: 'ShutdownMessage', body: {} } as const;
  world.send({ type: 'masterMessage', from: other, message: slave });
  const ping = { name: 'PingAgentMessage', body: { connected: true } } as const;
  world.send({ type: 'masterMessage', from: 'slave-observer(1)@10.9.9.9:5050', message: ping });
  world.runTask(commandTask('t'));
  world.send({
    type: 'executorCall',
    request: requestId('r'),
    origin: '10.0.0.9',
    call: {
      type: ExecutorCall_Type.MESSAGE,
      framework_id: { value: FRAMEWORK },
      executor_id: { value: 't' },
      message: { data: new Uint8Array() },
    },
  });
  const why = expect.stringMatching(/^sender: the master is master@/);
  expect(world.take('auditDisbelief')).toMatchObject([
    { origin: other, disbelief: { claimed: other, call: 'ShutdownMessage', why } },
    { disbelief: { call: 'PingAgentMessage', why } },
    {
      origin: '10.0.0.9',
      disbelief: {
        call: 'MESSAGE',
        object: { framework: FRAMEWORK, executor: 't' },
        why: expect.stringContaining('is built into the agent'),
      },
    },
  ]);
});
