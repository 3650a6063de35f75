// The steps of a busy day in a cluster whose scheduler core may fail, and what can be seen of the
// cluster.
import assert from 'node:assert/strict';
import { createCore } from '../../src/core/core.ts';
import type { MasterOptions } from '../../src/master/options.ts';
import type { MasterCore } from '../../src/master/state.ts';
import {
  type FrameworkInfo,
  FrameworkInfo_Capability_Type,
  MasterCall_Type,
  type Offer,
  Offer_Operation_Type,
  type Resource,
  Resource_ReservationInfo_Type,
  type SchedulerCall_Subscribe,
  TaskState,
} from '../../src/model/generated/messages.ts';
import { offerId } from '../../src/model/ids.ts';
import { withoutAllocation } from '../../src/model/resource-format.ts';
import { isTerminal } from '../../src/model/task-state.ts';
import { Traps } from '../support/traps.ts';
import { coreModule } from './core.ts';
import {
  type FakeAgent,
  type FakeFramework,
  launchOf,
  resources,
  runningTask,
  viewer,
  World,
} from './harness.ts';

export const capabilities = [
  { type: FrameworkInfo_Capability_Type.MULTI_ROLE },
  { type: FrameworkInfo_Capability_Type.RESERVATION_REFINEMENT },
  { type: FrameworkInfo_Capability_Type.PARTITION_AWARE },
];

const reserved = (text: string, role: string): Resource[] =>
  resources(text).map((it) => ({
    ...it,
    reservations: [{ type: Resource_ReservationInfo_Type.DYNAMIC, role }],
  }));

/** A cluster whose core may trap, and the steps of its day. */
export class Day {
  readonly traps = new Traps(coreModule);
  readonly world: World;
  readonly agents: FakeAgent[] = [];
  readonly frameworks: FakeFramework[] = [];

  constructor(
    wrapped = (core: MasterCore): MasterCore => core,
    options: Partial<MasterOptions> = {},
  ) {
    this.world = new World(
      { whitelist: ['node0', 'node1', 'node2', 'node3'], weights: { ops: 2 }, ...options },
      { core: wrapped(createCore(coreModule, this.traps.instantiate)) },
    );
  }

  agent(i: number): FakeAgent {
    return this.agents[i] as FakeAgent;
  }

  framework(i: number): FakeFramework {
    return this.frameworks[i] as FakeFramework;
  }

  addAgent(text: string): void {
    const i = this.agents.length;
    const pid = `slave(1)@10.0.0.${i + 2}:5051`;
    this.agents.push(this.world.agent({ pid, hostname: `node${i}`, resources: text }));
  }

  addFramework(roles: string[], more: Partial<SchedulerCall_Subscribe> = {}): void {
    const name = `f${this.frameworks.length}`;
    const info: Partial<FrameworkInfo> = {
      name,
      roles,
      capabilities,
      checkpoint: true,
      failover_timeout: 600,
    };
    this.frameworks.push(this.world.framework(info, more));
  }

  /** The outstanding offers of a framework. */
  offers(i: number): Offer[] {
    const { offers } = this.world.master;
    return this.framework(i)
      .offers()
      .filter(({ id }) => offers.has(offerId(id.value)));
  }

  /** Launches on the first offer of the agent, or of any; with an executor of these resources. */
  launch(i: number, agent: number | undefined, id: string, text: string, executor?: string): void {
    const at = agent === undefined ? undefined : this.agent(agent).id;
    const offer = this.offers(i).find(({ agent_id }) => (at ?? agent_id.value) === agent_id.value);
    if (offer !== undefined) {
      this.framework(i).launch(offer, {
        task_id: { value: id },
        name: id,
        resources: resources(text),
        ...(executor !== undefined && {
          executor: {
            executor_id: { value: `of ${id}` },
            framework_id: { value: this.framework(i).id },
            command: { value: './run' },
            resources: resources(executor),
          },
        }),
      });
    }
  }

  decline(i: number): void {
    const offer_ids = this.offers(i).map(({ id }) => id);
    this.framework(i).call('DECLINE', { decline: { offer_ids, filters: { refuse_seconds: 0 } } });
  }

  /** All frameworks give their offers back and ask for others. */
  shareAnew(): void {
    for (const [i, framework] of this.frameworks.entries()) {
      this.decline(i);
      framework.call('REVIVE', { revive: {} });
    }
  }

  operate(call: Parameters<World['operate']>[0]): void {
    this.world.operate(call);
  }
}

