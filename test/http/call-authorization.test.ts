// Every call of the two operator APIs is authorized as the tables of src/security/access-tables.ts
// say. A new call gets an entry there and here (the compiler asks for both): the action without
// which it is refused, or shows less, or why it is open to all.
import { afterEach, describe, expect, test } from 'vitest';
import { createViews } from '../../src/agent/views/views.ts';
import {
  type AgentCall,
  AgentCall_AttachContainerInput_Type,
  AgentCall_Type,
  type CommandInfo,
  Image_Type,
  type MasterCall,
  MasterCall_Type,
  Offer_Operation_Type,
  type PlanChange,
  PlanChange_Type,
  type Resource,
  Resource_ReservationInfo_Type,
  Volume_Mode,
} from '../../src/model/generated/messages.ts';
import { requestId } from '../../src/model/ids.ts';
import {
  AGENT_CALLS,
  type Access as Entry,
  MASTER_CALLS,
} from '../../src/security/access-tables.ts';
import type { Action, Authorizer } from '../../src/security/authorizer.ts';
import {
  World as AgentWorld,
  executorInfo as agentExecutor,
  executorTask,
  FRAMEWORK,
} from '../agent/harness.ts';
import { resources, World } from '../master/harness.ts';
import { messageJson } from '../support/rich-task.ts';
import { startMaster, stopMasters } from './mini-master.ts';

type Access<Call> =
  /** Refused with 403 to those that lack the action. */
  | { readonly refused: Action; readonly body: Omit<Call, 'type'> }
  /** Shows less to those that lack the action. */
  | { readonly filtered: Action }
  /** Answered by the process, in process-calls.ts, and refused with 403. */
  | { readonly process: Action; readonly body?: object }
  /** Answered alike to everyone; the text is the reason. */
  | { readonly open: string };

type Table<Types extends object, Call> = Readonly<
  Record<Exclude<keyof Types, 'UNKNOWN'>, Access<Call>>
>;

/** Refuses one action. */
const without = (denied: Action): Authorizer => ({ authorize: (_, action) => action !== denied });
/** Allows everything, and remembers which actions were asked for. */
const recorder = () => {
  const asked = new Set<Action>();
  const authorizer: Authorizer = { authorize: (_, action) => asked.add(action).size > 0 };
  return { asked, authorizer };
};
const nothing: Authorizer = { authorize: () => false };
const everything: Authorizer = { authorize: () => true };

const files = { path: '/master/log' };
const FROM_PROCESS = {
  GET_METRICS: { process: 'GET_ENDPOINT_WITH_PATH', body: { get_metrics: {} } },
  GET_LOGGING_LEVEL: { process: 'GET_ENDPOINT_WITH_PATH' },
  SET_LOGGING_LEVEL: {
    process: 'SET_LOG_LEVEL',
    body: { set_logging_level: { level: 1, duration: { nanoseconds: 1 } } },
  },
  LIST_FILES: { process: 'ACCESS_MESOS_LOG', body: { list_files: files } },
  READ_FILE: { process: 'ACCESS_MESOS_LOG', body: { read_file: { ...files, offset: 0 } } },
  GET_FLAGS: { process: 'VIEW_FLAGS' },
  GET_HEALTH: { open: 'it says only that the process answers' },
  GET_VERSION: { open: 'Mesos shows the version to everyone' },
} as const;

const agent_id = { value: '11111111-1111-4111-8111-111111111111-S0' };
const reservation = {
  type: Resource_ReservationInfo_Type.DYNAMIC,
  role: 'dev',
  principal: 'p',
};
const cpus: Resource[] = resources('cpus:1').map((it) => ({ ...it, reservations: [reservation] }));
const volume: Resource = {
  ...(resources('disk:64')[0] as Resource),
  reservations: [reservation],
  disk: {
    persistence: { id: 'v', principal: 'p' },
    volume: { mode: Volume_Mode.RW, container_path: 'data' },
  },
};
const disk: Resource = { ...(resources('disk:64')[0] as Resource), reservations: [reservation] };
const machines = [{ hostname: 'node2', ip: '10.0.0.2' }];
const schedule = {
  windows: [
    {
      machine_ids: machines,
      unavailability: { start: { nanoseconds: 1_800_000_000_000_000_000n } },
    },
  ],
};
const quota = { role: 'dev', limits: { cpus: { value: 9 } } };

