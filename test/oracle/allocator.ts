// The rules of Mesos's hierarchical allocator, plain and unhurried: the second opinion that the core is held
// against. Nothing here is fast, and nothing is shared with the core but the interface.
// Agents are never shuffled, and only the fair-share sorter exists.
import type {
  AgentFacts,
  Allocator,
  AllocatorOptions,
  Applied,
  FrameworkTerms,
  Holding,
  OfferBatch,
  Quota as QuotaUnits,
} from '../../src/core/interface.ts';
import {
  AgentInfo_Capability_Type as AgentCapability,
  type Attribute,
  FrameworkInfo_Capability_Type as FrameworkCapability,
  type Offer_Operation,
  type Resource,
  type Unavailability,
} from '../../src/model/generated/messages.ts';
import type { AgentId, FrameworkId } from '../../src/model/ids.ts';
import { isWanted } from './constraints.ts';
import { type Replacement, replace, replacementsOf } from './operations.ts';
import {
  add,
  allocate,
  contains,
  equal,
  fromResources,
  isAllocatableTo,
  isQuotaPiece,
  isReserved,
  isRevocable,
  isScalar,
  isShared,
  isStrictSubrole,
  type Pieces,
  reservationDepth,
  reservedFor,
  subtract,
  toResources,
  unallocate,
} from './pieces.ts';
import {
  fromUnits,
  type Limits,
  limitsFromUnits,
  limitsMinus,
  minus,
  NOTHING,
  plus,
  type Quantities,
  quantitiesOf,
  reaches,
  shrinkTo,
  shrinkWithin,
} from './quantities.ts';
import { Sorter } from './sorter.ts';

interface Filter {
  readonly refused: Pieces;
  readonly endsAt: number;
  /** Batches done when it was made. */
  readonly madeAfter: number;
}

interface Framework {
  readonly id: FrameworkId;
  terms: FrameworkTerms;
  roles: ReadonlySet<string>;
  suppressed: Set<string>;
  active: boolean;
  /** By role, then by agent. */
  readonly filters: Map<string, Map<AgentId, Filter[]>>;
  readonly inverseFilters: Map<AgentId, Filter[]>;
}

interface Agent {
  readonly id: AgentId;
  readonly place: number;
  facts: AgentFacts;
  capabilities: ReadonlySet<number>;
  activated: boolean;
  total: Pieces;
  /** Offered or used, by framework, with the role each piece is allocated to. */
  readonly held: Map<FrameworkId, Pieces>;
  /** The same for all frameworks together: its order tells what is taken from the total first. */
  allHeld: Pieces;
  /** Frameworks with an inverse offer they have not answered; undefined without maintenance. */
  inverseOutstanding: Set<FrameworkId> | undefined;
}

interface Quota {
  readonly guarantees: Quantities;
  readonly limits: Limits;
}

const NO_QUOTA: Quota = { guarantees: NOTHING, limits: new Map() };
const MAX_REFUSE_SECONDS = 365 * 24 * 3600;
const DEFAULT_REFUSE_SECONDS = 5;

const isAtOrBelow = (role: string, top: string) => role === top || isStrictSubrole(role, top);

/** Offers of one run while it is going on. */
interface Offered {
  readonly frameworkId: FrameworkId;
  readonly role: string;
  readonly agentId: AgentId;
  pieces: Pieces;
}

/** What a run counts down while it hands out resources. */
interface Budget {
  readonly consumed: Map<string, Quantities>;
  requiredHeadroom: Quantities;
  availableHeadroom: Quantities;
}

export class OracleAllocator implements Allocator {
  readonly #options: AllocatorOptions;
  readonly #minAllocatable: readonly Quantities[];
  readonly #roleSorter: Sorter;
  readonly #frameworkSorters = new Map<string, Sorter>();
  readonly #agents = new Map<AgentId, Agent>();
  readonly #frameworks = new Map<FrameworkId, Framework>();
  readonly #quotas = new Map<string, Quota>();
  #whitelist: ReadonlySet<string> | null = null;
  #now = 0;
  #batches = 0;
  #nextPlace = 0;
  /** A run was asked for, over these agents; there may be none. */
  #isAsked = false;
  #candidates = new Set<AgentId>();
  #pause: { readonly expectedAgents: number; readonly endsAt: number } | undefined;

