// /state of a master whose agent, tasks and executors have everything that it shows, byte for byte.
import { expect, test } from 'vitest';
import {
  ExecutorInfo_Type,
  type Resource,
  type Task,
  TaskState,
} from '../../src/model/generated/messages.ts';
import { items, ports, scalar, volume } from '../core/resources.ts';
import {
  ATTRIBUTES,
  ATTRIBUTES_JSON,
  expectJson,
  messageJson,
  RICH_COMMAND,
  RICH_COMMAND_JSON,
  RICH_STATUS,
  RICH_STATUS_JSON,
  RICH_TASK,
  RICH_TASK_JSON,
  staticallyReserved,
} from '../support/rich-task.ts';
import { FakeAgent, FakeFramework, runningTask, viewer, World } from './harness.ts';

const reserved = (resource: Resource) => staticallyReserved(resource, 'dev');
const revocable = (resource: Resource): Resource => ({ ...resource, revocable: {} });
const allocated = (resource: Resource): Resource => ({
  ...resource,
  allocation_info: { role: 'dev' },
});

/** Used by both tasks. */
const SHARED = reserved(volume(scalar('disk', 100), 'v1', true));

const RESOURCES = [
  scalar('cpus', 8),
  items('names', 'b', 'a', 'c'),
  ports([31000, 31009], [31020, 31029]),
  scalar('tokens', 3),
  scalar('mem', 4096),
  scalar('disk', 500),
  revocable(scalar('cpus', 2)),
  reserved(scalar('cpus', 0.1)),
  staticallyReserved(scalar('cpus', 0.2), 'ops'),
  reserved(ports([31010, 31019])),
  SHARED,
];

const RICH = {
  ...RICH_TASK,
  executor_id: { value: 'e1' },
  resources: [
    scalar('cpus', 0.1),
    items('names', 'b', 'a'),
    reserved(ports([31018, 31019], [31010, 31012], [31013, 31013])),
    revocable(scalar('cpus', 1)),
    scalar('tokens', 1.23456),
    reserved(scalar('cpus', 0.1)),
    SHARED,
  ].map(allocated),
  limits: { mem: { value: 256 }, cpus: { value: 2 } },
  statuses: [
    { task_id: { value: 't1' }, state: TaskState.TASK_STARTING, ...RICH_STATUS },
    {
      task_id: { value: 't1' },
      state: TaskState.TASK_RUNNING,
      labels: {},
      healthy: false,
      container_status: {},
    },
  ],
  user: 'ann',
} satisfies Partial<Task>;

/** Each of its resources is single, but not in the form of a sum. */
const PLAIN = {
  name: '',
  resources: [
    ports([31004, 31005], [31002, 31003]),
    scalar('cpus', 0.2),
    items('names', 'c'),
    scalar('tokens', 0.25),
    SHARED,
  ].map(allocated),
  labels: {},
  limits: {},
} satisfies Partial<Task>;

const EXECUTOR = {
  name: 'runner',
  type: ExecutorInfo_Type.CUSTOM,
  labels: { labels: [{ key: 'k', value: 'v' }] },
  command: RICH_COMMAND,
  resources: [scalar('cpus', 0.1), scalar('mem', 32)].map(allocated),
};

/** The state with an agent that has come back, and of which some resources are offered. */
function state() {
  const before = new World({ jsonOf: messageJson });
  const { id: agentId } = before.agent();
  const { id: frameworkId } = before.framework();
  const world = before.restart();
  const agent = new FakeAgent(world, { id: agentId });
  const framework = new FakeFramework(world, { id: { value: frameworkId } }, {});
  const of = { framework_id: { value: frameworkId } };
  agent.reregister({
    agent: {
      ...agent.info(),
      id: { value: agent.id },
      resources: RESOURCES,
      attributes: ATTRIBUTES,
    },
    checkpointed_resources: [SHARED],
    executor_infos: [
      { executor_id: { value: 'e1' }, ...of, ...EXECUTOR },
      { executor_id: { value: 'e2' }, ...of, type: ExecutorInfo_Type.DEFAULT },
    ],
    tasks: [
      { ...runningTask(framework, agent, 't1'), ...RICH },
      { ...runningTask(framework, agent, 't2', TaskState.TASK_STAGING), ...PLAIN },
    ],
    frameworks: [framework.info],
  });
  framework.subscribe();
  world.allocate();
  const { slaves, frameworks } = world.views.state(viewer) as {
    readonly slaves: Iterable<Record<string, unknown>>;
    readonly frameworks: Iterable<Record<string, unknown>>;
  };
  return {
    agent: [...slaves][0] ?? {},
    framework: [...frameworks][0] ?? {},
    ids: { framework_id: frameworkId, executor_id: 'e1', slave_id: agentId },
  };
}

