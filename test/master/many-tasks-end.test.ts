// Resources of a framework or agent that ends are recovered all at once, and not task by task: with
// this many tasks the core would work for seconds.
import { expect, test } from 'vitest';
import { createCore } from '../../src/core/core.ts';
import type { MasterOptions } from '../../src/master/options.ts';
import {
  type FrameworkInfo,
  FrameworkInfo_Capability_Type,
  MasterCall_Type,
  TaskState,
} from '../../src/model/generated/messages.ts';
import { agentId, frameworkId } from '../../src/model/ids.ts';
import { Traps } from '../support/traps.ts';
import { coreModule } from './core.ts';
import { resources, World } from './harness.ts';

function withTasks(
  count: number,
  options: Partial<MasterOptions> = {},
  info: Partial<FrameworkInfo> = {},
  hasExecutors = false,
) {
  const counted = new Traps(coreModule);
  const world = new World(options, { core: createCore(coreModule, counted.instantiate) });
  const agent = world.agent();
  const framework = world.framework({ checkpoint: true, ...info });
  const tasks = Array.from({ length: count }, (_, index) => ({
    task_id: { value: `t${index}` },
    resources: resources('cpus:0.001;mem:1'),
    ...(hasExecutors && {
      executor: {
        executor_id: { value: `e${index}` },
        command: { value: 'run' },
        resources: resources('cpus:0.01;mem:32'),
      },
    }),
  }));
  world.allocate();
  framework.launch(framework.offer(), ...tasks);
  expect(world.master.agents.registered.get(agentId(agent.id))?.taskSizes.size).toBe(count);
  const calls = (work: () => void) => {
    const before = counted.calls;
    work();
    return counted.calls - before;
  };
  return { world, agent, framework, calls };
}

test('a framework', () => {
  const end = (count: number) => {
    const { world, agent, framework, calls } = withTasks(count);
    const made = calls(() => framework.call('TEARDOWN'));
    const { allocator, agents } = world.master;
    const total = agents.registered.get(agentId(agent.id))?.total ?? [];
    expect(world.master.algebra.equal(allocator.free(agentId(agent.id)), total)).toBe(true);
    return made;
  };
  expect(end(50)).toBe(end(1));
});

test('of a framework with more tasks than its history has room for, all count and the last are kept', () => {
  const watched = (isWatched: boolean) => {
    const { world, agent, framework } = withTasks(50, { maxCompletedTasksPerFramework: 10 });
    const [known] = world.master.agents.registered.values();
    agent.update(framework, 't0', TaskState.TASK_RUNNING);
    agent.update(framework, 't1', TaskState.TASK_FINISHED);
    agent.update(framework, 't2', TaskState.TASK_STAGING, {
      latestState: TaskState.TASK_FAILED,
    });
    if (isWatched) {
      world.operate({ type: MasterCall_Type.SUBSCRIBE });
    }
    framework.call('TEARDOWN');
    const ended = world.master.frameworks.completed.get(frameworkId(framework.id));
    expect(world.operatorEvents.length > 50).toBe(isWatched);
    const { values, taskReasons, tasksByState } = world.master.counters;
    return {
      tasksKilled: values.tasks_killed,
      taskReasons: [...taskReasons],
      tasksByState,
      ofFramework: ended?.counters,
      left: [ended?.tasks.size, known?.tasks.size, known?.taskSizes.size],
      bytes: [known?.bytes, known?.statusBytes, known?.frameworkBytes.size],
      completed: [...(ended?.completedTasks ?? [])],
    };
  };
  const quiet = watched(false);
  expect(quiet).toEqual(watched(true));
  expect(quiet.tasksKilled).toBe(48);
  expect(quiet.left).toEqual([0, 0, 0]);
  expect(quiet.completed.map(({ task_id, state }) => [task_id.value, state])).toEqual(
    Array.from({ length: 10 }, (_, index) => [`t${40 + index}`, TaskState.TASK_KILLED]),
  );
  expect(quiet.completed.every(({ statuses }) => statuses?.length === 1)).toBe(true);
});

test('an agent that is gone', () => {
  const end = (count: number) => {
    const { world, agent, framework, calls } = withTasks(count);
    const made = calls(() =>
      world.operate({
        type: MasterCall_Type.MARK_AGENT_GONE,
        mark_agent_gone: { agent_id: { value: agent.id } },
      }),
    );
    expect(framework.statuses()).toHaveLength(count);
    return made;
  };
  expect(end(50)).toBe(end(1));
});

test('an agent that unregisters', () => {
  const end = (count: number) => {
    const { agent, framework, calls } = withTasks(count);
    const made = calls(() =>
      agent.send('UnregisterAgentMessage', { agent_id: { value: agent.id } }),
    );
    expect(framework.statuses()).toHaveLength(count);
    return made;
  };
  expect(end(50)).toBe(end(1));
});

test.for([false, true])(
  'an agent that is disconnected, with executors of tasks: %s',
  (hasExecutors) => {
    const end = (count: number) => {
      const made = withTasks(count, {}, { checkpoint: false }, hasExecutors);
      const { world, agent, framework, calls } = made;
      const id = agentId(agent.id);
      expect(world.master.agents.registered.get(id)?.executors.size).toBe(hasExecutors ? 1 : 0);
      const address = world.master.agents.registered.get(id)?.address ?? '';
      const needed = calls(() => world.dispatch({ type: 'linkLost', address }));
      expect(framework.statuses()).toHaveLength(count);
      expect(world.master.agents.registered.get(id)?.executors.size).toBe(0);
      const total = world.master.agents.registered.get(id)?.total ?? [];
      expect(world.master.algebra.equal(world.master.allocator.free(id), total)).toBe(true);
      return needed;
    };
    expect(end(50)).toBe(end(1));
  },
);

