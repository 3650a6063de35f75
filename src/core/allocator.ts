// The Allocator over one instance of the module: names to numbers on the way in, refusal times and
// constraints worked out, everything else decided inside.

import type {
  Offer_Operation,
  OfferConstraints,
  Resource,
  Unavailability,
} from '../model/generated/messages.ts';
import type { AgentId, FrameworkId } from '../model/ids.ts';
import { ALL_AGENTS, BAD_HANDLE, BAD_STATE, EXISTS } from './constants.ts';
import { type AgentEntry, type FrameworkEntry, noTerms, type SavedNames } from './entries.ts';
import { explanation } from './explanation.ts';
import { endOfFilter, instantAfter, refusalMs } from './filters.ts';
import { Held, type Place } from './allocations.ts';
import type {
  Allocator,
  AllocatorOptions,
  Applied,
  Explanation,
  FrameworkTerms,
  Holding,
  LiveAllocator,
  OfferBatch,
  Quota,
} from './interface.ts';
import { Kinds } from './resource-interner.ts';
import { Lists } from './exchange-buffer.ts';
import {
  accepted,
  CoreError,
  CoreModule,
  checked,
  type Instantiate,
  statusError,
} from './module.ts';
import { ModuleOffers, type Names, noOffers } from './offers.ts';
import { setUp } from './options.ts';
import { checkWeights, writeQuota } from './quantities.ts';
import { Ranks } from './name-order.ts';
import { Roles } from './roles.ts';
import { packState, unpackState } from './snapshot.ts';
import {
  agentFlags,
  capabilityBits,
  rolesMeant,
  sameAttributes,
  sameFacts,
  sameSet,
  sortedRoles,
} from './flags.ts';
import { Wishes } from './offer-requirements.ts';

export class ModuleAllocator implements LiveAllocator {
  readonly #instantiate: Instantiate;
  readonly #module: CoreModule;
  readonly #options: AllocatorOptions;
  readonly #lists: Lists;
  readonly #held: Held;
  readonly #wishes: Wishes;
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

