// What operators, schedulers and agents do to a master, and those who are none of these: mostly
// what they may, often what they may not, sometimes nonsense.
import type { Framework } from '../../src/master/state.ts';
import type { MessageToMaster } from '../../src/model/agent-messages.ts';
import {
  type FrameworkInfo,
  FrameworkInfo_Capability_Type,
  type MasterCall,
  MasterCall_Type,
  type Offer,
  type Offer_Operation,
  Offer_Operation_Type,
  type Resource,
  Resource_ReservationInfo_Type,
  type SchedulerCall,
  SchedulerCall_Type,
  type TaskInfo,
  TaskState,
  TaskStatus_Source,
  Volume_Mode,
} from '../../src/model/generated/messages.ts';
import { frameworkId, type StreamId, streamId } from '../../src/model/ids.ts';
import { CRAM_MD5 } from '../../src/security/cram-md5.ts';
import type { Principal } from '../../src/security/principal.ts';
import { type MessageType, types } from '../../src/wire/types.ts';
import { resources } from '../master/harness.ts';
import { Stranger } from '../master/strange-message.ts';
import type { Chance } from '../simulation/chance.ts';
import { must } from './breach.ts';
import { MASTER_NAMES, type MasterSearch, proofOf } from './master-search.ts';

interface Agent {
  readonly pid: string;
  readonly peer: string;
  readonly hostname: string;
  readonly resources: string;
  id: string;
}

interface Scheduler {
  readonly principal: Principal | undefined;
  info: FrameworkInfo;
  id: string;
  stream: StreamId;
  tasks: string[];
}

const isDynamic = ({ reservations }: Resource) =>
  reservations?.some(({ type }) => type === Resource_ReservationInfo_Type.DYNAMIC) === true;
const reserve = (resource: Resource): Offer_Operation => ({
  type: Offer_Operation_Type.RESERVE,
  reserve: { resources: [resource] },
});
const create = (volume: Resource): Offer_Operation => ({
  type: Offer_Operation_Type.CREATE,
  create: { volumes: [volume] },
});
const named = (value: string): Principal => ({ value });

export class MasterActs {
  readonly #search: MasterSearch;
  readonly #chance: Chance;
  readonly #stranger: Stranger;
  readonly #agents: Agent[];
  readonly #schedulers: Scheduler[] = [];
  #streams = 0;
  #nonces = 1;

