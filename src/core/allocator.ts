// The Allocator over one instance of the module. Each method turns names into numbers and calls the
// module, which decides. What the host has to keep of agents, of frameworks and of the pause after
// an election is in known-agents.ts, known-frameworks.ts and election-pause.ts.

import type {
  FrameworkInfo_Capability_Type as FrameworkCapability,
  Offer_Operation,
  OfferConstraints,
  Resource,
  Unavailability,
} from '../model/generated/messages.ts';
import type { AgentId, FrameworkId } from '../model/ids.ts';
import { Allocations, type Place } from './allocations.ts';
import {
  checkAgent,
  checkAgentChange,
  checkFramework,
  checkHeld,
  checkHolding,
  checkList,
  checkObject,
  checkProvider,
  checkQuotas,
  checkTerms,
  checkWeights,
} from './arguments.ts';
import { ALL_AGENTS, BAD_STATE, EXISTS } from './constants.ts';
import { ElectionPause } from './election-pause.ts';
import type { AgentEntry } from './entries.ts';
import { ExchangeBuffer } from './exchange-buffer.ts';
import { explanation } from './explanation.ts';
import { capabilityBits, isRemote, sameAttributes, sameFacts, sameSet } from './flags.ts';
import { Inspection } from './inspection.ts';
import type {
  Allocator,
  AllocatorOptions,
  Applied,
  ClusterSums,
  Explanation,
  FailedConstraint,
  FrameworkTerms,
  HeldOnAgent,
  Holders,
  Holding,
  LeafHoldings,
  LeafShare,
  LiveAllocator,
  OfferBatch,
  Quantities,
  Quota,
  RoleSums,
  Share,
} from './interface.ts';
import { KnownAgents } from './known-agents.ts';
import { KnownFrameworks } from './known-frameworks.ts';
import { lackedCapabilities } from './lacked-capabilities.ts';
import { accepted, CoreModule, checked, type Instantiate, statusError } from './module.ts';
import { OfferRequirements } from './offer-requirements.ts';
import { ModuleOffers, type Names, noOffers } from './offers.ts';
import { setUp } from './options.ts';
import { writeQuota } from './quantities.ts';
import { endOfFilter, instantAfter, refusalMs } from './refusal-time.ts';
import { ResourceInterner } from './resource-interner.ts';
import { Roles } from './roles.ts';
import { type HostSnapshot, packState, unpackState } from './snapshot.ts';
import { Subscriptions } from './subscriptions.ts';
import { CoreTrap } from './trap.ts';

export class ModuleAllocator implements LiveAllocator {
  readonly #instantiate: Instantiate;
  readonly #module: CoreModule;
  readonly #options: AllocatorOptions;
  readonly #buffer: ExchangeBuffer;
  readonly #allocations: Allocations;
  readonly #requirements: OfferRequirements;
  readonly #subscriptions: Subscriptions;
  readonly #kinds: ResourceInterner;
  readonly #roles: Roles;
  readonly #agents: KnownAgents;
  readonly #frameworks: KnownFrameworks;
  readonly #names: Names;
  readonly #inspection: Inspection;
  readonly #pause = new ElectionPause();
  #now = 0;