const MASTER: Table<typeof MasterCall_Type, MasterCall> = {
  ...FROM_PROCESS,
  GET_STATE: { filtered: 'VIEW_FRAMEWORK' },
  GET_AGENTS: { filtered: 'VIEW_ROLE' },
  GET_FRAMEWORKS: { filtered: 'VIEW_FRAMEWORK' },
  GET_EXECUTORS: { filtered: 'VIEW_EXECUTOR' },
  GET_OPERATIONS: { filtered: 'VIEW_ROLE' },
  GET_TASKS: { filtered: 'VIEW_TASK' },
  GET_ROLES: { filtered: 'VIEW_ROLE' },
  GET_WEIGHTS: { filtered: 'VIEW_ROLE' },
  GET_QUOTA: { filtered: 'GET_QUOTA' },
  GET_MAINTENANCE_STATUS: { filtered: 'GET_MAINTENANCE_STATUS' },
  GET_MAINTENANCE_SCHEDULE: { filtered: 'GET_MAINTENANCE_SCHEDULE' },
  SUBSCRIBE: { filtered: 'VIEW_TASK' },
  GET_OFFERS: { filtered: 'VIEW_FRAMEWORK' },
  GET_HISTORY: { refused: 'GET_ENDPOINT_WITH_PATH', body: {} },
  GET_SHARES: { filtered: 'VIEW_FRAMEWORK' },
  EXPLAIN: { filtered: 'VIEW_ROLE' },
  PLAN: { filtered: 'VIEW_ROLE' },
  GET_MASTER: { open: 'the address of the master is known to all that ask it' },
  UPDATE_WEIGHTS: {
    refused: 'UPDATE_WEIGHT',
    body: { update_weights: { weight_infos: [{ role: 'dev', weight: 3 }] } },
  },
  RESERVE_RESOURCES: {
    refused: 'RESERVE_RESOURCES',
    body: { reserve_resources: { agent_id, resources: cpus } },
  },
  UNRESERVE_RESOURCES: {
    refused: 'UNRESERVE_RESOURCES',
    body: { unreserve_resources: { agent_id, resources: cpus } },
  },
  CREATE_VOLUMES: {
    refused: 'CREATE_VOLUME',
    body: { create_volumes: { agent_id, volumes: [volume] } },
  },
  DESTROY_VOLUMES: {
    refused: 'DESTROY_VOLUME',
    body: { destroy_volumes: { agent_id, volumes: [volume] } },
  },
  GROW_VOLUME: {
    refused: 'RESIZE_VOLUME',
    body: { grow_volume: { agent_id, volume, addition: disk } },
  },
  SHRINK_VOLUME: {
    refused: 'RESIZE_VOLUME',
    body: { shrink_volume: { agent_id, volume, subtract: { value: 1 } } },
  },
  UPDATE_MAINTENANCE_SCHEDULE: {
    refused: 'UPDATE_MAINTENANCE_SCHEDULE',
    body: { update_maintenance_schedule: { schedule } },
  },
  START_MAINTENANCE: { refused: 'START_MAINTENANCE', body: { start_maintenance: { machines } } },
  STOP_MAINTENANCE: { refused: 'STOP_MAINTENANCE', body: { stop_maintenance: { machines } } },
  DRAIN_AGENT: { refused: 'DRAIN_AGENT', body: { drain_agent: { agent_id } } },
  DEACTIVATE_AGENT: { refused: 'DEACTIVATE_AGENT', body: { deactivate_agent: { agent_id } } },
  REACTIVATE_AGENT: { refused: 'REACTIVATE_AGENT', body: { reactivate_agent: { agent_id } } },
  MARK_AGENT_GONE: { refused: 'MARK_AGENT_GONE', body: { mark_agent_gone: { agent_id } } },
  UPDATE_QUOTA: { refused: 'UPDATE_QUOTA', body: { update_quota: { quota_configs: [quota] } } },
  SET_QUOTA: {
    refused: 'UPDATE_QUOTA',
    body: { set_quota: { quota_request: { role: 'x', guarantee: resources('cpus:1') } } },
  },
  REMOVE_QUOTA: { refused: 'UPDATE_QUOTA', body: { remove_quota: { role: 'dev' } } },
  TEARDOWN: { refused: 'TEARDOWN_FRAMEWORK', body: {} },
  KILL_TASK: { refused: 'TEARDOWN_FRAMEWORK', body: {} },
};