  constructor(search: MasterSearch) {
    this.#search = search;
    this.#chance = search.chance;
    this.#agents = [2, 3, 4].map((n) => ({
      pid: `slave(1)@10.0.0.${n}:5051`,
      peer: `crammd5-authenticatee(1)@10.0.0.${n}:5051`,
      hostname: `n${n}`,
      resources: `cpus:8;mem:8192;disk:8192${n === 3 ? ';cpus(qrb):4;mem(qrb):1024' : ''}`,
      id: '',
    }));
    this.#stranger = new Stranger(this.#chance.random, {
      strings: {
        role: MASTER_NAMES.roles,
        roles: MASTER_NAMES.roles,
        user: MASTER_NAMES.users,
        principal: MASTER_NAMES.principals,
        pid: this.#agents.map(({ pid }) => pid),
        hostname: this.#agents.map(({ hostname }) => hostname),
        AgentID: [0, 1, 2].map((n) => `${search.world.options.id}-S${n}`),
        FrameworkID: [0, 1, 2].map((n) => `${search.world.options.id}-000${n}`),
        version: ['1.11.0'],
      },
    });
  }

  anybody(): Principal | undefined {
    return this.#chance.of(0.15)
      ? this.#chance.pick([undefined, { claims: { cid: 'c' } }, named('stranger')])
      : named(this.#chance.pick(MASTER_NAMES.principals));
  }

  /** Agents and frameworks that have all they may have, before lists forbid anything. */
  begin(): void {
    for (const [i, agent] of this.#agents.entries()) {
      this.#authenticate(agent, i === 2 ? 'a1' : 'a0');
      this.#register(agent);
    }
    for (let i = 0; i < 3; i++) {
      this.#subscribe(this.#newScheduler());
    }
    this.#search.advance(1_000);
    for (let i = 0; i < 6; i++) {
      this.#accept();
      this.#report();
    }
  }

  act(): void {
    const { chance } = this.#search;
    switch (
      chance.pick([
        ...['accept', 'accept', 'accept', 'call', 'call', 'subscribe'],
        ...['operate', 'operate', 'operate', 'operate', 'watch', 'authenticate', 'register'],
        ...['reregister', 'report', 'report', 'report', 'pretend', 'time', 'time', 'hold', 'leave'],
      ])
    ) {
      case 'accept':
        this.#accept();
        break;
      case 'call':
        this.#call();
        break;
      case 'subscribe':
        this.#subscribe(
          chance.of(0.2) && this.#schedulers.length < 8
            ? this.#newScheduler()
            : chance.pick(this.#schedulers),
        );
        break;
      case 'operate':
        this.#operate();
        break;
      case 'watch':
        this.#watch();
        break;
      case 'authenticate':
        this.#authenticate(chance.pick(this.#agents), chance.pick(MASTER_NAMES.principals));
        break;
      case 'register':
        this.#register(chance.pick(this.#agents));
        break;
      case 'reregister':
        this.#reregister(chance.pick(this.#agents));
        break;
      case 'report':
        this.#report();
        break;
      case 'pretend':
        this.#pretend();
        break;
      case 'time':
        this.#search.advance(chance.pick([1_000, 1_000, 20_000, 90_000]));
        break;
      case 'hold':
        this.#search.hold();
        this.#operate();
        this.#accept();
        this.#operate();
        this.#search.release();
        break;
      default:
        this.#leave();
    }
  }

  #newScheduler(): Scheduler {
    const { chance, canaries } = this.#search;
    const mark = canaries.plant('framework');
    const principal = chance.pick(['p0', 'p1', 'p2']);
    const roles = [...new Set([chance.pick(MASTER_NAMES.roles), chance.pick(MASTER_NAMES.roles)])];
    const scheduler: Scheduler = {
      principal: chance.of(0.8) ? named(principal) : undefined,
      info: {
        user: chance.pick(MASTER_NAMES.users),
        name: mark,
        hostname: mark,
        webui_url: mark,
        labels: { labels: [{ key: mark, value: mark }] },
        principal,
        roles,
        failover_timeout: chance.pick([0, 30, 600]),
        checkpoint: true,
        capabilities: [
          { type: FrameworkInfo_Capability_Type.MULTI_ROLE },
          { type: FrameworkInfo_Capability_Type.RESERVATION_REFINEMENT },
          { type: FrameworkInfo_Capability_Type.PARTITION_AWARE },
        ],
      },
      id: '',
      stream: streamId('none'),
      tasks: [],
    };
    this.#schedulers.push(scheduler);
    return scheduler;
  }

  #subscribe(scheduler: Scheduler): void {
    const { chance, world } = this.#search;
    const stream = streamId(`s${this.#streams++}`);
    const info: FrameworkInfo = {
      ...scheduler.info,
      ...(scheduler.id !== '' && { id: { value: scheduler.id } }),
      ...(chance.of(0.2) && { roles: [chance.pick(MASTER_NAMES.roles)] }),
      ...(chance.of(0.1) && { principal: chance.pick(MASTER_NAMES.principals) }),
    };
    const principal = chance.of(0.8)
      ? scheduler.principal
      : named(chance.pick(MASTER_NAMES.principals));
    const subscribe = { framework_info: info };
    const call: SchedulerCall = {
      ...(scheduler.id !== '' && { framework_id: { value: scheduler.id } }),
      type: SchedulerCall_Type.SUBSCRIBE,
      subscribe: chance.of(0.1)
        ? this.#stranger.mutate(types.SchedulerCall_Subscribe, subscribe, 0.1)
        : subscribe,
    };
    const request = world.nextRequest();
    this.#search.dispatch({ type: 'schedulerSubscribe', request, stream, principal, call });
    const framework = world.master.frameworks.byStream.get(stream);
    if (framework !== undefined) {
      scheduler.id = framework.id;
      scheduler.stream = stream;
    }
  }

  #send(scheduler: Scheduler, call: SchedulerCall): void {
    const { chance, world } = this.#search;
    const other = chance.pick(this.#schedulers);
    const sent: SchedulerCall = {
      framework_id: { value: chance.of(0.9) ? scheduler.id : other.id },
      ...(chance.of(0.1) ? this.#stranger.mutate(types.SchedulerCall, call, 0.1) : call),
      ...(call.type !== undefined && { type: call.type }),
    };
    this.#search.dispatch({
      type: 'schedulerCall',
      request: world.nextRequest(),
      stream: chance.of(0.9) ? scheduler.stream : other.stream,
      principal: chance.of(0.9)
        ? scheduler.principal
        : chance.pick([undefined, named(chance.pick(MASTER_NAMES.principals))]),
      call: sent,
    });
  }

  #accept(): void {
    const { chance } = this.#search;
    const offer = chance.of(0.95) ? this.#offer() : undefined;
    if (offer === undefined) {
      this.#search.advance(1_000);
      return;
    }
    const scheduler =
      this.#schedulers.find(({ id }) => id === offer.framework_id.value) ??
      chance.pick(this.#schedulers);
    const operations = Array.from({ length: chance.int(0, 3) }, () =>
      this.#operations(offer, scheduler),
    ).flat();
    this.#send(chance.of(0.95) ? scheduler : chance.pick(this.#schedulers), {
      type: SchedulerCall_Type.ACCEPT,
      accept: { offer_ids: [offer.id], operations, filters: { refuse_seconds: 0 } },
    });
  }

  #offer(): Offer | undefined {
    const { chance, world } = this.#search;
    const offers = [...world.master.offers.values()];
    if (offers.length === 0) {
      return undefined;
    }
    const { id, framework, agent, resources: offered, role } = chance.pick(offers);
    return {
      id: { value: id },
      framework_id: { value: framework.id },
      agent_id: { value: agent.id },
      hostname: agent.info.hostname,
      resources: offered,
      allocation_info: { role },
    };
  }

  #part(role: string, name = 'cpus', value = 0.5): Resource {
    return {
      ...resources(`${name}:${value}`)[0],
      name,
      type: 0,
      allocation_info: { role },
    } as Resource;
  }

  #reserved(role: string, principal: string | undefined, name = 'cpus', value = 0.5): Resource {
    const mark = this.#search.canaries.plant('resource');
    return {
      ...this.#part(role, name, value),
      reservations: [
        {
          type: Resource_ReservationInfo_Type.DYNAMIC,
          role,
          ...(principal !== undefined && { principal }),
          labels: { labels: [{ key: mark }] },
        },
      ],
    };
  }

  /** A volume of the resource, or of a reservation that there is not. */
  #volume(disk: Resource, principal: string | undefined): Resource {
    const id = this.#search.canaries.plant('resource');
    return {
      ...disk,
      disk: {
        persistence: { id, ...(principal !== undefined && { principal }) },
        volume: { container_path: 'v', mode: Volume_Mode.RW },
      },
    };
  }

  #operations(offer: Offer, { info }: Scheduler): Offer_Operation[] {
    const { chance } = this.#search;
    const role = offer.allocation_info?.role ?? '*';
    const dynamic = (offer.resources ?? []).filter(isDynamic);
    const isVolume = ({ disk }: Resource) => disk?.persistence !== undefined;
    const volumes = dynamic.filter(isVolume);
    const principal = chance.of(0.9) ? info.principal : chance.pick(MASTER_NAMES.principals);
    const disk = this.#reserved(role, principal, 'disk', 64);
    switch (chance.int(0, 8)) {
      case 0:
        return [reserve(this.#reserved(role, principal))];
      case 1:
        return [reserve(disk), create(this.#volume(disk, principal))];
      case 2: {
        const [source] = dynamic;
        const [more] = this.#reserved(`${role}/x`, principal).reservations ?? [];
        const stack = [...(source?.reservations ?? []), ...(more === undefined ? [] : [more])];
        return [reserve({ ...(source ?? this.#part(role)), reservations: stack })];
      }
      case 3:
        return [
          {
            type: Offer_Operation_Type.UNRESERVE,
            unreserve: { resources: dynamic.filter((it) => !isVolume(it)).slice(0, 1) },
          },
        ];
      case 4:
        return [{ type: Offer_Operation_Type.DESTROY, destroy: { volumes: volumes.slice(0, 1) } }];
      case 5: {
        const [volume] = volumes;
        const subtract = { value: 1 };
        return volume === undefined
          ? []
          : [{ type: Offer_Operation_Type.SHRINK_VOLUME, shrink_volume: { volume, subtract } }];
      }
      default:
        return [
          {
            type: Offer_Operation_Type.LAUNCH,
            launch: { task_infos: [this.#task(offer, role)] },
          },
        ];
    }
  }

  #task(offer: Offer, role: string): TaskInfo {
    const { chance, canaries } = this.#search;
    const mark = canaries.plant('task');
    const user = chance.of(0.5) ? { user: chance.pick(MASTER_NAMES.users) } : {};
    const ofExecutor = canaries.plant('executor');
    const run = chance.of(0.5)
      ? { command: { value: 'x', ...user } }
      : {
          executor: {
            executor_id: { value: `e${chance.int(0, 3)}` },
            framework_id: offer.framework_id,
            name: ofExecutor,
            source: ofExecutor,
            labels: { labels: [{ key: ofExecutor }] },
            command: { value: 'x', ...user },
            resources: [this.#part(role, 'cpus', 0.1), this.#part(role, 'mem', 32)],
          },
        };
    return {
      name: mark,
      task_id: { value: mark },
      agent_id: offer.agent_id,
      resources: [this.#part(role), this.#part(role, 'mem', 64)],
      labels: { labels: [{ key: mark, value: mark }] },
      ...run,
    };
  }

  #call(): void {
    const { chance, world } = this.#search;
    const scheduler = chance.pick(this.#schedulers);
    const framework = this.#frameworkOf(chance.pick(this.#schedulers));
    const [task] = [...(framework?.tasks.values() ?? [])];
    const agent_id = task?.agent_id ?? { value: chance.pick(this.#agents).id };
    const task_id = task?.task_id ?? { value: 'none' };
    const uuid = task?.statuses?.at(-1)?.uuid ?? world.uuid();
    const calls: SchedulerCall[] = [
      { type: SchedulerCall_Type.KILL, kill: { task_id, agent_id } },
      { type: SchedulerCall_Type.SHUTDOWN, shutdown: { executor_id: { value: 'e1' }, agent_id } },
      { type: SchedulerCall_Type.ACKNOWLEDGE, acknowledge: { agent_id, task_id, uuid } },
      { type: SchedulerCall_Type.RECONCILE, reconcile: { tasks: [{ task_id, agent_id }] } },
      { type: SchedulerCall_Type.RECONCILE, reconcile: {} },
      { type: SchedulerCall_Type.RECONCILE_OPERATIONS, reconcile_operations: {} },
      {
        type: SchedulerCall_Type.MESSAGE,
        message: { agent_id, executor_id: { value: 'e1' }, data: new Uint8Array(2) },
      },
      { type: SchedulerCall_Type.REVIVE },
      { type: SchedulerCall_Type.SUPPRESS },
      {
        type: SchedulerCall_Type.UPDATE_FRAMEWORK,
        update_framework: {
          framework_info: {
            ...scheduler.info,
            id: { value: scheduler.id },
            roles: [chance.pick(MASTER_NAMES.roles)],
            ...(chance.of(0.2) && { principal: chance.pick(MASTER_NAMES.principals) }),
          },
        },
      },
      ...(chance.of(0.2) ? [{ type: SchedulerCall_Type.TEARDOWN }] : []),
    ];
    this.#send(scheduler, chance.pick(calls));
  }

  #frameworkOf({ id }: Scheduler): Framework | undefined {
    return this.#search.world.master.frameworks.registered.get(frameworkId(id));
  }

  #leave(): void {
    const { chance } = this.#search;
    const { stream } = chance.pick(this.#schedulers);
    this.#search.dispatch({ type: 'streamClosed', stream });
  }

  #watch(): void {
    this.#search.dispatch({
      type: 'operatorCall',
      request: this.#search.world.nextRequest(),
      principal: this.anybody(),
      call: { type: MasterCall_Type.SUBSCRIBE },
    });
  }

  #operate(): void {
    const { chance, world } = this.#search;
    const principal = this.anybody();
    const call = chance.pick(this.#calls(principal?.value));
    const bent = chance.of(0.15)
      ? { ...this.#stranger.mutate(types.MasterCall, call, 0.1), type: call.type }
      : call;
    if (Object.keys(bent).length < 2) {
      return;
    }
    this.#search.dispatch({
      type: 'operatorCall',
      request: world.nextRequest(),
      principal,
      call: bent as MasterCall,
    });
  }

  #calls(asker: string | undefined): MasterCall[] {
    const { chance, world } = this.#search;
    const role = chance.pick(MASTER_NAMES.roles);
    const agent = chance.pick(this.#agents);
    const agent_id = { value: agent.id };
    const total = [...world.master.agents.registered.values()].find(
      ({ id }) => id === agent.id,
    )?.total;
    const reserved = (total ?? []).filter(isDynamic);
    const principal = chance.of(0.8) ? asker : chance.pick(MASTER_NAMES.principals);
    const machines = [{ hostname: agent.hostname, ip: agent.pid.slice(9, 17) }];
    const disk = reserved.find((it) => it.name === 'disk' && it.disk === undefined);
    const { allocation_info: _, ...fresh } = this.#reserved(role, principal, 'disk', 64);
    const start = { nanoseconds: BigInt(world.nowMs) * 1_000_000n };
    const drain = chance.of(0.3) ? { mark_gone: true } : {};
    return [
      {
        type: MasterCall_Type.UPDATE_WEIGHTS,
        update_weights: { weight_infos: [{ role, weight: chance.int(1, 9) }] },
      },
      {
        type: MasterCall_Type.UPDATE_WEIGHTS,
        update_weights: {
          weight_infos: MASTER_NAMES.roles.map((it) => ({ role: it, weight: chance.int(1, 9) })),
        },
      },
      {
        type: MasterCall_Type.UPDATE_QUOTA,
        update_quota: {
          force: true,
          quota_configs: [{ role, limits: { cpus: { value: chance.int(1, 50) } } }],
        },
      },
      {
        type: MasterCall_Type.SET_QUOTA,
        set_quota: { quota_request: { role, force: true, guarantee: resources('cpus:1') } },
      },
      { type: MasterCall_Type.REMOVE_QUOTA, remove_quota: { role } },
      {
        type: MasterCall_Type.RESERVE_RESOURCES,
        reserve_resources: { agent_id, resources: [fresh] },
      },
      {
        type: MasterCall_Type.UNRESERVE_RESOURCES,
        unreserve_resources: { agent_id, resources: reserved.slice(0, 1) },
      },
      {
        type: MasterCall_Type.CREATE_VOLUMES,
        create_volumes: {
          agent_id,
          volumes: [this.#volume(disk ?? fresh, principal)],
        },
      },
      {
        type: MasterCall_Type.DESTROY_VOLUMES,
        destroy_volumes: {
          agent_id,
          volumes: reserved.filter((it) => it.disk !== undefined).slice(0, 1),
        },
      },
      {
        type: MasterCall_Type.UPDATE_MAINTENANCE_SCHEDULE,
        update_maintenance_schedule: {
          schedule: { windows: [{ machine_ids: machines, unavailability: { start } }] },
        },
      },
      { type: MasterCall_Type.START_MAINTENANCE, start_maintenance: { machines } },
      { type: MasterCall_Type.STOP_MAINTENANCE, stop_maintenance: { machines } },
      { type: MasterCall_Type.DRAIN_AGENT, drain_agent: { agent_id, ...drain } },
      { type: MasterCall_Type.DEACTIVATE_AGENT, deactivate_agent: { agent_id } },
      { type: MasterCall_Type.REACTIVATE_AGENT, reactivate_agent: { agent_id } },
      ...(chance.of(0.3)
        ? [{ type: MasterCall_Type.MARK_AGENT_GONE, mark_agent_gone: { agent_id } }]
        : []),
      {
        type: MasterCall_Type.TEARDOWN,
        teardown: { framework_id: { value: chance.pick(this.#schedulers).id } },
      },
    ];
  }

  #say(from: string, message: MessageToMaster, to?: string): void {
    this.#search.dispatch({
      type: 'agentMessage',
      from,
      ...(to !== undefined && { to }),
      message,
      nonce: `${this.#nonces++}`,
    });
  }

  /** What the master has said last to the pid, by this name, since so many messages. */
  #heard(pid: string, name: string, since: number) {
    return this.#search.world.toAgents
      .slice(since)
      .findLast(({ to, message }) => to === pid && message.name === name);
  }

  /** Rightly, with what others know, or with nonsense. */
  #authenticate({ pid, peer }: Agent, principal: string): void {
    const { chance, world, proved } = this.#search;
    const since = world.toAgents.length;
    const wanted = chance.of(0.05) ? chance.pick(this.#agents).pid : pid;
    this.#say(peer, { name: 'AuthenticateMessage', body: { pid: wanted } });
    const offer = this.#heard(peer, 'AuthenticationMechanismsMessage', since);
    if (offer?.from === undefined) {
      return;
    }
    proved.delete(wanted);
    const speaker = chance.of(0.95) ? peer : chance.pick(this.#agents).peer;
    const start = { mechanism: chance.of(0.95) ? CRAM_MD5 : 'PLAIN', data: new Uint8Array() };
    this.#say(speaker, { name: 'AuthenticationStartMessage', body: start }, offer.from);
    const step = this.#heard(peer, 'AuthenticationStepMessage', since);
    if (step?.message.name !== 'AuthenticationStepMessage') {
      return;
    }
    const challenge = new TextDecoder().decode(step.message.body.data);
    const digest = proofOf(principal, challenge).replaceAll(' ', '+');
    const right = `${principal} ${digest}`;
    const said = chance.of(0.75)
      ? right
      : chance.pick([
          '',
          ' ',
          principal,
          `${principal} `,
          `p0 ${digest}`,
          `a1 ${digest}`,
          right.slice(1),
          `${right}0`,
          `stranger ${proofOf('stranger', challenge).replaceAll(' ', '+')}`,
          'x'.repeat(2_000),
        ]);
    const isRight = MASTER_NAMES.principals.some(
      (it) => said === `${it} ${proofOf(it, challenge).replaceAll(' ', '+')}`,
    );
    const answerer = chance.of(0.95) ? peer : chance.pick(this.#agents).peer;
    this.#say(
      answerer,
      { name: 'AuthenticationStepMessage', body: { data: new TextEncoder().encode(said) } },
      offer.from,
    );
    const isTaken = this.#heard(peer, 'AuthenticationCompletedMessage', since) !== undefined;
    must(
      !isTaken || (isRight && answerer === peer),
      () => `${wanted} has authenticated by ${said} of ${answerer}`,
    );
    if (isTaken) {
      proved.set(wanted, said.slice(0, said.indexOf(' ')));
    }
  }

  #infoOf(agent: Agent) {
    const own = this.#search.chance.of(0.1) ? `${agent.resources};cpus(qrab):1` : agent.resources;
    return {
      hostname: agent.hostname,
      port: 5051,
      resources: resources(own),
      checkpoint: true,
    };
  }

  #register(agent: Agent): void {
    const { world, chance } = this.#search;
    const pid = chance.of(0.95) ? agent.pid : 'slave(1)@10.0.0.9:5051';
    const body = {
      agent: this.#infoOf(agent),
      version: '1.11.0',
      agent_capabilities: CAPABILITIES,
      resource_version_uuid: { value: world.uuid() },
    };
    this.#say(pid, {
      name: 'RegisterAgentMessage',
      body: this.#bent('RegisterAgentMessage', body),
    });
    this.#learnIds();
  }

  #learnIds(): void {
    const { byPid } = this.#search.world.master.agents;
    for (const agent of this.#agents) {
      agent.id = byPid.get(agent.pid)?.id ?? agent.id;
    }
  }

  #bent<Name extends MessageToMaster['name'], Body extends object>(name: Name, body: Body): Body {
    return this.#search.chance.of(0.1)
      ? this.#stranger.mutate(types[name] as unknown as MessageType<Body>, body, 0.08)
      : body;
  }

  #reregister(agent: Agent): void {
    const { world, chance } = this.#search;
    if (agent.id === '') {
      return;
    }
    const known = [...world.master.agents.registered.values()].find(({ id }) => id === agent.id);
    const frameworks = this.#schedulers
      .filter(({ id }) => id !== '' && known?.tasks.has(frameworkId(id)))
      .map(({ id, info }) => ({ ...info, id: { value: id } }));
    const tasks = [...(known?.tasks.values() ?? [])].flatMap((ofFramework) => [
      ...ofFramework.values(),
    ]);
    const body = {
      agent: { ...this.#infoOf(agent), id: { value: agent.id } },
      version: '1.11.0',
      agent_capabilities: CAPABILITIES,
      frameworks,
      tasks: structuredClone(tasks),
      resource_version_uuid: { value: world.uuid() },
    };
    this.#say(chance.of(0.9) ? agent.pid : chance.pick(this.#agents).pid, {
      name: 'ReregisterAgentMessage',
      body: this.#bent('ReregisterAgentMessage', body),
    });
    this.#learnIds();
  }

  #report(): void {
    const { world, chance } = this.#search;
    const framework = this.#frameworkOf(chance.pick(this.#schedulers));
    const tasks = [...(framework?.tasks.values() ?? [])];
    if (framework === undefined || tasks.length === 0) {
      return;
    }
    const task = chance.pick(tasks);
    const agent = this.#agents.find(({ id }) => id === task.agent_id.value);
    const from = chance.of(0.9) ? (agent?.pid ?? '') : chance.pick(this.#agents).pid;
    const uuid = world.uuid();
    const body = {
      pid: from,
      update: {
        framework_id: { value: framework.id },
        agent_id: task.agent_id,
        status: {
          task_id: task.task_id,
          state: chance.pick([
            TaskState.TASK_STARTING,
            TaskState.TASK_RUNNING,
            TaskState.TASK_RUNNING,
            TaskState.TASK_FINISHED,
            TaskState.TASK_FAILED,
          ]),
          source: TaskStatus_Source.SOURCE_EXECUTOR,
          agent_id: task.agent_id,
          message: task.task_id.value,
          timestamp: world.nowMs / 1000,
          uuid,
        },
        timestamp: world.nowMs / 1000,
        uuid,
      },
    };
    this.#say(from, { name: 'StatusUpdateMessage', body: this.#bent('StatusUpdateMessage', body) });
  }

  /** Messages about agents, by others. */
  #pretend(): void {
    const { chance } = this.#search;
    const { id } = chance.pick(this.#agents);
    const from = chance.pick([...this.#agents.map(({ pid }) => pid), 'slave(1)@10.0.0.66:5051']);
    const agent_id = { value: id };
    const framework_id = { value: chance.pick(this.#schedulers).id };
    const executor_id = { value: `e${chance.int(0, 3)}` };
    const messages: MessageToMaster[] = [
      ...(chance.of(0.3) ? [{ name: 'UnregisterAgentMessage', body: { agent_id } } as const] : []),
      { name: 'ExitedExecutorMessage', body: { agent_id, framework_id, executor_id, status: 1 } },
      {
        name: 'UpdateAgentMessage',
        body: {
          agent_id,
          update_oversubscribed_resources: true,
          oversubscribed_resources: resources('cpus:1').map((it) => ({ ...it, revocable: {} })),
        },
      },
      { name: 'PongAgentMessage', body: {} },
    ];
    if (chance.of(0.1)) {
      this.#search.dispatch({ type: 'linkLost', address: `10.0.0.${chance.int(2, 5)}:5051` });
      return;
    }
    this.#say(from, chance.pick(messages));
  }
}

const CAPABILITIES = [1, 2, 3, 4, 5, 6, 7, 8].map((type) => ({ type: type as 1 }));
