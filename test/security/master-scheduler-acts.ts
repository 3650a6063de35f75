// What schedulers do to a master: they subscribe, accept offers, call and leave.
import {
  type FrameworkInfo,
  FrameworkInfo_Capability_Type,
  type Offer,
  type Offer_Operation,
  Offer_Operation_Type,
  type Resource,
  type SchedulerCall,
  SchedulerCall_Type,
  type TaskInfo,
} from '../../src/model/generated/messages.ts';
import { streamId } from '../../src/model/ids.ts';
import { types } from '../../src/wire/types.ts';
import { isDynamic, type MasterCast, named, type Scheduler } from './master-cast.ts';
import { MASTER_NAMES, type MasterSearch } from './master-search.ts';

const reserve = (resource: Resource): Offer_Operation => ({
  type: Offer_Operation_Type.RESERVE,
  reserve: { resources: [resource] },
});
const create = (volume: Resource): Offer_Operation => ({
  type: Offer_Operation_Type.CREATE,
  create: { volumes: [volume] },
});

export class SchedulerActs {
  readonly #cast: MasterCast;
  readonly #search: MasterSearch;
  #streams = 0;

  constructor(cast: MasterCast) {
    this.#cast = cast;
    this.#search = cast.search;
  }

  newScheduler(): Scheduler {
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
    this.#cast.schedulers.push(scheduler);
    return scheduler;
  }

  subscribe(scheduler: Scheduler): void {
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
        ? this.#cast.stranger.mutate(types.SchedulerCall_Subscribe, subscribe, 0.1)
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
    const other = chance.pick(this.#cast.schedulers);
    const sent: SchedulerCall = {
      framework_id: { value: chance.of(0.9) ? scheduler.id : other.id },
      ...(chance.of(0.1) ? this.#cast.stranger.mutate(types.SchedulerCall, call, 0.1) : call),
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

  accept(): void {
    const { chance } = this.#search;
    const offer = chance.of(0.95) ? this.#offer() : undefined;
    if (offer === undefined) {
      this.#search.advance(1_000);
      return;
    }
    const scheduler =
      this.#cast.schedulers.find(({ id }) => id === offer.framework_id.value) ??
      chance.pick(this.#cast.schedulers);
    const operations = Array.from({ length: chance.int(0, 3) }, () =>
      this.#operations(offer, scheduler),
    ).flat();
    this.#send(chance.of(0.95) ? scheduler : chance.pick(this.#cast.schedulers), {
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

  #operations(offer: Offer, { info }: Scheduler): Offer_Operation[] {
    const { chance } = this.#search;
    const role = offer.allocation_info?.role ?? '*';
    const dynamic = (offer.resources ?? []).filter(isDynamic);
    const isVolume = ({ disk }: Resource) => disk?.persistence !== undefined;
    const volumes = dynamic.filter(isVolume);
    const principal = chance.of(0.9) ? info.principal : chance.pick(MASTER_NAMES.principals);
    const disk = this.#cast.reserved(role, principal, 'disk', 64);
    switch (chance.int(0, 8)) {
      case 0:
        return [reserve(this.#cast.reserved(role, principal))];
      case 1:
        return [reserve(disk), create(this.#cast.volume(disk, principal))];
      case 2: {
        const [source] = dynamic;
        const [more] = this.#cast.reserved(`${role}/x`, principal).reservations ?? [];
        const stack = [...(source?.reservations ?? []), ...(more === undefined ? [] : [more])];
        return [reserve({ ...(source ?? this.#cast.part(role)), reservations: stack })];
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
            resources: [this.#cast.part(role, 'cpus', 0.1), this.#cast.part(role, 'mem', 32)],
          },
        };
    return {
      name: mark,
      task_id: { value: mark },
      agent_id: offer.agent_id,
      resources: [this.#cast.part(role), this.#cast.part(role, 'mem', 64)],
      labels: { labels: [{ key: mark, value: mark }] },
      ...run,
    };
  }

  call(): void {
    const { chance, world } = this.#search;
    const scheduler = chance.pick(this.#cast.schedulers);
    const framework = this.#cast.frameworkOf(chance.pick(this.#cast.schedulers));
    const [task] = [...(framework?.tasks.values() ?? [])];
    const agent_id = task?.agent_id ?? { value: chance.pick(this.#cast.agents).id };
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

  leave(): void {
    const { chance } = this.#search;
    const { stream } = chance.pick(this.#cast.schedulers);
    this.#search.dispatch({ type: 'streamClosed', stream });
  }
}