  constructor(instantiate: Instantiate, options: AllocatorOptions) {
    this.#instantiate = instantiate;
    this.#options = options;
    this.#module = new CoreModule(instantiate);
    this.#roles = new Roles(this.#module);
    this.#kinds = new ResourceInterner(this.#module, {
      roleNumber: (role) => this.#roles.number(role),
      excludedNames: options.fairnessExcluded,
    });
    this.#buffer = new ExchangeBuffer(this.#module, this.#kinds);
    this.#allocations = new Allocations(this.#buffer);
    this.#requirements = new OfferRequirements(this.#buffer, this.#roles, {
      maxMemoryBytes: options.regexMaxMemoryBytes,
      maxProgramSize: options.regexMaxProgramSize,
    });
    this.#agents = new KnownAgents(this.#module, options.region);
    this.#frameworks = new KnownFrameworks(this.#module);
    this.#subscriptions = new Subscriptions(
      this.#module,
      this.#roles,
      this.#requirements,
      this.#agents,
    );
    this.#names = {
      frameworkId: (framework) => this.#frameworks.id(framework),
      agentId: (agent) => this.#agents.id(agent),
      role: (role) => this.#roles.path(role),
    };
    this.#inspection = new Inspection(this.#buffer, this.#names);
    setUp(this.#module, this.#kinds, options);
  }

  setTime(nowMs: number): void {
    accepted(this.#module.exports.setNow(nowMs), 'time');
    this.#now = nowMs;
    this.#pause.timeIs(nowMs);
  }

  // --- Agents ---

  addAgent(agent: Parameters<Allocator['addAgent']>[0]): void {
    checkAgent(agent);
    this.#agents.checkNew(agent.id);
    const count = this.#buffer.begin().write(agent.total);
    const frameworks = this.#frameworks.size;
    const entry = this.#agents.add(agent, count);
    try {
      for (const held of agent.used) {
        this.#addUsed(entry, held);
      }
      for (const held of agent.offered ?? []) {
        this.#addOffered(entry, held);
      }
      this.#requirements.applyConstraints(entry);
    } catch (error) {
      if (!(error instanceof CoreTrap)) {
        this.removeAgent(agent.id);
        this.#frameworks.forgetAfter(frameworks);
      }
      throw error;
    }
    this.#agents.keepPlace(agent.place);
    this.#pause.agentsAre(this.#agents.size);
    this.#request(entry.number);
  }

  updateAgent(id: AgentId, change: Parameters<Allocator['updateAgent']>[1]): void {
    checkAgentChange(change);
    const entry = this.#agents.get(id);
    const { exports } = this.#module;
    let updated = change.total !== undefined && this.#setTotal(entry, change.total);
    if (change.facts !== undefined && !sameFacts(entry.facts, change.facts)) {
      updated = true;
      // Frameworks may have refused the agent for the attributes that it had.
      if (!sameAttributes(entry.facts.attributes, change.facts.attributes)) {
        accepted(exports.dropAgentFilters(entry.number));
      }
      entry.facts = change.facts;
      this.#requirements.applyConstraints(entry);
    }
    if (change.capabilities !== undefined) {
      if (!sameSet(entry.capabilities, change.capabilities)) {
        updated = true;
      }
      entry.capabilities = change.capabilities;
    }
    if (!updated) {
      return;
    }
    this.#agents.updateFlags(entry);
    this.#request(entry.number);
  }

  /** Sets the total; true if it has changed. */
  #setTotal(entry: AgentEntry, total: readonly Resource[]): boolean {
    const count = this.#buffer.begin().write(total);
    return checked(this.#module.exports.setTotal(entry.number, count), entry.id) === 1;
  }

  addResourceProvider(id: AgentId, total: readonly Resource[], used: readonly Holding[]): void {
    checkProvider(total, used);
    const entry = this.#agents.get(id);
    const { exports } = this.#module;
    for (const { resources, role } of used) {
      checked(exports.listAdd(this.#buffer.begin().write(resources), 0), `used on ${id}`);
      this.#roles.number(role);
    }
    checked(exports.growTotal(entry.number, this.#buffer.begin().write(total)), id);
    for (const held of used) {
      this.#addUsed(entry, held);
    }
  }

  removeAgent(id: AgentId): void {
    this.#agents.remove(id);
  }

  activateAgent(id: AgentId): void {
    this.#agents.setActive(id, true);
  }

  deactivateAgent(id: AgentId): void {
    this.#agents.setActive(id, false);
  }

  updateWhitelist(hostnames: readonly string[] | null): void {
    if (hostnames !== null) {
      checkList(hostnames, 'hostnames');
    }
    this.#agents.updateWhitelist(hostnames);
  }

  updateUnavailability(id: AgentId, unavailability: Unavailability | undefined): void {
    const entry = this.#agents.get(id);
    this.#agents.setMaintenance(entry, unavailability !== undefined);
    this.#request(entry.number);
  }

  // --- Frameworks ---

  addFramework(framework: Parameters<Allocator['addFramework']>[0]): void {
    checkFramework(framework);
    const { exports } = this.#module;
    const constraints = this.#requirements.compile(framework);
    this.#sweepRoles();
    this.#roles.learn(framework.roles);
    const earlier = framework.used.flatMap(({ agentId, role }) => {
      const agent = this.#agents.find(agentId);
      return agent === undefined ? [] : [{ agent: agent.number, role: this.#roles.number(role) }];
    });
    const entry = this.#frameworks.entry(framework.id);
    if (entry.known) {
      throw statusError(EXISTS, `framework ${framework.id}`);
    }
    this.#frameworks.introduce(entry, capabilityBits(framework.capabilities));
    this.#subscriptions.begin(entry, framework, constraints);
    for (const { agent, role } of earlier) {
      accepted(exports.countEarlier(entry.number, agent, role));
    }
    if (framework.active) {
      this.#request(ALL_AGENTS);
    } else {
      accepted(exports.setFrameworkActive(entry.number, 0));
    }
  }

  updateFramework(id: FrameworkId, terms: FrameworkTerms): void {
    checkTerms(terms);
    const entry = this.#frameworks.get(id);
    const constraints = this.#requirements.compile(terms);
    this.#sweepRoles();
    this.#roles.learn(terms.roles);
    this.#subscriptions.change(entry, terms, constraints);
  }

  removeFramework(id: FrameworkId): void {
    const entry = this.#frameworks.get(id);
    this.#frameworks.remove(entry);
    this.#requirements.forget(entry);
  }

  activateFramework(id: FrameworkId): void {
    accepted(this.#module.exports.setFrameworkActive(this.#frameworks.get(id).number, 1), id);
    this.#request(ALL_AGENTS);
  }

  deactivateFramework(id: FrameworkId): void {
    accepted(this.#module.exports.setFrameworkActive(this.#frameworks.get(id).number, 0), id);
  }

  suppress(id: FrameworkId, roles: readonly string[]): void {
    checkList(roles, 'roles');
    const entry = this.#frameworks.get(id);
    this.#subscriptions.suppress(entry, roles);
  }

  revive(id: FrameworkId, roles: readonly string[]): void {
    checkList(roles, 'roles');
    const entry = this.#frameworks.get(id);
    this.#subscriptions.revive(entry, roles);
    this.#request(ALL_AGENTS);
  }

  // --- Quota and weights ---

  updateQuota(role: string, quota: Quota): void {
    checkQuotas({ [role]: quota });
    const number = this.#roles.number(role);
    const names = writeQuota(this.#module, this.#kinds, quota);
    accepted(this.#module.exports.setQuota(number, names), role);
  }

  recoverQuotas(expectedAgents: number, quotas: Readonly<Record<string, Quota>>): void {
    checkQuotas(quotas);
    const all = Object.entries(quotas);
    if (all.length === 0) {
      return;
    }
    if (this.#agents.size > 0) {
      throw statusError(BAD_STATE, 'agents have been added');
    }
    for (const [, quota] of all) {
      writeQuota(this.#module, this.#kinds, quota);
    }
    for (const [role, quota] of all) {
      this.updateQuota(role, quota);
    }
    if (this.#pause.begin(this.#now, expectedAgents, this.#options)) {
      this.#module.exports.dropRequests();
    }
  }

  get paused(): boolean {
    return this.#pause.isOn;
  }

  updateWeights(weights: Readonly<Record<string, number>>): void {
    checkWeights(weights);
    this.#roles.learn(Object.keys(weights));
    for (const [role, weight] of Object.entries(weights)) {
      accepted(this.#module.exports.setWeight(this.#roles.number(role), weight), role);
    }
  }

  // --- Allocations ---

  answerInverseOffer(answer: Parameters<Allocator['answerInverseOffer']>[0]): void {
    checkObject(answer, 'answer');
    const framework = this.#frameworks.find(answer.frameworkId);
    const agent = this.#agents.find(answer.agentId);
    if (framework?.known !== true || agent === undefined) {
      return;
    }
    const refused = refusalMs(answer.refuseSeconds);
    const end = refused === 0 ? -1 : this.#now + refused;
    accepted(this.#module.exports.answerInverse(framework.number, agent.number, end));
  }

  launch(holding: Holding): void {
    checkHeld(holding);
    this.#allocations.launch(this.#place(holding), holding.resources);
  }

  recover(returned: Parameters<Allocator['recover']>[0]): void {
    checkHeld(returned);
    const framework = this.#frameworks.find(returned.frameworkId);
    const agent = this.#agents.find(returned.agentId);
    if (framework === undefined || agent === undefined) {
      // It was removed, and its allocations are gone as well; or this is no id at all.
      checkHolding(returned);
      return;
    }
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
    this.#allocations.recover(place, returned.resources, { wasUsed: returned.wasUsed, end });
  }

  convert(
    offered: Holding,
    operations: readonly Offer_Operation[],
    extraShared: readonly Resource[] = [],
  ): { readonly offered: Resource[]; readonly total: Resource[]; readonly dropped: number[] } {
    checkHolding(offered);
    checkList(operations, 'operations');
    checkList(extraShared, 'extraShared');
    const { resources, dropped } = this.#allocations.convert(
      { ...this.#place(offered), roleName: offered.role },
      { offered: offered.resources, operations, extraShared },
    );
    return { offered: resources, total: this.total(offered.agentId), dropped };
  }

  updateAvailable(id: AgentId, operation: Offer_Operation): Applied {
    checkObject(operation, 'operation');
    const status = this.#allocations.updateAvailable(this.#agents.get(id).number, operation);
    return status.ok ? { ok: true, resources: this.total(id) } : status;
  }

  #place(holding: Holding): Place {
    return {
      framework: this.#frameworks.get(holding.frameworkId).number,
      agent: this.#agents.get(holding.agentId).number,
      role: this.#roles.number(holding.role),
    };
  }

  total(id: AgentId): Resource[] {
    return this.#buffer.read(checked(this.#module.exports.readTotal(this.#agents.get(id).number)));
  }

  free(id: AgentId): Resource[] {
    return this.#buffer.read(checked(this.#module.exports.readFree(this.#agents.get(id).number)));
  }

  // --- Runs ---

  get hasPending(): boolean {
    return this.#module.exports.hasPending() === 1;
  }

  runPending(): OfferBatch {
    if (!this.hasPending) {
      return noOffers;
    }
    return this.#run(0, instantAfter(this.#now));
  }

  runBatch(): OfferBatch {
    if (this.#pause.isOn) {
      return noOffers;
    }
    return this.#run(1, this.#now);
  }

  #run(batch: number, until: number): OfferBatch {
    const count = checked(this.#module.exports.runOffers(batch, until));
    return new ModuleOffers(this.#buffer, this.#names, count);
  }

  #request(agent: number): void {
    if (!this.#pause.isOn) {
      accepted(this.#module.exports.requestRun(agent));
    }
  }

  // --- Inspection and snapshots ---

  explain(frameworkId: FrameworkId, role: string, agentId: AgentId): Explanation {
    const framework = this.#frameworks.find(frameworkId);
    const agent = this.#agents.find(agentId);
    const number = this.#roles.find(role);
    if (framework === undefined || agent === undefined || number === undefined) {
      return { reason: 'unknown' };
    }
    const code = this.#module.exports.explain(framework.number, number, agent.number);
    return explanation(this.#buffer, code);
  }

  constraintsError(constraints: OfferConstraints | undefined): string | undefined {
    return this.#requirements.constraintsError(constraints);
  }

  agentIds({ onlyActive }: { readonly onlyActive: boolean } = { onlyActive: false }): AgentId[] {
    return [...this.#agents.all()].flatMap((it) => (it.active || !onlyActive ? it.id : []));
  }

  frameworkRoles(): (readonly [FrameworkId, readonly string[]])[] {
    return this.#frameworks.subscribed().map(({ id, terms }) => [id, terms.roles]);
  }

  lackedCapabilities(frameworkId: FrameworkId, agentId: AgentId): FrameworkCapability[] {
    const { facts } = this.#agents.get(agentId);
    return lackedCapabilities(this.#frameworks.get(frameworkId).terms, this.#options, {
      isRemote: isRemote(facts, this.#options.region),
      total: this.total(agentId),
      free: this.free(agentId),
    });
  }

  failedConstraints(
    frameworkId: FrameworkId,
    role: string,
    agentIds: readonly AgentId[],
  ): FailedConstraint[] {
    const agents = agentIds.map((id) => this.#agents.get(id).facts);
    return this.#requirements.failed(this.#frameworks.get(frameworkId), role, agents);
  }

  holdings(id: AgentId): HeldOnAgent[] {
    return this.#inspection.holdings(this.#agents.get(id).number);
  }

  held(frameworkId: FrameworkId, role: string): Quantities {
    const framework = this.#frameworks.find(frameworkId);
    const number = this.#roles.find(role);
    return framework?.known !== true || number === undefined
      ? {}
      : this.#inspection.held(framework.number, number);
  }

  leafShare(frameworkId: FrameworkId, role: string): LeafShare | undefined {
    const framework = this.#frameworks.find(frameworkId);
    const number = this.#roles.find(role);
    return framework?.known !== true || number === undefined
      ? undefined
      : this.#inspection.leafShare(framework.number, number);
  }

  roleShare(role: string): Share {
    return this.#inspection.roleShare(this.#roles.find(role));
  }

  roleSums(role: string): RoleSums {
    const number = this.#roles.find(role);
    return number === undefined
      ? { reserved: {}, reservedHeld: {}, plainHeld: {}, consumed: {} }
      : this.#inspection.role(number);
  }

  leafHoldings(): ReadonlyMap<FrameworkId, ReadonlyMap<string, LeafHoldings>> {
    return this.#inspection.leafHoldings();
  }

  holders(options: { readonly counted: boolean }): Holders {
    return this.#inspection.holders(options);
  }

  clusterSums(options = { onlyActive: false }): ClusterSums {
    return this.#inspection.cluster(options.onlyActive);
  }

  activeFilters(): Readonly<Record<string, number>> {
    return this.#inspection.filters(this.#roles.paths);
  }

  rolesWith(roles: Iterable<string>): number {
    return this.#roles.countWith(roles);
  }

  get bytes(): number {
    return this.#module.exports.stateSize();
  }

  save(): Uint8Array<ArrayBuffer> {
    const host: Omit<HostSnapshot, 'agents'> = {
      options: this.#options,
      kinds: this.#kinds.save(),
      roles: this.#roles.save(),
      ...this.#agents.save(),
      ...this.#frameworks.save(),
      ...this.#pause.save(),
      now: this.#now,
    };
    this.#module.exports.ioClear();
    return packState(host, this.#agents.agentTexts(), this.#module.state);
  }

  static restore(instantiate: Instantiate, packed: Uint8Array): ModuleAllocator {
    const { names, memory } = unpackState(packed);
    const allocator = new ModuleAllocator(instantiate, names.options);
    allocator.#module.paste(memory);
    allocator.#kinds.restore(names.kinds);
    allocator.#roles.restore(names.roles);
    allocator.#agents.restore(names);
    for (const entry of allocator.#frameworks.restore(names)) {
      entry.constraints = allocator.#requirements.compile(entry.terms);
      allocator.#requirements.remember(entry);
    }
    allocator.#pause.restore(names);
    allocator.#now = names.now;
    return allocator;
  }

  fork(): LiveAllocator {
    return ModuleAllocator.restore(this.#instantiate, this.save());
  }

  // --- Names and numbers ---

  /**
   * No sweep while a framework has tasks but has not subscribed: the roles of such tasks look as if
   * no framework had them.
   */
  #sweepRoles(): void {
    if (this.#frameworks.allSubscribed) {
      this.#roles.sweep();
    }
  }

  #addUsed(agent: AgentEntry, held: Holding): void {
    const framework = this.#frameworks.entry(held.frameworkId);
    const count = this.#buffer.begin().write(held.resources);
    const role = this.#roles.number(held.role);
    const status = this.#module.exports.addUsed(agent.number, framework.number, role, count);
    accepted(status, `used on ${agent.id}`);
  }

  #addOffered(agent: AgentEntry, held: Holding): void {
    const { number } = this.#frameworks.get(held.frameworkId);
    const count = this.#buffer.begin().write(held.resources);
    const role = this.#roles.number(held.role);
    const status = this.#module.exports.addOffered(agent.number, number, role, count);
    accepted(status, `offered of ${agent.id}`);
  }
}
