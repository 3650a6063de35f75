// The state of the allocator: agents, frameworks, roles, and who holds what. It keeps the account,
// and decides nothing.
import type { AgentFacts, AllocatorOptions, FrameworkTerms } from '../../src/core/interface.ts';
import type { AgentId, FrameworkId } from '../../src/model/ids.ts';
import { add, contains, equal, isShared, type Pieces, subtract, unallocate } from './pieces.ts';
import { type Limits, NOTHING, type Quantities, quantitiesOf } from './quantities.ts';
import { Sorter } from './sorter.ts';

export interface Filter {
  readonly refused: Pieces;
  readonly endsAt: number;
  /** The number of batches before it was made. */
  readonly madeAfter: number;
}

export interface Framework {
  readonly id: FrameworkId;
  terms: FrameworkTerms;
  roles: ReadonlySet<string>;
  suppressed: Set<string>;
  active: boolean;
  /** By role, then by agent. */
  readonly filters: Map<string, Map<AgentId, Filter[]>>;
  readonly inverseFilters: Map<AgentId, Filter[]>;
}

export interface Agent {
  readonly id: AgentId;
  readonly place: number;
  facts: AgentFacts;
  capabilities: ReadonlySet<number>;
  activated: boolean;
  total: Pieces;
  /** Offered or used, by framework; each piece has the role it is allocated to. */
  readonly held: Map<FrameworkId, Pieces>;
  /** The same for all frameworks together: its order decides what is taken from the total first. */
  allHeld: Pieces;
  /** Frameworks with an unanswered inverse offer; undefined without maintenance. */
  inverseOutstanding: Set<FrameworkId> | undefined;
}

export interface Quota {
  readonly guarantees: Quantities;
  readonly limits: Limits;
}

const NO_QUOTA: Quota = { guarantees: NOTHING, limits: new Map() };

export class Cluster {
  readonly options: AllocatorOptions;
  readonly roleSorter: Sorter;
  readonly frameworkSorters = new Map<string, Sorter>();
  readonly agents = new Map<AgentId, Agent>();
  readonly frameworks = new Map<FrameworkId, Framework>();
  readonly quotas = new Map<string, Quota>();

  constructor(options: AllocatorOptions) {
    this.options = options;
    this.roleSorter = new Sorter(options.fairnessExcluded);
  }

  agent(id: AgentId): Agent {
    const agent = this.agents.get(id);
    if (agent === undefined) {
      throw new Error(`no agent ${id}`);
    }
    return agent;
  }

  framework(id: FrameworkId): Framework {
    const framework = this.frameworks.get(id);
    if (framework === undefined) {
      throw new Error(`no framework ${id}`);
    }
    return framework;
  }

  sorterOf(role: string): Sorter {
    const sorter = this.frameworkSorters.get(role);
    if (sorter === undefined) {
      throw new Error(`no framework has the role ${role}`);
    }
    return sorter;
  }

  quotaOf(role: string): Quota {
    return this.quotas.get(role) ?? NO_QUOTA;
  }

  countIn(agent: Agent): void {
    const quantities = quantitiesOf(agent.total);
    this.roleSorter.addAgent(agent.id, quantities);
    for (const sorter of this.frameworkSorters.values()) {
      sorter.addAgent(agent.id, quantities);
    }
  }

  countOut(agent: Agent): void {
    this.roleSorter.removeAgent(agent.id);
    for (const sorter of this.frameworkSorters.values()) {
      sorter.removeAgent(agent.id);
    }
  }

  /** False where nothing differs; then the old list stays, with its order. */
  setTotal(agent: Agent, total: Pieces): boolean {
    if (equal(agent.total, total)) {
      return false;
    }
    this.countOut(agent);
    agent.total = total;
    this.countIn(agent);
    return true;
  }

  dropFilters(id: AgentId): void {
    for (const framework of this.frameworks.values()) {
      framework.inverseFilters.delete(id);
      for (const byAgent of framework.filters.values()) {
        byAgent.delete(id);
      }
    }
  }

  /** Makes the framework a client of the role; the role exists from its first framework on. */
  enter(role: string, id: FrameworkId): Sorter {
    let sorter = this.frameworkSorters.get(role);
    if (sorter === undefined) {
      this.roleSorter.add(role);
      this.roleSorter.activate(role);
      sorter = new Sorter(this.options.fairnessExcluded);
      for (const agent of this.agents.values()) {
        sorter.addAgent(agent.id, quantitiesOf(agent.total));
      }
      this.frameworkSorters.set(role, sorter);
    }
    // It may still be a client, as it holds resources of a role that it has left.
    if (!sorter.has(id)) {
      sorter.add(id);
    }
    return sorter;
  }

  /** A framework stays a client of a role while it holds resources of it. */
  tryLeave(role: string, id: FrameworkId): void {
    const sorter = this.sorterOf(role);
    if (!sorter.has(id) || sorter.holdsAnything(id)) {
      return;
    }
    sorter.remove(id);
    const isUsed = [...this.frameworks.keys()].some((other) => sorter.has(other));
    if (isUsed) {
      return;
    }
    this.roleSorter.remove(role);
    this.frameworkSorters.delete(role);
  }

  hold(agent: Agent, frameworkId: FrameworkId, pieces: Pieces): void {
    if (pieces.length === 0) {
      return;
    }
    agent.held.set(frameworkId, add(agent.held.get(frameworkId) ?? [], pieces));
    agent.allHeld = add(agent.allHeld, pieces);
  }

  release(agent: Agent, frameworkId: FrameworkId, pieces: Pieces): void {
    const held = agent.held.get(frameworkId) ?? [];
    if (!contains(held, pieces)) {
      throw new Error(`${frameworkId} gives back what it does not hold`);
    }
    const rest = subtract(held, pieces);
    if (rest.length === 0) {
      agent.held.delete(frameworkId);
    } else {
      agent.held.set(frameworkId, rest);
    }
    agent.allHeld = subtract(agent.allHeld, pieces);
  }

  availableOn(agent: Agent): Pieces {
    const held = unallocate(agent.allHeld);
    const shared = agent.total.filter(isShared);
    if (shared.length === 0) {
      return subtract(agent.total, held);
    }
    const isOwn = (piece: Pieces[number]) => !isShared(piece);
    return add(subtract(agent.total.filter(isOwn), held.filter(isOwn)), shared);
  }

  /** Counts what the framework holds, in the shares of its roles and in its own. */
  track(agent: Agent, frameworkId: FrameworkId, pieces: Pieces): void {
    for (const [role, own] of byRole(pieces)) {
      const sorter = this.enter(role, frameworkId);
      this.roleSorter.allocated(role, agent.id, own);
      sorter.allocated(frameworkId, agent.id, own);
    }
  }

  untrack(agent: Agent, frameworkId: FrameworkId, pieces: Pieces): void {
    for (const [role, own] of byRole(pieces)) {
      this.sorterOf(role).unallocated(frameworkId, agent.id, own);
      this.roleSorter.unallocated(role, agent.id, own);
      if (!this.framework(frameworkId).roles.has(role)) {
        this.tryLeave(role, frameworkId);
      }
    }
  }
}

function byRole(pieces: Pieces): ReadonlyMap<string, Pieces> {
  return Map.groupBy(pieces, (piece) => {
    if (piece.allocatedTo === undefined) {
      throw new Error('what is held has a role');
    }
    return piece.allocatedTo;
  });
}
