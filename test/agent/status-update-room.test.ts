// Updates without acknowledgement: those of one executor and those of all have a bound, in memory
// and in the checkpoint, and only as many are sent at a time as a connection can carry.
import { expect, test } from 'vitest';
import { MAX_UPDATE_BYTES } from '../../src/agent/tasks/status-update-room.ts';
import { WINDOW_BYTES } from '../../src/agent/tasks/status-update-window.ts';
import { type StatusUpdate, TaskState } from '../../src/model/generated/messages.ts';
import { frameworkId, taskId } from '../../src/model/ids.ts';
import { parseResources } from '../../src/model/resource-text.ts';
import { onDisk } from './disk.ts';
import { executorInfo, executorTask, FRAMEWORK, frameworkInfo, status, World } from './harness.ts';

const MEGABYTE = 1_000_000;
const large = () => new Uint8Array(MEGABYTE);

function launch(world: World, task: string, executor: string, framework = frameworkInfo()): void {
  world.runTask(executorTask(task, executorInfo(executor, { resources: [] })), framework);
  const [launched] = world.take('launchExecutor');
  if (launched === undefined) {
    throw new Error('nothing launched');
  }
  world.subscribe(launched);
  world.effects = [];
}

function started(executors = ['ex'], framework = frameworkInfo()): World {
  const world = new World({ resources: parseResources('cpus:16;mem:4096') });
  world.register();
  for (const executor of executors) {
    launch(world, `t-${executor}`, executor, framework);
  }
  return world;
}

/**
 * The executor sends this many updates, each of another task that does not exist; returns the
 * responses.
 */
function flood(world: World, executor: string, count: number): string[] {
  for (let index = 0; index < count; index++) {
    const id = `${executor}-made-up-${index}`;
    world.update(executor, status(id, TaskState.TASK_RUNNING, { data: large() }));
  }
  return world
    .take('reply')
    .filter((reply) => reply.status === 503)
    .map(({ text }) => text ?? '');
}

const EXECUTOR_BOUND =
  'Updates of the executor that wait for acknowledgements would have more than 16777216 bytes';

test('an executor hears 503, with the bound, when its updates that wait are too large together', () => {
  const world = started();
  const refused = flood(world, 'ex', 20);
  expect(refused).toEqual([EXECUTOR_BOUND, EXECUTOR_BOUND, EXECUTOR_BOUND, EXECUTOR_BOUND]);
});

test('an update that was refused is not acknowledged, and is taken when others have been', () => {
  const world = started();
  flood(world, 'ex', 16);
  const last = status('t-ex', TaskState.TASK_RUNNING, { data: large() });
  world.update('ex', last);
  expect(world.take('reply')).toMatchObject([{ status: 503, text: EXECUTOR_BOUND }]);
  expect(world.take('sendToExecutor').map(({ event }) => event.acknowledged?.uuid)).not.toContain(
    last.uuid,
  );
  world.acknowledgeAll();
  world.update('ex', last);
  expect(world.take('reply')).toMatchObject([{ status: 202 }]);
  expect(world.acknowledgeAll()).toEqual([TaskState.TASK_RUNNING]);
  expect(world.agent.updateRoom.bytes).toBe(0);
});

test('a small update is taken though there is no room, in place of those before it', () => {
  const world = started();
  flood(world, 'ex', 13);
  for (let index = 0; index < 3; index++) {
    world.update('ex', status('t-ex', TaskState.TASK_RUNNING, { data: large() }));
  }
  // Room is left for the small update, and not for the most updates that there may be.
  for (let index = 0; index < 400; index++) {
    world.update('ex', status('t-ex', TaskState.TASK_RUNNING, { data: new Uint8Array(3_000) }));
  }
  world.update('ex', status('t-ex', TaskState.TASK_FINISHED));
  expect(world.take('reply').every((reply) => reply.status === 202)).toBe(true);
  expect(world.agent.updateRoom.bytes).toBeLessThan(17 * 1024 * 1024);
  expect(world.acknowledgeAll().at(-1)).toBe(TaskState.TASK_FINISHED);
});

test('updates of all executors have a bound, and a framework with less than its part has room', () => {
  const world = started(['a', 'b', 'c', 'd', 'e']);
  const refused = ['a', 'b', 'c', 'd', 'e'].flatMap((executor) => flood(world, executor, 16));
  expect(new Set(refused)).toEqual(
    new Set([
      'Updates of all executors that wait for acknowledgements would have more than 67108864 bytes',
    ]),
  );
  expect(world.agent.updateRoom.bytes).toBeLessThanOrEqual(MAX_UPDATE_BYTES);
  const other: StatusUpdate = {
    framework_id: { value: 'another' },
    executor_id: { value: 'ex' },
    status: status('t', TaskState.TASK_RUNNING, { data: large() }),
    timestamp: 0,
  };
  expect(world.agent.updateRoom.refusal(other)).toBeUndefined();
});

