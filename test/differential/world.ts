// Turns the steps of a random history into events that fit the state. It is the deciding half of a
// cluster, and does only what a master would allow: no offer is answered twice, no operation needs
// what its offer lacks, no volume is destroyed that another task uses.
import type { Holding, ResourceAlgebra } from '../../src/core/interface.ts';
import {
  Resource_ReservationInfo_Type as Reservation,
  type Resource,
  Value_Type,
} from '../../src/model/generated/messages.ts';
import { type AgentId, agentId } from '../../src/model/ids.ts';
import type { AgentPlan, ItemPlan, Pick, Step, TermsPlan } from './histories.ts';
import type { Replayer } from './replay.ts';
import type { TraceEvent, TraceEventOf, TraceOperation } from './trace.ts';
import { operationOf } from './trace-messages.ts';
import { formatResources, parseResources } from './trace-text.ts';

const of = <T>(list: readonly T[], which: Pick): T | undefined =>
  list.length === 0 ? undefined : list[which % list.length];

interface KnownFramework {
  roles: readonly string[];
  active: boolean;
}

type OperationName = 'reserve' | 'unreserve' | 'create' | 'destroy';

export class World {
  readonly #replayer: Replayer;
  readonly #algebra: ResourceAlgebra;
  readonly #agents = new Map<string, string>();
  readonly #gone: string[] = [];
  readonly #frameworks = new Map<string, KnownFramework>();
  readonly #maintained = new Set<string>();
  #nextAgent = 1;
  #nextFramework = 1;
  #nextName = 1;

  /** Reads offers and tasks of the replayer; the events are for that replayer and any other. */
  constructor(replayer: Replayer, algebra: ResourceAlgebra) {
    this.#replayer = replayer;
    this.#algebra = algebra;
  }