const container_id = { value: 'c', parent: { value: 'p' } };
const alone = { value: 'c' };
const info = { type: 'org.kit.none', name: 'x' };

const AGENT: Table<typeof AgentCall_Type, AgentCall> = {
  ...FROM_PROCESS,
  GET_STATE: { filtered: 'VIEW_FRAMEWORK' },
  GET_CONTAINERS: { filtered: 'VIEW_CONTAINER' },
  GET_FRAMEWORKS: { filtered: 'VIEW_FRAMEWORK' },
  GET_EXECUTORS: { filtered: 'VIEW_EXECUTOR' },
  GET_OPERATIONS: { filtered: 'VIEW_ROLE' },
  GET_TASKS: { filtered: 'VIEW_TASK' },
  GET_AGENT: { filtered: 'VIEW_ROLE' },
  GET_RESOURCE_PROVIDERS: { open: 'there are no resource providers yet' },
  LAUNCH_NESTED_CONTAINER: {
    refused: 'LAUNCH_NESTED_CONTAINER',
    body: { launch_nested_container: { container_id } },
  },
  WAIT_NESTED_CONTAINER: {
    refused: 'WAIT_NESTED_CONTAINER',
    body: { wait_nested_container: { container_id } },
  },
  KILL_NESTED_CONTAINER: {
    refused: 'KILL_NESTED_CONTAINER',
    body: { kill_nested_container: { container_id } },
  },
  REMOVE_NESTED_CONTAINER: {
    refused: 'REMOVE_NESTED_CONTAINER',
    body: { remove_nested_container: { container_id } },
  },
  LAUNCH_NESTED_CONTAINER_SESSION: {
    refused: 'LAUNCH_NESTED_CONTAINER_SESSION',
    body: { launch_nested_container_session: { container_id } },
  },
  ATTACH_CONTAINER_INPUT: {
    refused: 'ATTACH_CONTAINER_INPUT',
    body: { attach_container_input: { type: AgentCall_AttachContainerInput_Type.CONTAINER_ID } },
  },
  ATTACH_CONTAINER_OUTPUT: {
    refused: 'ATTACH_CONTAINER_OUTPUT',
    body: {},
  },
  LAUNCH_CONTAINER: {
    refused: 'LAUNCH_STANDALONE_CONTAINER',
    body: { launch_container: { container_id: alone } },
  },
  WAIT_CONTAINER: {
    refused: 'WAIT_STANDALONE_CONTAINER',
    body: { wait_container: { container_id: alone } },
  },
  KILL_CONTAINER: {
    refused: 'KILL_STANDALONE_CONTAINER',
    body: { kill_container: { container_id: alone } },
  },
  REMOVE_CONTAINER: {
    refused: 'REMOVE_NESTED_CONTAINER',
    body: { remove_container: { container_id } },
  },
  ADD_RESOURCE_PROVIDER_CONFIG: {
    refused: 'MODIFY_RESOURCE_PROVIDER_CONFIG',
    body: { add_resource_provider_config: { info } },
  },
  UPDATE_RESOURCE_PROVIDER_CONFIG: {
    refused: 'MODIFY_RESOURCE_PROVIDER_CONFIG',
    body: { update_resource_provider_config: { info } },
  },
  REMOVE_RESOURCE_PROVIDER_CONFIG: {
    refused: 'MODIFY_RESOURCE_PROVIDER_CONFIG',
    body: { remove_resource_provider_config: info },
  },
  MARK_RESOURCE_PROVIDER_GONE: {
    refused: 'MARK_RESOURCE_PROVIDER_GONE',
    body: { mark_resource_provider_gone: { resource_provider_id: { value: 'x' } } },
  },
  PRUNE_IMAGES: { refused: 'PRUNE_IMAGES', body: {} },
  GET_IMAGES: { refused: 'PRUNE_IMAGES', body: {} },
  PULL_IMAGE: {
    refused: 'PRUNE_IMAGES',
    body: { pull_image: { image: { type: Image_Type.DOCKER, docker: { name: 'base' } } } },
  },
};

