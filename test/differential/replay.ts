// Plays the master in a recorded history: turns events into calls of an allocator, keeps offers and
// tasks, and returns the results of each event in the words of the format.
import type {
  AgentFacts,
  Allocator,
  AllocatorOptions,
  Holding,
  OfferBatch,
  SchedulerCore,
} from '../../src/core/interface.ts';
import type { Resource } from '../../src/model/generated/messages.ts';
import { type AgentId, agentId, type FrameworkId, frameworkId } from '../../src/model/ids.ts';
import type {
  Trace,
  TracedInverseOffer,
  TracedOffer,
  TracedRun,
  TraceEvent,
  TraceEventOf,
  TraceLine,
  TraceOptions,
  TraceResult,
} from './trace.ts';
import {
  agentCapabilities,
  allocatorOptions,
  factsOf,
  operationOf,
  quotaOf,
  termsOf,
  unavailabilityOf,
} from './trace-messages.ts';
import { formatResources, parseResources } from './trace-text.ts';

type Extras = {
  -readonly [Key in keyof Omit<TraceResult, 't' | 'runs' | 'out'>]: TraceResult[Key];
};

export interface InverseOffer {
  readonly frameworkId: FrameworkId;
  readonly agentId: AgentId;
}

/** Resources of tasks by framework, agent and role. */
type Tasks = Map<string, Holding>;

const taskKey = (holding: Omit<Holding, 'resources'>) =>
  JSON.stringify([holding.frameworkId, holding.agentId, holding.role]);

export interface Turn {
  readonly frameworkId: FrameworkId;
  readonly role: string;
  readonly agentId: AgentId;
}

/** The parts of a core that a history needs. */
export interface DecidingCore extends Pick<SchedulerCore, 'algebra'> {
  allocator(options: AllocatorOptions): Allocator;
}

export class Replayer {
  readonly allocator: Allocator;
  readonly #core: DecidingCore;
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
  #turns: Turn[][] = [];

  constructor(core: DecidingCore, options: TraceOptions, allocator?: Allocator) {
    this.#core = core;
    this.#intervalMs = options.intervalMs;
    this.allocator = allocator ?? core.allocator(allocatorOptions(options));
    if (allocator === undefined) {
      this.allocator.setTime(0);
    }
  }

