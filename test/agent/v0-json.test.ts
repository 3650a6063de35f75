// /state of an agent that has, runs and has queued everything that the endpoint shows, byte for
// byte.
import { test } from 'vitest';
import { createViews } from '../../src/agent/views/views.ts';
import {
  ExecutorInfo_Type,
  type Resource,
  type TaskInfo,
  TaskState,
} from '../../src/model/generated/messages.ts';
import { permissive } from '../../src/security/authorizer.ts';
import { items, ports, scalar } from '../core/resources.ts';
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
import {
  AGENT_ID,
  commandTask,
  executorInfo,
  executorTask,
  FRAMEWORK,
  frameworkInfo,
  status,
  World,
} from './harness.ts';

const reserved = (resource: Resource) => staticallyReserved(resource, 'kit');
const allocated = (resource: Resource): Resource => ({
  ...resource,
  allocation_info: { role: 'kit' },
});

const RESOURCES = [
  scalar('cpus', 8),
  items('names', 'b', 'a', 'c'),
  ports([31000, 31009], [31020, 31029]),
  scalar('tokens', 3),
  scalar('mem', 4096),
  scalar('disk', 500),
  reserved(scalar('cpus', 0.1)),
  staticallyReserved(scalar('cpus', 0.2), 'ops'),
  reserved(ports([31010, 31019])),
  reserved(scalar('disk', 100)),
];

const EXECUTOR = executorInfo('ex', {
  name: 'runner',
  source: 'there',
  type: ExecutorInfo_Type.CUSTOM,
  labels: { labels: [{ key: 'k', value: 'v' }] },
  resources: [scalar('cpus', 0.1), scalar('mem', 32)].map(allocated),
});

const RICH: TaskInfo = {
  ...executorTask('t1', EXECUTOR),
  ...RICH_TASK,
  resources: [
    items('names', 'b', 'a'),
    reserved(ports([31018, 31019], [31010, 31012], [31013, 31013])),
    scalar('tokens', 1.23456),
  ].map(allocated),
  limits: { mem: { value: 256 }, cpus: { value: 2 } },
};

/** Two of its resources have one name. */
const PLAIN: TaskInfo = {
  ...executorTask('t2', EXECUTOR),
  name: '',
  resources: [
    scalar('cpus', 0.2),
    scalar('tokens', 1),
    ports([31001, 31001]),
    reserved(scalar('cpus', 0.1)),
    scalar('mem', 32),
  ],
  labels: {},
};

const QUEUED: TaskInfo = {
  ...executorTask('q1', executorInfo('later', { resources: [] })),
  resources: [items('names', 'c'), ports([31005, 31006], [31002, 31004])].map(allocated),
  discovery: { visibility: 0 },
};

const WITHOUT_RESOURCES: TaskInfo = {
  ...executorTask('q3', executorInfo('free', { resources: [] })),
  resources: [],
};

const QUEUED_COMMAND = commandTask('q2', {
  resources: [scalar('cpus', 0.1)],
  command: RICH_COMMAND,
});

function state() {
  const world = new World({
    isolation: ['cgroups/all'],
    resources: RESOURCES,
    attributes: ATTRIBUTES,
  });
  world.register();
  const framework = frameworkInfo();
  world.runTask(RICH, framework);
  const [launched] = world.take('launchExecutor');
  if (launched === undefined) {
    throw new Error('nothing launched');
  }
  world.subscribe(launched);
  world.runTask(PLAIN, framework, false);
  world.update('ex', status('t1', TaskState.TASK_STARTING, RICH_STATUS));
  world.update('ex', status('t1', TaskState.TASK_RUNNING, { labels: {}, healthy: false }));
  world.acknowledgeAll();
  world.runTask(QUEUED, framework);
  world.runTask(QUEUED_COMMAND, framework);
  world.runTask(WITHOUT_RESOURCES, framework);
  const all = createViews(world.agent, messageJson).state({ authorizer: permissive }) as {
    readonly frameworks: readonly { readonly executors: readonly Record<string, unknown>[] }[];
  };
  return { ...all, containerId: launched.containerId };
}

