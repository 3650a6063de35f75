// A small cluster in which strange things happen.

import type { MasterEvent } from '../../src/master/events.ts';
import type { MessageToMaster } from '../../src/model/agent-messages.ts';
import {
  ContainerInfo_Type,
  DiscoveryInfo_Visibility,
  ExecutorInfo_Type,
  HealthCheck_Type,
  type MasterCall,
  MasterCall_Type,
  type Offer_Operation,
  Offer_Operation_Type,
  type Resource,
  Resource_ReservationInfo_Type,
  SchedulerCall_Type,
  TaskState,
  Volume_Mode,
} from '../../src/model/generated/messages.ts';
import { Random } from '../../src/model/random.ts';
import { type Authorizer, permissive } from '../../src/security/authorizer.ts';
import { jsonValue, writeJson } from '../../src/wire/json.ts';
import { encodeInternal } from '../../src/wire/libprocess.ts';
import { encodeMessage } from '../../src/wire/protobuf.ts';
import { type MessageType, types } from '../../src/wire/types.ts';
import {
  type FakeAgent,
  type FakeFramework,
  type OnEvent,
  resources,
  runningTask,
  type Untimed,
  viewer,
  World,
} from './harness.ts';
import { Stranger } from './strange-message.ts';

const toMaster = [
  'RegisterAgentMessage',
  'ReregisterAgentMessage',
  'UnregisterAgentMessage',
  'UpdateAgentMessage',
  'StatusUpdateMessage',
  'ExecutorToFrameworkMessage',
  'ExitedExecutorMessage',
  'UpdateOperationStatusMessage',
  'PongAgentMessage',
  'AuthenticateMessage',
  'AuthenticationStartMessage',
  'AuthenticationStepMessage',
] as const satisfies readonly MessageToMaster['name'][];

export class StrangeWorld {
  readonly world: World;
  readonly #random: Random;
  readonly #stranger: Stranger;
  #agents: FakeAgent[] = [];
  #frameworks: FakeFramework[] = [];

  constructor(seed: number, onEvent?: OnEvent, authorizer: Authorizer = permissive) {
    this.world = new World(
      {
        authorizer,
        jsonOf: (type, message) => jsonValue(types[type] as MessageType<object>, message as object),
      },
      { onEvent },
    );
    this.#random = new Random(seed);
    for (let i = 0; i < 3; i++) {
      const pid = `slave(1)@10.0.1.${i}:5051`;
      this.#agents.push(this.world.agent({ pid, hostname: `n${i}` }));
    }
    for (let i = 0; i < 2; i++) {
      this.#frameworks.push(this.world.framework({ roles: i === 0 ? ['dev'] : ['dev', 'a/b'] }));
    }
    this.world.allocate();
    this.#launch();
    const ids = (numbers: readonly number[], make: (i: number) => string) => numbers.map(make);
    this.#stranger = new Stranger(this.#random, {
      strings: {
        TaskID: ['t0', 't1', 't2', 't3', 'new', 'newer'],
        ExecutorID: ['e', 't0', 't1', 'default'],
        AgentID: this.#agents.map(({ id }) => id),
        FrameworkID: this.#frameworks.map(({ id }) => id),
        OfferID: ids(
          [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
          (i) => `${this.world.options.id}-O${i}`,
        ),
        role: ['dev', 'a/b', 'prod', '*'],
        roles: ['dev', 'a/b', 'prod'],
        suppressed_roles: ['dev', 'a/b', 'prod'],
        reservation: ['dev', 'a/b'],
        hostname: ['n0', 'n1', 'n2'],
        pid: this.#agents.map(({ pid }) => pid),
        version: ['1.11.0', '1.11.0', '0.9', 'x'],
        Resource: ['cpus', 'mem', 'disk', 'ports'],
        principal: ['p'],
        container_path: ['data', '/data'],
      },
    });
    const dispatch = this.world.dispatch.bind(this.world);
    this.world.dispatch = (event) => dispatch(this.#bend(event));
  }

