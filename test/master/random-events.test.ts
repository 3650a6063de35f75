// Random histories of a small cluster. With any events in any order, the master does not fail,
// nothing is promised twice, its account agrees with the allocator's, and no task runs twice.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createCore } from '../../src/core/core.ts';
import { usedOn } from '../../src/master/agents/usage.ts';
import type { Framework } from '../../src/master/state.ts';
import {
  FrameworkInfo_Capability_Type,
  MasterCall_Type,
  type Resource,
  TaskState,
} from '../../src/model/generated/messages.ts';
import { agentId } from '../../src/model/ids.ts';
import { toEndpointFormat, withoutAllocation } from '../../src/model/resource-format.ts';
import { isTerminal } from '../../src/model/task-state.ts';
import { Traps } from '../support/traps.ts';
import { coreModule } from './core.ts';
import { FakeAgent, FakeFramework, launchOf, resources, runningTask, World } from './harness.ts';

type Step =
  | {
      readonly do: 'register' | 'reregister' | 'break' | 'hang' | 'goodbye';
      readonly agent: number;
    }
  | { readonly do: 'subscribe' | 'disconnect' | 'teardown' | 'revive'; readonly framework: number }
  | { readonly do: 'accept'; readonly framework: number; readonly tasks: number }
  | { readonly do: 'decline'; readonly framework: number; readonly seconds: number }
  | { readonly do: 'reserve'; readonly framework: number }
  | { readonly do: 'kill'; readonly framework: number }
  | { readonly do: 'report'; readonly agent: number; readonly state: TaskState }
  | { readonly do: 'drain' | 'gone' | 'deactivate'; readonly agent: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'restart' }
  | { readonly do: 'trap'; readonly calls: number };

const agents = 3;
const frameworks = 2;
const agent = fc.nat(agents - 1);
const framework = fc.nat(frameworks - 1);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('register' as const), agent }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('reregister' as const), agent }) },
  fc.record({ do: fc.constantFrom('break', 'hang', 'goodbye'), agent }),
  fc.record({ do: fc.constantFrom('drain', 'gone', 'deactivate'), agent }),
  { weight: 4, arbitrary: fc.record({ do: fc.constant('subscribe' as const), framework }) },
  fc.record({ do: fc.constantFrom('disconnect', 'teardown', 'revive'), framework }),
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('accept' as const),
      framework,
      tasks: fc.integer({ min: 0, max: 4 }),
    }),
  },
  fc.record({
    do: fc.constant('decline' as const),
    framework,
    seconds: fc.constantFrom(0, 5, -1, 3600),
  }),
  fc.record({ do: fc.constantFrom('reserve', 'kill'), framework }),
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('report' as const),
      agent,
      state: fc.constantFrom(
        TaskState.TASK_STARTING,
        TaskState.TASK_RUNNING,
        TaskState.TASK_FINISHED,
        TaskState.TASK_FAILED,
      ),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.constantFrom(0, 1000, 5000, 20_000, 100_000),
    }),
  },
  fc.record({ do: fc.constant('restart' as const) }),
);

/** The scheduler core traps in the next step, after this many calls. */
const trap: fc.Arbitrary<Step> = fc.record({
  do: fc.constant('trap' as const),
  calls: fc.nat(15),
});
/** More than two traps within this time end the master. */
const trapsPerMs = 60_000;

/** The cluster as it really is: what agents run does not depend on what a master believes. */
class Cluster {
  readonly traps = new Traps(coreModule);
  world = new World({}, { core: createCore(coreModule, this.traps.instantiate) });
  #trappedMs = 0;
  readonly agents: FakeAgent[] = [];
  readonly frameworks: FakeFramework[] = [];
  readonly hanging = new Set<number>();
  /** The tasks that really run on each agent: id and framework. */
  readonly running: Map<string, FakeFramework>[] = [];
  readonly everLaunched = new Set<string>();
  #tasks = 0;
  #seen = 0;

