// How a demand goes with agents: whose offer would hold it, what the other offers lack, and which
// agents could not hold it if all of them were free. Revocable resources hold no demand.
import type {
  OfferExplanation_Fit,
  OfferExplanation_Shortage,
  Resource,
} from '../../model/generated/messages.ts';
import type { AgentId } from '../../model/ids.ts';
import { isReserved, reservationRole } from '../../model/resource-format.ts';
import { isInSubtree } from '../../model/role.ts';
import { MAX_EXAMPLES } from '../insight-questions.ts';
import type { Quantities, ResourceAlgebra } from '../interface.ts';
import { ownValue } from '../own-value.ts';
import { isLess } from './amounts.ts';

interface Shortage {
  agents: number;
  most: number;
  readonly examples: AgentId[];
}

class Shortages {
  readonly #demand: Quantities;
  readonly #byName = new Map<string, Shortage>();

  constructor(demand: Quantities) {
    this.#demand = demand;
  }

  /** Counts what the agent lacks; true if it lacks nothing. */
  add(id: AgentId, amounts: Quantities): boolean {
    let fits = true;
    for (const [name, needed] of Object.entries(this.#demand)) {
      if (!isLess(amounts, name, needed)) {
        continue;
      }
      fits = false;
      const shortage = this.#byName.get(name) ?? { agents: 0, most: 0, examples: [] };
      this.#byName.set(name, shortage);
      shortage.agents++;
      shortage.most = Math.max(shortage.most, ownValue(amounts, name) ?? 0);
      if (shortage.examples.length < MAX_EXAMPLES) {
        shortage.examples.push(id);
      }
    }
    return fits;
  }

  /** By number of agents, the most first. */
  messages(): OfferExplanation_Shortage[] {
    return [...this.#byName]
      .map(([resource, { agents, most, examples }]) => ({
        resource,
        agents,
        most,
        examples: examples.map((value) => ({ value })),
      }))
      .sort((a, b) => b.agents - a.agents || (a.resource < b.resource ? -1 : 1));
  }
}

export class DemandFit {
  readonly #algebra: ResourceAlgebra;
  readonly #role: string;
  readonly #lacking: Shortages;
  readonly #impossible: Shortages;
  readonly #examples: AgentId[] = [];
  #offered = 0;
  #possible = 0;
  #agents = 0;

  constructor(algebra: ResourceAlgebra, role: string, demand: Quantities) {
    this.#algebra = algebra;
    this.#role = role;
    this.#lacking = new Shortages(demand);
    this.#impossible = new Shortages(demand);
  }

  /** An agent with what it has, and what would be offered of it, if anything. */
  add(id: AgentId, total: readonly Resource[], offer: readonly Resource[] | undefined): void {
    this.#agents++;
    const mine = total.filter(
      (it) => !isReserved(it) || isInSubtree(this.#role, reservationRole(it)),
    );
    if (this.#impossible.add(id, this.#lasting(mine))) {
      this.#possible++;
    }
    if (offer !== undefined && this.#lacking.add(id, this.#lasting(offer))) {
      this.#offered++;
      if (this.#examples.length < MAX_EXAMPLES) {
        this.#examples.push(id);
      }
    }
  }

  #lasting(resources: readonly Resource[]): Quantities {
    return this.#algebra.quantities(resources.filter(({ revocable }) => revocable === undefined));
  }

  message(): OfferExplanation_Fit {
    const lacking = this.#lacking.messages();
    const impossibleBy = this.#impossible.messages();
    return {
      offered: this.#offered,
      ...(this.#examples.length > 0 && { examples: this.#examples.map((value) => ({ value })) }),
      ...(lacking.length > 0 && { lacking }),
      possible: this.#possible,
      impossible: this.#agents - this.#possible,
      ...(impossibleBy.length > 0 && { impossible_by: impossibleBy }),
    };
  }
}
