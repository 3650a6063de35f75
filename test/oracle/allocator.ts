// The rules of Mesos's hierarchical allocator, written plainly: the core is compared with it.
// Nothing here is fast, and nothing is shared with the core but the interface. Where chance
// decides, the oracle is told the outcome, see course.ts.
import type {
  Allocator,
  AllocatorOptions,
  Applied,
  FrameworkTerms,
  Holding,
  OfferBatch,
  Quota as QuotaUnits,
} from '../../src/core/interface.ts';
import type {
  Attribute,
  Offer_Operation,
  Resource,
  Unavailability,
} from '../../src/model/generated/messages.ts';
import type { AgentId, FrameworkId } from '../../src/model/ids.ts';
import { type Agent, Cluster, type Filter, type Framework } from './cluster.ts';
import { Course, type Turn } from './course.ts';
import { type Replacement, replace, replacementsOf } from './operations.ts';
import { add, allocate, fromResources, toResources, unallocate } from './pieces.ts';
import { fromUnits, limitsFromUnits } from './quantities.ts';
import { type InverseOffered, type Offered, Run } from './run.ts';

const MAX_REFUSE_SECONDS = 365 * 24 * 3600;
const DEFAULT_REFUSE_SECONDS = 5;

export class OracleAllocator implements Allocator {
  readonly #cluster: Cluster;
  #whitelist: ReadonlySet<string> | null = null;
  #now = 0;
  #batches = 0;
  #nextPlace = 0;
  /** Whether a run was asked for, over these agents; there may be none. */
  #isAsked = false;
  #candidates = new Set<AgentId>();
  #courses: (readonly Turn[])[] = [];
  #secondTurns: number | undefined;
  #guaranteed = 0;
  #pause: { readonly expectedAgents: number; readonly endsAt: number } | undefined;

  constructor(options: AllocatorOptions) {
    this.#cluster = new Cluster(options);
  }

  /**
   * The offers of the next runs, in their order, from which the oracle takes the outcomes of
   * chance; and how many turns come before the second turns of guaranteed frameworks, see
   * course.ts.
   */
  follow(runs: readonly (readonly Turn[])[], secondTurns?: number): void {
    this.#courses = [...runs];
    this.#secondTurns = secondTurns;
    this.#guaranteed = 0;
  }

  /** How many offers of the runs since follow() were begun for a guarantee. */
  get guaranteed(): number {
    return this.#guaranteed;
  }

  setTime(nowMs: number): void {
    this.#now = nowMs;
    if (this.#pause !== undefined && nowMs >= this.#pause.endsAt) {
      this.#pause = undefined;
    }
  }

  // --- Agents ---

  addAgent(added: Parameters<Allocator['addAgent']>[0]): void {
    const place = added.place ?? this.#nextPlace;
    this.#nextPlace = Math.max(this.#nextPlace, place + 1);
    const agent: Agent = {
      id: added.id,
      place,
      facts: added.facts,
      capabilities: new Set(added.capabilities),
      activated: true,
      total: fromResources(added.total),
      held: new Map(),
      allHeld: [],
      inverseOutstanding: added.unavailability && new Set(),
    };
    this.#cluster.agents.set(added.id, agent);
    this.#cluster.countIn(agent);
    for (const { frameworkId, role, resources } of added.used) {
      const pieces = allocate(fromResources(resources), role);
      this.#cluster.hold(agent, frameworkId, pieces);
      if (this.#cluster.frameworks.has(frameworkId)) {
        this.#cluster.track(agent, frameworkId, pieces);
      }
    }
    if (this.#pause !== undefined && this.#cluster.agents.size >= this.#pause.expectedAgents) {
      this.#pause = undefined;
    }
    this.#request([added.id]);
  }

