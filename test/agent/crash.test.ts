// A crash at any moment: the agent still knows everything that it has told master or executors
// about checkpointing frameworks.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ExecutorEvent_Type, TaskState } from '../../src/model/generated/messages.ts';
import { frameworkId, taskId } from '../../src/model/ids.ts';
import { isTerminal } from '../../src/model/task-state.ts';
import { onDisk } from './disk.ts';
import { commandTask, executorTask, FRAMEWORK, frameworkInfo, status, World } from './harness.ts';

const checkpointing = frameworkInfo({ checkpoint: true });
const tasks = ['a', 'b', 'c'];
const task = fc.constantFrom(...tasks);
const state = fc.constantFrom(
  TaskState.TASK_STARTING,
  TaskState.TASK_RUNNING,
  TaskState.TASK_FINISHED,
  TaskState.TASK_FAILED,
);

/** What has left the agent, as the world remembers it. */
interface Heard {
  readonly launched: Set<string>;
  readonly reported: Map<string, TaskState>;
  readonly acknowledged: Set<string>;
}

type Act = (world: World, heard: Heard) => void;

const act: fc.Arbitrary<Act> = fc.oneof(
  task.map(
    (id): Act =>
      (world) =>
        world.runTask(commandTask(id), checkpointing),
  ),
  task.map(
    (id): Act =>
      (world) =>
        world.runTask(executorTask(id), checkpointing, id === 'a'),
  ),
  fc.constantFrom('ex', ...tasks).map(
    (id): Act =>
      (world) =>
        world.subscribeAgain(id),
  ),
  fc.tuple(fc.constantFrom('ex', ...tasks), task, state).map(
    ([executor, id, to]): Act =>
      (world) =>
        world.update(executor, status(id, to)),
  ),
  task.map(
    (id): Act =>
      (world) =>
        world.fromMaster({
          name: 'KillTaskMessage',
          body: { framework_id: { value: FRAMEWORK }, task_id: { value: id } },
        }),
  ),
  fc.nat(3).map(
    (index): Act =>
      (world) => {
        const executor = [...world.agent.containers.values()][index];
        if (executor !== undefined) {
          world.containerEnded(executor.executorId, executor.containerId);
        }
      },
  ),
  fc.constant<Act>((world) => world.commit()),
  fc.constant<Act>((world) => world.commit()),
  fc.constant<Act>((world) => world.pass(1_500)),
);

const isHere = (world: World, id: string) =>
  [...world.agent.frameworks.values()].some((framework) => framework.tasks.has(taskId(id)));

/** Notes what was sent, and acknowledges a part of it. */
function listen(world: World, heard: Heard, acknowledges: boolean): void {
  for (const { event } of world.take('sendToExecutor')) {
    if (event.type === ExecutorEvent_Type.LAUNCH && event.launch !== undefined) {
      heard.launched.add(event.launch.task.task_id.value);
    }
  }
  for (const { update } of world.sent('StatusUpdateMessage')) {
    const id = update.status.task_id.value;
    // A refused task was never here, nor is one that an executor invents; their ids may be used
    // again.
    if (update.status.state !== TaskState.TASK_LOST && isHere(world, id)) {
      heard.reported.set(id, update.status.state);
      heard.acknowledged.delete(id);
    }
    if (acknowledges) {
      if (isTerminal(update.status.state)) {
        heard.acknowledged.add(id);
      }
      world.acknowledge(id, update.uuid);
    }
  }
}

test('nothing is announced that a crash could take back', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(act, fc.boolean()), { maxLength: 30 }), (acts) => {
      const world = new World();
      world.register();
      world.commitsAtOnce = false;
      const heard: Heard = {
        launched: new Set(),
        reported: new Map(),
        acknowledged: new Set(),
      };
      for (const [one, acknowledges] of acts) {
        one(world, heard);
        listen(world, heard, acknowledges);
      }
      const after = new World({ seed: 8 });
      after.start(onDisk(world.durable));
      const known = after.agent.frameworks.get(frameworkId(FRAMEWORK))?.tasks;
      for (const id of [...heard.launched, ...heard.reported.keys()]) {
        const isWanted = !heard.acknowledged.has(id) && world.agent.frameworks.size > 0;
        if (isWanted && isHere(world, id)) {
          expect([id, known?.has(taskId(id))]).toEqual([id, true]);
        }
      }
    }),
    { seed: Number(process.env.SEED ?? 1), numRuns: 300 },
  );
});
