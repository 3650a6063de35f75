// Plays the master's part in a recorded history: it turns events into calls of an allocator, keeps offers and
// tasks, and reports what came of each event in the words of the format.
import type {
  AgentFacts,
  Allocator,
  AllocatorOptions,
  FrameworkTerms,
  Holding,
  OfferBatch,
  Quota,
  SchedulerCore,
} from '../../src/core/interface.ts';
import {
  AgentInfo_Capability_Type as AgentCapability,
  type Attribute,
  type AttributeConstraint,
  FrameworkInfo_Capability_Type as FrameworkCapability,
  type Offer_Operation,
  Offer_Operation_Type,
  type OfferConstraints,
  AttributeConstraint_Selector_PseudoattributeType as Pseudo,
  type Resource,
  type Unavailability,
  Value_Type,
} from '../../src/model/generated/messages.ts';
import { type AgentId, agentId, type FrameworkId, frameworkId } from '../../src/model/ids.ts';
import type {
  Trace,
  TraceAttribute,
  TraceConstraint,
  TracedInverseOffer,
  TracedOffer,
  TracedRun,
  TraceEvent,
  TraceLine,
  TraceOperation,
  TraceOptions,
  TraceQuota,
  TraceResult,
} from './trace.ts';
import { formatResources, parseQuantities, parseResources } from './trace-text.ts';

type EventOf<Name extends TraceEvent['ev']> = Extract<TraceEvent, { readonly ev: Name }>;
type Extras = {
  -readonly [Key in keyof Omit<TraceResult, 't' | 'runs' | 'out'>]: TraceResult[Key];
};

export const allocatorOptions = (options: TraceOptions): AllocatorOptions => ({
  seed: 0,
  allocationIntervalMs: options.intervalMs,
  minAllocatable: (options.minAllocatable ?? []).map(parseQuantities),
  fairnessExcluded: options.fairnessExclude ?? [],
  filterGpuResources: options.filterGpu ?? true,
  region: options.region,
  zone: options.zone,
  roleSorter: 'drf',
  frameworkSorter: 'drf',
  regexMaxMemoryBytes: 4096,
  regexMaxProgramSize: 100,
});

interface InverseOffer {
  readonly frameworkId: FrameworkId;
  readonly agentId: AgentId;
}

/** Resources of tasks by framework, agent and role. */
type Tasks = Map<string, Holding>;

const taskKey = (holding: Omit<Holding, 'resources'>) =>
  JSON.stringify([holding.frameworkId, holding.agentId, holding.role]);

export class Replayer {
  readonly allocator: Allocator;
  readonly #core: SchedulerCore;
  readonly #intervalMs: number;
  readonly #agents = new Map<AgentId, AgentFacts>();
  readonly #activeFrameworks = new Set<FrameworkId>();
  readonly #offers = new Map<number, Holding>();
  readonly #inverseOffers = new Map<number, InverseOffer>();
  readonly #tasks: Tasks = new Map();
  #nextOffer = 1;
  #nextInverseOffer = 1;
  #now = 0;
  #runs = 0;
  #out: TracedRun[] = [];

  constructor(core: SchedulerCore, options: TraceOptions, allocator?: Allocator) {
    this.#core = core;
    this.#intervalMs = options.intervalMs;
    this.allocator = allocator ?? core.allocator(allocatorOptions(options));
    this.allocator.setTime(0);
  }