/** A master that has something of all that calls show, and asks `authorizer` from now on. */
function masterWith(authorizer: Authorizer) {
  let asked = everything;
  const world = new World({
    authorizer: { authorize: (...question) => asked.authorize(...question) },
  });
  world.agent({ resources: 'cpus:4;cpus(kit):1;mem:4096;disk:8192' });
  const framework = world.framework();
  world.operate({ ...MASTER_BODIES.UPDATE_WEIGHTS, type: MasterCall_Type.UPDATE_WEIGHTS });
  world.allocate();
  const executor = {
    executor_id: { value: 'e' },
    framework_id: { value: framework.id },
    command: { value: 'sleep 60' },
    resources: resources('cpus:0.1;mem:32'),
  };
  framework.launch(framework.offer(), { task_id: { value: 't' }, executor });
  for (const type of ['UPDATE_QUOTA', 'UPDATE_MAINTENANCE_SCHEDULE'] as const) {
    world.operate({ ...MASTER_BODIES[type], type: MasterCall_Type[type] });
  }
  world.allocate();
  world.operate({ ...MASTER_BODIES.RESERVE_RESOURCES, type: MasterCall_Type.RESERVE_RESOURCES });
  // What the reservation has taken back is offered again when its filter has ended.
  world.advance(10_000);
  asked = authorizer;
  return { world, framework };
}

const bodiesOf = <Call>(table: Readonly<Record<string, Access<Call>>>) =>
  Object.fromEntries(
    Object.entries(table).map(([name, access]) => [name, 'refused' in access ? access.body : {}]),
  );
const MASTER_BODIES = bodiesOf(MASTER);
/** The calls of the table whose access has the key. */
const having = <Call, Key extends string>(
  table: Readonly<Record<string, Access<Call>>>,
  key: Key,
): (readonly [string, Extract<Access<Call>, Record<Key, unknown>>])[] =>
  Object.entries(table).flatMap(([name, access]) =>
    key in access ? [[name, access as Extract<Access<Call>, Record<Key, unknown>>] as const] : [],
  );

/** The action that the test takes away, by the kind of the entry it should have. */
function judged(access: Access<object>): readonly [kind: Entry['kind'], action?: Action] {
  if ('open' in access) {
    return ['open'];
  }
  return 'filtered' in access
    ? ['filtered', access.filtered]
    : ['refused', 'refused' in access ? access.refused : access.process];
}

/** Actions about what the worlds of this test have not: offers to executors, answers, providers. */
const WITHOUT_OBJECT: Readonly<Record<string, readonly Action[]>> = {
  GET_STATE: ['VIEW_RESOURCE_PROVIDER'],
  // No agent is refused; and it is told with updates only.
  SUBSCRIBE: ['VIEW_RESOURCE_PROVIDER', 'ACCESS_MESOS_LOG'],
  GET_AGENTS: ['VIEW_RESOURCE_PROVIDER'],
  GET_FRAMEWORKS: ['VIEW_EXECUTOR'],
  // That of the master is an operator's.
  GET_OPERATIONS: ['VIEW_FRAMEWORK'],
  GET_MAINTENANCE_STATUS: ['VIEW_FRAMEWORK'],
  // No quota keeps anything from the framework: test/master/insight.test.ts has one that does.
  EXPLAIN: ['GET_QUOTA'],
  // Without a source no reservation is lost.
  RESERVE_RESOURCES: ['UNRESERVE_RESOURCES'],
  // It is not to be marked gone.
  DRAIN_AGENT: ['MARK_AGENT_GONE'],
  LAUNCH_CONTAINER: ['LAUNCH_NESTED_CONTAINER'],
  WAIT_CONTAINER: ['WAIT_NESTED_CONTAINER'],
  KILL_CONTAINER: ['KILL_NESTED_CONTAINER'],
  REMOVE_CONTAINER: ['REMOVE_STANDALONE_CONTAINER'],
  // The server asks, of containers that the containerizer alone knows.
  GET_CONTAINERS: ['VIEW_STANDALONE_CONTAINER'],
};

/** Holds what a call asks for to the entry of the table. */
function expectEntry(
  name: string,
  entry: Entry,
  { access, asked }: { readonly access: Access<object>; readonly asked: ReadonlySet<Action> },
): void {
  const [kind, action] = judged(access);
  expect(entry.kind).toBe(kind);
  const actions = entry.kind === 'open' ? [] : entry.actions;
  const needed = actions.filter((it) => !WITHOUT_OBJECT[name]?.includes(it));
  expect(actions).toEqual(expect.arrayContaining([...asked, ...(action ? [action] : [])]));
  expect([...asked]).toEqual(expect.arrayContaining(needed));
}