  /** The same master with another allocator, which must be in the same state. */
  over(allocator: Allocator): Replayer {
    const copy = new Replayer(this.#core, { intervalMs: this.#intervalMs }, allocator);
    for (const [id, facts] of this.#agents) {
      copy.#agents.set(id, facts);
    }
    for (const id of this.#activeFrameworks) {
      copy.#activeFrameworks.add(id);
    }
    for (const [id, offer] of this.#offers) {
      copy.#offers.set(id, offer);
    }
    for (const [id, offer] of this.#inverseOffers) {
      copy.#inverseOffers.set(id, offer);
    }
    for (const [key, task] of this.#tasks) {
      copy.#tasks.set(key, task);
    }
    copy.#nextOffer = this.#nextOffer;
    copy.#nextInverseOffer = this.#nextInverseOffer;
    copy.#now = this.#now;
    return copy;
  }

  get offers(): ReadonlyMap<number, Holding> {
    return this.#offers;
  }

  get inverseOffers(): ReadonlyMap<number, InverseOffer> {
    return this.#inverseOffers;
  }

  get now(): number {
    return this.#now;
  }

  /** What tasks hold, summed up by framework, agent and role. */
  tasks(): Holding[] {
    return [...this.#tasks.values()];
  }

  get agentIds(): Iterable<AgentId> {
    return this.#agents.keys();
  }

  /** Ids of active frameworks. */
  get frameworkIds(): Iterable<FrameworkId> {
    return this.#activeFrameworks;
  }

  /** Offers of the runs of the last event, in the allocator's order. */
  get turns(): readonly (readonly Turn[])[] {
    return this.#turns;
  }

  get order(): readonly string[] {
    return this.#turns
      .flat()
      .map(({ frameworkId, role, agentId }) => `${frameworkId} ${role} ${agentId}`);
  }

  play(event: TraceEvent): TraceResult {
    this.#turns = [];
    this.#runs = 0;
    this.#out = [];
    const extras: Extras = {};
    this.#do(event, extras);
    if (event.ev !== 'advance') {
      this.#runPending();
    }
    const out = this.#out;
    return { t: this.#now, runs: this.#runs, ...extras, ...(out.length === 0 ? {} : { out }) };
  }

  #do(event: TraceEvent, extras: Extras): void {
    const { allocator } = this;
    switch (event.ev) {
      case 'addAgent':
        this.#addAgent(event);
        break;
      case 'updateAgent':
        this.#updateAgent(event);
        break;
      case 'removeAgent':
        this.#removeAgent(agentId(event.id), extras);
        break;
      case 'activateAgent':
        allocator.activateAgent(agentId(event.id));
        break;
      case 'deactivateAgent':
        allocator.deactivateAgent(agentId(event.id));
        this.#takeBack(({ agentId }) => agentId === event.id, extras);
        break;
      case 'addFramework':
        this.#addFramework(event, extras);
        break;
      case 'updateFramework':
        allocator.updateFramework(frameworkId(event.id), termsOf(event));
        break;
      case 'removeFramework':
        this.#removeFramework(frameworkId(event.id), extras);
        break;
      case 'activateFramework':
        this.#activeFrameworks.add(frameworkId(event.id));
        allocator.activateFramework(frameworkId(event.id));
        break;
      case 'deactivateFramework':
        this.#deactivateFramework(frameworkId(event.id), extras);
        break;
      case 'updateQuota':
        allocator.updateQuota(event.role, quotaOf(event));
        break;
      case 'updateWeights':
        allocator.updateWeights(event.weights);
        break;
      case 'suppress':
        allocator.suppress(frameworkId(event.id), event.roles);
        break;
      case 'revive':
        allocator.revive(frameworkId(event.id), event.roles);
        break;
      case 'decline':
        this.#decline(event);
        break;
      case 'accept':
        this.#accept(event, extras);
        break;
      case 'recover':
        this.#finish(event);
        break;
      case 'updateUnavailability':
        this.#takeBack(({ agentId }) => agentId === event.id, extras);
        allocator.updateUnavailability(agentId(event.id), unavailabilityOf(event));
        break;
      case 'acceptInverse':
      case 'declineInverse':
        this.#answerInverse(event);
        break;
      case 'updateWhitelist':
        allocator.updateWhitelist(event.hosts);
        break;
      case 'updateAvailable': {
        const applied = allocator.updateAvailable(agentId(event.id), operationOf(event));
        extras.ok = applied.ok;
        if (applied.ok) {
          extras.total = formatResources(allocator.total(agentId(event.id)));
        }
        break;
      }
      case 'addResourceProvider':
        allocator.addResourceProvider(agentId(event.id), parseResources(event.res), []);
        extras.total = formatResources(allocator.total(agentId(event.id)));
        break;
      case 'recoverAllocator':
        allocator.recoverQuotas(
          event.expectedAgents,
          Object.fromEntries(
            Object.entries(event.quotas).map(([role, quota]) => [role, quotaOf(quota)]),
          ),
        );
        break;
      case 'advance':
        this.#advance(event.ms);
        break;
      default:
        event satisfies never;
    }
  }

  // --- Agents ---

  #addAgent(event: TraceEventOf<'addAgent'>): void {
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
    for (const holding of used) {
      this.#addTask(holding);
    }
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

  #updateAgent(event: TraceEventOf<'updateAgent'>): void {
    const id = agentId(event.id);
    const before = this.#agents.get(id);
    if (before === undefined) {
      throw new Error(`no agent ${id}`);
    }
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
    for (const [key, task] of this.#tasks) {
      if (isHere(task)) {
        this.#tasks.delete(key);
      }
    }
    const lost = drain(this.#offers, isHere);
    const lostInverse = drain(this.#inverseOffers, isHere);
    if (lost.length > 0) {
      extras.lost = lost.map(([offer]) => offer);
    }
    if (lostInverse.length > 0) {
      extras.lostInverse = lostInverse.map(([offer]) => offer);
    }
  }

  // --- Frameworks ---

  #addFramework(event: TraceEventOf<'addFramework'>, extras: Extras): void {
    const id = frameworkId(event.id);
    const active = event.active ?? true;
    if (active) {
      this.#activeFrameworks.add(id);
    }
    const used = this.#tasksOf(id).filter((task) => this.#agents.has(task.agentId));
    this.allocator.addFramework({ id, ...termsOf(event), active, used });
    if (used.length === 0) {
      return;
    }
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
    if (this.#activeFrameworks.has(id)) {
      this.#deactivateFramework(id, extras);
    } else {
      this.#takeBack((thing) => thing.frameworkId === id, extras);
    }
    for (const task of this.#tasksOf(id)) {
      this.#tasks.delete(taskKey(task));
      this.allocator.recover({ ...task, wasUsed: true });
    }
    this.allocator.removeFramework(id);
  }

  // --- Offers ---

  #takeBack(isMeant: (thing: InverseOffer) => boolean, extras: Extras): void {
    const offers = drain(this.#offers, isMeant);
    const inverse = drain(this.#inverseOffers, isMeant);
    for (const [, offer] of offers) {
      this.allocator.recover({ ...offer, wasUsed: false });
    }
    for (const [, offer] of inverse) {
      this.allocator.answerInverseOffer(offer);
    }
    if (offers.length > 0) {
      extras.rescinded = offers.map(([id]) => id);
    }
    if (inverse.length > 0) {
      extras.rescindedInverse = inverse.map(([id]) => id);
    }
  }

  #decline(event: TraceEventOf<'decline'>): void {
    for (const id of event.offers) {
      this.allocator.recover({
        ...take(this.#offers, id),
        wasUsed: false,
        refuseSeconds: event.refuse,
      });
    }
  }

  #accept(event: TraceEventOf<'accept'>, extras: Extras): void {
    const { algebra } = this.#core;
    const offer = take(this.#offers, event.offer);
    const operations = (event.ops ?? []).map(operationOf);
    const launches = (event.launch ?? []).map(parseResources);

    let left = [...offer.resources];
    const dropped: number[] = [];
    for (const [index, operation] of operations.entries()) {
      const applied = algebra.apply(left, operation);
      if (applied.ok) {
        left = applied.resources;
      } else {
        dropped.push(index);
      }
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
    if (dropped.length > 0) {
      extras.droppedOps = dropped;
    }
    if (dropped.length < operations.length) {
      extras.total = formatResources(converted.total);
    }
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

  #answerInverse(event: TraceEventOf<'acceptInverse' | 'declineInverse'>): void {
    for (const id of event.inverseOffers) {
      this.allocator.answerInverseOffer({
        ...take(this.#inverseOffers, id),
        status: event.ev === 'acceptInverse' ? 'accept' : 'decline',
        refuseSeconds: event.refuse,
      });
    }
  }

  // --- Tasks ---

  #addTask(task: Holding): void {
    const before = this.#tasks.get(taskKey(task));
    const resources =
      before === undefined
        ? task.resources
        : this.#core.algebra.add(before.resources, task.resources);
    this.#tasks.set(taskKey(task), { ...task, resources });
  }

  #finish(event: TraceEventOf<'recover'>): void {
    const finished: Holding = {
      frameworkId: frameworkId(event.f),
      agentId: agentId(event.a),
      role: event.role,
      resources: parseResources(event.res),
    };
    const key = taskKey(finished);
    const before = this.#tasks.get(key);
    if (before === undefined) {
      throw new Error(`no task of ${key}`);
    }
    const resources = this.#core.algebra.subtract(before.resources, finished.resources);
    if (resources.length === 0) {
      this.#tasks.delete(key);
    } else {
      this.#tasks.set(key, { ...before, resources });
    }
    this.allocator.recover({ ...finished, wasUsed: true });
  }

  /** By agent, then by role. */
  #tasksOf(id: FrameworkId): Holding[] {
    return [...this.#tasks.values()]
      .filter((task) => task.frameworkId === id)
      .sort((a, b) => compare(a.agentId, b.agentId) || compare(a.role, b.role));
  }

  // --- Time and runs ---

  #advance(ms: number): void {
    const end = this.#now + ms;
    while (this.#now < end) {
      const batch = (Math.floor(this.#now / this.#intervalMs) + 1) * this.#intervalMs;
      this.#now = Math.min(batch, end);
      this.allocator.setTime(this.#now);
      if (this.#now !== batch || this.allocator.paused) {
        continue;
      }
      this.#keep(this.allocator.runBatch());
    }
  }

  #runPending(): void {
    if (this.allocator.hasPending) {
      this.#keep(this.allocator.runPending());
    }
  }

  #keep(batch: OfferBatch): void {
    this.#runs += 1;
    const run = {
      t: this.#now,
      ...listed('offers', this.#offersOf(batch)),
      ...listed('inverseOffers', this.#inverseOffersOf(batch)),
    };
    if (run.offers !== undefined || run.inverseOffers !== undefined) {
      this.#out.push(run);
    }
  }

  #offersOf(batch: OfferBatch): TracedOffer[] {
    const offers = Array.from({ length: batch.count }, (_, index) => ({
      frameworkId: batch.frameworkId(index),
      role: batch.role(index),
      agentId: batch.agentId(index),
      resources: batch.resources(index).map(withoutRole),
    }));
    this.#turns.push(
      offers.map(({ frameworkId, role, agentId }) => ({ frameworkId, role, agentId })),
    );
    return offers
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
  /** Counted from 1: the header of the file is line 1. */
  readonly line: number;
  readonly event: TraceEvent;
  readonly expected: TraceResult;
  readonly got: TraceResult | { readonly thrown: string };
}

/** The first event whose result is not the recorded one. */
export function firstDifference(core: DecidingCore, trace: Trace): Difference | undefined {
  const replayer = new Replayer(core, trace.header.options);
  for (const [index, { result: expected, ...event }] of trace.lines.entries()) {
    const got = playSafely(replayer, event as TraceEvent);
    if (canonical(got) === canonical(expected)) {
      continue;
    }
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
  core: DecidingCore,
  trace: Pick<Trace, 'header'> & { lines: readonly TraceEvent[] },
): TraceLine[] {
  const replayer = new Replayer(core, trace.header.options);
  return trace.lines.map((event) => ({ ...event, result: replayer.play(event) }));
}

// --- Messages from texts ---

const compare = (left: string, right: string) => (left < right ? -1 : left > right ? 1 : 0);
const numberAtEnd = (id: string) => Number(/\d+$/.exec(id)?.[0] ?? 0);
const compareAgents = (left: string, right: string) =>
  numberAtEnd(left) - numberAtEnd(right) || compare(left, right);

function take<Thing>(things: Map<number, Thing>, id: number): Thing {
  const thing = things.get(id);
  if (thing === undefined) {
    throw new Error(`no offer ${id}`);
  }
  things.delete(id);
  return thing;
}

/** Removes the meant items, in ascending order. */
function drain<Thing>(
  things: Map<number, Thing>,
  isMeant: (thing: Thing) => boolean,
): [number, Thing][] {
  const drained = [...things].filter(([, thing]) => isMeant(thing)).sort(([a], [b]) => a - b);
  for (const [id] of drained) {
    things.delete(id);
  }
  return drained;
}

const listed = <Name extends string, Item>(name: Name, items: Item[]) =>
  (items.length === 0 ? {} : { [name]: items }) as { [Key in Name]?: Item[] };

function withoutRole(resource: Resource): Resource {
  const { allocation_info: _role, ...rest } = resource;
  return rest;
}