export const day: readonly ((it: Day) => void)[] = [
  (it) => it.addAgent('cpus:8;mem:8192;disk:4096;ports:[31000-31009]'),
  (it) => it.addAgent('cpus:4;mem:4096;disk:4096;ports:[31000-31009]'),
  (it) => it.addFramework(['dev', 'dev/web']),
  (it) => it.launch(0, 0, 'a1', 'cpus:2;mem:512;ports:[31000-31002]', 'cpus:0.1;mem:32'),
  (it) => it.addFramework(['ops']),
  (it) => it.launch(0, 1, 'a2', 'cpus:1;mem:300'),
  (it) => it.launch(1, 1, 'b1', 'cpus:0.5;mem:100'),
  (it) => it.addAgent('cpus:6;mem:2048;disk:1024'),
  (it) =>
    it.operate({
      type: MasterCall_Type.UPDATE_QUOTA,
      update_quota: {
        quota_configs: [
          { role: 'dev', limits: { cpus: { value: 10 } }, guarantees: { cpus: { value: 4 } } },
        ],
      },
    }),
  (it) =>
    it.operate({
      type: MasterCall_Type.UPDATE_WEIGHTS,
      update_weights: { weight_infos: [{ role: 'dev', weight: 1.5 }] },
    }),
  (it) => {
    const offers = it.offers(0);
    const [first] = offers;
    if (first !== undefined) {
      it.framework(0).accept(
        [first],
        [
          {
            type: Offer_Operation_Type.RESERVE,
            reserve: { resources: reserved('cpus:1;mem:64', first.allocation_info?.role ?? '') },
          },
          launchOf(first, { task_id: { value: 'a3' }, resources: resources('cpus:0.7;mem:33') }),
        ],
      );
    }
  },
  (it) =>
    it.operate({
      type: MasterCall_Type.RESERVE_RESOURCES,
      reserve_resources: {
        agent_id: { value: it.agent(1).id },
        resources: reserved('cpus:1;disk:100', 'ops'),
      },
    }),
  (it) => it.addFramework(['qa', 'ops'], { suppressed_roles: ['ops'] }),
  (it) => it.framework(1).call('SUPPRESS', { suppress: {} }),
  (it) => it.decline(1),
  (it) => it.launch(2, undefined, 'c1', 'cpus:1.2;mem:99'),
  (it) => it.decline(0),
  (it) => it.framework(1).call('REVIVE', { revive: {} }),
  (it) => it.world.dispatch({ type: 'linkLost', address: '10.0.0.3:5051' }),
  (it) => {
    const tasks = it.world.master.agents.registered;
    const there = [...tasks.values()].find(({ info }) => info.hostname === 'node1')?.tasks;
    it.agent(1).reregister({
      tasks: [...(there?.get(it.framework(0).id as never)?.keys() ?? [])].map((id) => ({
        ...runningTask(it.framework(0), it.agent(1), id),
        resources: resources('cpus:1;mem:300').map((one) => ({
          ...one,
          allocation_info: { role: 'dev' },
        })),
      })),
      frameworks: [{ ...it.framework(0).info, id: { value: it.framework(0).id } }],
      checkpointed_resources: reserved('cpus:1;disk:100', 'ops'),
    });
  },
  (it) => it.framework(2).disconnect(),
  (it) => it.world.dispatch({ type: 'whitelist', hostnames: ['node0', 'node1'] }),
  (it) => it.shareAnew(),
  (it) => {
    it.agent(0).update(it.framework(0), 'a1', TaskState.TASK_RUNNING);
    it.agent(0).update(it.framework(0), 'a1', TaskState.TASK_FINISHED);
  },
  (it) => it.framework(2).subscribe(),
  (it) => it.world.dispatch({ type: 'whitelist', hostnames: null }),
  (it) =>
    it.operate({
      type: MasterCall_Type.DEACTIVATE_AGENT,
      deactivate_agent: { agent_id: { value: it.agent(2).id } },
    }),
  (it) => it.shareAnew(),
  (it) => it.framework(1).subscribe({ roles: ['ops', 'night'] }),
  (it) =>
    it.operate({
      type: MasterCall_Type.REACTIVATE_AGENT,
      reactivate_agent: { agent_id: { value: it.agent(2).id } },
    }),
  (it) => it.framework(0).call('TEARDOWN'),
  (it) => it.agent(1).send('UnregisterAgentMessage', { agent_id: { value: it.agent(1).id } }),
];

/**
 * Everything that can be read of the cluster, except what a trap changes: the number of runs, and
 * refusals.
 */
export function seen({ world }: Day): unknown {
  const { master, views } = world;
  const metrics = Object.entries(views.metrics(world.nowMs)).filter(
    ([name]) => !/allocation_run|core_rebuilds|offer_filters/.test(name),
  );
  const books = [...master.agents.registered.values()].map(({ id }) => ({
    id,
    total: sorted(master.allocator.total(id)),
    free: sorted(master.allocator.free(id)),
  }));
  const offers = [...master.offers.values()]
    .map(({ framework, agent, role, resources: all }) => [
      framework.info.name,
      agent.id,
      role,
      ...sorted(all),
    ])
    .map((it) => JSON.stringify(it));
  return inOrder({
    metrics: Object.fromEntries(metrics),
    books,
    offers: offers.toSorted(),
    grants: master.grants.length,
    state: views.read({ type: MasterCall_Type.GET_STATE }, viewer),
    roles: views.read({ type: MasterCall_Type.GET_ROLES }, viewer),
    quota: views.read({ type: MasterCall_Type.GET_QUOTA }, viewer),
    summary: views.stateSummary(viewer),
  });
}

const sorted = (list: readonly Resource[]) => list.map((it) => JSON.stringify(it)).toSorted();

const isResource = (value: unknown): value is Resource =>
  typeof value === 'object' && value !== null && 'name' in value && 'type' in value;

/** Sorts resources: their order in a list means nothing, and differs between allocators. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) {
    const all = value.map(inOrder);
    return all.every(isResource) ? sorted(all) : all;
  }
  return typeof value === 'object' && value !== null
    ? Object.fromEntries(Object.entries(value).map(([key, it]) => [key, inOrder(it)]))
    : value;
}

/** On every agent, free, offered and used resources must add up to the total. */
export function checkConservation({ world }: Day): void {
  const { agents, algebra, allocator } = world.master;
  for (const agent of agents.registered.values()) {
    const offered = [...agent.offers].flatMap((it) => it.resources);
    const running = [...agent.tasks.values()]
      .flatMap((own) => [...own.values()])
      .filter((task) => !isTerminal(task.state));
    const executors = [...agent.executors.values()].flatMap((own) => [...own.values()]);
    const used = [...running, ...executors].flatMap((it) => it.resources ?? []);
    const parts = [allocator.free(agent.id), offered, used].map((it) => it.map(withoutAllocation));
    assert.ok(algebra.equal(algebra.sum(parts), agent.total));
  }
}
