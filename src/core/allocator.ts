// The Allocator over one instance of the module: names to numbers on the way in, refusal times and
// constraints worked out, everything else decided inside.
import {
  AgentInfo_Capability_Type as AgentCapability,
  type Attribute,
  FrameworkInfo_Capability_Type as FrameworkCapability,
  type Offer_Operation,
  Offer_Operation_Type as OperationType,
  type Resource,
  type Unavailability,
} from '../model/generated/messages.ts';
import type { AgentId, FrameworkId } from '../model/ids.ts';
import { notApplied } from './algebra.ts';
import { type AgentTest, compileConstraints } from './constraints.ts';
import { type Conversion, conversionsOf, writeConversions } from './conversions.ts';
import { endOfFilter, instantAfter, refusalMs } from './filters.ts';
import type {
  AgentFacts,
  Allocator,
  AllocatorOptions,
  Applied,
  FrameworkTerms,
  Holding,
  OfferBatch,
  Quantities,
  Quota,
} from './interface.ts';
import { Kinds, toMilli } from './kinds.ts';
import { Lists } from './lists.ts';
import { accepted, CoreError, CoreModule, checked, statusError } from './module.ts';
import { ModuleOffers, type Names, noOffers } from './offers.ts';
import { Ranks } from './ranks.ts';
import { Roles } from './roles.ts';

const ALL_AGENTS = 0xffffffff;

const OPTION_FILTER_GPU = 1;
const OPTION_RANDOM_ROLES = 2;
const OPTION_RANDOM_FRAMEWORKS = 4;

const AGENT_ACTIVE = 1;
const AGENT_WHITELISTED = 2;
const AGENT_SINGLE_ROLE = 4;
const AGENT_FLAT_ROLES = 8;
const AGENT_REMOTE = 16;

const frameworkBits = new Map<number, number>([
  [FrameworkCapability.MULTI_ROLE, 1],
  [FrameworkCapability.GPU_RESOURCES, 2],
  [FrameworkCapability.REGION_AWARE, 4],
  [FrameworkCapability.SHARED_RESOURCES, 8],
  [FrameworkCapability.REVOCABLE_RESOURCES, 16],
  [FrameworkCapability.RESERVATION_REFINEMENT, 32],
]);

interface AgentEntry {
  readonly id: AgentId;
  readonly number: number;
  facts: AgentFacts;
  capabilities: readonly AgentCapability[];
  active: boolean;
  maintenance: boolean;
}

interface FrameworkEntry {
  readonly id: FrameworkId;
  readonly number: number;
  /** False while only its tasks have been seen. */
  known: boolean;
  terms: FrameworkTerms;
  suppressed: Set<string>;
  constraints: ReadonlyMap<string, AgentTest>;
}

const noTerms: FrameworkTerms = {
  roles: [],
  suppressedRoles: [],
  capabilities: [],
  minAllocatable: {},
};

export class ModuleAllocator implements Allocator {
  readonly #module: CoreModule;
  readonly #options: AllocatorOptions;
  readonly #lists: Lists;
  readonly #kinds: Kinds;
  readonly #roles: Roles;
  readonly #frameworkRanks: Ranks;
  readonly #agents = new Map<AgentId, AgentEntry>();
  readonly #agentIds: AgentId[] = [];
  readonly #frameworks = new Map<FrameworkId, FrameworkEntry>();
  readonly #frameworkIds: FrameworkId[] = [];
  readonly #names: Names;
  #whitelist: ReadonlySet<string> | null = null;
  #now = 0;
  #lastPlace = 0;
  #paused = false;
  #pauseEnd = 0;
  #expectedAgents = 0;
  /** Frameworks with constraints on some role. */
  readonly #constrained = new Set<FrameworkEntry>();