test('of a task that the agent does not know, the update on its way and the latest wait', () => {
  const world = started();
  for (let index = 0; index < 10; index++) {
    world.update('ex', status('made-up', TaskState.TASK_RUNNING, { timestamp: index }));
  }
  const streams = world.agent.updates.get(frameworkId(FRAMEWORK));
  const waiting = streams?.get(taskId('made-up'))?.pending ?? [];
  expect(waiting.map((update) => update.status.timestamp)).toEqual([0, 9]);
});

const bytesOf = (updates: readonly { readonly update: StatusUpdate }[]) =>
  updates.reduce((sum, { update }) => sum + (update.status.data?.length ?? 0), 0);

test('of the updates of a framework, so many are sent at once; the next goes when one is acknowledged', () => {
  const world = started();
  flood(world, 'ex', 16);
  const first = world.sent('StatusUpdateMessage');
  expect(first).toHaveLength(8);
  expect(bytesOf(first)).toBeLessThanOrEqual(WINDOW_BYTES);
  world.acknowledge('ex-made-up-3', first[3]?.update.uuid);
  const next = world.sent('StatusUpdateMessage').map(({ update }) => update.status.task_id.value);
  expect(next).toEqual(['ex-made-up-8']);
});

test('what is not acknowledged in time makes way for the others, and is sent again in turn', () => {
  const world = started();
  flood(world, 'ex', 16);
  const sent = world.sent('StatusUpdateMessage');
  for (let round = 0; round < 5; round++) {
    world.pass(10_000);
    const again = world.sent('StatusUpdateMessage');
    expect(bytesOf(again)).toBeLessThanOrEqual(2 * WINDOW_BYTES);
    sent.push(...again);
  }
  const ids = new Set(sent.map(({ update }) => update.status.task_id.value));
  expect(ids.size).toBe(16);
});

test('a registration has a window of updates sent, not all that wait', () => {
  const world = started(['a', 'b', 'c']);
  for (const executor of ['a', 'b', 'c']) {
    flood(world, executor, 16);
  }
  world.send({ type: 'linkLost', address: '10.0.0.1:5050' });
  world.pass(10_000);
  world.effects = [];
  world.fromMaster({
    name: 'AgentReregisteredMessage',
    body: { agent_id: { value: world.agent.id ?? '' } },
  });
  expect(bytesOf(world.sent('StatusUpdateMessage'))).toBe(8 * MEGABYTE);
  let acknowledged = 0;
  world.fromMaster({
    name: 'AgentReregisteredMessage',
    body: { agent_id: { value: world.agent.id ?? '' } },
  });
  for (const [task, { pending }] of world.agent.updates.get(frameworkId(FRAMEWORK)) ?? []) {
    world.acknowledge(task, pending[0]?.uuid);
    acknowledged++;
  }
  expect(acknowledged).toBe(48);
  expect(world.agent.updateRoom.bytes).toBe(0);
});

test('an update of another framework is sent though the first one acknowledges nothing', () => {
  const world = started();
  flood(world, 'ex', 16);
  world.effects = [];
  const id = { value: 'another' };
  const other = executorTask('theirs', executorInfo('x', { framework_id: id }));
  world.runTask(other, frameworkInfo({ id }));
  world.fromMaster({
    name: 'KillTaskMessage',
    body: { framework_id: { value: 'another' }, task_id: { value: 'theirs' } },
  });
  const sent = world.sent('StatusUpdateMessage');
  expect(sent.map(({ update }) => update.status.task_id.value)).toEqual(['theirs']);
});

test('the checkpoint holds what waits, and the newest of what was acknowledged without its bulk', () => {
  const world = started(['ex'], frameworkInfo({ checkpoint: true }));
  const taskOf = () => onDisk(world.durable).frameworks[0]?.executors[0]?.tasks[0];
  for (let index = 0; index < 50; index++) {
    world.update('ex', status('t-ex', TaskState.TASK_RUNNING, { data: large() }));
  }
  expect(taskOf()?.updates).toHaveLength(8);
  world.acknowledgeAll();
  for (let index = 0; index < 50; index++) {
    world.update('ex', status('t-ex', TaskState.TASK_RUNNING, { data: large() }));
    world.acknowledgeAll();
  }
  const updates = taskOf()?.updates ?? [];
  expect(updates).toHaveLength(25);
  expect(updates.filter(({ status: { data } }) => data !== undefined)).toEqual([]);
  expect(updates.at(-1)?.status.state).toBe(TaskState.TASK_RUNNING);
});
