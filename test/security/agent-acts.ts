// What an agent's master, executors and operators do to it, and those who only say that they are
// these.
import type { Executor } from '../../src/agent/executors/executor.ts';
import type { MessageToAgent } from '../../src/model/agent-messages.ts';
import {
  type AgentCall,
  AgentCall_AttachContainerInput_Type,
  AgentCall_Type,
  type ContainerID,
  type ExecutorCall,
  ExecutorCall_Type,
  type ExecutorInfo,
  ExecutorInfo_Type,
  type FrameworkInfo,
  FrameworkInfo_Capability_Type,
  TaskState,
} from '../../src/model/generated/messages.ts';
import { requestId, streamId } from '../../src/model/ids.ts';
import type { Principal } from '../../src/security/principal.ts';
import { type MessageType, types } from '../../src/wire/types.ts';
import { AGENT_ID, MASTER, OBSERVER, scalar, status } from '../agent/harness.ts';
import { Stranger } from '../master/strange-message.ts';
import type { Chance } from '../simulation/chance.ts';
import { AGENT_NAMES, type AgentSearch } from './agent-search.ts';

const named = (value: string): Principal => ({ value });

const STRANGERS = [
  'master@10.0.0.66:5050',
  'master@10.0.0.1:5051',
  OBSERVER,
  'slave(1)@10.0.0.1:5050',
];

export class AgentActs {
  readonly #search: AgentSearch;
  readonly #chance: Chance;
  readonly #stranger: Stranger;
  readonly #frameworks: FrameworkInfo[];
  #requests = 0;