/** How much is shown. */
const sizeOf = (shown: unknown) =>
  JSON.stringify(shown, (_, value) => (typeof value === 'bigint' ? `${value}` : value)).length;

/** What calls about a framework name, which is another in each world. */
function aboutFramework(name: string, { id }: { readonly id: string }): Partial<MasterCall> {
  const framework_id = { value: id };
  return name === 'TEARDOWN'
    ? { teardown: { framework_id } }
    : name === 'KILL_TASK'
      ? { kill_task: { framework_id, task_id: { value: 't' } } }
      : {};
}

describe('a call of masters', () => {
  test.each(having(MASTER, 'refused'))(
    '%s is refused to those that lack its action',
    (name, { refused, body }) => {
      const statusUnder = (authorizer: Authorizer) => {
        const { world, framework } = masterWith(authorizer);
        const type = MasterCall_Type[name as keyof typeof MasterCall_Type];
        return world.operate({ type, ...body, ...aboutFramework(name, framework) }).status;
      };
      expect(statusUnder(without(refused))).toBe(403);
      expect(statusUnder(everything)).not.toBe(403);
    },
  );

  /** Drains the only agent, so that its tasks end. */
  const drainOf = (world: World): PlanChange => ({
    type: PlanChange_Type.DRAIN_AGENTS,
    drain_agents: {
      agent_ids: [...world.master.agents.registered.keys()].map((value) => ({ value })),
    },
  });

  /** What the call shows to those that the authorizer judges. */
  function shown(name: string, authorizer: Authorizer) {
    const { world, framework } = masterWith(authorizer);
    const type = MasterCall_Type[name as keyof typeof MasterCall_Type];
    const framework_id = { value: framework.id };
    if (type === MasterCall_Type.EXPLAIN) {
      return world.ask({ type, explain: { framework_id } });
    }
    if (type === MasterCall_Type.GET_SHARES) {
      return world.ask({ type });
    }
    if (type === MasterCall_Type.PLAN) {
      return world.ask({ type, plan: { changes: [drainOf(world)] } });
    }
    if (type === MasterCall_Type.SUBSCRIBE) {
      world.operate({ type });
      return world.operatorEvents;
    }
    return world.views.read({ type }, { authorizer });
  }

  const answered = Object.entries<Access<MasterCall>>(MASTER).filter(
    ([, access]) => !('process' in access),
  );

  test.each(answered)('%s asks for what the table says, and for nothing else', (name, access) => {
    const { asked, authorizer } = recorder();
    if ('refused' in access) {
      const { world, framework } = masterWith(authorizer);
      const type = MasterCall_Type[name as keyof typeof MasterCall_Type];
      world.operate({ type, ...access.body, ...aboutFramework(name, framework) });
    } else {
      shown(name, authorizer);
    }
    expectEntry(name, MASTER_CALLS[name as keyof typeof MASTER_CALLS], { access, asked });
  });

  test.each(having(MASTER, 'filtered'))(
    '%s shows less to those that lack its action',
    (name, { filtered: action }) => {
      expect(sizeOf(shown(name, without(action)))).toBeLessThan(sizeOf(shown(name, everything)));
    },
  );

  test.each(having(MASTER, 'open'))('%s is open', (name) => {
    expect(shown(name, everything)).toBeDefined();
    expect(shown(name, nothing)).toEqual(shown(name, everything));
  });
});