  constructor(module: WebAssembly.Module, options: AllocatorOptions) {
    this.#options = options;
    this.#module = new CoreModule(module);
    this.#roles = new Roles(this.#module);
    this.#kinds = new Kinds(this.#module, {
      roleNumber: (role) => this.#roles.number(role),
      excludedNames: options.fairnessExcluded,
    });
    this.#lists = new Lists(this.#module, this.#kinds);
    this.#frameworkRanks = new Ranks((id, rank) => {
      const entry = this.#frameworks.get(id as FrameworkId);
      if (entry === undefined) return;
      accepted(this.#module.exports.setFrameworkRank(entry.number, rank));
    });
    this.#names = {
      frameworkId: (framework) => this.#frameworkIds[framework] as FrameworkId,
      agentId: (agent) => this.#agentIds[agent] as AgentId,
      role: (role) => this.#roles.path(role),
    };
    const { exports } = this.#module;
    const flags =
      (options.filterGpuResources ? OPTION_FILTER_GPU : 0) |
      (options.roleSorter === 'random' ? OPTION_RANDOM_ROLES : 0) |
      (options.frameworkSorter === 'random' ? OPTION_RANDOM_FRAMEWORKS : 0);
    const high = Math.floor(options.seed / 4294967296);
    const gpus = this.#kinds.name('gpus') + 1;
    accepted(exports.setUp(flags, options.seed >>> 0, high >>> 0, gpus));
    if (options.minAllocatable.length > 0) {
      this.#writeMinimum(options.minAllocatable);
      accepted(exports.setClusterMinimum());
    }
  }

  setTime(nowMs: number): void {
    accepted(this.#module.exports.setNow(nowMs));
    this.#now = nowMs;
    if (this.#paused && nowMs >= this.#pauseEnd) this.#paused = false;
  }

  // --- Agents ---

  addAgent(agent: Parameters<Allocator['addAgent']>[0]): void {
    if (this.#agents.has(agent.id)) throw new CoreError('EXISTS', agent.id);
    const { exports } = this.#module;
    const place = agent.place ?? this.#lastPlace + 1;
    const flags = this.#agentFlags(agent.facts, agent.capabilities, true);
    const count = this.#lists.begin().write(agent.total);
    const number = checked(exports.addAgent(flags, place, count), agent.id);
    this.#lastPlace = Math.max(this.#lastPlace, place);
    const entry: AgentEntry = {
      id: agent.id,
      number,
      facts: agent.facts,
      capabilities: agent.capabilities,
      active: true,
      maintenance: agent.unavailability !== undefined,
    };
    this.#agents.set(agent.id, entry);
    this.#agentIds[number] = agent.id;
    if (entry.maintenance) accepted(exports.setMaintenance(number, 1));
    for (const held of agent.used) this.#addUsed(entry, held);
    this.#applyConstraints(entry);
    if (this.#paused && this.#agents.size >= this.#expectedAgents) this.#paused = false;
    this.#request(number);
  }

  updateAgent(id: AgentId, change: Parameters<Allocator['updateAgent']>[1]): void {
    const entry = this.#agent(id);
    const { exports } = this.#module;
    let updated = false;
    if (change.facts !== undefined && !sameFacts(entry.facts, change.facts)) {
      updated = true;
      // Frameworks may have refused the agent because of the attributes it had.
      if (!sameAttributes(entry.facts.attributes, change.facts.attributes)) {
        accepted(exports.dropAgentFilters(entry.number));
      }
      entry.facts = change.facts;
      this.#applyConstraints(entry);
    }
    if (change.capabilities !== undefined) {
      if (!sameSet(entry.capabilities, change.capabilities)) updated = true;
      entry.capabilities = change.capabilities;
    }
    if (updated) this.#updateFlags(entry);
    if (change.total !== undefined) {
      const count = this.#lists.begin().write(change.total);
      if (checked(exports.setTotal(entry.number, count), id) === 1) updated = true;
    }
    if (updated) this.#request(entry.number);
  }

  addResourceProvider(id: AgentId, total: readonly Resource[], used: readonly Holding[]): void {
    const entry = this.#agent(id);
    const count = this.#lists.begin().write(total);
    checked(this.#module.exports.growTotal(entry.number, count), id);
    for (const held of used) this.#addUsed(entry, held);
  }

  removeAgent(id: AgentId): void {
    const entry = this.#agent(id);
    accepted(this.#module.exports.removeAgent(entry.number), id);
    this.#agents.delete(id);
  }

  activateAgent(id: AgentId): void {
    this.#setActive(id, true);
  }

  deactivateAgent(id: AgentId): void {
    this.#setActive(id, false);
  }

  updateWhitelist(hostnames: readonly string[] | null): void {
    this.#whitelist = hostnames === null ? null : new Set(hostnames);
    for (const entry of this.#agents.values()) this.#updateFlags(entry);
  }

  updateUnavailability(id: AgentId, unavailability: Unavailability | undefined): void {
    const entry = this.#agent(id);
    entry.maintenance = unavailability !== undefined;
    accepted(this.#module.exports.setMaintenance(entry.number, entry.maintenance ? 1 : 0));
    this.#request(entry.number);
  }

  // --- Frameworks ---

  addFramework(framework: Parameters<Allocator['addFramework']>[0]): void {
    const { exports } = this.#module;
    const constraints = this.#compile(framework);
    const entry = this.#frameworkEntry(framework.id);
    if (entry.known) throw new CoreError('EXISTS', framework.id);
    accepted(exports.introduce(entry.number, capabilityBits(framework.capabilities)));
    entry.known = true;
    entry.terms = framework;
    entry.suppressed = new Set(framework.suppressedRoles);
    for (const role of sorted(framework.roles)) {
      const suppressed = entry.suppressed.has(role) ? 1 : 0;
      const number = this.#roles.number(role);
      accepted(exports.subscribe(entry.number, number, 1 - suppressed, suppressed), role);
    }
    this.#applyMinimums(entry);
    this.#setConstraints(entry, constraints);
    for (const held of framework.used) {
      const agent = this.#agents.get(held.agentId);
      if (agent === undefined) continue;
      accepted(exports.countEarlier(entry.number, agent.number, this.#roles.number(held.role)));
    }
    if (framework.active) this.#request(ALL_AGENTS);
    else accepted(exports.setFrameworkActive(entry.number, 0));
  }

  updateFramework(id: FrameworkId, terms: FrameworkTerms): void {
    const entry = this.#framework(id);
    const constraints = this.#compile(terms);
    const { exports } = this.#module;
    const before = new Set(entry.terms.roles);
    const after = new Set(terms.roles);
    for (const role of sorted(terms.roles)) {
      if (before.has(role)) continue;
      accepted(exports.subscribe(entry.number, this.#roles.number(role), 1, 0), role);
    }
    for (const role of sorted(entry.terms.roles)) {
      if (after.has(role)) continue;
      accepted(exports.unsubscribe(entry.number, this.#roles.number(role)), role);
    }
    accepted(exports.changeCapabilities(entry.number, capabilityBits(terms.capabilities)));
    const suppressedBefore = entry.suppressed;
    const suppressed = new Set(terms.suppressedRoles.filter((role) => after.has(role)));
    entry.terms = terms;
    entry.suppressed = suppressed;
    this.#applyMinimums(entry);
    this.#setConstraints(entry, constraints);
    for (const role of suppressed) {
      if (suppressedBefore.has(role)) continue;
      accepted(exports.suppressRole(entry.number, this.#roles.number(role)), role);
    }
    accepted(exports.dropInverseFilters(entry.number));
    for (const role of suppressedBefore) {
      if (suppressed.has(role) || !after.has(role)) continue;
      accepted(exports.reviveRole(entry.number, this.#roles.number(role)), role);
    }
  }

  removeFramework(id: FrameworkId): void {
    const entry = this.#framework(id);
    const { exports } = this.#module;
    accepted(exports.removeFramework(entry.number), id);
    accepted(exports.dropFramework(entry.number), id);
    this.#constrained.delete(entry);
    this.#frameworks.delete(id);
    this.#frameworkRanks.remove(id);
  }

  activateFramework(id: FrameworkId): void {
    accepted(this.#module.exports.setFrameworkActive(this.#framework(id).number, 1), id);
    this.#request(ALL_AGENTS);
  }

  deactivateFramework(id: FrameworkId): void {
    accepted(this.#module.exports.setFrameworkActive(this.#framework(id).number, 0), id);
  }

  suppress(id: FrameworkId, roles: readonly string[]): void {
    const entry = this.#framework(id);
    for (const role of roles.length === 0 ? entry.terms.roles : roles) {
      accepted(this.#module.exports.suppressRole(entry.number, this.#roles.number(role)), role);
      entry.suppressed.add(role);
    }
  }

  revive(id: FrameworkId, roles: readonly string[]): void {
    const entry = this.#framework(id);
    const { exports } = this.#module;
    accepted(exports.dropInverseFilters(entry.number));
    for (const role of roles.length === 0 ? entry.terms.roles : roles) {
      accepted(exports.reviveRole(entry.number, this.#roles.number(role)), role);
      entry.suppressed.delete(role);
    }
    this.#request(ALL_AGENTS);
  }

  // --- Quota and weights ---

  updateQuota(role: string, quota: Quota): void {
    const number = this.#roles.number(role);
    const guarantees = this.#milliByName(quota.guarantees);
    const limits = this.#milliByName(quota.limits);
    const names = this.#kinds.names.length;
    this.#module.reserve(names * 16);
    const { f64, io } = this.#module;
    for (let name = 0; name < names; name++) {
      f64[(io >> 1) + name * 2] = guarantees.get(name) ?? 0;
      f64[(io >> 1) + name * 2 + 1] = limits.get(name) ?? -1;
    }
    accepted(this.#module.exports.setQuota(number, names), role);
  }

  recoverQuotas(expectedAgents: number, quotas: Readonly<Record<string, Quota>>): void {
    const all = Object.entries(quotas);
    if (all.length === 0) return;
    if (this.#agents.size > 0) throw new CoreError('BAD_STATE', 'agents have been added');
    for (const [role, quota] of all) this.updateQuota(role, quota);
    const factor = this.#options.agentRecoveryFactor ?? 0.8;
    this.#expectedAgents = Math.trunc(expectedAgents * factor);
    if (this.#expectedAgents === 0) return;
    this.#paused = true;
    this.#pauseEnd = this.#now + (this.#options.recoveryTimeoutMs ?? 600_000);
    this.#module.exports.dropRequests();
  }

  get paused(): boolean {
    return this.#paused;
  }

  updateWeights(weights: Readonly<Record<string, number>>): void {
    for (const [role, weight] of Object.entries(weights)) {
      accepted(this.#module.exports.setWeight(this.#roles.number(role), weight), role);
    }
  }

  // --- What is held ---

  answerInverseOffer(answer: Parameters<Allocator['answerInverseOffer']>[0]): void {
    const framework = this.#frameworks.get(answer.frameworkId);
    const agent = this.#agents.get(answer.agentId);
    if (framework?.known !== true || agent === undefined) return;
    const refused = refusalMs(answer.refuseSeconds);
    const end = refused === 0 ? -1 : this.#now + refused;
    accepted(this.#module.exports.answerInverse(framework.number, agent.number, end));
  }

  launch(holding: Holding): void {
    const framework = this.#framework(holding.frameworkId);
    const agent = this.#agent(holding.agentId);
    const count = this.#lists.begin().write(holding.resources);
    const role = this.#roles.number(holding.role);
    accepted(
      this.#module.exports.launch(framework.number, agent.number, role, count),
      `launch on ${holding.agentId}`,
    );
  }

  recover(returned: Parameters<Allocator['recover']>[0]): void {
    // An agent or framework that has gone took everything with it.
    const framework = this.#frameworks.get(returned.frameworkId);
    const agent = this.#agents.get(returned.agentId);
    if (framework === undefined || agent === undefined) return;
    const count = this.#lists.begin().write(returned.resources);
    if (count === 0) return;
    const end = endOfFilter({
      now: this.#now,
      refuseSeconds: returned.refuseSeconds,
      intervalMs: this.#options.allocationIntervalMs,
    });
    const role = this.#roles.number(returned.role);
    accepted(
      this.#module.exports.recover(
        framework.number,
        agent.number,
        role,
        count,
        returned.wasUsed ? 1 : 0,
        end,
      ),
      `recover on ${returned.agentId}`,
    );
  }

  convert(
    offered: Holding,
    operations: readonly Offer_Operation[],
    extraShared: readonly Resource[] = [],
  ): { readonly offered: Resource[]; readonly total: Resource[]; readonly dropped: number[] } {
    const framework = this.#framework(offered.frameworkId);
    const agent = this.#agent(offered.agentId);
    const { conversions, dropped } = this.#fitting(offered.resources, operations);
    if (conversions.length === 0 && extraShared.length === 0) {
      return { offered: [...offered.resources], total: this.total(offered.agentId), dropped };
    }
    const lists = this.#lists.begin();
    const count = lists.write(offered.resources);
    const before = lists.bytes;
    writeConversions(lists, conversions, 'drop');
    const bytes = lists.bytes - before;
    const extra = lists.write(extraShared);
    const items = checked(
      this.#module.exports.convertOffered(
        framework.number,
        agent.number,
        this.#roles.number(offered.role),
        count,
        conversions.length,
        bytes,
        extra,
      ),
      `convert on ${offered.agentId}`,
    );
    this.#module.locate();
    const converted = this.#lists.readAt(this.#module.io, items, offered.role);
    return { offered: converted, total: this.total(offered.agentId), dropped };
  }

  /** The conversions of those operations that fit, one after another, and the indexes of the others. */
  #fitting(resources: readonly Resource[], operations: readonly Offer_Operation[]) {
    const { exports } = this.#module;
    const dropped: number[] = [];
    const fitting: Conversion[] = [];
    const row = checked(exports.rowMake(this.#lists.begin().write(resources)));
    operations.forEach((operation, index) => {
      if (operation.type === OperationType.LAUNCH) return;
      if (operation.type === OperationType.LAUNCH_GROUP) return;
      const conversions = conversionsOf(operation);
      if (!conversions.ok) {
        dropped.push(index);
        return;
      }
      writeConversions(this.#lists.begin(), conversions.conversions, 'drop');
      if (exports.rowConvert(row, conversions.conversions.length) === 0) {
        fitting.push(...conversions.conversions);
      } else {
        dropped.push(index);
      }
    });
    accepted(exports.rowDrop(row));
    return { conversions: fitting, dropped };
  }

  updateAvailable(id: AgentId, operation: Offer_Operation): Applied {
    const agent = this.#agent(id);
    const conversions = conversionsOf(operation);
    if (!conversions.ok) return conversions;
    writeConversions(this.#lists.begin(), conversions.conversions, 'drop');
    const status = this.#module.exports.convertFree(agent.number, conversions.conversions.length);
    return status === 0 ? { ok: true, resources: this.total(id) } : notApplied(status);
  }

  total(id: AgentId): Resource[] {
    return this.#lists.read(checked(this.#module.exports.readTotal(this.#agent(id).number)));
  }

  free(id: AgentId): Resource[] {
    return this.#lists.read(checked(this.#module.exports.readFree(this.#agent(id).number)));
  }

  // --- Runs ---

  get hasPending(): boolean {
    return this.#module.exports.hasPending() === 1;
  }

  runPending(): OfferBatch {
    if (!this.hasPending) return noOffers;
    return this.#run(0, instantAfter(this.#now));
  }

  runBatch(): OfferBatch {
    if (this.#paused) return noOffers;
    return this.#run(1, this.#now);
  }

  #run(batch: number, until: number): OfferBatch {
    const count = checked(this.#module.exports.runOffers(batch, until));
    return new ModuleOffers(this.#lists, this.#names, count);
  }

  #request(agent: number): void {
    if (!this.#paused) accepted(this.#module.exports.requestRun(agent));
  }

  // --- Names and numbers ---

  #agent(id: AgentId): AgentEntry {
    const entry = this.#agents.get(id);
    if (entry === undefined) throw new CoreError('BAD_HANDLE', `agent ${id}`);
    return entry;
  }

  #framework(id: FrameworkId): FrameworkEntry {
    const entry = this.#frameworks.get(id);
    if (entry?.known !== true) throw new CoreError('BAD_HANDLE', `framework ${id}`);
    return entry;
  }

  /** The entry of a framework, which may be unknown to the cluster so far. */
  #frameworkEntry(id: FrameworkId): FrameworkEntry {
    const known = this.#frameworks.get(id);
    if (known !== undefined) return known;
    const rank = this.#frameworkRanks.add(id);
    const number = checked(this.#module.exports.newFramework(rank), id);
    const entry: FrameworkEntry = {
      id,
      number,
      known: false,
      terms: noTerms,
      suppressed: new Set(),
      constraints: new Map(),
    };
    this.#frameworks.set(id, entry);
    this.#frameworkIds[number] = id;
    return entry;
  }

  #addUsed(agent: AgentEntry, held: Holding): void {
    const framework = this.#frameworkEntry(held.frameworkId);
    const count = this.#lists.begin().write(held.resources);
    const role = this.#roles.number(held.role);
    const status = this.#module.exports.addUsed(agent.number, framework.number, role, count);
    accepted(status, `used on ${agent.id}`);
  }

  #setActive(id: AgentId, active: boolean): void {
    const entry = this.#agent(id);
    entry.active = active;
    this.#updateFlags(entry);
  }

  #updateFlags(entry: AgentEntry): void {
    const flags = this.#agentFlags(entry.facts, entry.capabilities, entry.active);
    accepted(this.#module.exports.changeAgentFlags(entry.number, flags));
  }

  #agentFlags(
    facts: AgentFacts,
    capabilities: readonly AgentCapability[],
    active: boolean,
  ): number {
    const own = this.#options.region;
    const remote = facts.region !== undefined && own !== undefined && facts.region !== own;
    return (
      (active ? AGENT_ACTIVE : 0) |
      (this.#whitelist === null || this.#whitelist.has(facts.hostname) ? AGENT_WHITELISTED : 0) |
      (capabilities.includes(AgentCapability.MULTI_ROLE) ? 0 : AGENT_SINGLE_ROLE) |
      (capabilities.includes(AgentCapability.HIERARCHICAL_ROLE) ? 0 : AGENT_FLAT_ROLES) |
      (remote ? AGENT_REMOTE : 0)
    );
  }

  // --- Minimums and constraints ---

  #milliByName(quantities: Quantities): Map<number, number> {
    const milli = new Map<number, number>();
    for (const [name, value] of Object.entries(quantities)) {
      const amount = toMilli(value);
      if (!(amount >= 0) || amount > Number.MAX_SAFE_INTEGER) throw statusError(2, name);
      milli.set(this.#kinds.name(name), amount);
    }
    return milli;
  }

  /** Alternatives into the exchange buffer, in units; amounts of 0 ask for nothing and are left out. */
  #writeMinimum(alternatives: readonly Quantities[]): void {
    const lists = alternatives.map((quantities) =>
      Object.entries(quantities)
        .filter(([, value]) => toMilli(value) > 0)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, value]) => [this.#kinds.name(name), toMilli(value) / 1000] as const),
    );
    this.#module.reserve(8 + lists.reduce((bytes, list) => bytes + 8 + list.length * 16, 0));
    const { u32, f64, io } = this.#module;
    u32[io + 1] = lists.length;
    let at = io + 2;
    for (const list of lists) {
      u32[at] = list.length;
      at += 2;
      for (const [name, units] of list) {
        u32[at] = name;
        f64[(at >> 1) + 1] = units;
        at += 4;
      }
    }
  }

  #applyMinimums(entry: FrameworkEntry): void {
    const { exports } = this.#module;
    for (const role of entry.terms.roles) {
      const own = entry.terms.minAllocatable[role];
      const number = this.#roles.number(role);
      if (own === undefined) {
        accepted(exports.clearLeafMinimum(entry.number, number));
      } else {
        this.#writeMinimum(own);
        accepted(exports.setLeafMinimum(entry.number, number));
      }
    }
  }

  #compile(terms: FrameworkTerms): ReadonlyMap<string, AgentTest> {
    const compiled = compileConstraints(terms.constraints, {
      maxMemoryBytes: this.#options.regexMaxMemoryBytes,
      maxProgramSize: this.#options.regexMaxProgramSize,
    });
    if (!compiled.ok) throw new CoreError('BAD_ARGUMENT', compiled.why);
    return compiled.byRole;
  }

  #setConstraints(entry: FrameworkEntry, constraints: ReadonlyMap<string, AgentTest>): void {
    const { exports } = this.#module;
    const roles = new Set(entry.terms.roles);
    for (const role of entry.constraints.keys()) {
      if (roles.has(role)) {
        accepted(exports.clearExclusions(entry.number, this.#roles.number(role)));
      }
    }
    entry.constraints = constraints;
    if (constraints.size === 0) {
      this.#constrained.delete(entry);
      return;
    }
    this.#constrained.add(entry);
    for (const [role, test] of constraints) {
      if (!roles.has(role)) continue;
      const number = this.#roles.number(role);
      for (const agent of this.#agents.values()) {
        if (test(agent.facts)) continue;
        accepted(exports.exclude(entry.number, number, agent.number, 1));
      }
    }
  }

  /** Evaluates every framework's constraints for one agent whose facts are new. */
  #applyConstraints(agent: AgentEntry): void {
    for (const entry of this.#constrained) {
      const roles = new Set(entry.terms.roles);
      for (const [role, test] of entry.constraints) {
        if (!roles.has(role)) continue;
        const excluded = test(agent.facts) ? 0 : 1;
        const number = this.#roles.number(role);
        accepted(this.#module.exports.exclude(entry.number, number, agent.number, excluded));
      }
    }
  }
}

function sorted(roles: readonly string[]): string[] {
  return [...new Set(roles)].sort();
}

function capabilityBits(capabilities: readonly FrameworkCapability[]): number {
  let bits = 0;
  for (const capability of capabilities) bits |= frameworkBits.get(capability) ?? 0;
  return bits;
}

function sameSet<T>(left: readonly T[], right: readonly T[]): boolean {
  const a = new Set(left);
  const b = new Set(right);
  return a.size === b.size && a.isSubsetOf(b);
}

/** As sets, of equal length: as Mesos compares them. */
function sameAttributes(left: readonly Attribute[], right: readonly Attribute[]): boolean {
  if (left.length !== right.length) return false;
  const texts = (all: readonly Attribute[]) => all.map((one) => JSON.stringify(one));
  return sameSet(texts(left), texts(right));
}

function sameFacts(left: AgentFacts, right: AgentFacts): boolean {
  return (
    left.hostname === right.hostname &&
    left.region === right.region &&
    left.zone === right.zone &&
    sameAttributes(left.attributes, right.attributes)
  );
}