  updateAgent(id: AgentId, change: Parameters<Allocator['updateAgent']>[1]): void {
    const agent = this.#cluster.agent(id);
    let isChanged = false;
    const { facts } = change;
    if (facts !== undefined) {
      if (!isSameAttributes(facts.attributes, agent.facts.attributes)) {
        isChanged = true;
        this.#cluster.dropFilters(id);
      }
      const { hostname, region, zone } = agent.facts;
      if (facts.hostname !== hostname || facts.region !== region || facts.zone !== zone) {
        isChanged = true;
      }
      if (isChanged) {
        agent.facts = facts;
      }
    }
    if (change.capabilities !== undefined) {
      const capabilities = new Set<number>(change.capabilities);
      if (!isSameSet(capabilities, agent.capabilities)) {
        isChanged = true;
      }
      agent.capabilities = capabilities;
    }
    if (change.total !== undefined && this.#cluster.setTotal(agent, fromResources(change.total))) {
      isChanged = true;
    }
    if (isChanged) {
      this.#request([id]);
    }
  }

  addResourceProvider(id: AgentId, total: readonly Resource[], used: readonly Holding[]): void {
    const agent = this.#cluster.agent(id);
    this.#cluster.setTotal(agent, add(agent.total, fromResources(total)));
    for (const { frameworkId, role, resources } of used) {
      if (!this.#cluster.frameworks.has(frameworkId)) {
        continue;
      }
      const pieces = allocate(fromResources(resources), role);
      this.#cluster.hold(agent, frameworkId, pieces);
      this.#cluster.track(agent, frameworkId, pieces);
    }
  }

  removeAgent(id: AgentId): void {
    const agent = this.#cluster.agent(id);
    for (const [frameworkId, pieces] of agent.held) {
      if (this.#cluster.frameworks.has(frameworkId)) {
        this.#cluster.untrack(agent, frameworkId, pieces);
      }
    }
    this.#cluster.countOut(agent);
    this.#cluster.agents.delete(id);
    this.#candidates.delete(id);
    this.#cluster.dropFilters(id);
  }

  activateAgent(id: AgentId): void {
    this.#cluster.agent(id).activated = true;
  }

  deactivateAgent(id: AgentId): void {
    this.#cluster.agent(id).activated = false;
  }

  updateWhitelist(hostnames: readonly string[] | null): void {
    this.#whitelist = hostnames && new Set(hostnames);
  }

  // --- Frameworks ---

  addFramework(added: Parameters<Allocator['addFramework']>[0]): void {
    const { id } = added;
    const framework: Framework = {
      id,
      terms: added,
      roles: new Set(added.roles),
      suppressed: new Set(added.suppressedRoles),
      active: added.active,
      filters: new Map(),
      inverseFilters: new Map(),
    };
    this.#cluster.frameworks.set(id, framework);
    for (const role of framework.roles) {
      const sorter = this.#cluster.enter(role, id);
      if (!framework.suppressed.has(role)) {
        sorter.activate(id);
      }
    }
    for (const { agentId, role, resources } of added.used) {
      const agent = this.#cluster.agents.get(agentId);
      if (agent !== undefined) {
        this.#cluster.track(agent, id, allocate(fromResources(resources), role));
      }
    }
    if (added.active) {
      this.#request(this.#cluster.agents.keys());
    } else {
      this.deactivateFramework(id);
    }
  }

  updateFramework(id: FrameworkId, terms: FrameworkTerms): void {
    const framework = this.#cluster.framework(id);
    const before = { roles: framework.roles, suppressed: new Set(framework.suppressed) };
    const roles = new Set(terms.roles);
    const suppressed = new Set(terms.suppressedRoles);
    for (const role of without(roles, before.roles)) {
      this.#cluster.enter(role, id).activate(id);
    }
    framework.roles = roles;
    for (const role of without(before.roles, roles)) {
      this.#cluster.sorterOf(role).deactivate(id);
      this.#cluster.tryLeave(role, id);
      framework.filters.delete(role);
      framework.suppressed.delete(role);
    }
    framework.terms = terms;
    this.#suppress(framework, without(suppressed, before.suppressed));
    const revived = without(before.suppressed, suppressed).filter((role) => roles.has(role));
    this.#revive(framework, revived);
  }