describe('a call of agents', () => {
  function agentWith(authorizer: Authorizer) {
    let asked = everything;
    const world = new AgentWorld({
      authorizer: { authorize: (...question) => asked.authorize(...question) },
      resources: resources('cpus:4;cpus(kit):1;mem:4096;disk:8192'),
    });
    world.register();
    world.runTask(executorTask('t', agentExecutor('ex')));
    const [launched] = world.take('launchExecutor');
    world.commitsAtOnce = false;
    world.fromMaster({
      name: 'ApplyOperationMessage',
      body: {
        framework_id: { value: FRAMEWORK },
        operation_info: {
          type: Offer_Operation_Type.RESERVE,
          id: { value: 'op' },
          reserve: { resources: cpus },
        },
        operation_uuid: { value: new Uint8Array(16).fill(1) },
        resource_version_uuid: { uuid: world.agent.resourceVersion },
      },
    });
    world.commit();
    asked = authorizer;
    return { world, container: { value: launched?.containerId ?? '' } };
  }

  function statusOf(name: string, body: Omit<AgentCall, 'type'>, authorizer: Authorizer) {
    const { world, container } = agentWith(authorizer);
    world.take('reply');
    const attached: Record<string, Partial<AgentCall>> = {
      ATTACH_CONTAINER_INPUT: {
        attach_container_input: {
          type: AgentCall_AttachContainerInput_Type.CONTAINER_ID,
          container_id: container,
        },
      },
      ATTACH_CONTAINER_OUTPUT: { attach_container_output: { container_id: container } },
    };
    const type = AgentCall_Type[name as keyof typeof AgentCall_Type];
    const call = { type, ...(attached[name] ?? body) };
    world.send({ type: 'operatorCall', request: requestId('r'), call });
    return world.take('reply')[0]?.status;
  }

  const answered = Object.entries<Access<AgentCall>>(AGENT).filter(
    ([, access]) => !('process' in access),
  );

  test.each(answered)('%s asks for what the table says, and for nothing else', (name, access) => {
    const { asked, authorizer } = recorder();
    if ('refused' in access) {
      statusOf(name, access.body, authorizer);
    } else {
      shown(name, authorizer);
    }
    expectEntry(name, AGENT_CALLS[name as keyof typeof AGENT_CALLS], { access, asked });
  });

  test.each(having(AGENT, 'refused'))(
    '%s is refused to those that lack its action',
    (name, { refused, body }) => {
      const statusUnder = (authorizer: Authorizer) => statusOf(name, body, authorizer);
      expect(statusUnder(without(refused))).toBe(403);
      expect(statusUnder(everything)).not.toBe(403);
    },
  );

  test('a container that names no user is one of the user around it', () => {
    const statusOf = (userAbove: string | undefined, command: CommandInfo) => {
      const { world } = agentWith({
        authorize: (_, action, object) =>
          action !== 'LAUNCH_NESTED_CONTAINER' || object?.command?.user === 'nobody',
      });
      const call = {
        type: AgentCall_Type.LAUNCH_NESTED_CONTAINER,
        launch_nested_container: { container_id, command },
      };
      world.send({ type: 'operatorCall', request: requestId('r'), call, userAbove });
      return world.take('reply')[0]?.status;
    };
    expect(statusOf('root', {})).toBe(403);
    expect(statusOf('nobody', {})).toBeUndefined();
    expect(statusOf('root', { user: 'nobody' })).toBeUndefined();
  });

  function shown(name: string, authorizer: Authorizer) {
    const { world } = agentWith(authorizer);
    const type = AgentCall_Type[name as keyof typeof AgentCall_Type];
    return createViews(world.agent, messageJson).read({ type }, { authorizer });
  }

  test.each(having(AGENT, 'filtered'))(
    '%s shows less to those that lack its action',
    (name, { filtered: action }) => {
      expect(sizeOf(shown(name, without(action)))).toBeLessThan(sizeOf(shown(name, everything)));
    },
  );

  test.each(having(AGENT, 'open'))('%s is open', (name) => {
    expect(shown(name, everything)).toBeDefined();
    expect(shown(name, nothing)).toEqual(shown(name, everything));
  });
});

describe('a call that the process answers', () => {
  afterEach(stopMasters);

  test.each(having(FROM_PROCESS, 'process'))(
    '%s is refused to those that lack its action',
    async (name, { process: action, body = {} }) => {
      const statusUnder = async (authorizer: Authorizer) => {
        const logFiles = new Map([['/master/log', import.meta.filename]]);
        const master = await startMaster({ authorizer, logFiles });
        const headers = { 'Content-Type': 'application/json', Accept: 'application/json' };
        const init = { method: 'POST', headers, body: JSON.stringify({ type: name, ...body }) };
        return (await fetch(`${master.url}/api/v1`, init)).status;
      };
      expect(await statusUnder(without(action))).toBe(403);
      expect(await statusUnder(everything)).toBe(200);
    },
  );
});
