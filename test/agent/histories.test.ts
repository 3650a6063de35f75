// An agent's history of ended tasks and executors has a bound in bytes, besides that in number.
import { expect, test } from 'vitest';
import type { FrameworkInfo, TaskInfo } from '../../src/model/generated/messages.ts';
import { TaskState } from '../../src/model/generated/messages.ts';
import { executorId, frameworkId } from '../../src/model/ids.ts';
import { messageSize } from '../../src/model/message-size.ts';
import {
  AGENT_ID,
  commandTask,
  executorTask,
  FRAMEWORK,
  frameworkInfo,
  MASTER,
  runToEnd,
  status,
  World,
} from './harness.ts';

const MEGABYTE = 1_000_000;
const large = { labels: { labels: [{ key: 'k', value: 'x'.repeat(MEGABYTE) }] } };

function registeredWorld(): World {
  const world = new World();
  world.register();
  return world;
}

/** One executor that runs the tasks one after the other, and stays. */
function runInOneExecutor(world: World, count: number, task: (id: string) => TaskInfo): void {
  for (let index = 0; index < count; index++) {
    const id = `t${index}`;
    world.runTask(task(id), frameworkInfo(), index === 0);
    const [launched] = world.take('launchExecutor');
    if (launched !== undefined) {
      world.subscribe(launched);
    }
    world.update('ex', status(id, TaskState.TASK_FINISHED));
    world.acknowledgeAll();
    world.effects = [];
  }
}

/** Runs a task of any framework until its end is acknowledged. */
function runOf(world: World, task: TaskInfo, framework: FrameworkInfo): void {
  const id = framework.id ?? { value: '' };
  world.runTask(task, framework);
  const [launched] = world.take('launchExecutor');
  if (launched === undefined) {
    throw new Error('nothing launched');
  }
  world.send({
    type: 'containerEnded',
    frameworkId: frameworkId(id.value),
    executorId: executorId(launched.executor.executor_id.value),
    containerId: launched.containerId,
    waitStatus: 0,
  });
  for (const { update } of world.sent('StatusUpdateMessage')) {
    world.fromMaster({
      name: 'StatusUpdateAcknowledgementMessage',
      body: {
        agent_id: { value: AGENT_ID },
        framework_id: id,
        task_id: update.status.task_id,
        uuid: update.uuid ?? new Uint8Array(),
      },
    });
  }
  world.effects = [];
}

test('the large tasks of one executor take no more than the bound; its newest are kept', () => {
  const world = registeredWorld();
  runInOneExecutor(world, 100, (id) => ({ ...executorTask(id), ...large }));
  const [executor] = world.agent.frameworks.get(frameworkId(FRAMEWORK))?.executors.values() ?? [];
  const kept = executor?.completed.map(({ task_id }) => task_id.value);
  expect(kept).toHaveLength(67);
  expect(kept?.at(-1)).toBe('t99');
});

test('the large tasks of many executors do not cost another framework its history', () => {
  const world = registeredWorld();
  runToEnd(world, 'small');
  world.acknowledgeAll();
  const other = frameworkInfo({ id: { value: 'other' } });
  for (let index = 0; index < 100; index++) {
    const id = `t${index}`;
    runOf(world, commandTask(id, large), other);
  }
  const tasksOf = (id: string) =>
    (world.agent.completedFrameworks.get(frameworkId(id))?.completed ?? []).flatMap((executor) =>
      executor.completed.map(({ task_id }) => task_id.value),
    );
  expect(tasksOf(FRAMEWORK)).toEqual(['small']);
  // A command executor has the labels of its task.
  expect(tasksOf('other')).toHaveLength(33);
  expect(tasksOf('other').at(-1)).toBe('t99');
});

test('the infos of completed frameworks count, and one that is back goes on with its history', () => {
  const world = registeredWorld();
  for (let index = 0; index < 50; index++) {
    const info = frameworkInfo({ id: { value: `f${index}` }, ...twoMegabytes });
    runOf(world, commandTask('t1'), info);
  }
  expect(world.agent.completedFrameworks.size).toBe(33);
  const back = frameworkId('f49');
  world.runTask(commandTask('t2'), frameworkInfo({ id: { value: back } }));
  expect(world.agent.completedFrameworks.size).toBe(32);
  expect(world.agent.frameworks.get(back)?.completed).toHaveLength(1);
});

const twoMegabytes = {
  labels: { labels: [1, 2].map(() => ({ key: 'k', value: 'x'.repeat(MEGABYTE) })) },
};

test('a registration tells of no more history than eight megabytes, the newest', () => {
  const world = registeredWorld();
  runInOneExecutor(world, 30, (id) => ({ ...executorTask(id), ...large }));
  const [executor] = world.agent.containers.values();
  if (executor === undefined) {
    throw new Error('nothing runs');
  }
  world.containerEnded('ex', executor.containerId);
  world.send({ type: 'masterDetected', master: undefined });
  world.send({ type: 'masterDetected', master: MASTER });
  world.pass(world.options.registrationBackoffFactorMs);
  const [message] = world.sent('ReregisterAgentMessage');
  const [history] = message?.completed_frameworks ?? [];
  expect(history?.tasks?.at(-1)?.task_id.value).toBe('t29');
  expect(history?.tasks).toHaveLength(8);
  expect(messageSize(message ?? {}, Infinity)).toBeLessThan(9 * MEGABYTE);
});
