// A disk that stores nothing: everything that does not depend on it goes on.
import { beforeEach, describe, expect, test } from 'vitest';
import {
  AgentCall_Type,
  ExecutorCall_Type,
  ExecutorEvent_Type,
  TaskState,
} from '../../src/model/generated/messages.ts';
import { requestId } from '../../src/model/ids.ts';
import { onDisk } from './disk.ts';
import {
  AGENT_ID,
  commandTask,
  executorTask,
  FRAMEWORK,
  frameworkInfo,
  MASTER,
  OBSERVER,
  status,
  World,
} from './harness.ts';

const checkpointing = frameworkInfo({ checkpoint: true });

function kill(world: World, id: string): void {
  world.fromMaster({
    name: 'KillTaskMessage',
    body: { framework_id: { value: FRAMEWORK }, task_id: { value: id } },
  });
}

function remove(world: World, id: string): void {
  world.send({
    type: 'operatorCall',
    request: requestId('r'),
    call: {
      type: AgentCall_Type.REMOVE_CONTAINER,
      remove_container: { container_id: { value: id } },
    },
  });
}

const isUpdate = ({ message }: { readonly message: { readonly name: string } }) =>
  message.name === 'StatusUpdateMessage';

describe('while the disk takes nothing', () => {
  let world: World;

  beforeEach(() => {
    world = new World();
    world.register();
    for (const id of ['filler', 'other']) {
      world.runTask(commandTask(id), checkpointing);
    }
    for (const launched of world.take('launchExecutor')) {
      world.subscribe(launched);
      const id = launched.executor.executor_id.value;
      world.update(id, status(id, TaskState.TASK_RUNNING));
    }
    world.acknowledgeAll();
    world.commitsAtOnce = false;
    world.update('other', status('other', TaskState.TASK_FINISHED));
    world.effects = [];
  });

  test('pings are answered', () => {
    world.send({
      type: 'masterMessage',
      from: OBSERVER,
      message: { name: 'PingAgentMessage', body: { connected: true } },
    });
    expect(world.sent('PongAgentMessage')).toHaveLength(1);
  });

  test('the task that fills it can be killed', () => {
    kill(world, 'filler');
    expect(world.take('sendToExecutor').map(({ event }) => event.type)).toEqual([
      ExecutorEvent_Type.KILL,
    ]);
  });

  test('a kill does not overtake the launch that it ends', () => {
    world.commit();
    world.commitsAtOnce = true;
    world.runTask(executorTask('one'), checkpointing);
    const [launched] = world.take('launchExecutor');
    const stream = world.subscribe(launched ?? expect.fail());
    world.effects = [];
    world.commitsAtOnce = false;
    world.runTask(executorTask('two'), checkpointing, false);
    kill(world, 'two');
    expect(world.eventsOf(stream)).toEqual([]);
    world.commit();
    expect(world.eventsOf(stream).map(({ type }) => type)).toEqual([
      ExecutorEvent_Type.LAUNCH,
      ExecutorEvent_Type.KILL,
    ]);
  });

  test('what a container has left can be removed, which makes room', () => {
    remove(world, 'alone');
    expect(world.take('removeContainer')).toMatchObject([{ containerId: 'alone' }]);
  });

  test('a removal does not overtake the launch before it', () => {
    world.send({
      type: 'operatorCall',
      request: requestId('r'),
      call: {
        type: AgentCall_Type.LAUNCH_CONTAINER,
        launch_container: {
          container_id: { value: 'alone' },
          command: { value: 'true' },
        },
      },
    });
    remove(world, 'alone');
    const asked = () =>
      world.effects.map(({ type }) => type).filter((type) => type.endsWith('Container'));
    expect(asked()).toEqual([]);
    world.commit();
    expect(asked()).toEqual(['launchContainer', 'removeContainer']);
  });

  test('an update that waits for it is not sent again, and leaves once', () => {
    world.pass(60_000);
    expect(world.sent('StatusUpdateMessage')).toEqual([]);
    world.commit();
    expect(world.sent('StatusUpdateMessage')).toMatchObject([
      { update: { status: { state: TaskState.TASK_FINISHED } } },
    ]);
  });

  test('nor is it after registrations, or for new schedulers of its framework, meanwhile', () => {
    for (let times = 0; times < 2; times++) {
      world.send({ type: 'masterDetected', master: MASTER });
      world.pass(1_000);
      world.fromMaster({
        name: 'AgentReregisteredMessage',
        body: { agent_id: { value: AGENT_ID } },
      });
      world.fromMaster({
        name: 'UpdateFrameworkMessage',
        body: { framework_id: { value: FRAMEWORK }, pid: '', framework_info: checkpointing },
      });
    }
    world.commit();
    expect(world.sent('StatusUpdateMessage')).toMatchObject([
      { update: { status: { state: TaskState.TASK_FINISHED } } },
    ]);
    // Once it has left, it is sent again as ever.
    world.pass(10_000);
    expect(world.sent('StatusUpdateMessage')).toHaveLength(1);
  });

  test('it goes to the master that leads by then as well', () => {
    const next = 'master@10.0.0.8:5050';
    world.send({ type: 'masterDetected', master: next });
    world.pass(1_000);
    world.fromMaster(
      { name: 'AgentReregisteredMessage', body: { agent_id: { value: AGENT_ID } } },
      next,
    );
    world.commit();
    expect(
      world
        .take('sendToMaster')
        .filter(isUpdate)
        .map(({ to }) => to),
    ).toEqual([MASTER, next]);
  });

  test('the agent can be stopped, and has asked for all to be written first', () => {
    const effects = world.send({ type: 'stop', how: 'leave' }).map(({ type }) => type);
    expect(effects.at(-1)).toBe('exit');
    expect(world.exited).toMatchObject({ code: 0 });
  });

  test('an agent that is started on it registers with the tasks it knows', () => {
    const again = new World({ ...world.options, seed: 8 });
    again.commitsAtOnce = false;
    again.start(onDisk(world.durable));
    again.send({ type: 'masterDetected', master: MASTER });
    again.subscribeAgain('filler');
    again.subscribeAgain('other');
    again.pass(1_000);
    expect(again.take('checkpoint')).toEqual([]);
    expect(again.sent('ReregisterAgentMessage')).toMatchObject([
      {
        agent: { id: { value: AGENT_ID } },
        tasks: [{ state: TaskState.TASK_RUNNING }, { state: TaskState.TASK_RUNNING }],
      },
    ]);
  });

  test('an agent with news to store registers with them all the same', () => {
    const again = new World({ ...world.options, seed: 8 });
    again.commitsAtOnce = false;
    again.start(onDisk(world.durable));
    again.subscribeAgain('filler');
    again.subscribeAgain('other');
    again.update('other', status('other', TaskState.TASK_FINISHED));
    again.send({ type: 'masterDetected', master: MASTER });
    again.pass(1_000);
    expect(again.sent('ReregisterAgentMessage')).toEqual([]);
    again.send({ type: 'checkpointStalled' });
    again.pass(60_000);
    expect(again.sent('ReregisterAgentMessage').length).toBeGreaterThan(0);
    expect(again.take('link').length).toBeGreaterThan(0);
    expect(again.sent('StatusUpdateMessage')).toEqual([]);
  });
});

