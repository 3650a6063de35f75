// Random events that an agent may get.
import fc from 'fast-check';
import { TaskState } from '../../src/model/generated/messages.ts';
import {
  AGENT_ID,
  commandTask,
  executorInfo,
  executorTask,
  FRAMEWORK,
  frameworkInfo,
  MASTER,
  OBSERVER,
  scalar,
  type World,
} from './harness.ts';

const task = fc.constantFrom('a', 'b', 'c');
const state = fc.constantFrom(...Object.values(TaskState));
const checkpoint = fc.boolean();
const ids = { framework_id: { value: FRAMEWORK } };

type Act = (world: World) => void;

/** One of many kinds of events; there are few ids, so that events are about the same things. */
export const act: fc.Arbitrary<Act> = fc.oneof(
  fc.tuple(task, checkpoint, fc.integer({ min: 1, max: 5 })).map(
    ([id, checkpointing, cpus]): Act =>
      (world) =>
        world.runTask(
          commandTask(id, { resources: [scalar('cpus', cpus)] }),
          frameworkInfo({ checkpoint: checkpointing }),
        ),
  ),
  fc.tuple(task, checkpoint, fc.boolean()).map(
    ([id, checkpointing, starts]): Act =>
      (world) =>
        world.runTask(executorTask(id), frameworkInfo({ checkpoint: checkpointing }), starts),
  ),
  fc.tuple(task, fc.boolean()).map(
    ([id, starts]): Act =>
      (world) =>
        world.fromMaster({
          name: 'RunTaskGroupMessage',
          body: {
            framework: frameworkInfo(),
            executor: { ...executorInfo('ex'), type: 2 },
            task_group: { tasks: [executorTask(id), executorTask(`${id}-2`)] },
            launch_executor: starts,
          },
        }),
  ),
  task.map(
    (id): Act =>
      (world) =>
        world.fromMaster({
          name: 'KillTaskMessage',
          body: { ...ids, task_id: { value: id } },
        }),
  ),
  fc.constantFrom('ex', 'a', 'b').map(
    (id): Act =>
      (world) =>
        world.fromMaster({
          name: 'ShutdownExecutorMessage',
          body: { ...ids, executor_id: { value: id } },
        }),
  ),
  fc.constant<Act>((world) => world.fromMaster({ name: 'ShutdownFrameworkMessage', body: ids })),
  fc.constant<Act>((world) =>
    world.fromMaster({ name: 'DrainAgentMessage', body: { config: {} } }),
  ),
  fc.constant<Act>((world) =>
    world.fromMaster({ name: 'PingAgentMessage', body: { connected: false } }, OBSERVER),
  ),
  fc.constant<Act>((world) => world.send({ type: 'linkLost', address: '10.0.0.1:5050' })),
  fc.constant<Act>((world) => world.send({ type: 'masterDetected', master: MASTER })),
  fc.constant<Act>((world) =>
    world.fromMaster({ name: 'AgentReregisteredMessage', body: { agent_id: { value: AGENT_ID } } }),
  ),
  fc.constantFrom('ex', 'a', 'b', 'c').map(
    (id): Act =>
      (world) =>
        world.subscribeAgain(id),
  ),
  fc.tuple(fc.constantFrom('ex', 'a', 'b'), task, state).map(
    ([executor, id, to]): Act =>
      (world) => {
        const uuid = world.uuid();
        world.update(executor, { task_id: { value: id }, state: to, source: 2, uuid });
      },
  ),
  fc.nat(5).map(
    (index): Act =>
      (world) => {
        const executor = [...world.agent.containers.values()][index];
        if (executor !== undefined) {
          world.containerEnded(executor.executorId, executor.containerId);
        }
      },
  ),
  fc.constant<Act>((world) => {
    world.acknowledgeAll();
  }),
  fc.constant<Act>((world) => world.commit()),
  fc.constantFrom(100, 5_000, 70_000).map(
    (ms): Act =>
      (world) =>
        world.pass(ms),
  ),
);
