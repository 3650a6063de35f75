// The outcomes of chance in a run: the order of shuffled agents, and of roles and frameworks that
// are drawn. The oracle draws nothing. It is told the offers of a run in their order, and takes
// from them the order in which clients that got something had their turns. All others follow: a
// client that got nothing while there was more gets nothing later. If that order does not lead to
// these offers, no order does.
//
// The offers do not tell when clients that got something for a guarantee had their second turn, in
// the fair stage, since what they got then is part of the same offer. The second turns come after
// all others, or at a given place among them.
import type { AllocatorOptions } from '../../src/core/interface.ts';

export interface Turn {
  readonly frameworkId: string;
  readonly role: string;
  readonly agentId: string;
}

export class Course {
  readonly #options: AllocatorOptions;
  readonly #turns: readonly Turn[];
  readonly #secondTurns: number | undefined;

  /**
   * `secondTurns` is how many turns of other clients come before those of guaranteed clients in the
   * fair stage.
   */
  constructor(options: AllocatorOptions, turns: readonly Turn[], secondTurns?: number) {
    this.#options = options;
    this.#turns = turns;
    this.#secondTurns = secondTurns;
  }

  /** The course of the fair stage, after these offers were made for guarantees. */
  afterGuarantees(made: readonly Turn[]): Course {
    const isMade = (turn: Turn) =>
      made.some(
        (one) =>
          one.frameworkId === turn.frameworkId &&
          one.role === turn.role &&
          one.agentId === turn.agentId,
      );
    const others = this.#turns.filter((turn) => !isMade(turn));
    const place = this.#secondTurns ?? others.length;
    return new Course(this.#options, others.toSpliced(place, 0, ...this.#turns.filter(isMade)));
  }

  agents<Agent extends { readonly id: string }>(agents: readonly Agent[]): readonly Agent[] {
    if (this.#options.seed === 0) {
      return agents;
    }
    return this.#inTurn(agents, (agent, turn) => turn.agentId === agent.id);
  }

  roles(roles: readonly string[], agent: string): readonly string[] {
    if (this.#options.roleSorter === 'drf') {
      return roles;
    }
    return this.#inTurn(roles, (role, turn) => turn.agentId === agent && turn.role === role);
  }

  frameworks(frameworks: readonly string[], agent: string, role: string): readonly string[] {
    if (this.#options.frameworkSorter === 'drf') {
      return frameworks;
    }
    return this.#inTurn(
      frameworks,
      (framework, turn) =>
        turn.agentId === agent && turn.role === role && turn.frameworkId === framework,
    );
  }

  #inTurn<Item>(
    items: readonly Item[],
    isTurnOf: (item: Item, turn: Turn) => boolean,
  ): readonly Item[] {
    const turnOf = (item: Item) => {
      const index = this.#turns.findIndex((turn) => isTurnOf(item, turn));
      return index < 0 ? this.#turns.length : index;
    };
    return [...items].sort((a, b) => turnOf(a) - turnOf(b));
  }
}