test('resources and attributes of the agent', () => {
  const shown = Object.entries(state()).filter(([key]) => /resources(?!_full)|attrib/.test(key));
  expectJson(Object.fromEntries(shown), {
    resources: {
      disk: 600,
      mem: 4096,
      gpus: 0,
      cpus: 8.3,
      tokens: 3,
      ports: '[31000-31029]',
      names: '{a, b, c}',
    },
    reserved_resources: {
      kit: { disk: 100, mem: 0, gpus: 0, cpus: 0.1, ports: '[31010-31019]' },
      ops: { disk: 0, mem: 0, gpus: 0, cpus: 0.2 },
    },
    unreserved_resources: {
      disk: 500,
      mem: 4096,
      gpus: 0,
      cpus: 8,
      tokens: 3,
      ports: '[31000-31009, 31020-31029]',
      names: '{a, b, c}',
    },
    reserved_resources_allocated: {
      kit: { disk: 0, mem: 0, gpus: 0, cpus: 0.1, ports: '[31010-31013, 31018-31019]' },
    },
    unreserved_resources_allocated: {
      disk: 0,
      mem: 96,
      gpus: 0,
      cpus: 0.5,
      tokens: 2.235,
      ports: '[31001-31006]',
      names: '{a, b, c}',
    },
    attributes: ATTRIBUTES_JSON,
  });
});

const IDS = { framework_id: FRAMEWORK, executor_id: 'ex', slave_id: AGENT_ID };

test('an executor and its tasks', () => {
  const { frameworks, containerId } = state();
  const { container: _, directory: __, ...shown } = frameworks[0]?.executors[0] ?? {};
  expectJson(shown, {
    id: 'ex',
    name: 'runner',
    source: 'there',
    resources: {
      disk: 0,
      mem: 64,
      gpus: 0,
      cpus: 0.4,
      tokens: 2.235,
      ports: '[31001-31001, 31010-31013, 31018-31019]',
      names: '{a, b}',
    },
    role: 'kit',
    labels: [{ key: 'k', value: 'v' }],
    type: 'CUSTOM',
    tasks: [
      {
        id: 't1',
        name: 't1',
        ...IDS,
        state: 'TASK_RUNNING',
        resources: {
          disk: 0,
          mem: 0,
          gpus: 0,
          cpus: 0,
          tokens: 1.235,
          ports: '[31010-31013, 31018-31019]',
          names: '{a, b}',
        },
        limits: { mem: 256, cpus: 2 },
        role: 'kit',
        statuses: [
          { state: 'TASK_STARTING', ...RICH_STATUS_JSON },
          {
            state: 'TASK_RUNNING',
            timestamp: 0,
            labels: [],
            container_status: {
              container_id: { value: containerId },
              network_infos: [{ ip_addresses: [{ protocol: 'IPv4', ip_address: '10.0.0.2' }] }],
            },
            healthy: false,
          },
        ],
        ...RICH_TASK_JSON,
      },
      {
        id: 't2',
        name: '',
        ...IDS,
        state: 'TASK_STAGING',
        resources: { disk: 0, mem: 32, gpus: 0, cpus: 0.3, tokens: 1, ports: '[31001-31001]' },
        role: 'kit',
        statuses: [],
        labels: [],
      },
    ],
    queued_tasks: [],
    completed_tasks: [],
  });
});

test('tasks that wait for their executor', () => {
  const executors = state().frameworks[0]?.executors ?? [];
  expectJson(
    executors.flatMap(({ queued_tasks }) => queued_tasks),
    [
      {
        id: 'q1',
        name: 'q1',
        slave_id: AGENT_ID,
        resources: {
          disk: 0,
          mem: 0,
          gpus: 0,
          cpus: 0,
          ports: '[31002-31006]',
          names: '{c}',
        },
        role: 'kit',
        executor_id: 'later',
        discovery: { visibility: 'FRAMEWORK' },
      },
      {
        id: 'q2',
        name: 'q2',
        slave_id: AGENT_ID,
        resources: { disk: 0, mem: 0, gpus: 0, cpus: 0.1 },
        role: 'kit',
        command: RICH_COMMAND_JSON,
      },
      {
        id: 'q3',
        name: 'q3',
        slave_id: AGENT_ID,
        resources: { disk: 0, mem: 0, gpus: 0, cpus: 0 },
        role: '*',
        executor_id: 'free',
      },
    ],
  );
});