  constructor(options: AllocatorOptions) {
    if (options.seed !== 0 || options.roleSorter !== 'drf' || options.frameworkSorter !== 'drf') {
      throw new Error('the oracle knows no shuffle and no random sorter');
    }
    this.#options = options;
    this.#minAllocatable = options.minAllocatable.map(fromUnits);
    this.#roleSorter = new Sorter(options.fairnessExcluded);
  }

  setTime(nowMs: number): void {
    this.#now = nowMs;
    if (this.#pause !== undefined && nowMs >= this.#pause.endsAt) this.#pause = undefined;
  }

  // Agents

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
    this.#agents.set(added.id, agent);
    this.#countAgentIn(agent);
    for (const { frameworkId, role, resources } of added.used) {
      const pieces = allocate(fromResources(resources), role);
      this.#hold(agent, frameworkId, pieces);
      if (this.#frameworks.has(frameworkId)) this.#track(agent, frameworkId, pieces);
    }
    if (this.#pause !== undefined && this.#agents.size >= this.#pause.expectedAgents) {
      this.#pause = undefined;
    }
    this.#request([added.id]);
  }

  updateAgent(id: AgentId, change: Parameters<Allocator['updateAgent']>[1]): void {
    const agent = this.#agent(id);
    let isChanged = false;
    const { facts } = change;
    if (facts !== undefined) {
      if (!isSameAttributes(facts.attributes, agent.facts.attributes)) {
        isChanged = true;
        this.#dropFilters(id);
      }
      const { hostname, region, zone } = agent.facts;
      if (facts.hostname !== hostname || facts.region !== region || facts.zone !== zone) {
        isChanged = true;
      }
      if (isChanged) agent.facts = facts;
    }
    if (change.capabilities !== undefined) {
      const capabilities = new Set<number>(change.capabilities);
      if (!isSameSet(capabilities, agent.capabilities)) isChanged = true;
      agent.capabilities = capabilities;
    }
    if (change.total !== undefined && this.#setTotal(agent, fromResources(change.total))) {
      isChanged = true;
    }
    if (isChanged) this.#request([id]);
  }

  addResourceProvider(id: AgentId, total: readonly Resource[], used: readonly Holding[]): void {
    const agent = this.#agent(id);
    this.#setTotal(agent, add(agent.total, fromResources(total)));
    for (const { frameworkId, role, resources } of used) {
      if (!this.#frameworks.has(frameworkId)) continue;
      const pieces = allocate(fromResources(resources), role);
      this.#hold(agent, frameworkId, pieces);
      this.#track(agent, frameworkId, pieces);
    }
  }

  removeAgent(id: AgentId): void {
    const agent = this.#agent(id);
    for (const [frameworkId, pieces] of agent.held) {
      if (this.#frameworks.has(frameworkId)) this.#untrack(agent, frameworkId, pieces);
    }
    this.#countAgentOut(agent);
    this.#agents.delete(id);
    this.#candidates.delete(id);
    this.#dropFilters(id);
  }

  activateAgent(id: AgentId): void {
    this.#agent(id).activated = true;
  }

  deactivateAgent(id: AgentId): void {
    this.#agent(id).activated = false;
  }

  updateWhitelist(hostnames: readonly string[] | null): void {
    this.#whitelist = hostnames && new Set(hostnames);
  }

  #countAgentIn(agent: Agent): void {
    const quantities = quantitiesOf(agent.total);
    this.#roleSorter.addAgent(agent.id, quantities);
    for (const sorter of this.#frameworkSorters.values()) sorter.addAgent(agent.id, quantities);
  }

  #countAgentOut(agent: Agent): void {
    this.#roleSorter.removeAgent(agent.id);
    for (const sorter of this.#frameworkSorters.values()) sorter.removeAgent(agent.id);
  }

  /** False when nothing differs; then the old list stays, with its order. */
  #setTotal(agent: Agent, total: Pieces): boolean {
    if (equal(agent.total, total)) return false;
    this.#countAgentOut(agent);
    agent.total = total;
    this.#countAgentIn(agent);
    return true;
  }

  #dropFilters(id: AgentId): void {
    for (const framework of this.#frameworks.values()) {
      framework.inverseFilters.delete(id);
      for (const byAgent of framework.filters.values()) byAgent.delete(id);
    }
  }

  // Frameworks

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
    this.#frameworks.set(id, framework);
    for (const role of framework.roles) {
      const sorter = this.#enter(role, id);
      if (!framework.suppressed.has(role)) sorter.activate(id);
    }
    for (const { agentId, role, resources } of added.used) {
      const agent = this.#agents.get(agentId);
      if (agent !== undefined) this.#track(agent, id, allocate(fromResources(resources), role));
    }
    if (added.active) this.#request(this.#agents.keys());
    else this.deactivateFramework(id);
  }