const ofResources = (all: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(all).filter(([key]) => /resources|attributes/.test(key)));

const USED = {
  disk: 100,
  mem: 32,
  gpus: 0,
  cpus: 0.5,
  cpus_revocable: 1,
  tokens: 1.485,
  ports: '[31002-31005, 31010-31013, 31018-31019]',
  names: '{a, b, c}',
};

const OFFERED = {
  disk: 500,
  mem: 4064,
  gpus: 0,
  cpus: 7.6,
  tokens: 1.515,
  ports: '[31000-31001, 31006-31009, 31014-31017, 31020-31029]',
};

test('resources and attributes of an agent', () => {
  expectJson(ofResources(state().agent), {
    attributes: ATTRIBUTES_JSON,
    resources: {
      disk: 600,
      mem: 4096,
      gpus: 0,
      cpus: 8.3,
      tokens: 3,
      cpus_revocable: 2,
      ports: '[31000-31029]',
      names: '{a, b, c}',
    },
    used_resources: USED,
    offered_resources: OFFERED,
    reserved_resources: {
      dev: { disk: 100, mem: 0, gpus: 0, cpus: 0.1, ports: '[31010-31019]' },
      ops: { disk: 0, mem: 0, gpus: 0, cpus: 0.2 },
    },
    unreserved_resources: {
      disk: 500,
      mem: 4096,
      gpus: 0,
      cpus: 8,
      tokens: 3,
      cpus_revocable: 2,
      ports: '[31000-31009, 31020-31029]',
      names: '{a, b, c}',
    },
  });
});

test('resources of a framework', () => {
  expectJson(ofResources(state().framework), {
    used_resources: USED,
    offered_resources: OFFERED,
    resources: {
      disk: 600,
      mem: 4096,
      gpus: 0,
      cpus: 8.1,
      cpus_revocable: 1,
      tokens: 3,
      ports: '[31000-31029]',
      names: '{a, b, c}',
    },
  });
});

test('a sum is that of what the core counts: each amount in thousandths', () => {
  const world = new World({ jsonOf: messageJson });
  const agent = world.agent({ resources: 'cpus:1;mem:64;tokens:3' });
  const framework = world.framework();
  world.allocate();
  const [first, second] = [1.23456, 0.0006].map((amount, index) => ({
    task_id: { value: `t${index}` },
    resources: [scalar('tokens', amount)],
  }));
  framework.launch(framework.offer(), first ?? {}, second ?? {});
  world.allocate();
  const shown = [...(world.views.slaves(viewer, {}) as { slaves: Iterable<object> }).slaves];
  expect(shown).toMatchObject([
    {
      id: agent.id,
      resources: { tokens: 3 },
      used_resources: { tokens: 1.236 },
      offered_resources: { tokens: 1.764 },
    },
  ]);
});

test('tasks, with all they may have and with little', () => {
  const { framework, ids } = state();
  expectJson(framework.tasks, [
    {
      id: 't1',
      name: 't1',
      ...ids,
      state: 'TASK_RUNNING',
      resources: {
        disk: 100,
        mem: 0,
        gpus: 0,
        cpus: 0.2,
        cpus_revocable: 1,
        tokens: 1.235,
        ports: '[31010-31013, 31018-31019]',
        names: '{a, b}',
      },
      role: 'dev',
      statuses: [
        { state: 'TASK_STARTING', ...RICH_STATUS_JSON },
        {
          state: 'TASK_RUNNING',
          timestamp: 0,
          labels: [],
          container_status: {},
          healthy: false,
        },
      ],
      user: 'ann',
      ...RICH_TASK_JSON,
      limits: { mem: 256, cpus: 2 },
    },
    {
      id: 't2',
      name: '',
      ...ids,
      executor_id: '',
      state: 'TASK_STAGING',
      resources: {
        disk: 100,
        mem: 0,
        gpus: 0,
        cpus: 0.2,
        tokens: 0.25,
        ports: '[31002-31005]',
        names: '{c}',
      },
      role: 'dev',
      statuses: [],
      labels: [],
    },
  ]);
});

test('executors, with all they may have and with little', () => {
  const { framework, ids } = state();
  const { framework_id, slave_id } = ids;
  expectJson(framework.executors, [
    {
      executor_id: 'e1',
      name: 'runner',
      framework_id,
      command: RICH_COMMAND_JSON,
      resources: { disk: 0, mem: 32, gpus: 0, cpus: 0.1 },
      role: 'dev',
      labels: [{ key: 'k', value: 'v' }],
      type: 'CUSTOM',
      slave_id,
    },
    {
      executor_id: 'e2',
      name: '',
      framework_id,
      command: { argv: [], uris: [] },
      resources: { disk: 0, mem: 0, gpus: 0, cpus: 0 },
      type: 'DEFAULT',
      slave_id,
    },
  ]);
});