  #launch(): void {
    for (const framework of this.#frameworks) {
      for (const [i, offer] of framework.offers().entries()) {
        framework.launch(offer, `t${i}`);
        const agent = this.#agents.find(({ id }) => id === offer.agent_id.value);
        agent?.update(framework, `t${i}`, TaskState.TASK_RUNNING);
      }
    }
  }

  /** Makes small changes in what the other side sends. */
  #bend(event: Untimed<MasterEvent>): Untimed<MasterEvent> {
    const stranger = this.#stranger;
    const rate = stranger.pick([0, 0, 0.01, 0.03, 0.1]);
    switch (rate === 0 ? '' : event.type) {
      case 'agentMessage': {
        const { message } = event as Extract<MasterEvent, { type: 'agentMessage' }>;
        const type = types[message.name] as MessageType<object>;
        const body = stranger.mutate(type, message.body, rate);
        return { ...event, message: { name: message.name, body } } as Untimed<MasterEvent>;
      }
      case 'schedulerSubscribe':
      case 'schedulerCall': {
        const { call } = event as Extract<MasterEvent, { type: 'schedulerCall' }>;
        const bent = this.#withBody(types.SchedulerCall, {
          ...stranger.mutate(types.SchedulerCall, call, rate),
          type: call.type ?? SchedulerCall_Type.UNKNOWN,
        });
        if (event.type === 'schedulerCall') {
          bent.framework_id ??= { value: stranger.pick(this.#frameworks).id };
        }
        return { ...event, call: bent } as Untimed<MasterEvent>;
      }
      case 'operatorCall': {
        const { call } = event as Extract<MasterEvent, { type: 'operatorCall' }>;
        const bent = {
          ...stranger.mutate(types.MasterCall, call, rate),
          type: call.type ?? MasterCall_Type.UNKNOWN,
        };
        return { ...event, call: this.#withBody(types.MasterCall, bent) } as Untimed<MasterEvent>;
      }
      default:
        return event;
    }
  }

  /** Ordinary traffic, slightly changed on its way. */
  #usual(): void {
    const { world } = this;
    const stranger = this.#stranger;
    const agent = stranger.pick(this.#agents);
    const framework = stranger.pick(this.#frameworks);
    const offers = framework.offers();
    const offer = offers.length > 0 ? stranger.pick(offers) : undefined;
    const task = stranger.pick(['t0', 't1', 't2', 't3', 'new', 'newer']);
    const named = { task_id: { value: task }, agent_id: { value: agent.id } };
    const principal = { principal: 'p' };
    const reserved = resources('cpus:1;disk:64').map((it) => ({
      ...it,
      reservations: [{ type: Resource_ReservationInfo_Type.DYNAMIC, role: 'dev', ...principal }],
    }));
    const [, disk] = reserved;
    const volume = {
      ...(disk as Resource),
      disk: {
        persistence: { id: task, ...principal },
        volume: { container_path: 'data', mode: Volume_Mode.RW },
      },
    };
    const executor = {
      executor_id: { value: 'e' },
      framework_id: { value: framework.id },
      type: ExecutorInfo_Type.DEFAULT,
      resources: resources('cpus:0.1;mem:32'),
    };
    const operations: Offer_Operation[] = [
      { type: Offer_Operation_Type.RESERVE, id: { value: 'op' }, reserve: { resources: reserved } },
      { type: Offer_Operation_Type.RESERVE, reserve: { resources: reserved } },
      { type: Offer_Operation_Type.UNRESERVE, unreserve: { resources: reserved } },
      { type: Offer_Operation_Type.CREATE, create: { volumes: [volume] } },
      { type: Offer_Operation_Type.DESTROY, destroy: { volumes: [volume] } },
      {
        type: Offer_Operation_Type.LAUNCH,
        launch: {
          task_infos: [
            {
              name: task,
              ...named,
              resources: resources('cpus:0.5;mem:32;ports:[31000-31001]'),
              command: { value: 'x', uris: [{ value: 'http://x/y' }] },
              labels: { labels: [{ key: 'k', value: 'v' }] },
              health_check: { type: HealthCheck_Type.COMMAND, command: { value: 'x' } },
              kill_policy: { grace_period: { nanoseconds: 1n } },
              container: { type: ContainerInfo_Type.MESOS, network_infos: [{}] },
              discovery: { visibility: DiscoveryInfo_Visibility.CLUSTER, name: 'd' },
            },
          ],
        },
      },
      {
        type: Offer_Operation_Type.LAUNCH_GROUP,
        launch_group: {
          executor,
          task_group: {
            tasks: [
              {
                name: task,
                ...named,
                resources: resources('cpus:0.1;mem:32'),
                command: { value: 'x' },
              },
            ],
          },
        },
      },
    ];
    const calls: (() => void)[] = [
      () => framework.call('REVIVE', { revive: { roles: ['dev'] } }),
      () => framework.call('SUPPRESS', { suppress: { roles: ['dev'] } }),
      () => framework.call('KILL', { kill: named }),
      () =>
        framework.call('SHUTDOWN', {
          shutdown: { executor_id: { value: 'e' }, agent_id: { value: agent.id } },
        }),
      () => framework.call('RECONCILE', { reconcile: { tasks: [named] } }),
      () => framework.call('RECONCILE', { reconcile: {} }),
      () => framework.call('RECONCILE_OPERATIONS', { reconcile_operations: {} }),
      () =>
        framework.call('MESSAGE', {
          message: {
            agent_id: { value: agent.id },
            executor_id: { value: 'e' },
            data: new Uint8Array(2),
          },
        }),
      () =>
        framework.call('UPDATE_FRAMEWORK', {
          update_framework: { framework_info: framework.info },
        }),
      () => framework.acknowledge(agent, task, world.uuid()),
      () =>
        framework.subscribe({
          failover_timeout: 10,
          offer_filters: {
            dev: {
              min_allocatable_resources: { quantities: [{ quantities: { cpus: { value: 1 } } }] },
            },
          },
        }),
      () => framework.disconnect(),
    ];
    const reports: (() => void)[] = [
      () => agent.register(),
      () =>
        agent.reregister({
          frameworks: [{ ...framework.info, id: { value: framework.id } }],
          tasks: [runningTask(framework, agent, task)],
          executor_infos: [{ ...executor }],
          completed_frameworks: [],
          checkpointed_resources: stranger.chance(0.3) ? reserved : [],
        }),
      () => agent.update(framework, task, stranger.pick([1, 2, 3, 4, 5, 8, 9] as TaskState[])),
      () =>
        agent.send('UpdateAgentMessage', {
          agent_id: { value: agent.id },
          update_oversubscribed_resources: true,
          oversubscribed_resources: resources('cpus:1').map((it) => ({ ...it, revocable: {} })),
          operations: {},
        }),
      () =>
        agent.send('ExitedExecutorMessage', {
          agent_id: { value: agent.id },
          framework_id: { value: framework.id },
          executor_id: { value: 'e' },
          status: 1,
        }),
      () => agent.send('UnregisterAgentMessage', { agent_id: { value: agent.id } }),
      () => world.dispatch({ type: 'linkLost', address: agent.pid.split('@')[1] ?? '' }),
    ];
    const orders: MasterCall[] = [
      {
        type: MasterCall_Type.UPDATE_WEIGHTS,
        update_weights: { weight_infos: [{ role: 'dev', weight: 2 }] },
      },
      {
        type: MasterCall_Type.UPDATE_QUOTA,
        update_quota: { quota_configs: [{ role: 'dev', limits: { cpus: { value: 2 } } }] },
      },
      {
        type: MasterCall_Type.SET_QUOTA,
        set_quota: { quota_request: { role: 'a', guarantee: resources('cpus:1') } },
      },
      { type: MasterCall_Type.REMOVE_QUOTA, remove_quota: { role: 'a' } },
      {
        type: MasterCall_Type.RESERVE_RESOURCES,
        reserve_resources: { agent_id: { value: agent.id }, resources: reserved },
      },
      {
        type: MasterCall_Type.UNRESERVE_RESOURCES,
        unreserve_resources: { agent_id: { value: agent.id }, resources: reserved },
      },
      {
        type: MasterCall_Type.CREATE_VOLUMES,
        create_volumes: { agent_id: { value: agent.id }, volumes: [volume] },
      },
      {
        type: MasterCall_Type.DESTROY_VOLUMES,
        destroy_volumes: { agent_id: { value: agent.id }, volumes: [volume] },
      },
      {
        type: MasterCall_Type.UPDATE_MAINTENANCE_SCHEDULE,
        update_maintenance_schedule: {
          schedule: {
            windows: [
              {
                machine_ids: [{ hostname: 'n1', ip: '10.0.1.1' }],
                unavailability: { start: { nanoseconds: BigInt(world.nowMs) * 1000000n } },
              },
            ],
          },
        },
      },
      {
        type: MasterCall_Type.START_MAINTENANCE,
        start_maintenance: { machines: [{ hostname: 'n1', ip: '10.0.1.1' }] },
      },
      {
        type: MasterCall_Type.STOP_MAINTENANCE,
        stop_maintenance: { machines: [{ hostname: 'n1', ip: '10.0.1.1' }] },
      },
      { type: MasterCall_Type.DRAIN_AGENT, drain_agent: { agent_id: { value: agent.id } } },
      {
        type: MasterCall_Type.DEACTIVATE_AGENT,
        deactivate_agent: { agent_id: { value: agent.id } },
      },
      {
        type: MasterCall_Type.REACTIVATE_AGENT,
        reactivate_agent: { agent_id: { value: agent.id } },
      },
      {
        type: MasterCall_Type.KILL_TASK,
        kill_task: { framework_id: { value: framework.id }, task_id: { value: 't1' } },
      },
      { type: MasterCall_Type.SUBSCRIBE },
    ];
    const what = stranger.pick([
      'accept',
      'accept',
      'accept',
      'call',
      'call',
      'report',
      'report',
      'order',
      'allocate',
    ]);
    if (what === 'accept' && offer !== undefined) {
      const count = stranger.pick([0, 1, 1, 2, 3]);
      framework.accept(
        [offer],
        Array.from({ length: count }, () => stranger.pick(operations)),
      );
    } else if (what === 'call') {
      stranger.pick(calls)();
    } else if (what === 'report') {
      stranger.pick(reports)();
    } else if (what === 'order') {
      world.operate(stranger.pick(orders));
    } else {
      world.allocate();
    }
  }

  happen(): void {
    const { world } = this;
    const stranger = this.#stranger;
    const stream = stranger.pick(this.#frameworks).stream;
    const request = world.nextRequest();
    switch (
      stranger.pick([
        'agent',
        'agent',
        'agent',
        'call',
        'call',
        'call',
        'subscribe',
        'operator',
        'operator',
        'time',
        'friend',
        'usual',
        'usual',
        'usual',
        'usual',
        'usual',
        'usual',
        'usual',
        'usual',
        'usual',
        'usual',
        'usual',
        'usual',
      ])
    ) {
      case 'agent': {
        const name = stranger.pick(toMaster);
        const body = stranger.message<object>(types[name] as MessageType<object>);
        const from = stranger.pick(this.#agents).pid;
        // Some of what is said to authenticate is about attempts that there are.
        const attempt = [...world.master.authentication.attempts.byId.values()].at(-1);
        const to = attempt?.id ?? 'master';
        const asked = name === 'AuthenticateMessage' && stranger.chance(0.5) ? { pid: from } : body;
        const message = { name, body: asked } as MessageToMaster;
        world.dispatch({ type: 'agentMessage', from, to, message, nonce: '1' });
        break;
      }
      case 'subscribe': {
        const call = {
          ...(stranger.chance(0.5) && {
            framework_id: { value: stranger.pick(this.#frameworks).id },
          }),
          type: SchedulerCall_Type.SUBSCRIBE,
          subscribe: stranger.message(types.SchedulerCall_Subscribe),
        };
        world.dispatch({ type: 'schedulerSubscribe', request, stream, call });
        break;
      }
      case 'call': {
        const call = this.#withBody(types.SchedulerCall, stranger.message(types.SchedulerCall));
        if (call.type !== SchedulerCall_Type.SUBSCRIBE) {
          call.framework_id ??= { value: stranger.pick(this.#frameworks).id };
          world.dispatch({ type: 'schedulerCall', request, stream, call });
        }
        break;
      }
      case 'operator': {
        const call = this.#withBody(types.MasterCall, stranger.message(types.MasterCall));
        world.dispatch({ type: 'operatorCall', request, call });
        break;
      }
      case 'usual':
        this.#usual();
        break;
      case 'time':
        world.advance(stranger.pick([0, 1000, 20_000, 700_000]));
        break;
      default: {
        stranger.pick(this.#agents).reregister();
        const framework = stranger.pick(this.#frameworks);
        framework.subscribe();
        world.allocate();
        this.#launch();
      }
    }
    this.#write();
    if (stranger.chance(0.1)) {
      this.#read();
    }
  }

  /** The server makes sure that the field of a call exists. */
  #withBody<T extends object>(type: MessageType<T>, call: T): T {
    const kind = type.fields.find(({ name }) => name === 'type')?.value;
    const number = (call as { type?: number }).type ?? 0;
    const name = kind && 'enumeration' in kind ? kind.enumeration.names[number] : undefined;
    const field = type.fields.find((it) => it.name === name?.toLowerCase());
    return field !== undefined && 'message' in field.value && !Object.hasOwn(call, field.name)
      ? { ...call, [field.name]: this.#stranger.message(field.value.message(), 1) }
      : call;
  }

  #write(): void {
    const { world } = this;
    for (const { message } of world.toAgents.splice(0)) {
      encodeInternal(message);
    }
    for (const events of world.streams.values()) {
      // Offers stay valid for the schedulers that use them.
      for (const event of events) {
        encodeMessage(types.SchedulerEvent, event);
        writeJson(types.SchedulerEvent, event);
      }
      events.splice(0, events.length - 10);
    }
    for (const event of world.operatorEvents.splice(0)) {
      encodeMessage(types.MasterEvent, event);
      writeJson(types.MasterEvent, event);
    }
  }

  #read(): void {
    const { views } = this.world;
    const plain = [
      views.state(viewer),
      views.stateSummary(viewer),
      views.slaves(viewer, {}),
      views.frameworks(viewer, {}),
      views.tasks(viewer, {}),
      views.roles(viewer),
      views.weights(viewer),
      views.quota(viewer),
      views.maintenanceSchedule(viewer),
      views.maintenanceStatus(viewer),
      views.metrics(this.world.nowMs),
    ];
    JSON.stringify(plain, (_key, value: unknown) => (isList(value) ? [...value] : value));
    for (const type of Object.values(MasterCall_Type)) {
      const response = views.read({ type }, viewer);
      if (response !== undefined) {
        encodeMessage(types.MasterResponse, response);
        writeJson(types.MasterResponse, response);
      }
    }
  }
}

const isList = (value: unknown): value is Iterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.iterator in value;