  updateFramework(id: FrameworkId, terms: FrameworkTerms): void {
    const framework = this.#framework(id);
    const before = { roles: framework.roles, suppressed: new Set(framework.suppressed) };
    const roles = new Set(terms.roles);
    const suppressed = new Set(terms.suppressedRoles);
    for (const role of without(roles, before.roles)) this.#enter(role, id).activate(id);
    framework.roles = roles;
    for (const role of without(before.roles, roles)) {
      this.#sorterOf(role).deactivate(id);
      this.#tryLeave(role, id);
      framework.filters.delete(role);
      framework.suppressed.delete(role);
    }
    framework.terms = terms;
    this.#suppress(framework, without(suppressed, before.suppressed));
    const revived = without(before.suppressed, suppressed).filter((role) => roles.has(role));
    this.#revive(framework, revived);
  }

  removeFramework(id: FrameworkId): void {
    const framework = this.#framework(id);
    for (const agent of this.#agents.values()) {
      const pieces = agent.held.get(id);
      if (pieces === undefined) continue;
      this.#untrack(agent, id, pieces);
      this.#release(agent, id, pieces);
    }
    for (const role of framework.roles) this.#tryLeave(role, id);
    this.#frameworks.delete(id);
  }

  activateFramework(id: FrameworkId): void {
    const framework = this.#framework(id);
    framework.active = true;
    for (const role of framework.roles) {
      if (!framework.suppressed.has(role)) this.#sorterOf(role).activate(id);
    }
    this.#request(this.#agents.keys());
  }

  deactivateFramework(id: FrameworkId): void {
    const framework = this.#framework(id);
    for (const role of framework.roles) this.#sorterOf(role).deactivate(id);
    framework.active = false;
    framework.filters.clear();
    framework.inverseFilters.clear();
  }

  suppress(id: FrameworkId, roles: readonly string[]): void {
    const framework = this.#framework(id);
    this.#suppress(framework, roles.length > 0 ? roles : framework.roles);
  }