  removeFramework(id: FrameworkId): void {
    const framework = this.#cluster.framework(id);
    for (const agent of this.#cluster.agents.values()) {
      const pieces = agent.held.get(id);
      if (pieces === undefined) {
        continue;
      }
      this.#cluster.untrack(agent, id, pieces);
      this.#cluster.release(agent, id, pieces);
    }
    for (const role of framework.roles) {
      this.#cluster.tryLeave(role, id);
    }
    this.#cluster.frameworks.delete(id);
  }

  activateFramework(id: FrameworkId): void {
    const framework = this.#cluster.framework(id);
    framework.active = true;
    for (const role of framework.roles) {
      if (!framework.suppressed.has(role)) {
        this.#cluster.sorterOf(role).activate(id);
      }
    }
    this.#request(this.#cluster.agents.keys());
  }

  deactivateFramework(id: FrameworkId): void {
    const framework = this.#cluster.framework(id);
    for (const role of framework.roles) {
      this.#cluster.sorterOf(role).deactivate(id);
    }
    framework.active = false;
    framework.filters.clear();
    framework.inverseFilters.clear();
  }

  suppress(id: FrameworkId, roles: readonly string[]): void {
    const framework = this.#cluster.framework(id);
    this.#suppress(framework, roles.length > 0 ? roles : framework.roles);
  }

