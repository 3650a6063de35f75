import { describe, expect, test } from 'vitest';
import { createViews } from '../../src/agent/views/views.ts';
import {
  AgentCall_Type,
  type Resource,
  Resource_DiskInfo_Source_Type,
  Resource_ReservationInfo_Type,
  TaskState,
  Value_Type,
  Volume_Mode,
} from '../../src/model/generated/messages.ts';
import { permissive } from '../../src/security/authorizer.ts';
import { messageJson } from '../support/rich-task.ts';
import { AGENT_ID, commandTask, FRAMEWORK, runToEnd, status, World } from './harness.ts';

const viewer = { authorizer: permissive };
const viewsOf = (world: World) => createViews(world.agent, messageJson);

function running(task = commandTask('t1'), prepare = (_: World) => {}) {
  const world = new World();
  world.register();
  prepare(world);
  world.runTask(task);
  const [launched] = world.take('launchExecutor');
  if (launched === undefined) {
    throw new Error('nothing launched');
  }
  world.subscribe(launched);
  world.update('t1', status('t1', TaskState.TASK_STARTING));
  world.update('t1', status('t1', TaskState.TASK_RUNNING));
  world.acknowledgeAll();
  return { world, launched };
}

const statusesJson = (containerId: string, states: string[]) =>
  states.map((state) => ({
    state,
    timestamp: expect.any(Number),
    container_status: {
      container_id: { value: containerId },
      network_infos: [{ ip_addresses: [{ protocol: 'IPv4', ip_address: '10.0.0.2' }] }],
    },
  }));

describe('/state', () => {
  test('of an idle agent has every key', () => {
    const world = new World();
    world.register();
    const state = viewsOf(world).state(viewer) as Record<string, unknown>;
    expect(JSON.parse(JSON.stringify(state))).toMatchObject({
      version: '1.11.0',
      id: AGENT_ID,
      pid: 'slave(1)@10.0.0.2:5051',
      hostname: 'node2',
      capabilities: [
        'MULTI_ROLE',
        'HIERARCHICAL_ROLE',
        'RESERVATION_REFINEMENT',
        'RESOURCE_PROVIDER',
        'RESIZE_VOLUME',
        'AGENT_OPERATION_FEEDBACK',
        'AGENT_DRAINING',
        'TASK_RESOURCE_LIMITS',
      ],
      resources: { cpus: 4, gpus: 0, mem: 4096, disk: 8192, ports: '[31000-32000]' },
      reserved_resources: {},
      unreserved_resources: { cpus: 4, gpus: 0, mem: 4096, disk: 8192, ports: '[31000-32000]' },
      reserved_resources_full: {},
      reserved_resources_allocated: {},
      unreserved_resources_allocated: { cpus: 0, gpus: 0, mem: 0, disk: 0 },
      resource_providers: [],
      attributes: {},
      flags: {},
      frameworks: [],
      completed_frameworks: [],
    });
    expect(state.unreserved_resources_full).toContainEqual({
      name: 'cpus',
      type: 'SCALAR',
      scalar: { value: 4 },
      role: '*',
    });
  });

  test('shows a command task with its executor, which has an allowance of its own', () => {
    const { world, launched } = running();
    const state = viewsOf(world).state(viewer) as { frameworks: unknown };
    expect(state.frameworks).toEqual([
      {
        id: FRAMEWORK,
        name: 'test',
        user: 'root',
        failover_timeout: 0,
        checkpoint: false,
        hostname: '',
        roles: ['kit'],
        executors: [
          {
            id: 't1',
            name: "Command Executor (Task: t1) (Command: sh -c 'true')",
            source: 't1',
            container: launched.containerId,
            directory: `/var/lib/mesos/${launched.sandbox}`,
            resources: { cpus: 1.1, gpus: 0, mem: 160, disk: 0 },
            role: 'kit',
            tasks: [
              {
                id: 't1',
                name: 't1',
                framework_id: FRAMEWORK,
                executor_id: '',
                slave_id: AGENT_ID,
                state: 'TASK_RUNNING',
                resources: { cpus: 1, gpus: 0, mem: 128, disk: 0 },
                role: 'kit',
                statuses: statusesJson(launched.containerId, ['TASK_STARTING', 'TASK_RUNNING']),
              },
            ],
            queued_tasks: [],
            completed_tasks: [],
          },
        ],
        completed_executors: [],
      },
    ]);
  });

  test('remembers what has completed', () => {
    const world = new World();
    world.register();
    const { containerId } = runToEnd(world, 't1');
    world.acknowledgeAll();
    const state = viewsOf(world).state(viewer) as {
      frameworks: unknown[];
      completed_frameworks: Record<string, unknown>[];
    };
    expect(state.frameworks).toEqual([]);
    expect(state.completed_frameworks).toMatchObject([
      {
        executors: [],
        completed_executors: [
          {
            resources: { cpus: 0.1, gpus: 0, mem: 32, disk: 0 },
            tasks: [],
            completed_tasks: [
              {
                state: 'TASK_FINISHED',
                statuses: statusesJson(containerId, [
                  'TASK_STARTING',
                  'TASK_RUNNING',
                  'TASK_FINISHED',
                ]),
              },
            ],
          },
        ],
      },
    ]);
  });
});