  #suppress(framework: Framework, roles: Iterable<string>): void {
    for (const role of roles) {
      this.#sorterOf(role).deactivate(framework.id);
      framework.suppressed.add(role);
    }
  }

  revive(id: FrameworkId, roles: readonly string[]): void {
    const framework = this.#framework(id);
    this.#revive(framework, roles.length > 0 ? roles : framework.roles);
    this.#request(this.#agents.keys());
  }

  /** Filters of inverse offers go whatever the roles are, even when there are none. */
  #revive(framework: Framework, roles: Iterable<string>): void {
    framework.inverseFilters.clear();
    for (const role of roles) {
      framework.filters.delete(role);
      framework.suppressed.delete(role);
      this.#sorterOf(role).activate(framework.id);
    }
  }

  /** Makes the framework a client of the role, which becomes one of the cluster with its first framework. */
  #enter(role: string, id: FrameworkId): Sorter {
    let sorter = this.#frameworkSorters.get(role);
    if (sorter === undefined) {
      this.#roleSorter.add(role);
      this.#roleSorter.activate(role);
      sorter = new Sorter(this.#options.fairnessExcluded);
      for (const agent of this.#agents.values()) {
        sorter.addAgent(agent.id, quantitiesOf(agent.total));
      }
      this.#frameworkSorters.set(role, sorter);
    }
    // It may still be there, holding resources of a role it left.
    if (!sorter.has(id)) sorter.add(id);
    return sorter;
  }

  /** A framework stays with a role that it holds something of. */
  #tryLeave(role: string, id: FrameworkId): void {
    const sorter = this.#sorterOf(role);
    if (!sorter.has(id) || sorter.holdsAnything(id)) return;
    sorter.remove(id);
    const isUsed = [...this.#frameworks.keys()].some((other) => sorter.has(other));
    if (isUsed) return;
    this.#roleSorter.remove(role);
    this.#frameworkSorters.delete(role);
  }

  // Roles

  updateQuota(role: string, quota: QuotaUnits): void {
    this.#quotas.set(role, {
      guarantees: fromUnits(quota.guarantees),
      limits: limitsFromUnits(quota.limits),
    });
  }

  updateWeights(weights: Readonly<Record<string, number>>): void {
    for (const [role, weight] of Object.entries(weights)) {
      this.#roleSorter.updateWeight(role, weight);
    }
  }

  recoverQuotas(expectedAgents: number, quotas: Readonly<Record<string, QuotaUnits>>): void {
    for (const [role, quota] of Object.entries(quotas)) this.updateQuota(role, quota);
    const { agentRecoveryFactor = 0.8, recoveryTimeoutMs = 600_000 } = this.#options;
    const awaited = Math.trunc(expectedAgents * agentRecoveryFactor);
    if (Object.keys(quotas).length === 0 || awaited === 0) return;
    this.#pause = { expectedAgents: awaited, endsAt: this.#now + recoveryTimeoutMs };
  }

  get paused(): boolean {
    return this.#pause !== undefined;
  }

  #quotaOf(role: string): Quota {
    return this.#quotas.get(role) ?? NO_QUOTA;
  }

  // Maintenance

  updateUnavailability(id: AgentId, unavailability: Unavailability | undefined): void {
    const agent = this.#agent(id);
    for (const framework of this.#frameworks.values()) framework.inverseFilters.delete(id);
    agent.inverseOutstanding = unavailability && new Set();
    this.#request([id]);
  }

  answerInverseOffer(answer: Parameters<Allocator['answerInverseOffer']>[0]): void {
    const framework = this.#framework(answer.frameworkId);
    this.#agent(answer.agentId).inverseOutstanding?.delete(answer.frameworkId);
    if (answer.refuseSeconds === undefined) return;
    const ms = refusalMs(answer.refuseSeconds);
    if (ms === 0) return;
    const filters = framework.inverseFilters.get(answer.agentId) ?? [];
    filters.push({ refused: [], endsAt: this.#now + ms, madeAfter: this.#batches });
    framework.inverseFilters.set(answer.agentId, filters);
  }

  // Resources

  /** Offered and used resources count alike for everything that decides offers. */
  launch(_holding: Holding): void {}

  convert(
    offered: Holding,
    operations: readonly Offer_Operation[],
    extraShared: readonly Resource[] = [],
  ): { offered: Resource[]; total: Resource[]; dropped: number[] } {
    const agent = this.#agent(offered.agentId);
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
      this.#release(agent, frameworkId, before);
      this.#hold(agent, frameworkId, after);
      this.#sorterOf(role).update(frameworkId, agent.id, { from: before, to: after });
      this.#roleSorter.update(role, agent.id, { from: before, to: after });
      const total = replace(agent.total, applied);
      if (total === undefined) throw new Error('what is offered is a part of the total');
      this.#setTotal(agent, total);
    }
    return { offered: toResources(after), total: toResources(agent.total), dropped };
  }

  updateAvailable(id: AgentId, operation: Offer_Operation): Applied {
    const agent = this.#agent(id);
    const replacements = replacementsOf(operation);
    if (replace(this.#availableOn(agent), replacements) === undefined) {
      return { ok: false, why: 'the free resources do not contain what the operation needs' };
    }
    const total = replace(agent.total, replacements);
    if (total === undefined) throw new Error('what is free is a part of the total');
    this.#setTotal(agent, total);
    return { ok: true, resources: toResources(agent.total) };
  }

  recover(returned: Parameters<Allocator['recover']>[0]): void {
    const { frameworkId, agentId, role, refuseSeconds } = returned;
    const pieces = allocate(fromResources(returned.resources), role);
    const framework = this.#frameworks.get(frameworkId);
    const agent = this.#agents.get(agentId);
    if (pieces.length === 0 || framework === undefined || agent === undefined) return;
    this.#release(agent, frameworkId, pieces);
    this.#untrack(agent, frameworkId, pieces);
    if (refuseSeconds === undefined) return;
    const ms = refusalMs(refuseSeconds);
    if (ms === 0) return;
    const byAgent = framework.filters.get(role) ?? new Map<AgentId, Filter[]>();
    const filters = byAgent.get(agentId) ?? [];
    const endsAt = this.#now + Math.max(this.#options.allocationIntervalMs, ms);
    filters.push({ refused: unallocate(pieces), endsAt, madeAfter: this.#batches });
    byAgent.set(agentId, filters);
    framework.filters.set(role, byAgent);
  }

  total(id: AgentId): Resource[] {
    return toResources(this.#agent(id).total);
  }

  /** What is free on an agent; shared volumes always are. */
  available(id: AgentId): Resource[] {
    return toResources(this.#availableOn(this.#agent(id)));
  }

  /** What a framework holds on an agent, offered or used. */
  heldBy(frameworkId: FrameworkId, id: AgentId): Resource[] {
    return toResources(this.#agent(id).held.get(frameworkId) ?? []);
  }

  #hold(agent: Agent, frameworkId: FrameworkId, pieces: Pieces): void {
    if (pieces.length === 0) return;
    agent.held.set(frameworkId, add(agent.held.get(frameworkId) ?? [], pieces));
    agent.allHeld = add(agent.allHeld, pieces);
  }

  #release(agent: Agent, frameworkId: FrameworkId, pieces: Pieces): void {
    const held = agent.held.get(frameworkId) ?? [];
    if (!contains(held, pieces)) throw new Error(`${frameworkId} gives back what it does not hold`);
    const rest = subtract(held, pieces);
    if (rest.length === 0) agent.held.delete(frameworkId);
    else agent.held.set(frameworkId, rest);
    agent.allHeld = subtract(agent.allHeld, pieces);
  }

  #availableOn(agent: Agent): Pieces {
    const held = unallocate(agent.allHeld);
    const shared = agent.total.filter(isShared);
    if (shared.length === 0) return subtract(agent.total, held);
    const isOwn = (piece: Pieces[number]) => !isShared(piece);
    return add(subtract(agent.total.filter(isOwn), held.filter(isOwn)), shared);
  }

  /** Counts what the framework holds in the shares of its roles, and of it in them. */
  #track(agent: Agent, frameworkId: FrameworkId, pieces: Pieces): void {
    for (const [role, own] of byRole(pieces)) {
      const sorter = this.#enter(role, frameworkId);
      this.#roleSorter.allocated(role, agent.id, own);
      sorter.allocated(frameworkId, agent.id, own);
    }
  }

  #untrack(agent: Agent, frameworkId: FrameworkId, pieces: Pieces): void {
    for (const [role, own] of byRole(pieces)) {
      this.#sorterOf(role).unallocated(frameworkId, agent.id, own);
      this.#roleSorter.unallocated(role, agent.id, own);
      if (!this.#framework(frameworkId).roles.has(role)) this.#tryLeave(role, frameworkId);
    }
  }

  // Runs

  get hasPending(): boolean {
    return !this.paused && this.#isAsked;
  }

  #request(ids: Iterable<AgentId>): void {
    if (this.paused) return;
    this.#isAsked = true;
    for (const id of ids) this.#candidates.add(id);
  }

  runPending(): OfferBatch {
    return this.#run({ isBatch: false });
  }

  runBatch(): OfferBatch {
    this.#request(this.#agents.keys());
    const result = this.#run({ isBatch: true });
    this.#batches += 1;
    return result;
  }

  #run(kind: { readonly isBatch: boolean }): OfferBatch {
    if (this.paused) return new Batch([], []);
    const candidates = [...this.#candidates]
      .map((id) => this.#agent(id))
      .sort((a, b) => a.place - b.place);
    this.#candidates = new Set();
    this.#isAsked = false;

    const offered: Offered[] = [];
    const visited = candidates.filter((agent) => this.#isOfferable(agent));
    const budget = this.#budget();
    const run = { offered, budget, isBatch: kind.isBatch };
    for (const agent of visited) this.#guaranteeVisit(agent, run);
    for (const agent of visited) this.#fairVisit(agent, run);
    return new Batch(offered, this.#inverseOffers(candidates, kind.isBatch));
  }

  #isOfferable(agent: Agent): boolean {
    const isListed = this.#whitelist === null || this.#whitelist.has(agent.facts.hostname);
    return isListed && agent.activated;
  }

  /**
   * A top-level role has consumed what it and the roles below it hold of unreserved resources, and everything
   * reserved for them, held or not. Guarantees that are not consumed yet need headroom among what is free,
   * unreserved and not revocable.
   */
  #budget(): Budget {
    const consumed = new Map<string, Quantities>();
    let requiredHeadroom = NOTHING;
    for (const [top, quota] of this.#quotas) {
      const used = this.#consumedBy(top);
      consumed.set(top, used);
      requiredHeadroom = plus(requiredHeadroom, minus(quota.guarantees, used));
    }

    const agents = [...this.#agents.values()];
    const sum = (of: (agent: Agent) => Pieces) =>
      agents.reduce((all, agent) => plus(all, quantitiesOf(of(agent))), NOTHING);
    const reserved = sum((agent) => agent.total.filter(isReserved));
    const reservedHeld = sum((agent) => this.#knownHeld(agent).filter(isReserved));
    let availableHeadroom = sum((agent) => agent.total);
    availableHeadroom = minus(availableHeadroom, this.#roleSorter.allAllocated());
    availableHeadroom = minus(availableHeadroom, minus(reserved, reservedHeld));
    availableHeadroom = minus(
      availableHeadroom,
      sum((agent) => this.#availableOn(agent).filter(isRevocable)),
    );
    return { consumed, requiredHeadroom, availableHeadroom };
  }

  #consumedBy(top: string): Quantities {
    let result = NOTHING;
    for (const agent of this.#agents.values()) {
      const reserved = agent.total.filter((piece) => {
        const owner = reservedFor(piece);
        return owner !== undefined && isAtOrBelow(owner, top);
      });
      const held = this.#knownHeld(agent).filter(
        (piece) => isQuotaPiece(piece) && isAtOrBelow(piece.allocatedTo ?? '', top),
      );
      result = plus(plus(result, quantitiesOf(reserved)), quantitiesOf(held));
    }
    return result;
  }

  /** What frameworks hold that were added; agents may know of others. */
  #knownHeld(agent: Agent): Pieces {
    let result: Pieces = [];
    for (const [id, pieces] of agent.held) {
      if (this.#frameworks.has(id)) result = add(result, pieces);
    }
    return result;
  }

  /** First stage: to roles with a guarantee, what brings them closer to it, and what comes with that. */
  #guaranteeVisit(agent: Agent, run: Run): void {
    const { budget } = run;
    for (const role of this.#roleSorter.sort()) {
      const { guarantees, limits } = this.#quotaOf(role);
      if (guarantees.size === 0) continue;
      if (this.#availableOn(agent).length === 0) return;
      const consumed = () => budget.consumed.get(role) ?? NOTHING;
      for (const id of this.#sorterOf(role).sort()) {
        const missing = minus(guarantees, consumed());
        if (missing.size === 0) break;
        const framework = this.#framework(id as FrameworkId);
        const visit = this.#look(agent, framework, role);
        if (visit === 'nothing left') break;
        if (visit === 'not wanted') continue;
        const countable = visit.filter(isQuotaPiece);
        const guaranteed = shrinkTo(countable, missing);
        if (guaranteed.length === 0) continue;

        const alongside = visit.filter(
          (piece) => reservedFor(piece) === role || !isScalar(piece) || isRevocable(piece),
        );
        let further = subtract(countable, guaranteed);
        if (limits.size > 0) {
          const room = limitsMinus(limitsMinus(limits, consumed()), quantitiesOf(guaranteed));
          further = shrinkWithin(further, room);
        }
        further = keepHeadroom(further, budget);
        const pieces = add(add(guaranteed, alongside), further);
        if (!this.#isOfferedTo(framework, role, agent, pieces, run.isBatch)) continue;

        this.#offer(agent, framework, role, pieces, run);
        const counted = plus(quantitiesOf(guaranteed), quantitiesOf(further));
        budget.consumed.set(role, plus(consumed(), counted));
        budget.requiredHeadroom = minus(budget.requiredHeadroom, quantitiesOf(guaranteed));
        budget.availableHeadroom = minus(budget.availableHeadroom, counted);
      }
    }
  }

  /** Second stage: to all roles, everything within their limits that no guarantee needs. */
  #fairVisit(agent: Agent, run: Run): void {
    const { budget } = run;
    for (const role of this.#roleSorter.sort()) {
      if (this.#availableOn(agent).length === 0) return;
      const { limits } = this.#quotaOf(role);
      for (const id of this.#sorterOf(role).sort()) {
        const framework = this.#framework(id as FrameworkId);
        const visit = this.#look(agent, framework, role);
        if (visit === 'nothing left') break;
        if (visit === 'not wanted') continue;
        const consumed = budget.consumed.get(role) ?? NOTHING;
        let counted = visit.filter(isQuotaPiece);
        if (limits.size > 0) counted = shrinkWithin(counted, limitsMinus(limits, consumed));
        counted = keepHeadroom(counted, budget);
        const pieces = add(
          visit.filter((piece) => !isQuotaPiece(piece)),
          counted,
        );
        if (!this.#isOfferedTo(framework, role, agent, pieces, run.isBatch)) continue;

        this.#offer(agent, framework, role, pieces, run);
        const increase = quantitiesOf(counted);
        if (this.#quotas.has(role)) budget.consumed.set(role, plus(consumed, increase));
        budget.availableHeadroom = minus(budget.availableHeadroom, increase);
      }
    }
  }

  /** What of the agent could go to the framework for the role, or why it is no use to look further. */
  #look(agent: Agent, framework: Framework, role: string): Pieces | 'not wanted' | 'nothing left' {
    if (!isWanted(framework.terms.constraints, role, agent.facts)) return 'not wanted';
    // A shared volume that this run has offered already is offered again, as in the reference.
    const available = this.#availableOn(agent).filter((piece) => isAllocatableTo(piece, role));
    if (available.length === 0) return 'nothing left';
    if (!this.#isEnough(available, role, framework)) return 'not wanted';
    const can = (capability: FrameworkCapability) =>
      framework.terms.capabilities.includes(capability);
    if (
      this.#options.filterGpuResources &&
      hasGpu(agent) &&
      !can(FrameworkCapability.GPU_RESOURCES)
    ) {
      return 'not wanted';
    }
    if (this.#isRemote(agent) && !can(FrameworkCapability.REGION_AWARE)) return 'not wanted';
    return available.filter(
      (piece) =>
        (!isShared(piece) || can(FrameworkCapability.SHARED_RESOURCES)) &&
        (!isRevocable(piece) || can(FrameworkCapability.REVOCABLE_RESOURCES)) &&
        (reservationDepth(piece) < 2 || can(FrameworkCapability.RESERVATION_REFINEMENT)),
    );
  }

  #isRemote(agent: Agent): boolean {
    return agent.facts.region !== undefined && agent.facts.region !== this.#options.region;
  }

  #isEnough(pieces: Pieces, role: string, framework: Framework): boolean {
    if (pieces.length === 0) return false;
    const own = framework.terms.minAllocatable[role]?.map(fromUnits);
    const minima = own ?? this.#minAllocatable;
    return minima.length === 0 || minima.some((minimum) => reaches(pieces, minimum));
  }

  #isOfferedTo(
    framework: Framework,
    role: string,
    agent: Agent,
    pieces: Pieces,
    isBatch: boolean,
  ): boolean {
    if (!this.#isEnough(pieces, role, framework)) return false;
    const isMultiRole = framework.terms.capabilities.includes(FrameworkCapability.MULTI_ROLE);
    if (isMultiRole && !agent.capabilities.has(AgentCapability.MULTI_ROLE)) return false;
    if (role.includes('/') && !agent.capabilities.has(AgentCapability.HIERARCHICAL_ROLE)) {
      return false;
    }
    const filters = framework.filters.get(role)?.get(agent.id) ?? [];
    return !filters.some(
      (filter) => this.#isInForce(filter, isBatch) && contains(filter.refused, pieces),
    );
  }

  /** A filter that ends in the instant of a batch is still seen by it, unless it is older than the one before. */
  #isInForce(filter: Filter, isBatch: boolean): boolean {
    if (filter.endsAt !== this.#now) return filter.endsAt > this.#now;
    return isBatch && filter.madeAfter === this.#batches;
  }

  #offer(agent: Agent, framework: Framework, role: string, given: Pieces, run: Run): void {
    const pieces = allocate(given, role);
    const earlier = run.offered.find(
      (offer) =>
        offer.frameworkId === framework.id && offer.role === role && offer.agentId === agent.id,
    );
    if (earlier === undefined) {
      run.offered.push({ frameworkId: framework.id, role, agentId: agent.id, pieces });
    } else {
      earlier.pieces = add(earlier.pieces, pieces);
    }
    this.#hold(agent, framework.id, pieces);
    this.#track(agent, framework.id, pieces);
  }

  /** To every active framework that has something to lose on an agent that will be unavailable. */
  #inverseOffers(candidates: readonly Agent[], isBatch: boolean): InverseOffered[] {
    const result: InverseOffered[] = [];
    for (const agent of candidates) {
      const outstanding = agent.inverseOutstanding;
      if (outstanding === undefined) continue;
      for (const id of agent.held.keys()) {
        const framework = this.#frameworks.get(id);
        if (framework === undefined || !framework.active || outstanding.has(id)) continue;
        const filters = framework.inverseFilters.get(agent.id) ?? [];
        if (filters.some((filter) => this.#isInForce(filter, isBatch))) continue;
        outstanding.add(id);
        result.push({ frameworkId: id, agentId: agent.id });
      }
    }
    return result;
  }

  #agent(id: AgentId): Agent {
    const agent = this.#agents.get(id);
    if (agent === undefined) throw new Error(`no agent ${id}`);
    return agent;
  }

  #framework(id: FrameworkId): Framework {
    const framework = this.#frameworks.get(id);
    if (framework === undefined) throw new Error(`no framework ${id}`);
    return framework;
  }

  #sorterOf(role: string): Sorter {
    const sorter = this.#frameworkSorters.get(role);
    if (sorter === undefined) throw new Error(`no framework has the role ${role}`);
    return sorter;
  }
}

interface InverseOffered {
  readonly frameworkId: FrameworkId;
  readonly agentId: AgentId;
}

interface Run {
  readonly offered: Offered[];
  readonly budget: Budget;
  readonly isBatch: boolean;
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
  if (item === undefined) throw new RangeError(`there is no offer ${index}`);
  return item;
}

/** What the guarantees of others leave of the free resources. */
function keepHeadroom(pieces: Pieces, budget: Budget): Pieces {
  if (budget.requiredHeadroom.size === 0 || pieces.length === 0) return pieces;
  return shrinkTo(pieces, minus(budget.availableHeadroom, budget.requiredHeadroom));
}

function byRole(pieces: Pieces): ReadonlyMap<string, Pieces> {
  return Map.groupBy(pieces, (piece) => {
    if (piece.allocatedTo === undefined) throw new Error('what is held has a role');
    return piece.allocatedTo;
  });
}

const without = <Item>(items: ReadonlySet<Item>, others: ReadonlySet<Item>) =>
  [...items].filter((item) => !others.has(item));

const isSameSet = <Item>(left: ReadonlySet<Item>, right: ReadonlySet<Item>) =>
  left.size === right.size && without(left, right).length === 0;

const hasGpu = (agent: Agent) =>
  agent.total.some((piece) => piece.name === 'gpus' && isScalar(piece));

function refusalMs(seconds: number): number {
  if (seconds < 0 || Number.isNaN(seconds)) return DEFAULT_REFUSE_SECONDS * 1000;
  return Math.round(Math.min(seconds, MAX_REFUSE_SECONDS) * 1e9) / 1e6;
}

/** Equal whatever their order. */
function isSameAttributes(left: readonly Attribute[], right: readonly Attribute[]): boolean {
  const texts = (attributes: readonly Attribute[]) =>
    new Set(attributes.map((attribute) => JSON.stringify(attribute)));
  return left.length === right.length && without(texts(left), texts(right)).length === 0;
}