  constructor(instantiate: Instantiate, options: AllocatorOptions) {
    this.#instantiate = instantiate;
    this.#options = options;
    this.#module = new CoreModule(instantiate);
    this.#roles = new Roles(this.#module);
    this.#kinds = new Kinds(this.#module, {
      roleNumber: (role) => this.#roles.number(role),
      excludedNames: options.fairnessExcluded,
    });
    this.#lists = new Lists(this.#module, this.#kinds);
    this.#held = new Held(this.#lists);
    this.#wishes = new Wishes(this.#lists, this.#roles, {
      maxMemoryBytes: options.regexMaxMemoryBytes,
      maxProgramSize: options.regexMaxProgramSize,
    });
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
    setUp(this.#module, this.#kinds, options);
  }

  setTime(nowMs: number): void {
    accepted(this.#module.exports.setNow(nowMs), 'time');
    this.#now = nowMs;
    if (this.#paused && nowMs >= this.#pauseEnd) this.#paused = false;
  }

  // --- Agents ---

  addAgent(agent: Parameters<Allocator['addAgent']>[0]): void {
    if (this.#agents.has(agent.id)) throw statusError(EXISTS, `agent ${agent.id}`);
    const { exports } = this.#module;
    const place = agent.place ?? this.#lastPlace + 1;
    const flags = this.#flagsOf({ ...agent, active: true });
    const count = this.#lists.begin().write(agent.total);
    const number = checked(exports.addAgent(flags, place, count), agent.id);
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
    try {
      for (const held of agent.used) this.#addUsed(entry, held);
      for (const held of agent.offered ?? []) this.#addOffered(entry, held);
    } catch (error) {
      if (error instanceof CoreError) this.removeAgent(agent.id);
      throw error;
    }
    this.#lastPlace = Math.max(this.#lastPlace, place);
    this.#wishes.applyConstraints(entry);
    if (this.#paused && this.#agents.size >= this.#expectedAgents) this.#paused = false;
    this.#request(number);
  }

  updateAgent(id: AgentId, change: Parameters<Allocator['updateAgent']>[1]): void {
    const entry = this.#agent(id);
    const { exports } = this.#module;
    let updated = change.total !== undefined && this.#setTotal(entry, change.total);
    if (change.facts !== undefined && !sameFacts(entry.facts, change.facts)) {
      updated = true;
      // Frameworks may have refused the agent because of the attributes it had.
      if (!sameAttributes(entry.facts.attributes, change.facts.attributes)) {
        accepted(exports.dropAgentFilters(entry.number));
      }
      entry.facts = change.facts;
      this.#wishes.applyConstraints(entry);
    }
    if (change.capabilities !== undefined) {
      if (!sameSet(entry.capabilities, change.capabilities)) updated = true;
      entry.capabilities = change.capabilities;
    }
    if (!updated) return;
    this.#updateFlags(entry);
    this.#request(entry.number);
  }

  /** True when the agent had another total. */
  #setTotal(entry: AgentEntry, total: readonly Resource[]): boolean {
    const count = this.#lists.begin().write(total);
    return checked(this.#module.exports.setTotal(entry.number, count), entry.id) === 1;
  }

  addResourceProvider(id: AgentId, total: readonly Resource[], used: readonly Holding[]): void {
    const entry = this.#agent(id);
    const { exports } = this.#module;
    for (const { resources } of used) {
      checked(exports.listAdd(this.#lists.begin().write(resources), 0), `used on ${id}`);
    }
    checked(exports.growTotal(entry.number, this.#lists.begin().write(total)), id);
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
    const constraints = this.#wishes.compile(framework);
    this.#sweepRoles();
    this.#roles.learn(framework.roles);
    const entry = this.#frameworkEntry(framework.id);
    if (entry.known) throw statusError(EXISTS, `framework ${framework.id}`);
    accepted(exports.introduce(entry.number, capabilityBits(framework.capabilities)));
    entry.known = true;
    entry.terms = framework;
    entry.suppressed = new Set(framework.suppressedRoles);
    for (const role of sortedRoles(framework.roles)) {
      const suppressed = entry.suppressed.has(role) ? 1 : 0;
      const number = this.#roles.number(role);
      accepted(exports.subscribe(entry.number, number, 1 - suppressed, suppressed), role);
    }
    this.#wishes.applyMinimums(entry);
    this.#wishes.setConstraints(entry, constraints, this.#agents.values());
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
    const constraints = this.#wishes.compile(terms);
    this.#sweepRoles();
    this.#roles.learn(terms.roles);
    const { exports } = this.#module;
    const before = new Set(entry.terms.roles);
    const after = new Set(terms.roles);
    for (const role of sortedRoles(terms.roles)) {
      if (before.has(role)) continue;
      accepted(exports.subscribe(entry.number, this.#roles.number(role), 1, 0), role);
    }
    for (const role of sortedRoles(entry.terms.roles)) {
      if (after.has(role)) continue;
      accepted(exports.unsubscribe(entry.number, this.#roles.number(role)), role);
    }
    accepted(exports.changeCapabilities(entry.number, capabilityBits(terms.capabilities)));
    const suppressedBefore = entry.suppressed;
    const suppressed = new Set(terms.suppressedRoles.filter((role) => after.has(role)));
    entry.terms = terms;
    entry.suppressed = suppressed;
    this.#wishes.applyMinimums(entry);
    this.#wishes.setConstraints(entry, constraints, this.#agents.values());
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
    this.#wishes.forget(entry);
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
    for (const role of rolesMeant(entry.terms.roles, roles)) {
      accepted(this.#module.exports.suppressRole(entry.number, this.#roles.number(role)), role);
      entry.suppressed.add(role);
    }
  }

  revive(id: FrameworkId, roles: readonly string[]): void {
    const entry = this.#framework(id);
    const { exports } = this.#module;
    const revived = rolesMeant(entry.terms.roles, roles);
    accepted(exports.dropInverseFilters(entry.number));
    for (const role of revived) {
      accepted(exports.reviveRole(entry.number, this.#roles.number(role)), role);
      entry.suppressed.delete(role);
    }
    this.#request(ALL_AGENTS);
  }

  // --- Quota and weights ---

  updateQuota(role: string, quota: Quota): void {
    const number = this.#roles.number(role);
    const names = writeQuota(this.#module, this.#kinds, quota);
    accepted(this.#module.exports.setQuota(number, names), role);
  }

  recoverQuotas(expectedAgents: number, quotas: Readonly<Record<string, Quota>>): void {
    const all = Object.entries(quotas);
    if (all.length === 0) return;
    if (this.#agents.size > 0) throw statusError(BAD_STATE, 'agents have been added');
    for (const [, quota] of all) writeQuota(this.#module, this.#kinds, quota);
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
    checkWeights(weights);
    this.#roles.learn(Object.keys(weights));
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
    this.#held.launch(this.#place(holding), holding.resources);
  }

  recover(returned: Parameters<Allocator['recover']>[0]): void {
    // An agent or framework that has gone took everything with it.
    const framework = this.#frameworks.get(returned.frameworkId);
    const agent = this.#agents.get(returned.agentId);
    if (framework === undefined || agent === undefined) return;
    const end = endOfFilter({
      now: this.#now,
      refuseSeconds: returned.refuseSeconds,
      intervalMs: this.#options.allocationIntervalMs,
    });
    const place = {
      framework: framework.number,
      agent: agent.number,
      role: this.#roles.number(returned.role),
    };
    this.#held.recover(place, returned.resources, { wasUsed: returned.wasUsed, end });
  }

  convert(
    offered: Holding,
    operations: readonly Offer_Operation[],
    extraShared: readonly Resource[] = [],
  ): { readonly offered: Resource[]; readonly total: Resource[]; readonly dropped: number[] } {
    const { resources, dropped } = this.#held.convert(
      { ...this.#place(offered), roleName: offered.role },
      { offered: offered.resources, operations, extraShared },
    );
    return { offered: resources, total: this.total(offered.agentId), dropped };
  }

  updateAvailable(id: AgentId, operation: Offer_Operation): Applied {
    const status = this.#held.updateAvailable(this.#agent(id).number, operation);
    return status.ok ? { ok: true, resources: this.total(id) } : status;
  }

  #place(holding: Holding): Place {
    return {
      framework: this.#framework(holding.frameworkId).number,
      agent: this.#agent(holding.agentId).number,
      role: this.#roles.number(holding.role),
    };
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

  // --- Looking in, and keeping ---

  explain(frameworkId: FrameworkId, role: string, agentId: AgentId): Explanation {
    const framework = this.#frameworks.get(frameworkId);
    const agent = this.#agents.get(agentId);
    const number = this.#roles.find(role);
    if (framework === undefined || agent === undefined || number === undefined) {
      return { reason: 'unknown' };
    }
    const code = this.#module.exports.explain(framework.number, number, agent.number);
    return explanation(this.#module, code);
  }

  constraintsError(constraints: OfferConstraints | undefined): string | undefined {
    return this.#wishes.constraintsError(constraints);
  }

  activeFilters(): Readonly<Record<string, number>> {
    const active: Record<string, number> = {};
    this.#roles.paths.forEach((path, role) => {
      const count = role === 0 ? 0 : this.#module.exports.roleFilters(role);
      if (count > 0) active[path] = count;
    });
    return active;
  }

  rolesWith(roles: Iterable<string>): number {
    return this.#roles.countWith(roles);
  }

  get bytes(): number {
    return this.#module.exports.stateSize();
  }

  save(): Uint8Array {
    const saved: SavedNames = {
      options: this.#options,
      kinds: this.#kinds.save(),
      roles: this.#roles.save(),
      frameworkRanks: this.#frameworkRanks.save(),
      agents: [...this.#agents.values()],
      frameworks: [...this.#frameworks.values()].map((entry) => ({
        id: entry.id,
        number: entry.number,
        known: entry.known,
        terms: entry.terms,
        suppressed: [...entry.suppressed],
      })),
      whitelist: this.#whitelist === null ? null : [...this.#whitelist],
      now: this.#now,
      lastPlace: this.#lastPlace,
      paused: this.#paused,
      pauseEnd: this.#pauseEnd,
      expectedAgents: this.#expectedAgents,
    };
    return packState(saved, this.#module.copy());
  }

  static restore(instantiate: Instantiate, packed: Uint8Array): ModuleAllocator {
    const { names, memory } = unpackState(packed);
    const saved = names as SavedNames;
    const allocator = new ModuleAllocator(instantiate, saved.options);
    allocator.#module.paste(memory);
    allocator.#kinds.restore(saved.kinds);
    allocator.#roles.restore(saved.roles);
    allocator.#frameworkRanks.restore(saved.frameworkRanks);
    for (const agent of saved.agents) {
      allocator.#agents.set(agent.id, { ...agent });
      allocator.#agentIds[agent.number] = agent.id;
    }
    for (const { suppressed, ...framework } of saved.frameworks) {
      const constraints = allocator.#wishes.compile(framework.terms);
      const entry = { ...framework, suppressed: new Set(suppressed), constraints };
      allocator.#frameworks.set(entry.id, entry);
      allocator.#frameworkIds[entry.number] = entry.id;
      allocator.#wishes.remember(entry);
    }
    allocator.#whitelist = saved.whitelist === null ? null : new Set(saved.whitelist);
    allocator.#now = saved.now;
    allocator.#lastPlace = saved.lastPlace;
    allocator.#paused = saved.paused;
    allocator.#pauseEnd = saved.pauseEnd;
    allocator.#expectedAgents = saved.expectedAgents;
    return allocator;
  }

  fork(): LiveAllocator {
    return ModuleAllocator.restore(this.#instantiate, this.save());
  }

  // --- Names and numbers ---

  #agent(id: AgentId): AgentEntry {
    const entry = this.#agents.get(id);
    if (entry === undefined) throw statusError(BAD_HANDLE, `agent ${id}`);
    return entry;
  }

  #framework(id: FrameworkId): FrameworkEntry {
    const entry = this.#frameworks.get(id);
    if (entry?.known !== true) throw statusError(BAD_HANDLE, `framework ${id}`);
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

  /**
   * Roles that only tasks of frameworks still to come hold cannot be told from those that nobody
   * has.
   */
  #sweepRoles(): void {
    for (const entry of this.#frameworks.values()) if (!entry.known) return;
    this.#roles.sweep();
  }

  #addUsed(agent: AgentEntry, held: Holding): void {
    const framework = this.#frameworkEntry(held.frameworkId);
    const count = this.#lists.begin().write(held.resources);
    const role = this.#roles.number(held.role);
    const status = this.#module.exports.addUsed(agent.number, framework.number, role, count);
    accepted(status, `used on ${agent.id}`);
  }

  #addOffered(agent: AgentEntry, held: Holding): void {
    const { number } = this.#framework(held.frameworkId);
    const count = this.#lists.begin().write(held.resources);
    const role = this.#roles.number(held.role);
    const status = this.#module.exports.addOffered(agent.number, number, role, count);
    accepted(status, `offered of ${agent.id}`);
  }

  #setActive(id: AgentId, active: boolean): void {
    const entry = this.#agent(id);
    entry.active = active;
    this.#updateFlags(entry);
  }

  #flagsOf(agent: Pick<AgentEntry, 'facts' | 'capabilities' | 'active'>): number {
    const { facts, capabilities, active } = agent;
    const whitelisted = this.#whitelist === null || this.#whitelist.has(facts.hostname);
    return agentFlags({ facts, capabilities, active, whitelisted, region: this.#options.region });
  }

  #updateFlags(entry: AgentEntry): void {
    accepted(this.#module.exports.changeAgentFlags(entry.number, this.#flagsOf(entry)));
  }
}