  constructor() {
    for (let i = 0; i < agents; i++) {
      const pid = `slave(1)@10.0.0.${i + 2}:5051`;
      this.agents.push(new FakeAgent(this.world, { pid, hostname: `node${i}` }));
      this.running.push(new Map());
    }
    for (let i = 0; i < frameworks; i++) {
      this.frameworks.push(new FakeFramework(this.world, this.#info(i), {}));
    }
  }

  #info(i: number) {
    return {
      name: `f${i}`,
      checkpoint: i === 0,
      failover_timeout: 60,
      capabilities: [
        { type: FrameworkInfo_Capability_Type.MULTI_ROLE },
        ...(i === 0 ? [{ type: FrameworkInfo_Capability_Type.PARTITION_AWARE }] : []),
      ],
    };
  }

  take(next: Step): void {
    const sprung = this.traps.sprung.length;
    this.#take(next);
    if (next.do !== 'trap') {
      this.traps.disarm();
    }
    if (this.traps.sprung.length > sprung) {
      this.#trappedMs = this.world.nowMs;
    }
    this.#hear();
  }

  #take(next: Step): void {
    switch (next.do) {
      case 'register':
        if (this.#agent(next.agent).id === '') {
          this.#agent(next.agent).register();
        }
        break;
      case 'reregister':
        this.#reregister(next.agent);
        break;
      case 'break':
        this.world.dispatch({ type: 'linkLost', address: `10.0.0.${next.agent + 2}:5051` });
        break;
      case 'hang':
        this.world.answersPings = !this.world.answersPings;
        break;
      case 'goodbye':
        this.#goodbye(next.agent);
        break;
      case 'drain':
      case 'gone':
      case 'deactivate':
        this.#duty(next.do, next.agent);
        break;
      case 'subscribe':
        this.#framework(next.framework).subscribe();
        break;
      case 'disconnect':
        this.#framework(next.framework).disconnect();
        break;
      case 'teardown':
        this.#framework(next.framework).call('TEARDOWN');
        this.#framework(next.framework).id = '';
        break;
      case 'revive':
        this.#framework(next.framework).call('REVIVE');
        break;
      case 'accept':
        this.#accept(this.#framework(next.framework), next.tasks);
        break;
      case 'decline':
        this.#decline(this.#framework(next.framework), next.seconds);
        break;
      case 'reserve':
        this.#reserve(this.#framework(next.framework));
        break;
      case 'kill':
        this.#framework(next.framework).call('KILL', {
          kill: { task_id: { value: `t${this.#tasks - 1}` } },
        });
        break;
      case 'report':
        this.#report(next.agent, next.state);
        break;
      case 'wait':
        this.world.advance(next.ms);
        break;
      case 'restart':
        this.#restart();
        break;
      case 'trap':
        if (this.world.nowMs - this.#trappedMs > trapsPerMs) {
          this.traps.arm(next.calls);
        }
        break;
      default:
        throw new Error(`${next satisfies never}`);
    }
  }

  #agent = (i: number) => this.agents[i] as FakeAgent;
  #framework = (i: number) => this.frameworks[i] as FakeFramework;

  /** Agents receive what the master has sent since the last call. */
  #hear(): void {
    for (const { to, message } of this.world.toAgents.slice(this.#seen)) {
      const i = this.agents.findIndex(({ pid }) => pid === to);
      if (message.name === 'RunTaskMessage') {
        const id = message.body.task.task_id.value;
        const owner = this.frameworks.find((it) => it.id === message.body.framework.id?.value);
        expect(this.everLaunched.has(id)).toBe(false);
        this.everLaunched.add(id);
        if (owner !== undefined) {
          this.running[i]?.set(id, owner);
        }
      } else if (message.name === 'ShutdownMessage') {
        this.running[i]?.clear();
        this.#agent(i).id = '';
      } else if (message.name === 'ShutdownFrameworkMessage') {
        for (const [id, owner] of this.running[i] ?? []) {
          if (owner.id === message.body.framework_id.value || owner.id === '') {
            this.running[i]?.delete(id);
          }
        }
      }
    }
    this.#seen = this.world.toAgents.length;
  }

  #reregister(i: number): void {
    const own = this.#agent(i);
    if (own.id === '') {
      return;
    }
    const running = [...(this.running[i] ?? [])].filter(([, owner]) => owner.id !== '');
    const owners = new Set(running.map(([, owner]) => owner));
    own.reregister({
      tasks: running.map(([id, owner]) => runningTask(owner, own, id)),
      frameworks: [...owners].map((owner) => ({ ...owner.info, id: { value: owner.id } })),
    });
  }

  #goodbye(i: number): void {
    const own = this.#agent(i);
    if (own.id !== '') {
      own.send('UnregisterAgentMessage', { agent_id: { value: own.id } });
      own.id = '';
      this.running[i]?.clear();
    }
  }

  #duty(what: 'drain' | 'gone' | 'deactivate', i: number): void {
    const id = { agent_id: { value: this.#agent(i).id } };
    if (what === 'drain') {
      this.world.operate({ type: MasterCall_Type.DRAIN_AGENT, drain_agent: id });
      this.world.operate({ type: MasterCall_Type.REACTIVATE_AGENT, reactivate_agent: id });
    } else if (what === 'gone') {
      this.world.operate({ type: MasterCall_Type.MARK_AGENT_GONE, mark_agent_gone: id });
    } else {
      this.world.operate({ type: MasterCall_Type.DEACTIVATE_AGENT, deactivate_agent: id });
      this.world.operate({ type: MasterCall_Type.REACTIVATE_AGENT, reactivate_agent: id });
    }
  }

  #accept(own: FakeFramework, tasks: number): void {
    const offer = own.offers().at(-1);
    if (offer !== undefined) {
      const launches = Array.from({ length: tasks }, () => ({
        task_id: { value: `t${this.#tasks++}` },
        resources: resources('cpus:1;mem:512'),
      }));
      own.accept([offer], [launchOf(offer, ...launches)]);
    }
  }

  #decline(own: FakeFramework, refuse_seconds: number): void {
    const offer_ids = own.offers().map(({ id }) => id);
    own.call('DECLINE', { decline: { offer_ids, filters: { refuse_seconds } } });
  }

  #reserve(own: FakeFramework): void {
    const offer = own.offers().at(-1);
    if (offer !== undefined) {
      const reservations = [{ type: 2 as const, role: 'dev' }];
      const list = resources('cpus:1;mem:64').map((it) => ({ ...it, reservations }));
      own.accept([offer], [{ type: 2, reserve: { resources: list } }]);
    }
  }

  #report(i: number, state: TaskState): void {
    const [id, owner] = [...(this.running[i] ?? [])].at(-1) ?? [];
    if (id === undefined || owner === undefined || this.#agent(i).id === '') {
      return;
    }
    const uuid = this.#agent(i).update(owner, id, state);
    if (isTerminal(state)) {
      this.running[i]?.delete(id);
    }
    owner.acknowledge(this.#agent(i), id, uuid);
  }

  #restart(): void {
    // A master whose core traps during its start does not start.
    this.traps.disarm();
    this.world = this.world.restart();
    this.#seen = 0;
    for (const own of [...this.agents, ...this.frameworks]) {
      Object.assign(own, { world: this.world });
    }
  }

  /** Nothing is promised twice, on any agent. */
  check(): void {
    const { master } = this.world;
    const { algebra, allocator } = master;
    this.#checkShown();
    for (const own of master.agents.registered.values()) {
      const promised: Resource[][] = [];
      for (const tasks of own.tasks.values()) {
        for (const task of tasks.values()) {
          if (!isTerminal(task.state)) {
            promised.push(task.resources ?? []);
          }
        }
      }
      for (const offer of own.offers) {
        promised.push(offer.resources);
      }
      for (const grant of master.grants) {
        if (grant.agent === own) {
          promised.push(grant.resources);
        }
      }
      const sum = algebra.sum(promised.map((list) => list.map(withoutAllocation)));
      assert.ok(algebra.contains(own.total, sum), JSON.stringify(sum));
      assert.ok(algebra.equal(own.total, allocator.total(own.id)));
      assert.ok(algebra.equal(own.total, algebra.add(sum, allocator.free(own.id))));
    }
    for (const own of master.frameworks.registered.values()) {
      for (const [id, task] of own.tasks) {
        const at = [...master.agents.registered.values()].filter(
          (it) => it.tasks.get(own.id)?.get(id) !== undefined,
        );
        assert.equal(at.map((it) => it.id).join(), task.agent_id.value);
      }
    }
    assert.ok(master.counters.tasksByState.every((count) => count >= 0));
    const { registered, sums } = master.frameworks;
    const told = [...registered.values()].filter((it) => it.state === 'recovered');
    const subscribed = [...registered.values()].filter((it) => it.state !== 'recovered');
    assert.deepEqual({ ...sums.subscribed }, sumOf(subscribed));
    assert.deepEqual({ ...sums.told }, sumOf(told));
    for (const ip of told.map((it) => it.toldBy)) {
      expect(sums.toldBy(ip)).toEqual(sumOf(told.filter((it) => it.toldBy === ip)));
    }
    assert.equal(this.world.aborted, undefined);
  }

  /** What is shown of agents is what a sum of today is, whatever was kept of earlier ones. */
  #checkShown(): void {
    const { master } = this.world;
    const { get_agents } = this.world.read({ type: MasterCall_Type.GET_AGENTS });
    for (const shown of get_agents?.agents ?? []) {
      const own = master.agents.registered.get(agentId(shown.agent_info.id?.value ?? ''));
      assert.ok(own);
      const used = master.algebra.sum([usedOn(own)]).map(toEndpointFormat);
      const offers = [...own.offers].map(({ resources }) => resources);
      const offered = master.algebra.sum(offers).map(toEndpointFormat);
      assert.deepEqual(shown.allocated_resources ?? [], used);
      assert.deepEqual(shown.offered_resources ?? [], offered);
    }
  }
}