  #suppress(framework: Framework, roles: Iterable<string>): void {
    for (const role of roles) {
      this.#cluster.sorterOf(role).deactivate(framework.id);
      framework.suppressed.add(role);
    }
  }

  revive(id: FrameworkId, roles: readonly string[]): void {
    const framework = this.#cluster.framework(id);
    this.#revive(framework, roles.length > 0 ? roles : framework.roles);
    this.#request(this.#cluster.agents.keys());
  }

  /** Filters of inverse offers are removed whatever the roles are, even without any. */
  #revive(framework: Framework, roles: Iterable<string>): void {
    framework.inverseFilters.clear();
    for (const role of roles) {
      framework.filters.delete(role);
      framework.suppressed.delete(role);
      this.#cluster.sorterOf(role).activate(framework.id);
    }
  }

  // --- Roles ---

  updateQuota(role: string, quota: QuotaUnits): void {
    this.#cluster.quotas.set(role, {
      guarantees: fromUnits(quota.guarantees),
      limits: limitsFromUnits(quota.limits),
    });
  }

  updateWeights(weights: Readonly<Record<string, number>>): void {
    for (const [role, weight] of Object.entries(weights)) {
      this.#cluster.roleSorter.updateWeight(role, weight);
    }
  }

  recoverQuotas(expectedAgents: number, quotas: Readonly<Record<string, QuotaUnits>>): void {
    for (const [role, quota] of Object.entries(quotas)) {
      this.updateQuota(role, quota);
    }
    const { agentRecoveryFactor = 0.8, recoveryTimeoutMs = 600_000 } = this.#cluster.options;
    const awaited = Math.trunc(expectedAgents * agentRecoveryFactor);
    if (Object.keys(quotas).length === 0 || awaited === 0) {
      return;
    }
    this.#pause = { expectedAgents: awaited, endsAt: this.#now + recoveryTimeoutMs };
  }

  get paused(): boolean {
    return this.#pause !== undefined;
  }

  // --- Maintenance ---

  updateUnavailability(id: AgentId, unavailability: Unavailability | undefined): void {
    const agent = this.#cluster.agent(id);
    for (const framework of this.#cluster.frameworks.values()) {
      framework.inverseFilters.delete(id);
    }
    agent.inverseOutstanding = unavailability && new Set();
    this.#request([id]);
  }

  answerInverseOffer(answer: Parameters<Allocator['answerInverseOffer']>[0]): void {
    const framework = this.#cluster.framework(answer.frameworkId);
    this.#cluster.agent(answer.agentId).inverseOutstanding?.delete(answer.frameworkId);
    if (answer.refuseSeconds === undefined) {
      return;
    }
    const ms = refusalMs(answer.refuseSeconds);
    if (ms === 0) {
      return;
    }
    const filters = framework.inverseFilters.get(answer.agentId) ?? [];
    filters.push({ refused: [], endsAt: this.#now + ms, madeAfter: this.#batches });
    framework.inverseFilters.set(answer.agentId, filters);
  }

  // --- Resources ---

  /** Offered and used resources count alike in everything that decides offers. */
  launch(_holding: Holding): void {}

  convert(
    offered: Holding,
    operations: readonly Offer_Operation[],
    extraShared: readonly Resource[] = [],
  ): { offered: Resource[]; total: Resource[]; dropped: number[] } {
    const agent = this.#cluster.agent(offered.agentId);
    const { frameworkId, role } = offered;
    const before = allocate(fromResources(offered.resources), role);
    let after = before;
    const dropped: number[] = [];
    const applied: Replacement[] = [];
    for (const [index, operation] of operations.entries()) {
      const replacements = replacementsOf(operation);
      const result = replace(
        after,
        replacements.map(({ consumed, converted, gone }) => ({
          consumed: allocate(consumed, role),
          converted: allocate(converted, role),
          ...(gone && { gone: allocate(gone, role) }),
        })),
      );
      if (result === undefined) {
        dropped.push(index);
      } else {
        after = result;
        applied.push(...replacements);
      }
    }
    if (applied.length > 0 || extraShared.length > 0) {
      after = add(after, allocate(fromResources(extraShared), role));
      this.#cluster.release(agent, frameworkId, before);
      this.#cluster.hold(agent, frameworkId, after);
      this.#cluster.sorterOf(role).update(frameworkId, agent.id, { from: before, to: after });
      this.#cluster.roleSorter.update(role, agent.id, { from: before, to: after });
      const total = replace(agent.total, applied);
      if (total === undefined) {
        throw new Error('what is offered is a part of the total');
      }
      this.#cluster.setTotal(agent, total);
    }
    return { offered: toResources(after), total: toResources(agent.total), dropped };
  }

  updateAvailable(id: AgentId, operation: Offer_Operation): Applied {
    const agent = this.#cluster.agent(id);
    const replacements = replacementsOf(operation);
    if (replace(this.#cluster.availableOn(agent), replacements) === undefined) {
      return { ok: false, why: 'the free resources do not contain what the operation needs' };
    }
    const total = replace(agent.total, replacements);
    if (total === undefined) {
      throw new Error('what is free is a part of the total');
    }
    this.#cluster.setTotal(agent, total);
    return { ok: true, resources: toResources(agent.total) };
  }

  recover(returned: Parameters<Allocator['recover']>[0]): void {
    const { frameworkId, agentId, role, refuseSeconds } = returned;
    const pieces = allocate(fromResources(returned.resources), role);
    const framework = this.#cluster.frameworks.get(frameworkId);
    const agent = this.#cluster.agents.get(agentId);
    if (pieces.length === 0 || framework === undefined || agent === undefined) {
      return;
    }
    this.#cluster.release(agent, frameworkId, pieces);
    this.#cluster.untrack(agent, frameworkId, pieces);
    if (refuseSeconds === undefined) {
      return;
    }
    const ms = refusalMs(refuseSeconds);
    if (ms === 0) {
      return;
    }
    const byAgent = framework.filters.get(role) ?? new Map<AgentId, Filter[]>();
    const filters = byAgent.get(agentId) ?? [];
    const endsAt = this.#now + Math.max(this.#cluster.options.allocationIntervalMs, ms);
    filters.push({ refused: unallocate(pieces), endsAt, madeAfter: this.#batches });
    byAgent.set(agentId, filters);
    framework.filters.set(role, byAgent);
  }

  total(id: AgentId): Resource[] {
    return toResources(this.#cluster.agent(id).total);
  }

  /** What is free on an agent; shared volumes always are. */
  free(id: AgentId): Resource[] {
    return toResources(this.#cluster.availableOn(this.#cluster.agent(id)));
  }

  /** What a framework holds on an agent, offered or used. */
  heldBy(frameworkId: FrameworkId, id: AgentId): Resource[] {
    return toResources(this.#cluster.agent(id).held.get(frameworkId) ?? []);
  }

  // --- Runs ---

  get hasPending(): boolean {
    return !this.paused && this.#isAsked;
  }

  #request(ids: Iterable<AgentId>): void {
    if (this.paused) {
      return;
    }
    this.#isAsked = true;
    for (const id of ids) {
      this.#candidates.add(id);
    }
  }

  runPending(): OfferBatch {
    return this.#run({ isBatch: false });
  }

  runBatch(): OfferBatch {
    this.#request(this.#cluster.agents.keys());
    const result = this.#run({ isBatch: true });
    this.#batches += 1;
    return result;
  }

  #run(kind: { readonly isBatch: boolean }): OfferBatch {
    if (this.paused) {
      return new Batch([], []);
    }
    const candidates = [...this.#candidates]
      .map((id) => this.#cluster.agent(id))
      .sort((a, b) => a.place - b.place);
    this.#candidates = new Set();
    this.#isAsked = false;
    const run = new Run(this.#cluster, candidates, {
      now: this.#now,
      batches: this.#batches,
      isBatch: kind.isBatch,
      whitelist: this.#whitelist,
      course: new Course(this.#cluster.options, this.#courses.shift() ?? [], this.#secondTurns),
    });
    this.#guaranteed += run.guaranteed;
    return new Batch(run.offered, run.inverseOffered);
  }
}

class Batch implements OfferBatch {
  readonly #offered: readonly Offered[];
  readonly #inverse: readonly InverseOffered[];

  constructor(offered: readonly Offered[], inverse: readonly InverseOffered[]) {
    this.#offered = offered;
    this.#inverse = inverse;
  }

  get count(): number {
    return this.#offered.length;
  }

  get inverseCount(): number {
    return this.#inverse.length;
  }

  frameworkId = (index: number) => at(this.#offered, index).frameworkId;
  role = (index: number) => at(this.#offered, index).role;
  agentId = (index: number) => at(this.#offered, index).agentId;
  resources = (index: number) => toResources(at(this.#offered, index).pieces);
  inverseFrameworkId = (index: number) => at(this.#inverse, index).frameworkId;
  inverseAgentId = (index: number) => at(this.#inverse, index).agentId;
}

function at<Item>(items: readonly Item[], index: number): Item {
  const item = items[index];
  if (item === undefined) {
    throw new RangeError(`there is no offer ${index}`);
  }
  return item;
}

const without = <Item>(items: ReadonlySet<Item>, others: ReadonlySet<Item>) =>
  [...items].filter((item) => !others.has(item));

const isSameSet = <Item>(left: ReadonlySet<Item>, right: ReadonlySet<Item>) =>
  left.size === right.size && without(left, right).length === 0;

function refusalMs(seconds: number): number {
  if (seconds < 0 || Number.isNaN(seconds)) {
    return DEFAULT_REFUSE_SECONDS * 1000;
  }
  // Whole nanoseconds; the rest is cut off.
  return Math.trunc(Math.min(seconds, MAX_REFUSE_SECONDS) * 1e9) / 1e6;
}

/** Whether two lists are equal in any order. */
function isSameAttributes(left: readonly Attribute[], right: readonly Attribute[]): boolean {
  const texts = (attributes: readonly Attribute[]) =>
    new Set(attributes.map((attribute) => JSON.stringify(attribute)));
  return left.length === right.length && isSameSet(texts(left), texts(right));
}