  play(event: TraceEvent): TraceResult {
    this.#runs = 0;
    this.#out = [];
    const extras: Extras = {};
    this.#do(event, extras);
    if (event.ev !== 'advance') this.#runPending();
    const out = this.#out;
    return { t: this.#now, runs: this.#runs, ...extras, ...(out.length === 0 ? {} : { out }) };
  }

  #do(event: TraceEvent, extras: Extras): void {
    const { allocator } = this;
    switch (event.ev) {
      case 'addAgent':
        return this.#addAgent(event);
      case 'updateAgent':
        return this.#updateAgent(event);
      case 'removeAgent':
        return this.#removeAgent(agentId(event.id), extras);
      case 'activateAgent':
        return allocator.activateAgent(agentId(event.id));
      case 'deactivateAgent':
        allocator.deactivateAgent(agentId(event.id));
        return this.#takeBack(({ agentId }) => agentId === event.id, extras);
      case 'addFramework':
        return this.#addFramework(event, extras);
      case 'updateFramework':
        return allocator.updateFramework(frameworkId(event.id), termsOf(event));
      case 'removeFramework':
        return this.#removeFramework(frameworkId(event.id), extras);
      case 'activateFramework':
        this.#activeFrameworks.add(frameworkId(event.id));
        return allocator.activateFramework(frameworkId(event.id));
      case 'deactivateFramework':
        return this.#deactivateFramework(frameworkId(event.id), extras);
      case 'updateQuota':
        return allocator.updateQuota(event.role, quotaOf(event));
      case 'updateWeights':
        return allocator.updateWeights(event.weights);
      case 'suppress':
        return allocator.suppress(frameworkId(event.id), event.roles);
      case 'revive':
        return allocator.revive(frameworkId(event.id), event.roles);
      case 'decline':
        return this.#decline(event);
      case 'accept':
        return this.#accept(event, extras);
      case 'recover':
        return this.#finish(event);
      case 'updateUnavailability':
        this.#takeBack(({ agentId }) => agentId === event.id, extras);
        return allocator.updateUnavailability(agentId(event.id), unavailabilityOf(event));
      case 'acceptInverse':
      case 'declineInverse':
        return this.#answerInverse(event);
      case 'updateWhitelist':
        return allocator.updateWhitelist(event.hosts);
      case 'updateAvailable': {
        const applied = allocator.updateAvailable(agentId(event.id), operationOf(event));
        extras.ok = applied.ok;
        if (applied.ok) extras.total = formatResources(allocator.total(agentId(event.id)));
        return;
      }
      case 'addResourceProvider':
        allocator.addResourceProvider(agentId(event.id), parseResources(event.res), []);
        extras.total = formatResources(allocator.total(agentId(event.id)));
        return;
      case 'recoverAllocator':
        return allocator.recoverQuotas(
          event.expectedAgents,
          Object.fromEntries(
            Object.entries(event.quotas).map(([role, quota]) => [role, quotaOf(quota)]),
          ),
        );
      case 'advance':
        return this.#advance(event.ms);
      default:
        event satisfies never;
    }
  }

  // Agents