const sumOf = (frameworks: readonly Framework[]) => ({
  frameworks: frameworks.length,
  roles: sum(frameworks.map(({ roles }) => roles.size)),
  tree: sum(frameworks.map(({ treeSize }) => treeSize)),
  bytes: sum(frameworks.map(({ bytes }) => bytes)),
});

const sum = (numbers: readonly number[]) => numbers.reduce((all, number) => all + number, 0);

test('any history of a cluster keeps the books right', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 120, size: 'max' }), (history) => {
      const cluster = new Cluster();
      for (const next of history) {
        cluster.take(next);
        cluster.check();
      }
      // What can be read can also be written as JSON.
      for (const view of ['state', 'stateSummary'] as const) {
        JSON.stringify(cluster.world.views[view]({ authorizer: cluster.world.options.authorizer }));
      }
    }),
    { numRuns: 60, seed: 20_241_122 },
  );
});

test('any history with a core that traps now and then keeps the books right', () => {
  let sprung = 0;
  const steps = fc.oneof({ weight: 5, arbitrary: step }, { weight: 1, arbitrary: trap });
  fc.assert(
    fc.property(fc.array(steps, { minLength: 20, maxLength: 120, size: 'max' }), (history) => {
      const cluster = new Cluster();
      for (const next of history) {
        cluster.take(next);
        // What is checked before the next step must not trap.
        if (next.do !== 'trap') {
          cluster.check();
        }
      }
      sprung += cluster.traps.sprung.length;
    }),
    { numRuns: 60, seed: 20_241_122 },
  );
  expect(sprung).toBeGreaterThan(50);
});