  /** Undefined where the step has nothing to act on. */
  eventOf(step: Step): TraceEvent | undefined {
    switch (step.do) {
      case 'add agent':
        return this.#addAgent(`a${this.#nextAgent++}`, step.agent, step.used);
      case 'return agent': {
        const id = of(this.#gone, step.which);
        if (id === undefined) {
          return undefined;
        }
        this.#gone.splice(this.#gone.indexOf(id), 1);
        return this.#addAgent(id, step.agent, undefined);
      }
      case 'change agent':
        return this.#withAgent(step.which, (id) => ({
          ev: 'updateAgent',
          id,
          ...(step.what === 'total' ? {} : this.#factsOf(step.agent, id)),
          ...(step.what === 'facts' ? {} : { res: this.#grownTotal(id, step.agent.items) }),
        }));
      case 'remove agent':
        return this.#withAgent(step.which, (id) => {
          this.#agents.delete(id);
          this.#maintained.delete(id);
          this.#gone.push(id);
          return { ev: 'removeAgent', id };
        });
      case 'activate agent':
        return this.#withAgent(step.which, (id) => ({ ev: 'activateAgent', id }));
      case 'deactivate agent':
        return this.#withAgent(step.which, (id) => ({ ev: 'deactivateAgent', id }));
      case 'add provider':
        return this.#withAgent(step.which, (id) => ({
          ev: 'addResourceProvider',
          id,
          res: this.#textOf(step.items),
        }));
      case 'add framework': {
        const id = `f${this.#nextFramework++}`;
        const terms = termsOf(step.terms);
        this.#frameworks.set(id, { roles: terms.roles, active: step.active });
        return { ev: 'addFramework', id, ...terms, active: step.active };
      }
      case 'change framework':
        return this.#withFramework(step.which, (id, framework) => {
          const terms = termsOf(step.terms);
          framework.roles = terms.roles;
          return { ev: 'updateFramework', id, ...terms };
        });
      case 'remove framework':
        return this.#withFramework(step.which, (id) => {
          this.#frameworks.delete(id);
          return { ev: 'removeFramework', id };
        });
      case 'activate framework':
      case 'deactivate framework':
        return this.#withFramework(step.which, (id, framework) => {
          const active = step.do === 'activate framework';
          if (framework.active === active) {
            return undefined;
          }
          framework.active = active;
          return { ev: active ? 'activateFramework' : 'deactivateFramework', id };
        });
      case 'suppress':
      case 'revive':
        return this.#withFramework(step.which, (id, { roles }) => ({
          ev: step.do,
          id,
          roles: picked(roles, step.roles),
        }));
      case 'weigh':
        return { ev: 'updateWeights', weights: { [step.role]: step.weight } };
      case 'set quota':
        return quotaEvent(step);
      case 'recover quotas': {
        const isFirst = this.#agents.size + this.#frameworks.size + this.#replayer.now === 0;
        const quotas = step.roles.map((role) => [
          role,
          { guarantees: 'cpus:2;mem:50', limits: '' },
        ]);
        return isFirst
          ? {
              ev: 'recoverAllocator',
              expectedAgents: step.agents,
              quotas: Object.fromEntries(quotas),
            }
          : undefined;
      }
      case 'decline': {
        const offers = picked([...this.#replayer.offers.keys()], step.which);
        return offers.length === 0 ? undefined : { ev: 'decline', offers, ...refusal(step.refuse) };
      }
      case 'accept':
        return this.#accept(step);
      case 'finish':
        return this.#finish(step);
      case 'operate':
        return this.#withAgent(step.which, (id) => {
          const free = this.#replayer.allocator.free(agentId(id));
          const operation = this.#operation(step.operation, step.item, free, undefined);
          return operation && { ev: 'updateAvailable', id, ...operation };
        });
      case 'plan maintenance':
        return this.#withAgent(step.which, (id) => {
          if (step.ends) {
            this.#maintained.delete(id);
          } else {
            this.#maintained.add(id);
          }
          return { ev: 'updateUnavailability', id, ...(step.ends ? {} : UNAVAILABLE) };
        });
      case 'answer inverse': {
        const id = of([...this.#replayer.inverseOffers.keys()], step.which);
        if (id === undefined) {
          return undefined;
        }
        const ev = step.accept ? 'acceptInverse' : 'declineInverse';
        return { ev, inverseOffers: [id], ...refusal(step.refuse) };
      }
      case 'whitelist':
        return {
          ev: 'updateWhitelist',
          hosts: step.hosts && picked([...this.#agents.values()], step.hosts),
        };
      case 'advance':
        // The long wait is the time after which the allocator stops waiting for agents.
        return {
          ev: 'advance',
          ms: this.#replayer.allocator.paused && step.ms === 5000 ? 600_000 : step.ms,
        };
      default:
        return step satisfies never;
    }
  }

  #withAgent(which: Pick, make: (id: string) => TraceEvent | undefined): TraceEvent | undefined {
    const id = of([...this.#agents.keys()], which);
    return id === undefined ? undefined : make(id);
  }

  #withFramework(
    which: Pick,
    make: (id: string, framework: KnownFramework) => TraceEvent | undefined,
  ): TraceEvent | undefined {
    const entry = of([...this.#frameworks], which);
    return entry && make(...entry);
  }

  #hostOf(plan: AgentPlan, id: string): string {
    return plan.host === undefined ? id : `h${plan.host % 4}`;
  }

  #factsOf(plan: AgentPlan, id: string) {
    const host = this.#hostOf(plan, id);
    this.#agents.set(id, host);
    return factsOf(plan, host);
  }

  #addAgent(id: string, plan: AgentPlan, used: Pick | undefined): TraceEvent {
    const facts = this.#factsOf(plan, id);
    const res = this.#textOf(plan.items);
    return {
      ev: 'addAgent',
      id,
      res,
      ...facts,
      ...(plan.unavailable ? { unavail: UNAVAILABLE } : {}),
      ...(used === undefined ? {} : this.#usedOf(res, used)),
    };
  }

  /**
   * Half of the plain resources of the agent are in use, by a framework that may be added later.
   */
  #usedOf(res: string, used: Pick): { used?: NonNullable<TraceEventOf<'addAgent'>['used']> } {
    const plain = parseResources(res).filter(
      (resource) => resource.reservations === undefined && resource.revocable === undefined,
    );
    const taken = formatResources(plain.flatMap((resource) => portion(resource, 0.5)));
    if (taken === '') {
      return {};
    }
    const framework =
      used % 5 === 0 ? `f${this.#nextFramework}` : of([...this.#frameworks.keys()], used);
    if (framework === undefined) {
      return {};
    }
    const role = of(['*', 'r1', 'r2', 'r1/x'], used) ?? '*';
    return { used: { [framework]: { [role]: taken } } };
  }

  /** The earlier total with more of some resources, and any amount of revocable ones. */
  #grownTotal(id: string, items: readonly ItemPlan[]): string {
    const before = this.#replayer.allocator.total(agentId(id));
    const kept = before.filter((resource) => resource.revocable === undefined);
    const added = parseResources(this.#textOf(items));
    return formatResources(this.#algebra.add(kept, added));
  }

  #textOf(items: readonly ItemPlan[]): string {
    return items.map((plan) => this.#itemText(plan)).join(';');
  }

  #itemText(plan: ItemPlan): string {
    const isVolume = plan.disk === 'volume' || plan.disk === 'shared volume';
    const reservedFor = isVolume && plan.reservedFor.length === 0 ? ['S,r1'] : plan.reservedFor;
    const reservations = plan.revocable ? '' : reservedFor.map((item) => `(${item})`).join('');
    const flags =
      (plan.revocable ? '{REV}' : '') + (plan.disk === 'shared volume' ? '{SHARED}' : '');
    return `${plan.name}${reservations}${this.#diskText(plan)}${flags}:${valueText(plan, this.#nextName++)}`;
  }

  #diskText(plan: ItemPlan): string {
    switch (plan.disk) {
      case 'plain':
        return '';
      case 'path':
        return '[path=/p1]';
      case 'mount':
        return `[mount=/mnt/d${this.#nextName++}]`;
      case 'volume':
      case 'shared volume':
        return `[vol=v${this.#nextName++}]`;
      default:
        return plan.disk satisfies never;
    }
  }

  #accept(step: Step & { do: 'accept' }): TraceEvent | undefined {
    const entry = of([...this.#replayer.offers], step.which);
    if (entry === undefined) {
      return undefined;
    }
    const [id, offer] = entry;
    let left: Resource[] = [...offer.resources];
    const ops: TraceOperation[] = [];
    for (const [name, item] of step.operations) {
      const operation = this.#operation(name, item, left, offer);
      if (operation === undefined) {
        continue;
      }
      const applied = this.#algebra.apply(left, operationOf(operation));
      if (applied.ok) {
        left = applied.resources;
      }
      ops.push(operation);
    }
    const launch: string[] = [];
    for (const share of step.tasks) {
      const task = left.flatMap((resource) => portion(resource, share));
      if (task.length === 0) {
        continue;
      }
      launch.push(formatResources(task));
      // A shared volume stays in the offer for the next task.
      const taken = task.filter((resource) => resource.shared === undefined);
      left = this.#algebra.subtract(left, taken);
    }
    return {
      ev: 'accept',
      offer: id,
      ...(ops.length === 0 ? {} : { ops }),
      ...(launch.length === 0 ? {} : { launch }),
      ...refusal(step.refuse),
    };
  }

  /** An operation of that name on one of the resources, for the offer's role or the cluster. */
  #operation(
    name: OperationName,
    which: Pick,
    resources: readonly Resource[],
    offer: Holding | undefined,
  ): TraceOperation | undefined {
    const role = offer?.role ?? 'r2/k';
    switch (name) {
      case 'reserve': {
        const resource = of(
          resources.filter((candidate) => isReservable(candidate, role)),
          which,
        );
        if (resource === undefined) {
          return undefined;
        }
        const [part = resource] = portion(resource, which % 2 === 0 ? 0.5 : 1);
        const reservation = { type: Reservation.DYNAMIC, role, principal: 'p1' };
        const reservations = [...(part.reservations ?? []), reservation];
        return { op: 'RESERVE', res: formatResources([{ ...part, reservations }]) };
      }
      case 'unreserve': {
        const resource = of(resources.filter(isUnreservable), which);
        return resource && { op: 'UNRESERVE', res: formatResources([resource]) };
      }
      case 'create': {
        const resource = of(resources.filter(isCreatable), which);
        if (resource === undefined) {
          return undefined;
        }
        const [part = resource] = portion(resource, which % 2 === 0 ? 0.5 : 1);
        const id = `v${this.#nextName++}`;
        const volume = { ...part, disk: { ...part.disk, persistence: { id } } };
        const isShared = which % 3 === 0;
        return {
          op: 'CREATE',
          res: formatResources([isShared ? { ...volume, shared: {} } : volume]),
        };
      }
      case 'destroy': {
        const isDestroyable = (resource: Resource) =>
          resource.disk?.persistence !== undefined &&
          (resource.shared === undefined ||
            (offer !== undefined && this.#copies(offer.agentId, resource) === 1));
        const resource = of(resources.filter(isDestroyable), which);
        return resource && { op: 'DESTROY', res: formatResources([resource]) };
      }
      default:
        return name satisfies never;
    }
  }

  /** How many copies of a shared volume are offered or in use on the agent. */
  #copies(agent: AgentId, volume: Resource): number {
    const id = volume.disk?.persistence?.id;
    return [...this.#replayer.offers.values(), ...this.#replayer.tasks()]
      .filter((holding) => holding.agentId === agent)
      .flatMap((holding) => holding.resources)
      .filter((resource) => resource.disk?.persistence?.id === id).length;
  }

  #finish(step: Step & { do: 'finish' }): TraceEvent | undefined {
    const known = this.#replayer.tasks().filter((task) => this.#frameworks.has(task.frameworkId));
    const task = of(known, step.which);
    if (task === undefined) {
      return undefined;
    }
    const done = task.resources.flatMap((resource) => portion(resource, step.share));
    const { frameworkId: f, agentId: a, role } = task;
    return done.length === 0
      ? undefined
      : { ev: 'recover', f, a, role, res: formatResources(done) };
  }
}

const UNAVAILABLE = { startMs: 60_000, durMs: 5_000 };

const picked = <T>(list: readonly T[], which: readonly Pick[]): T[] => [
  ...new Set(which.flatMap((index) => of(list, index) ?? [])),
];

const refusal = (refuse: number | undefined) => (refuse === undefined ? {} : { refuse });

/**
 * Numbers and set items that no other resource has: a port cannot be reserved and unreserved at
 * once.
 */
function valueText({ name, amount }: ItemPlan, serial: number): string {
  const first = 31_000 + 100 * serial;
  if (name === 'ports') {
    return `[${first}-${first + amount - 1}]`;
  }
  if (name === 'zones') {
    return `{${['a', 'b', 'c'].slice(0, amount).map((zone) => zone + serial)}}`;
  }
  return String(amount);
}

const factsOf = (plan: AgentPlan, host: string) => ({
  host,
  attrs: plan.attributes,
  ...(plan.capabilities === undefined ? {} : { caps: plan.capabilities }),
  ...(plan.region === undefined ? {} : { region: plan.region, zone: plan.zone }),
});

function termsOf(plan: TermsPlan) {
  const isMultiRole = plan.capabilities.includes('MULTI_ROLE');
  const roles = isMultiRole ? plan.roles : plan.roles.slice(0, 1);
  const byRole = <T>(entries: readonly (readonly [Pick, T])[]): Record<string, T> =>
    Object.fromEntries(entries.map(([which, value]) => [of(roles, which) ?? '*', value]));
  return {
    roles,
    caps: plan.capabilities,
    suppressed: picked(roles, plan.suppressed),
    minAllocatable: byRole(plan.minAllocatable),
    constraints: byRole(plan.constraints),
  };
}

/** Limits are the guarantees times a factor; a factor of 0 means no limits. */
function quotaEvent(step: Step & { do: 'set quota' }): TraceEvent {
  const { role, cpus, mem, disk, gpus, limit, limitsOnly } = step;
  const text = (factor: number) =>
    Object.entries({ cpus, mem, disk, ...(gpus === 0 ? {} : { gpus }) })
      .map(([name, amount]) => `${name}:${round(amount * factor)}`)
      .join(';');
  return {
    ev: 'updateQuota',
    role,
    guarantees: limitsOnly ? '' : text(1),
    limits: limit === 0 ? '' : text(limit),
  };
}

const round = (value: number) => Math.round(value * 1000) / 1000;

const isWhole = (resource: Resource) =>
  resource.disk?.persistence !== undefined || resource.disk?.source?.mount !== undefined;

/**
 * About that fraction of a resource; a resource that cannot be divided is taken whole from one half
 * on.
 */
function portion(resource: Resource, share: number): Resource[] {
  if (share >= 1) {
    return [resource];
  }
  if (isWhole(resource)) {
    return share >= 0.5 ? [resource] : [];
  }
  switch (resource.type) {
    case Value_Type.SCALAR: {
      const value = round((resource.scalar?.value ?? 0) * share);
      return value > 0 ? [{ ...resource, scalar: { value } }] : [];
    }
    case Value_Type.RANGES: {
      const [first] = resource.ranges?.range ?? [];
      return first === undefined ? [] : [{ ...resource, ranges: { range: [first] } }];
    }
    default: {
      const [first] = resource.set?.item ?? [];
      return first === undefined ? [] : [{ ...resource, set: { item: [first] } }];
    }
  }
}

/** The role may reserve what is unreserved or reserved for an ancestor of it. */
function isReservable(resource: Resource, role: string): boolean {
  const owner = resource.reservations?.at(-1)?.role;
  const isFitting = owner === undefined || role.startsWith(`${owner}/`);
  const isPlain = resource.revocable === undefined && resource.disk?.persistence === undefined;
  return role !== '*' && isFitting && isPlain;
}

const isUnreservable = (resource: Resource) =>
  resource.reservations?.at(-1)?.type === Reservation.DYNAMIC &&
  resource.disk?.persistence === undefined;

const isCreatable = (resource: Resource) =>
  resource.name === 'disk' &&
  resource.reservations !== undefined &&
  resource.reservations.length > 0 &&
  resource.disk?.persistence === undefined;
