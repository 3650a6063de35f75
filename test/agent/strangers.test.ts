// Messages of a process that is not the one they name: the agent neither believes nor keeps them.
import { describe, expect, test } from 'vitest';
import { ExecutorCall_Type, TaskState } from '../../src/model/generated/messages.ts';
import { requestId, streamId } from '../../src/model/ids.ts';
import {
  commandTask,
  executorInfo,
  executorTask,
  FRAMEWORK,
  frameworkInfo,
  MASTER,
  status,
  World,
} from './harness.ts';

const refusal = 'Executor t1 is built into the agent and makes no calls over HTTP';

function runningCommand(): World {
  const world = new World();
  world.register();
  world.runTask(commandTask('t1'));
  const [launched] = world.take('launchExecutor');
  if (launched === undefined) {
    throw new Error('nothing launched');
  }
  world.subscribe(launched);
  world.update('t1', status('t1', TaskState.TASK_RUNNING));
  world.acknowledgeAll();
  world.effects = [];
  return world;
}

const ids = { framework_id: { value: FRAMEWORK }, executor_id: { value: 't1' } };

describe('the ids of a built-in executor open nothing over HTTP', () => {
  test('no second stream takes its events away', () => {
    const world = runningCommand();
    const stream = streamId('stranger');
    world.send({
      type: 'executorSubscribe',
      request: requestId('r'),
      stream,
      call: { type: ExecutorCall_Type.SUBSCRIBE, ...ids, subscribe: {} },
    });
    expect(world.effects).toEqual([{ type: 'reply', request: 'r', status: 403, text: refusal }]);
  });

  test.each([
    [
      'an update',
      {
        type: ExecutorCall_Type.UPDATE,
        update: { status: status('t1', TaskState.TASK_FINISHED) },
      },
    ],
    ['a message', { type: ExecutorCall_Type.MESSAGE, message: { data: new Uint8Array(1) } }],
  ])('%s is not passed on', (_, call) => {
    const world = runningCommand();
    world.send({ type: 'executorCall', request: requestId('r'), call: { ...call, ...ids } });
    expect(world.effects).toEqual([{ type: 'reply', request: 'r', status: 403, text: refusal }]);
  });
});

describe('ids that would be folders outside of the work directory', () => {
  const evil = '../../../../tmp/evil';

  test.each([
    ['framework', commandTask('t1'), frameworkInfo({ id: { value: evil } })],
    ['framework', commandTask('t1'), frameworkInfo({ id: { value: '..' } })],
    ['executor', executorTask('t1', executorInfo(evil)), frameworkInfo()],
    ['task', commandTask(evil), frameworkInfo()],
    ['task', commandTask(''), frameworkInfo()],
  ])('are not taken of a %s', (what, task, framework) => {
    const world = new World();
    world.register();
    world.runTask(task, framework);
    expect(world.effects).toMatchObject([
      { type: 'log', level: 'error', text: expect.stringContaining(`invalid ${what} id`) },
    ]);
    expect(world.changes.map(({ type }) => type)).toEqual(['agent']);
  });

  test('are not taken of a task in a group', () => {
    const world = new World();
    world.register();
    const tasks = [executorTask('t1'), executorTask(evil)];
    world.fromMaster({
      name: 'RunTaskGroupMessage',
      body: { framework: frameworkInfo(), executor: executorInfo('ex'), task_group: { tasks } },
    });
    expect(world.take('launchExecutor')).toEqual([]);
  });

  test.each(['AgentRegisteredMessage', 'AgentReregisteredMessage'] as const)(
    'are not taken as its own from %s',
    (name) => {
      const world = new World();
      world.start();
      world.send({ type: 'masterDetected', master: MASTER });
      world.pass(1_000);
      world.fromMaster({ name, body: { agent_id: { value: evil } } });
      expect(world.agent.id).toBeUndefined();
      expect(world.changes).toEqual([]);
      expect(world.exited).toBeUndefined();
    },
  );
});