  #addAgent(event: EventOf<'addAgent'>): void {
    const id = agentId(event.id);
    const facts = factsOf(event, { hostname: event.id, attributes: [] });
    this.#agents.set(id, facts);
    const used = Object.entries(event.used ?? {}).flatMap(([framework, byRole]) =>
      Object.entries(byRole).map(([role, resources]) => ({
        frameworkId: frameworkId(framework),
        agentId: id,
        role,
        resources: parseResources(resources),
      })),
    );
    for (const holding of used) this.#addTask(holding);
    this.allocator.addAgent({
      id,
      place: numberAtEnd(event.id),
      facts,
      capabilities: agentCapabilities(event.caps),
      total: parseResources(event.res),
      used,
      unavailability: event.unavail && unavailabilityOf(event.unavail),
    });
  }

  #updateAgent(event: EventOf<'updateAgent'>): void {
    const id = agentId(event.id);
    const before = this.#agents.get(id);
    if (before === undefined) throw new Error(`no agent ${id}`);
    const facts = factsOf(event, before);
    this.#agents.set(id, facts);
    this.allocator.updateAgent(id, {
      facts,
      ...(event.caps === undefined ? {} : { capabilities: agentCapabilities(event.caps) }),
      ...(event.res === undefined ? {} : { total: parseResources(event.res) }),
    });
  }

  #removeAgent(id: AgentId, extras: Extras): void {
    const isHere = (thing: { readonly agentId: AgentId }) => thing.agentId === id;
    this.allocator.removeAgent(id);
    this.#agents.delete(id);
    for (const [key, task] of this.#tasks) if (isHere(task)) this.#tasks.delete(key);
    const lost = drain(this.#offers, isHere);
    const lostInverse = drain(this.#inverseOffers, isHere);
    if (lost.length > 0) extras.lost = lost.map(([offer]) => offer);
    if (lostInverse.length > 0) extras.lostInverse = lostInverse.map(([offer]) => offer);
  }

  // Frameworks

  #addFramework(event: EventOf<'addFramework'>, extras: Extras): void {
    const id = frameworkId(event.id);
    const active = event.active ?? true;
    if (active) this.#activeFrameworks.add(id);
    const used = this.#tasksOf(id).filter((task) => this.#agents.has(task.agentId));
    this.allocator.addFramework({ id, ...termsOf(event), active, used });
    if (used.length === 0) return;
    extras.usedPassed = used.map((task) => [
      task.agentId,
      task.role,
      formatResources(task.resources),
    ]);
  }

  #deactivateFramework(id: FrameworkId, extras: Extras): void {
    this.#activeFrameworks.delete(id);
    this.allocator.deactivateFramework(id);
    this.#takeBack((thing) => thing.frameworkId === id, extras);
  }

  #removeFramework(id: FrameworkId, extras: Extras): void {
    if (this.#activeFrameworks.has(id)) this.#deactivateFramework(id, extras);
    else this.#takeBack((thing) => thing.frameworkId === id, extras);
    for (const task of this.#tasksOf(id)) {
      this.#tasks.delete(taskKey(task));
      this.allocator.recover({ ...task, wasUsed: true });
    }
    this.allocator.removeFramework(id);
  }

  // Offers

  #takeBack(isMeant: (thing: InverseOffer) => boolean, extras: Extras): void {
    const offers = drain(this.#offers, isMeant);
    const inverse = drain(this.#inverseOffers, isMeant);
    for (const [, offer] of offers) this.allocator.recover({ ...offer, wasUsed: false });
    for (const [, offer] of inverse) this.allocator.answerInverseOffer(offer);
    if (offers.length > 0) extras.rescinded = offers.map(([id]) => id);
    if (inverse.length > 0) extras.rescindedInverse = inverse.map(([id]) => id);
  }

  #decline(event: EventOf<'decline'>): void {
    for (const id of event.offers) {
      this.allocator.recover({
        ...take(this.#offers, id),
        wasUsed: false,
        refuseSeconds: event.refuse,
      });
    }
  }

  #accept(event: EventOf<'accept'>, extras: Extras): void {
    const { algebra } = this.#core;
    const offer = take(this.#offers, event.offer);
    const operations = (event.ops ?? []).map(operationOf);
    const launches = (event.launch ?? []).map(parseResources);

    let left = [...offer.resources];
    const dropped: number[] = [];
    for (const [index, operation] of operations.entries()) {
      const applied = algebra.apply(left, operation);
      if (applied.ok) left = applied.resources;
      else dropped.push(index);
    }
    const extraShared: Resource[] = [];
    for (const task of launches) {
      const shared = task.filter((resource) => resource.shared !== undefined);
      const offered = left.filter((resource) => resource.shared !== undefined);
      extraShared.push(...algebra.subtract(shared, offered));
      left = algebra.subtract(left, task);
    }

    const converted = this.allocator.convert(offer, operations, extraShared);
    if (String(converted.dropped) !== String(dropped)) {
      throw new Error(`operations ${converted.dropped} dropped, not ${dropped}`);
    }
    if (dropped.length > 0) extras.droppedOps = dropped;
    if (dropped.length < operations.length) extras.total = formatResources(converted.total);
    const made = algebra.subtract(left, offer.resources);
    const declined = algebra.subtract(left, made);
    if (made.length > 0) {
      extras.converted = formatResources(made);
      this.allocator.recover({ ...offer, resources: made, wasUsed: false });
    }
    if (declined.length > 0) {
      extras.declined = formatResources(declined);
      this.allocator.recover({
        ...offer,
        resources: declined,
        wasUsed: false,
        refuseSeconds: event.refuse,
      });
    }
    const launched = { ...offer, resources: algebra.sum(launches) };
    if (launched.resources.length > 0) {
      this.#addTask(launched);
      this.allocator.launch(launched);
    }
  }

  #answerInverse(event: EventOf<'acceptInverse' | 'declineInverse'>): void {
    for (const id of event.inverseOffers) {
      this.allocator.answerInverseOffer({
        ...take(this.#inverseOffers, id),
        status: event.ev === 'acceptInverse' ? 'accept' : 'decline',
        refuseSeconds: event.refuse,
      });
    }
  }

  // Tasks

  #addTask(task: Holding): void {
    const before = this.#tasks.get(taskKey(task));
    const resources =
      before === undefined
        ? task.resources
        : this.#core.algebra.add(before.resources, task.resources);
    this.#tasks.set(taskKey(task), { ...task, resources });
  }

  #finish(event: EventOf<'recover'>): void {
    const finished: Holding = {
      frameworkId: frameworkId(event.f),
      agentId: agentId(event.a),
      role: event.role,
      resources: parseResources(event.res),
    };
    const key = taskKey(finished);
    const before = this.#tasks.get(key);
    if (before === undefined) throw new Error(`no task of ${key}`);
    const resources = this.#core.algebra.subtract(before.resources, finished.resources);
    if (resources.length === 0) this.#tasks.delete(key);
    else this.#tasks.set(key, { ...before, resources });
    this.allocator.recover({ ...finished, wasUsed: true });
  }

  /** By agent, then by role. */
  #tasksOf(id: FrameworkId): Holding[] {
    return [...this.#tasks.values()]
      .filter((task) => task.frameworkId === id)
      .sort((a, b) => compare(a.agentId, b.agentId) || compare(a.role, b.role));
  }

  // Time and runs

  #advance(ms: number): void {
    const end = this.#now + ms;
    while (this.#now < end) {
      const batch = (Math.floor(this.#now / this.#intervalMs) + 1) * this.#intervalMs;
      this.#now = Math.min(batch, end);
      this.allocator.setTime(this.#now);
      if (this.#now !== batch || this.allocator.paused) continue;
      this.#keep(this.allocator.runBatch());
    }
  }

  #runPending(): void {
    if (this.allocator.hasPending) this.#keep(this.allocator.runPending());
  }

  #keep(batch: OfferBatch): void {
    this.#runs += 1;
    const run = {
      t: this.#now,
      ...listed('offers', this.#offersOf(batch)),
      ...listed('inverseOffers', this.#inverseOffersOf(batch)),
    };
    if (run.offers !== undefined || run.inverseOffers !== undefined) this.#out.push(run);
  }

  #offersOf(batch: OfferBatch): TracedOffer[] {
    return Array.from({ length: batch.count }, (_, index) => ({
      frameworkId: batch.frameworkId(index),
      role: batch.role(index),
      agentId: batch.agentId(index),
      resources: batch.resources(index).map(withoutRole),
    }))
      .sort(
        (a, b) =>
          compare(a.frameworkId, b.frameworkId) ||
          compare(a.role, b.role) ||
          compareAgents(a.agentId, b.agentId),
      )
      .map((offer) => {
        const id = this.#nextOffer++;
        this.#offers.set(id, offer);
        return [id, offer.frameworkId, offer.role, offer.agentId, formatResources(offer.resources)];
      });
  }

  #inverseOffersOf(batch: OfferBatch): TracedInverseOffer[] {
    return Array.from({ length: batch.inverseCount }, (_, index) => ({
      frameworkId: batch.inverseFrameworkId(index),
      agentId: batch.inverseAgentId(index),
    }))
      .sort((a, b) => compare(a.frameworkId, b.frameworkId) || compareAgents(a.agentId, b.agentId))
      .map((offer) => {
        const id = this.#nextInverseOffer++;
        this.#inverseOffers.set(id, offer);
        return [id, offer.frameworkId, offer.agentId];
      });
  }
}