  constructor(search: AgentSearch) {
    const { chance, canaries } = search;
    this.#search = search;
    this.#chance = chance;
    this.#frameworks = [0, 1, 2].map((i) => {
      const mark = canaries.plant('framework');
      return {
        id: { value: `c0ffee00-0000-4000-8000-000000000000-000${i}` },
        user: chance.pick(AGENT_NAMES.users),
        name: mark,
        hostname: mark,
        labels: { labels: [{ key: mark }] },
        principal: chance.pick(AGENT_NAMES.principals),
        roles: [chance.pick(AGENT_NAMES.roles)],
        capabilities: [{ type: FrameworkInfo_Capability_Type.MULTI_ROLE }],
      };
    });
    this.#stranger = new Stranger(chance.random, {
      strings: {
        FrameworkID: this.#frameworks.map(({ id }) => id?.value ?? ''),
        ExecutorID: ['e0', 'e1', 'e2'],
        AgentID: [AGENT_ID],
        user: AGENT_NAMES.users,
        role: AGENT_NAMES.roles,
        principal: AGENT_NAMES.principals,
      },
    });
  }

  begin(): void {
    this.#search.world.register();
    for (let i = 0; i < 4; i++) {
      this.#launch(MASTER);
      this.#start();
      this.#call(this.#pickExecutor(), true);
    }
  }

  anybody(): Principal | undefined {
    const { chance } = this.#search;
    switch (chance.int(0, 6)) {
      case 0:
        return chance.pick([undefined, named('stranger')]);
      case 1:
        return this.#token(this.#pickExecutor());
      default:
        return named(chance.pick(AGENT_NAMES.principals));
    }
  }

  act(): void {
    const { chance } = this.#search;
    const { world } = this.#search;
    if (world.exited !== undefined) {
      return;
    }
    switch (chance.int(0, 11)) {
      case 0:
        this.#launch(this.#sender());
        break;
      case 1:
        this.#start();
        break;
      case 2:
      case 3:
        this.#call(this.#pickExecutor(), chance.of(0.5));
        break;
      case 4:
        this.#fromMaster();
        break;
      case 5:
        this.#end();
        break;
      case 6:
        this.#search.pass(chance.pick([100, 5_000, 30_000]));
        break;
      default:
        this.#operate();
    }
  }

  #request() {
    return requestId(`r${this.#requests++}`);
  }

  #executors(): Executor[] {
    return [...this.#search.world.agent.containers.values()];
  }

  #pickExecutor(): Executor | undefined {
    const executors = this.#executors();
    return executors.length === 0 ? undefined : this.#chance.pick(executors);
  }

  #sender(): string {
    return this.#chance.of(0.7) ? MASTER : this.#chance.pick(STRANGERS);
  }

  #say(from: string, message: MessageToAgent): void {
    const body = this.#chance.of(0.1)
      ? this.#stranger.mutate(types[message.name] as MessageType<object>, message.body, 0.08)
      : message.body;
    const sent = { name: message.name, body } as MessageToAgent;
    this.#search.send({ type: 'masterMessage', from, message: sent } as never);
  }

  #launch(from: string): void {
    const { chance, canaries, world } = this.#search;
    const framework = chance.pick(this.#frameworks);
    const role = framework.roles?.[0] ?? '*';
    const held = (cpus: number) =>
      [scalar('cpus', cpus), scalar('mem', 32)].map((it) => ({ ...it, allocation_info: { role } }));
    const user = chance.of(0.5) ? { user: chance.pick(AGENT_NAMES.users) } : {};
    const mark = canaries.plant('task');
    const task = {
      name: mark,
      task_id: { value: mark },
      agent_id: { value: AGENT_ID },
      labels: { labels: [{ key: mark }] },
      resources: held(0.1),
    };
    const name = canaries.plant('executor');
    const executor: ExecutorInfo = {
      executor_id: { value: `e${chance.int(0, 2)}` },
      ...(framework.id !== undefined && { framework_id: framework.id }),
      name,
      source: name,
      labels: { labels: [{ key: name }] },
      command: { value: 'x', ...user },
      resources: held(0.1),
    };
    const resource_version_uuids = [{ uuid: world.agent.resourceVersion }];
    if (chance.of(0.2)) {
      const { command: _, ...rest } = executor;
      this.#say(from, {
        name: 'RunTaskGroupMessage',
        body: {
          framework,
          executor: { ...rest, type: ExecutorInfo_Type.DEFAULT },
          task_group: { tasks: [{ ...task, command: { value: 'x', ...user } }] },
          resource_version_uuids,
          launch_executor: true,
        },
      });
      return;
    }
    const run = chance.of(0.4) ? { command: { value: 'x', ...user } } : { executor };
    const isThere = this.#executors().some(
      ({ frameworkId, executorId }) =>
        frameworkId === framework.id?.value && executorId === executor.executor_id.value,
    );
    this.#say(from, {
      name: 'RunTaskMessage',
      body: {
        framework,
        task: { ...task, ...run },
        resource_version_uuids,
        launch_executor: !('executor' in run && isThere),
      },
    });
  }

  #start(): void {
    const executor = this.#pickExecutor();
    if (executor !== undefined) {
      const { frameworkId, executorId, containerId } = executor;
      const event = { type: 'containerStarted', frameworkId, executorId, containerId } as const;
      this.#search.send(event as never);
    }
  }

  #end(): void {
    const executor = this.#pickExecutor();
    if (executor !== undefined && this.#chance.of(0.4)) {
      const { frameworkId, executorId, containerId } = executor;
      this.#search.send({
        ...{ type: 'containerEnded', frameworkId, executorId, containerId, waitStatus: 0 },
      } as never);
    }
  }

  #token(executor: Executor | undefined): Principal {
    const { chance } = this.#search;
    const own = {
      fid: executor?.frameworkId ?? 'f',
      eid: executor?.executorId ?? 'e',
      cid: executor?.containerId ?? 'c',
    };
    const { frameworkId, executorId, containerId } = this.#pickExecutor() ?? {
      frameworkId: 'f',
      executorId: 'e',
      containerId: 'c',
    };
    switch (chance.int(0, 9)) {
      case 0:
        return { claims: { ...own, fid: frameworkId } };
      case 1:
        return { claims: { ...own, eid: executorId } };
      case 2:
        return { claims: { ...own, cid: containerId } };
      case 3:
        return { claims: { cid: own.cid } };
      default:
        return { claims: own };
    }
  }

  /** A call of an executor: by its token, by another's, or by none. */
  #call(executor: Executor | undefined, isRight: boolean): void {
    const { chance } = this.#search;
    if (executor === undefined) {
      return;
    }
    const tasks = [...executor.launched.keys(), ...executor.queued.keys(), 'none'];
    const ids = {
      framework_id: { value: executor.frameworkId },
      executor_id: { value: executor.executorId },
    };
    const isBuiltin = executor.builtin !== undefined && (isRight || chance.of(0.5));
    const principal = isRight
      ? {
          claims: {
            fid: executor.frameworkId,
            eid: executor.executorId,
            cid: executor.containerId,
          },
        }
      : chance.pick([
          undefined,
          named('p0'),
          this.#token(executor),
          this.#token(this.#pickExecutor()),
        ]);
    const event = { request: this.#request(), principal, ...(isBuiltin && { isBuiltin }) };
    const state = chance.pick([
      TaskState.TASK_STARTING,
      TaskState.TASK_RUNNING,
      TaskState.TASK_FINISHED,
    ]);
    const calls: ExecutorCall[] = [
      {
        ...ids,
        type: ExecutorCall_Type.UPDATE,
        update: { status: status(chance.pick(tasks), state) },
      },
      { ...ids, type: ExecutorCall_Type.MESSAGE, message: { data: new Uint8Array(1) } },
      { ...ids, type: ExecutorCall_Type.HEARTBEAT },
    ];
    if (executor.state === 'registering' || chance.of(0.3)) {
      const call = { ...ids, type: ExecutorCall_Type.SUBSCRIBE, subscribe: {} };
      const stream = streamId(`stream-${this.#requests}`);
      this.#search.send({ type: 'executorSubscribe', ...event, stream, call } as never);
    } else {
      this.#search.send({ type: 'executorCall', ...event, call: chance.pick(calls) } as never);
    }
  }

  #fromMaster(): void {
    const { chance, world } = this.#search;
    const framework_id = chance.pick(this.#frameworks).id ?? { value: '' };
    const executor = this.#pickExecutor();
    const executor_id = { value: executor?.executorId ?? 'e0' };
    const task_id = { value: [...(executor?.launched.keys() ?? []), 'none'][0] ?? '' };
    const messages: MessageToAgent[] = [
      { name: 'KillTaskMessage', body: { framework_id, task_id } },
      { name: 'ShutdownExecutorMessage', body: { framework_id, executor_id } },
      {
        name: 'FrameworkToExecutorMessage',
        body: {
          agent_id: { value: AGENT_ID },
          framework_id,
          executor_id,
          data: new Uint8Array(1),
        },
      },
      {
        name: 'StatusUpdateAcknowledgementMessage',
        body: { agent_id: { value: AGENT_ID }, framework_id, task_id, uuid: world.uuid() },
      },
      {
        name: 'UpdateFrameworkMessage',
        body: { framework_id, pid: '', framework_info: chance.pick(this.#frameworks) },
      },
      { name: 'AgentReregisteredMessage', body: { agent_id: { value: AGENT_ID } } },
      { name: 'PingAgentMessage', body: { connected: chance.of(0.5) } },
      { name: 'AuthenticationErrorMessage', body: { error: 'x' } },
      { name: 'AuthenticationFailedMessage', body: {} },
      { name: 'CheckpointResourcesMessage', body: { resources: [] } },
      { name: 'DrainAgentMessage', body: { config: {} } },
      { name: 'ShutdownFrameworkMessage', body: { framework_id } },
      { name: 'ShutdownMessage', body: { message: 'x' } },
    ];
    // The last ones end what is there: mostly others try that.
    const from = this.#sender();
    const some = from === MASTER && chance.of(0.9) ? messages.slice(0, -4) : messages;
    this.#say(from, chance.pick(some));
  }

  #operate(): void {
    const { chance } = this.#search;
    // What is launched has the most ways to be somebody else's.
    const calls = this.#calls();
    const call = chance.pick(chance.of(0.3) ? calls.slice(0, 3) : calls);
    const bent = chance.of(0.1)
      ? { ...this.#stranger.mutate(types.AgentCall, call, 0.08), type: call.type }
      : call;
    this.#search.send({
      type: 'operatorCall',
      request: this.#request(),
      principal: this.anybody(),
      call: bent as AgentCall,
      ...(chance.of(0.5) && { userAbove: chance.pick(AGENT_NAMES.users) }),
    } as never);
  }

  #calls(): AgentCall[] {
    const { chance } = this.#search;
    const root = this.#pickExecutor()?.containerId ?? 'c';
    const container_id: ContainerID = chance.pick([
      { value: 'n', parent: { value: root } },
      { value: 'n', parent: { value: root } },
      { value: 'm', parent: { value: 'n', parent: { value: root } } },
      { value: root },
      { value: 'alone' },
      { value: 'n', parent: { value: 'alone' } },
      { value: `${root}.n` },
    ]);
    const user = chance.of(0.5) ? { user: chance.pick(AGENT_NAMES.users) } : {};
    const launch = { container_id, ...(chance.of(0.8) && { command: { value: 'x', ...user } }) };
    const type = AgentCall_AttachContainerInput_Type.CONTAINER_ID;
    const T = AgentCall_Type;
    return [
      { type: T.LAUNCH_NESTED_CONTAINER, launch_nested_container: launch },
      { type: T.LAUNCH_NESTED_CONTAINER_SESSION, launch_nested_container_session: launch },
      { type: T.LAUNCH_CONTAINER, launch_container: launch },
      { type: T.WAIT_NESTED_CONTAINER, wait_nested_container: { container_id } },
      { type: T.WAIT_CONTAINER, wait_container: { container_id } },
      { type: T.KILL_NESTED_CONTAINER, kill_nested_container: { container_id } },
      { type: T.KILL_CONTAINER, kill_container: { container_id } },
      { type: T.REMOVE_NESTED_CONTAINER, remove_nested_container: { container_id } },
      { type: T.REMOVE_CONTAINER, remove_container: { container_id } },
      { type: T.ATTACH_CONTAINER_INPUT, attach_container_input: { type, container_id } },
      { type: T.ATTACH_CONTAINER_OUTPUT, attach_container_output: { container_id } },
      { type: T.PRUNE_IMAGES, prune_images: {} },
      { type: T.GET_IMAGES },
      { type: T.PULL_IMAGE, pull_image: { image: { type: 2, docker: { name: 'x' } } } },
    ];
  }
}
