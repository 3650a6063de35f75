// One run: which free resources go to which framework. Agents are visited in order, first for roles
// with unmet guarantees, then for all; roles and frameworks are ordered by share, which every offer
// changes.
import type { AllocatorOptions } from '../../src/core/interface.ts';
import {
  AgentInfo_Capability_Type as AgentCapability,
  FrameworkInfo_Capability_Type as FrameworkCapability,
} from '../../src/model/generated/messages.ts';
import type { AgentId, FrameworkId } from '../../src/model/ids.ts';
import type { Agent, Cluster, Filter, Framework } from './cluster.ts';
import { isWanted } from './constraints.ts';
import type { Course } from './course.ts';
import {
  add,
  allocate,
  contains,
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
} from './pieces.ts';
import {
  fromUnits,
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

const isAtOrBelow = (role: string, top: string) => role === top || isStrictSubrole(role, top);

/** The offers of one run, as it goes on. */
export interface Offered {
  readonly frameworkId: FrameworkId;
  readonly role: string;
  readonly agentId: AgentId;
  pieces: Pieces;
}

export interface InverseOffered {
  readonly frameworkId: FrameworkId;
  readonly agentId: AgentId;
}

/** What a run subtracts from as it offers resources. */
interface Budget {
  readonly consumed: Map<string, Quantities>;
  requiredHeadroom: Quantities;
  availableHeadroom: Quantities;
}

export interface Moment {
  readonly now: number;
  /** The number of batches before this run. */
  readonly batches: number;
  readonly isBatch: boolean;
  readonly whitelist: ReadonlySet<string> | null;
  readonly course: Course;
}

export class Run {
  readonly offered: Offered[] = [];
  readonly inverseOffered: readonly InverseOffered[];
  /** How many offers were begun for a guarantee. */
  readonly guaranteed: number;
  readonly #cluster: Cluster;
  readonly #options: AllocatorOptions;
  readonly #moment: Moment;
  readonly #minAllocatable: readonly Quantities[];
  readonly #budget: Budget;
  #course: Course;

  /** Does the whole run: afterwards the cluster's account has changed. */
  constructor(cluster: Cluster, candidates: readonly Agent[], moment: Moment) {
    this.#cluster = cluster;
    this.#options = cluster.options;
    this.#moment = moment;
    this.#minAllocatable = cluster.options.minAllocatable.map(fromUnits);
    this.#budget = this.#makeBudget();
    const visited = candidates.filter((agent) => this.#isOfferable(agent));
    this.#course = moment.course;
    for (const agent of this.#course.agents(visited)) {
      this.#guaranteeVisit(agent);
    }
    this.guaranteed = this.offered.length;
    this.#course = moment.course.afterGuarantees(this.offered);
    for (const agent of this.#course.agents(visited)) {
      this.#fairVisit(agent);
    }
    this.inverseOffered = this.#inverseOffers(candidates);
  }

  #isOfferable(agent: Agent): boolean {
    const { whitelist } = this.#moment;
    const isListed = whitelist === null || whitelist.has(agent.facts.hostname);
    return isListed && agent.activated;
  }

  /**
   * A top-level role has consumed the unreserved resources that it and the roles below it hold, and
   * everything that is reserved for them, held or not. Guarantees that are not consumed yet need
   * headroom among resources that are free, unreserved and not revocable.
   */
  #makeBudget(): Budget {
    const consumed = new Map<string, Quantities>();
    let requiredHeadroom = NOTHING;
    for (const [top, quota] of this.#cluster.quotas) {
      const used = this.#consumedBy(top);
      consumed.set(top, used);
      requiredHeadroom = plus(requiredHeadroom, minus(quota.guarantees, used));
    }

    const agents = [...this.#cluster.agents.values()];
    const sum = (of: (agent: Agent) => Pieces) =>
      agents.reduce((all, agent) => plus(all, quantitiesOf(of(agent))), NOTHING);
    const reserved = sum((agent) => agent.total.filter(isReserved));
    const reservedHeld = sum((agent) => this.#knownHeld(agent).filter(isReserved));
    let availableHeadroom = sum((agent) => agent.total);
    availableHeadroom = minus(availableHeadroom, this.#cluster.roleSorter.allAllocated());
    availableHeadroom = minus(availableHeadroom, minus(reserved, reservedHeld));
    availableHeadroom = minus(
      availableHeadroom,
      sum((agent) => this.#cluster.availableOn(agent).filter(isRevocable)),
    );
    return { consumed, requiredHeadroom, availableHeadroom };
  }

  #consumedBy(top: string): Quantities {
    let result = NOTHING;
    for (const agent of this.#cluster.agents.values()) {
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

  /** What known frameworks hold; agents may report others. */
  #knownHeld(agent: Agent): Pieces {
    let result: Pieces = [];
    for (const [id, pieces] of agent.held) {
      if (this.#cluster.frameworks.has(id)) {
        result = add(result, pieces);
      }
    }
    return result;
  }

  #rolesFor(agent: Agent): readonly string[] {
    return this.#course.roles(this.#cluster.roleSorter.sort(), agent.id);
  }

  #frameworksFor(agent: Agent, role: string): readonly string[] {
    return this.#course.frameworks(this.#cluster.sorterOf(role).sort(), agent.id, role);
  }

  /**
   * First stage: gives roles with a guarantee what brings them closer to it, and what comes with
   * that.
   */
  #guaranteeVisit(agent: Agent): void {
    for (const role of this.#rolesFor(agent)) {
      const { guarantees, limits } = this.#cluster.quotaOf(role);
      if (guarantees.size === 0) {
        continue;
      }
      if (this.#cluster.availableOn(agent).length === 0) {
        return;
      }
      const consumed = () => this.#budget.consumed.get(role) ?? NOTHING;
      for (const id of this.#frameworksFor(agent, role)) {
        const missing = minus(guarantees, consumed());
        if (missing.size === 0) {
          break;
        }
        const framework = this.#cluster.framework(id as FrameworkId);
        const visit = this.#look(agent, framework, role);
        if (visit === 'nothing left') {
          break;
        }
        if (visit === 'not wanted') {
          continue;
        }
        const countable = visit.filter(isQuotaPiece);
        const guaranteed = shrinkTo(countable, missing);
        if (guaranteed.length === 0) {
          continue;
        }

        const alongside = visit.filter(
          (piece) => reservedFor(piece) === role || !isScalar(piece) || isRevocable(piece),
        );
        let further = subtract(countable, guaranteed);
        if (limits.size > 0) {
          const room = limitsMinus(limitsMinus(limits, consumed()), quantitiesOf(guaranteed));
          further = shrinkWithin(further, room);
        }
        further = keepHeadroom(further, this.#budget);
        const pieces = add(add(guaranteed, alongside), further);
        if (!this.#isOfferedTo(framework, role, agent, pieces)) {
          continue;
        }

        this.#offer(agent, framework, role, pieces);
        const counted = plus(quantitiesOf(guaranteed), quantitiesOf(further));
        this.#budget.consumed.set(role, plus(consumed(), counted));
        this.#budget.requiredHeadroom = minus(
          this.#budget.requiredHeadroom,
          quantitiesOf(guaranteed),
        );
        this.#budget.availableHeadroom = minus(this.#budget.availableHeadroom, counted);
      }
    }
  }

  /** Second stage: gives all roles everything within their limits that no guarantee needs. */
  #fairVisit(agent: Agent): void {
    for (const role of this.#rolesFor(agent)) {
      if (this.#cluster.availableOn(agent).length === 0) {
        return;
      }
      const { limits } = this.#cluster.quotaOf(role);
      for (const id of this.#frameworksFor(agent, role)) {
        const framework = this.#cluster.framework(id as FrameworkId);
        const visit = this.#look(agent, framework, role);
        if (visit === 'nothing left') {
          break;
        }
        if (visit === 'not wanted') {
          continue;
        }
        const consumed = this.#budget.consumed.get(role) ?? NOTHING;
        let counted: Pieces = visit.filter(isQuotaPiece);
        if (limits.size > 0) {
          counted = shrinkWithin(counted, limitsMinus(limits, consumed));
        }
        counted = keepHeadroom(counted, this.#budget);
        const pieces = add(
          visit.filter((piece) => !isQuotaPiece(piece)),
          counted,
        );
        if (!this.#isOfferedTo(framework, role, agent, pieces)) {
          continue;
        }

        this.#offer(agent, framework, role, pieces);
        const increase = quantitiesOf(counted);
        if (this.#cluster.quotas.has(role)) {
          this.#budget.consumed.set(role, plus(consumed, increase));
        }
        this.#budget.availableHeadroom = minus(this.#budget.availableHeadroom, increase);
      }
    }
  }

  /**
   * What the agent could give to the framework for the role, or why there is no use in looking
   * further.
   */
  #look(agent: Agent, framework: Framework, role: string): Pieces | 'not wanted' | 'nothing left' {
    if (!isWanted(framework.terms.constraints, role, agent.facts)) {
      return 'not wanted';
    }
    // As in the reference, a shared volume that this run has offered already is offered again.
    const available = this.#cluster
      .availableOn(agent)
      .filter((piece) => isAllocatableTo(piece, role));
    if (available.length === 0) {
      return 'nothing left';
    }
    if (!this.#isEnough(available, role, framework)) {
      return 'not wanted';
    }
    const can = (capability: FrameworkCapability) =>
      framework.terms.capabilities.includes(capability);
    if (
      this.#options.filterGpuResources &&
      hasGpu(agent) &&
      !can(FrameworkCapability.GPU_RESOURCES)
    ) {
      return 'not wanted';
    }
    if (this.#isRemote(agent) && !can(FrameworkCapability.REGION_AWARE)) {
      return 'not wanted';
    }
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
    if (pieces.length === 0) {
      return false;
    }
    const own = framework.terms.minAllocatable[role]?.map(fromUnits);
    const minima = own ?? this.#minAllocatable;
    return minima.length === 0 || minima.some((minimum) => reaches(pieces, minimum));
  }

  #isOfferedTo(framework: Framework, role: string, agent: Agent, pieces: Pieces): boolean {
    if (!this.#isEnough(pieces, role, framework)) {
      return false;
    }
    const isMultiRole = framework.terms.capabilities.includes(FrameworkCapability.MULTI_ROLE);
    if (isMultiRole && !agent.capabilities.has(AgentCapability.MULTI_ROLE)) {
      return false;
    }
    if (role.includes('/') && !agent.capabilities.has(AgentCapability.HIERARCHICAL_ROLE)) {
      return false;
    }
    const filters = framework.filters.get(role)?.get(agent.id) ?? [];
    return !filters.some((filter) => this.#isInForce(filter) && contains(filter.refused, pieces));
  }

  /**
   * A batch still respects a filter that ends at its very time, unless the filter is older than the
   * batch before.
   */
  #isInForce(filter: Filter): boolean {
    const { now, batches, isBatch } = this.#moment;
    if (filter.endsAt !== now) {
      return filter.endsAt > now;
    }
    return isBatch && filter.madeAfter === batches;
  }

  #offer(agent: Agent, framework: Framework, role: string, given: Pieces): void {
    const pieces = allocate(given, role);
    const earlier = this.offered.find(
      (offer) =>
        offer.frameworkId === framework.id && offer.role === role && offer.agentId === agent.id,
    );
    if (earlier === undefined) {
      this.offered.push({ frameworkId: framework.id, role, agentId: agent.id, pieces });
    } else {
      earlier.pieces = add(earlier.pieces, pieces);
    }
    this.#cluster.hold(agent, framework.id, pieces);
    this.#cluster.track(agent, framework.id, pieces);
  }

  /**
   * Inverse offers to every active framework that holds something on an agent with an
   * unavailability.
   */
  #inverseOffers(candidates: readonly Agent[]): InverseOffered[] {
    const result: InverseOffered[] = [];
    for (const agent of candidates) {
      const outstanding = agent.inverseOutstanding;
      if (outstanding === undefined) {
        continue;
      }
      for (const id of agent.held.keys()) {
        const framework = this.#cluster.frameworks.get(id);
        if (framework === undefined || !framework.active || outstanding.has(id)) {
          continue;
        }
        const filters = framework.inverseFilters.get(agent.id) ?? [];
        if (filters.some((filter) => this.#isInForce(filter))) {
          continue;
        }
        outstanding.add(id);
        result.push({ frameworkId: id, agentId: agent.id });
      }
    }
    return result;
  }
}

/** Leaves out what the guarantees of others need of the free resources. */
function keepHeadroom(pieces: Pieces, budget: Budget): Pieces {
  if (budget.requiredHeadroom.size === 0 || pieces.length === 0) {
    return pieces;
  }
  return shrinkTo(pieces, minus(budget.availableHeadroom, budget.requiredHeadroom));
}

const hasGpu = (agent: Agent) =>
  agent.total.some((piece) => piece.name === 'gpus' && isScalar(piece));