export interface Difference {
  /** Counted from 1 in the file: the header is line 1. */
  readonly line: number;
  readonly event: TraceEvent;
  readonly expected: TraceResult;
  readonly got: TraceResult | { readonly thrown: string };
}

/** The first event whose result is not the recorded one. */
export function firstDifference(core: SchedulerCore, trace: Trace): Difference | undefined {
  const replayer = new Replayer(core, trace.header.options);
  for (const [index, { result: expected, ...event }] of trace.lines.entries()) {
    const got = playSafely(replayer, event as TraceEvent);
    if (canonical(got) === canonical(expected)) continue;
    return { line: index + 2, event: event as TraceEvent, expected, got };
  }
  return undefined;
}

function playSafely(replayer: Replayer, event: TraceEvent): Difference['got'] {
  try {
    return replayer.play(event);
  } catch (error) {
    return { thrown: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

const canonical = (result: object) =>
  JSON.stringify(Object.entries(result).sort(([a], [b]) => compare(a, b)));

export function replay(
  core: SchedulerCore,
  trace: Pick<Trace, 'header'> & { lines: readonly TraceEvent[] },
): TraceLine[] {
  const replayer = new Replayer(core, trace.header.options);
  return trace.lines.map((event) => ({ ...event, result: replayer.play(event) }));
}

// Messages from texts

const compare = (left: string, right: string) => (left < right ? -1 : left > right ? 1 : 0);
const numberAtEnd = (id: string) => Number(/\d+$/.exec(id)?.[0] ?? 0);
const compareAgents = (left: string, right: string) =>
  numberAtEnd(left) - numberAtEnd(right) || compare(left, right);

function take<Thing>(things: Map<number, Thing>, id: number): Thing {
  const thing = things.get(id);
  if (thing === undefined) throw new Error(`no offer ${id}`);
  things.delete(id);
  return thing;
}

/** Takes out those that are meant, in ascending order. */
function drain<Thing>(
  things: Map<number, Thing>,
  isMeant: (thing: Thing) => boolean,
): [number, Thing][] {
  const drained = [...things].filter(([, thing]) => isMeant(thing)).sort(([a], [b]) => a - b);
  for (const [id] of drained) things.delete(id);
  return drained;
}

const listed = <Name extends string, Item>(name: Name, items: Item[]) =>
  (items.length === 0 ? {} : { [name]: items }) as { [Key in Name]?: Item[] };

function withoutRole(resource: Resource): Resource {
  const { allocation_info: _role, ...rest } = resource;
  return rest;
}

function quotaOf(quota: TraceQuota): Quota {
  return {
    guarantees: parseQuantities(quota.guarantees),
    limits: parseQuantities(quota.limits),
  };
}

const AGENT_DEFAULTS = ['MULTI_ROLE', 'HIERARCHICAL_ROLE', 'RESERVATION_REFINEMENT'] as const;
const FRAMEWORK_DEFAULTS = ['MULTI_ROLE', 'RESERVATION_REFINEMENT'] as const;

const agentCapabilities = (names: readonly string[] = AGENT_DEFAULTS) =>
  names.map((name) => AgentCapability[name as keyof typeof AgentCapability]);

const frameworkCapabilities = (names: readonly string[] = FRAMEWORK_DEFAULTS) =>
  names.map((name) => FrameworkCapability[name as keyof typeof FrameworkCapability]);

function factsOf(
  event: EventOf<'addAgent'> | EventOf<'updateAgent'>,
  before: AgentFacts,
): AgentFacts {
  return {
    hostname: event.host ?? before.hostname,
    attributes: event.attrs?.map(attributeOf) ?? before.attributes,
    region: event.region ?? before.region,
    zone: event.zone ?? before.zone,
  };
}

function attributeOf([name, type, value]: TraceAttribute): Attribute {
  switch (type) {
    case 'text':
      return { name, type: Value_Type.TEXT, text: { value } };
    case 'scalar':
      return { name, type: Value_Type.SCALAR, scalar: { value } };
    default: {
      const range = value.map(([begin, end]) => ({ begin, end }));
      return { name, type: Value_Type.RANGES, ranges: { range } };
    }
  }
}

function unavailabilityOf(event: {
  readonly startMs?: number;
  readonly durMs?: number;
}): Unavailability | undefined {
  if (event.startMs === undefined) return undefined;
  const nanoseconds = (ms: number) => ({ nanoseconds: BigInt(ms) * 1_000_000n });
  return {
    start: nanoseconds(event.startMs),
    ...(event.durMs === undefined ? {} : { duration: nanoseconds(event.durMs) }),
  };
}

function termsOf(event: EventOf<'addFramework'> | EventOf<'updateFramework'>): FrameworkTerms {
  return {
    roles: event.roles,
    suppressedRoles: event.suppressed ?? [],
    capabilities: frameworkCapabilities(event.caps),
    minAllocatable: Object.fromEntries(
      Object.entries(event.minAllocatable ?? {}).map(([role, texts]) => [
        role,
        texts.map(parseQuantities),
      ]),
    ),
    constraints: event.constraints && constraintsOf(event.constraints),
  };
}

function constraintsOf(
  byRole: Readonly<Record<string, readonly (readonly TraceConstraint[])[]>>,
): OfferConstraints {
  return {
    role_constraints: Object.fromEntries(
      Object.entries(byRole).map(([role, groups]) => [
        role,
        {
          groups: groups.map((group) => ({ attribute_constraints: group.map(constraintOf) })),
        },
      ]),
    ),
  };
}

const PSEUDO: Readonly<Record<string, Pseudo>> = {
  '@hostname': Pseudo.HOSTNAME,
  '@region': Pseudo.REGION,
  '@zone': Pseudo.ZONE,
};

function constraintOf([selector, predicate, text = '']: TraceConstraint): AttributeConstraint {
  const pseudo = PSEUDO[selector];
  return {
    selector:
      pseudo === undefined ? { attribute_name: selector } : { pseudoattribute_type: pseudo },
    predicate: predicateOf(predicate, text),
  };
}

function predicateOf(name: string, text: string): AttributeConstraint['predicate'] {
  switch (name) {
    case 'exists':
      return { exists: {} };
    case 'not_exists':
      return { not_exists: {} };
    case 'text_equals':
      return { text_equals: { value: text } };
    case 'text_not_equals':
      return { text_not_equals: { value: text } };
    case 'text_matches':
      return { text_matches: { regex: text } };
    case 'text_not_matches':
      return { text_not_matches: { regex: text } };
    default:
      throw new Error(`not a predicate: ${name}`);
  }
}

export function operationOf({ op, res }: TraceOperation): Offer_Operation {
  const resources = parseResources(res);
  switch (op) {
    case 'RESERVE':
      return { type: Offer_Operation_Type.RESERVE, reserve: { resources } };
    case 'UNRESERVE':
      return { type: Offer_Operation_Type.UNRESERVE, unreserve: { resources } };
    case 'CREATE':
      return { type: Offer_Operation_Type.CREATE, create: { volumes: resources } };
    case 'DESTROY':
      return { type: Offer_Operation_Type.DESTROY, destroy: { volumes: resources } };
    default:
      throw new Error(`not an operation: ${op}`);
  }
}