describe('the operator API', () => {
  const read = (world: World, type: AgentCall_Type) => viewsOf(world).read({ type }, viewer);

  test('answers with empty lists while nothing runs', () => {
    const world = new World();
    world.register();
    expect(read(world, AgentCall_Type.GET_STATE)?.get_state).toEqual({
      get_tasks: {
        pending_tasks: [],
        queued_tasks: [],
        launched_tasks: [],
        terminated_tasks: [],
        completed_tasks: [],
      },
      get_executors: { executors: [], completed_executors: [] },
      get_frameworks: { frameworks: [], completed_frameworks: [] },
    });
    expect(read(world, AgentCall_Type.GET_OPERATIONS)?.get_operations).toEqual({});
    expect(read(world, AgentCall_Type.GET_METRICS)).toBeUndefined();
  });

  test('knows the buckets a task goes through', () => {
    const bucketsOf = (world: World) => {
      const tasks = read(world, AgentCall_Type.GET_TASKS)?.get_tasks ?? {};
      return Object.entries(tasks).flatMap(([name, list]) => (list.length > 0 ? [name] : []));
    };
    const world = new World();
    world.register();
    world.runTask(commandTask('t1'));
    expect(bucketsOf(world)).toEqual(['queued_tasks']);
    const [launched] = world.take('launchExecutor');
    if (launched === undefined) {
      throw new Error('nothing launched');
    }
    world.subscribe(launched);
    expect(bucketsOf(world)).toEqual(['launched_tasks']);
    world.update('t1', status('t1', TaskState.TASK_FINISHED));
    expect(bucketsOf(world)).toEqual(['terminated_tasks']);
    world.acknowledgeAll();
    expect(bucketsOf(world)).toEqual(['completed_tasks']);
  });

  test('lists containers that are alive', () => {
    const { world, launched } = running();
    expect(read(world, AgentCall_Type.GET_CONTAINERS)?.get_containers?.containers).toEqual([
      {
        framework_id: { value: FRAMEWORK },
        executor_id: { value: 't1' },
        executor_name: "Command Executor (Task: t1) (Command: sh -c 'true')",
        container_id: { value: launched.containerId },
        container_status: {
          container_id: { value: launched.containerId },
          executor_pid: 4711,
        },
      },
    ]);
  });
});

test('metrics count the allowance of command executors as used', () => {
  const { world } = running(
    commandTask('t1', {
      resources: [
        { name: 'cpus', type: 0, scalar: { value: 0.1 } },
        { name: 'mem', type: 0, scalar: { value: 32 } },
      ],
    }),
  );
  expect(viewsOf(world).metrics(world.nowMs)).toMatchObject({
    'slave/tasks_running': 1,
    'slave/cpus_used': 0.2,
    'slave/mem_used': 64,
    'slave/frameworks_active': 1,
    'slave/executors_running': 1,
    'slave/registered': 1,
    'slave/cpus_total': 4,
  });
});