test.each(['UPDATE', 'MESSAGE'] as const)(
  'what executors say with %s waits for the disk up to a bound, and is taken again afterwards',
  (type) => {
    const world = new World();
    world.register();
    world.runTask(executorTask('t1'), checkpointing);
    const [launched] = world.take('launchExecutor');
    if (launched === undefined) {
      throw new Error('nothing launched');
    }
    world.subscribe(launched);
    world.update('ex', status('t1', TaskState.TASK_RUNNING));
    world.effects = [];
    const data = new Uint8Array(1_000_000);
    const say = () =>
      type === 'UPDATE'
        ? world.update('ex', status('t1', TaskState.TASK_RUNNING, { data }))
        : world.send({
            type: 'executorCall',
            request: requestId('r'),
            call: {
              type: ExecutorCall_Type.MESSAGE,
              framework_id: { value: FRAMEWORK },
              executor_id: { value: 'ex' },
              message: { data },
            },
          });
    world.commitsAtOnce = false;
    world.update('ex', status('t1', TaskState.TASK_RUNNING));
    for (let count = 0; count < 100; count++) {
      say();
    }
    const refused = world.take('reply');
    expect(refused).toHaveLength(32);
    expect(refused[0]).toMatchObject({ status: 503, text: 'The agent waits for its disk' });
    world.commitsAtOnce = true;
    world.commit();
    expect(world.take('reply').map((reply) => reply.status)).toEqual(Array(69).fill(202));
    say();
    expect(world.take('reply')).toMatchObject([{ status: 202 }]);
    expect(world.agent.outbox.heldBytes).toBe(0);
  },
);