type WithTasks = ReturnType<typeof withTasks>;

/** Ways in which the tasks of one agent end. */
const agentEnds: Readonly<Record<string, (made: WithTasks) => void>> = {
  'is gone': ({ world, agent }) =>
    world.operate({
      type: MasterCall_Type.MARK_AGENT_GONE,
      mark_agent_gone: { agent_id: { value: agent.id } },
    }),
  unregisters: ({ agent }) =>
    agent.send('UnregisterAgentMessage', { agent_id: { value: agent.id } }),
  'is disconnected': ({ world, agent }) => {
    const address = world.master.agents.registered.get(agentId(agent.id))?.address ?? '';
    world.dispatch({ type: 'linkLost', address });
  },
  'is unreachable': ({ world }) => {
    world.answersPings = false;
    world.advance(200_000);
  },
};

/** Ways in which many tasks end at once. */
const massEnds: typeof agentEnds = {
  ...agentEnds,
  'has a framework that ends': ({ framework }) => framework.call('TEARDOWN'),
};

test.for(Object.keys(massEnds))(
  'of an agent that %s, readers hear of every end, whether a history keeps it or not',
  (how) => {
    const told = (kept: number) => {
      const limits = {
        maxCompletedTasksPerFramework: kept,
        maxUnreachableTasksPerFramework: kept,
      };
      const made = withTasks(50, limits, { checkpoint: how !== 'is disconnected' });
      made.agent.update(made.framework, 't0', TaskState.TASK_RUNNING);
      made.agent.update(made.framework, 't1', TaskState.TASK_FINISHED);
      made.world.operate({ type: MasterCall_Type.SUBSCRIBE });
      made.world.operatorEvents.length = 0;
      massEnds[how]?.(made);
      return { events: made.world.operatorEvents, statuses: made.framework.statuses() };
    };
    const { events, statuses } = told(10);
    expect(events.length).toBeGreaterThanOrEqual(49);
    expect({ events, statuses }).toEqual(told(1000));
  },
);

const { MULTI_ROLE, PARTITION_AWARE } = FrameworkInfo_Capability_Type;

test.for(
  Object.keys(agentEnds).flatMap((how) =>
    [[MULTI_ROLE], [MULTI_ROLE, PARTITION_AWARE]].map((types) => ({ how, types })),
  ),
)(
  'of an agent that $how, with capabilities $types, all tasks count and the last are kept',
  ({ how, types }) => {
    const ended = (isWatched: boolean) => {
      const made = withTasks(
        50,
        { maxCompletedTasksPerFramework: 10, maxUnreachableTasksPerFramework: 10 },
        {
          checkpoint: how !== 'is disconnected',
          capabilities: types.map((type) => ({ type })),
        },
      );
      const { world, agent, framework } = made;
      const id = agentId(agent.id);
      const known = world.master.agents.registered.get(id);
      agent.update(framework, 't0', TaskState.TASK_RUNNING);
      agent.update(framework, 't1', TaskState.TASK_FINISHED);
      agent.update(framework, 't2', TaskState.TASK_STAGING, { latestState: TaskState.TASK_FAILED });
      const before = framework.statuses().length;
      if (isWatched) {
        world.operate({ type: MasterCall_Type.SUBSCRIBE });
      }
      agentEnds[how]?.(made);
      const { agents, allocator, counters, frameworks } = world.master;
      const owner = frameworks.registered.get(frameworkId(framework.id));
      return {
        told: framework.statuses().slice(before),
        values: counters.values,
        taskReasons: [...counters.taskReasons],
        tasksByState: counters.tasksByState,
        ofFramework: owner?.counters,
        left: [owner?.tasks.size, known?.tasks.size, known?.taskSizes.size],
        bytes: [known?.bytes, known?.statusBytes, known?.frameworkBytes.size],
        free: agents.registered.has(id) ? allocator.free(id) : [],
        completed: [...(owner?.completedTasks ?? [])],
        unreachable: [...(owner?.unreachableTasks.values() ?? [])],
      };
    };
    const quiet = ended(false);
    expect(quiet).toEqual(ended(true));
    expect(quiet.told).toHaveLength(50);
    expect(quiet.left).toEqual([0, 0, 0]);
    expect(quiet.completed.length + quiet.unreachable.length).toBe(10);
  },
);

test('tasks that come back are looked for in the history of their framework once, not one by one', () => {
  const looked = (count: number) => {
    const { world, agent, framework } = withTasks(count, { maxCompletedTasksPerFramework: 10 });
    const known = world.master.agents.registered.get(agentId(agent.id));
    const tasks = [...(known?.tasks.get(frameworkId(framework.id))?.values() ?? [])];
    const listed = structuredClone(tasks);
    world.answersPings = false;
    world.advance(200_000);
    const history = world.master.frameworks.registered.get(frameworkId(framework.id));
    const ended = listed.map((task) => ({
      ...task,
      task_id: { value: `ended-${task.task_id.value}` },
    }));
    for (const task of [...ended.slice(0, 5), ...listed.slice(0, 5)]) {
      history?.completedTasks.push(task);
    }
    let reads = 0;
    for (const task of history?.completedTasks ?? []) {
      const { task_id } = task;
      Object.defineProperty(task, 'task_id', {
        get: () => {
          reads++;
          return task_id;
        },
      });
    }
    agent.reregister({
      tasks: structuredClone(listed),
      frameworks: [{ ...framework.info, id: { value: framework.id } }],
    });
    const kept = [...(history?.completedTasks ?? [])].map((task) => task.task_id.value);
    expect(kept).toEqual(['t0', 't1', 't2', 't3', 't4'].map((id) => `ended-${id}`));
    return reads;
  };
  expect(looked(50)).toBe(looked(10));
});