describe('sandboxes', () => {
  test('can be browsed under their path and as the latest run', () => {
    const { world, launched } = running();
    const directory = `/var/lib/mesos/${launched.sandbox}`;
    const files = viewsOf(world).files(viewer);
    const runs = `/frameworks/${FRAMEWORK}/executors/t1/runs`;
    const paths = [
      directory,
      directory.replace(launched.containerId, 'latest'),
      `${runs}/latest`,
      `${runs}/${launched.containerId}`,
    ];
    expect(paths.map((path) => files.get(path))).toEqual(Array(4).fill(directory));
    expect(new Map(files)).toEqual(new Map(paths.map((path) => [path, directory])));
    for (const path of ['/', runs, `${runs}/other`, `${directory}/stdout`, '/var/lib/mesos']) {
      expect(files.has(path)).toBe(false);
    }
  });

  test('of an executor that ran twice: the newest is the latest, both can be read', () => {
    const world = new World();
    world.register();
    const first = runToEnd(world, 't1');
    world.acknowledgeAll();
    const again = runToEnd(world, 't1');
    world.acknowledgeAll();
    const files = viewsOf(world).files(viewer);
    const runs = `/frameworks/${FRAMEWORK}/executors/t1/runs`;
    expect(files.get(`${runs}/latest`)).toBe(`/var/lib/mesos/${again.sandbox}`);
    expect(files.get(`${runs}/${first.containerId}`)).toBe(`/var/lib/mesos/${first.sandbox}`);
    expect(files.size).toBe(6);
  });

  test('have places for the volumes of a run, as long as it has them', () => {
    const volume: Resource = {
      name: 'disk',
      type: Value_Type.SCALAR,
      scalar: { value: 8 },
      reservations: [{ type: Resource_ReservationInfo_Type.STATIC, role: 'ops' }],
      disk: {
        persistence: { id: 'v1' },
        volume: { container_path: 'data', mode: Volume_Mode.RW },
      },
    };
    const source = { type: Resource_DiskInfo_Source_Type.MOUNT, mount: { root: '/mnt/disk' } };
    for (const [resource, place] of [
      [volume, '/var/lib/mesos/volumes/roles/ops/v1'],
      [{ ...volume, disk: { ...volume.disk, source } }, '/mnt/disk'],
    ] as const) {
      const task = commandTask('t1', { resources: [resource] });
      const { world, launched } = running(task, ({ agent, options }) => {
        agent.ledger.setTotal([...options.resources, resource]);
      });
      const files = viewsOf(world).files(viewer);
      const sandbox = `/var/lib/mesos/${launched.sandbox}`;
      const latest = `/frameworks/${FRAMEWORK}/executors/t1/runs/latest`;
      for (const path of [sandbox, latest]) {
        expect(files.get(`${path}/data`)).toBe(place);
        expect(files.has(`${path}/other`)).toBe(false);
      }
      expect(files.size).toBe(8);
      const denied = viewsOf(world).files({ authorizer: { authorize: () => false } });
      expect(denied.denies(`${latest}/data`)).toBe(true);
      world.update('t1', status('t1', TaskState.TASK_FINISHED));
      world.containerEnded('t1', launched.containerId);
      world.acknowledgeAll();
      expect(files.get(latest)).toBe(sandbox);
      expect(files.has(`${latest}/data`)).toBe(false);
    }
  });

  test("are nobody else's to read", () => {
    const { world, launched } = running();
    const denied = {
      authorizer: { authorize: (_: unknown, action: string) => action !== 'ACCESS_SANDBOX' },
    };
    const files = viewsOf(world).files(denied);
    const path = `/var/lib/mesos/${launched.sandbox}`;
    expect(files.get(path)).toBeUndefined();
    expect(files.denies(path)).toBe(true);
    expect(files.denies(`${path}-other`)).toBe(false);
    expect(files.size).toBe(0);
    expect(viewsOf(world).files(viewer).denies(path)).toBe(false);
  });
});
