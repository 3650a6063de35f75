// What a batch knows of agents, for constraints. It is kept for running tasks, long after their
// agents made an offer.

import { attributeOf } from '../../core/match-placements.ts';
import type { MatchPlace } from '../../core/matcher.ts';
import type { Offer } from '../../model/generated/messages.ts';
import { fieldOf } from './constraints.ts';

export interface AgentPlace extends MatchPlace {
  readonly agentId: string;
}

/** The most kinds of agents that are listed. */
const SHOWN_SORTS = 5;

export class Agents {
  readonly #places = new Map<string, AgentPlace>();
  /** Each agent as text, to see whether it has changed: most offers bring nothing new. */
  readonly #texts = new Map<string, string>();

  constructor(known: readonly AgentPlace[]) {
    for (const place of known) {
      this.#set(place, JSON.stringify(place));
    }
  }

  #set(place: AgentPlace, text: string): void {
    this.#places.set(place.agentId, place);
    this.#texts.set(place.agentId, text);
  }

  /** Returns the agents that are new or have changed. */
  note(offers: readonly Offer[]): AgentPlace[] {
    const news: AgentPlace[] = [];
    for (const { agent_id, hostname, attributes, domain } of offers) {
      const place: AgentPlace = {
        agentId: agent_id.value,
        hostname,
        ...(attributes === undefined ? {} : { attributes }),
        ...(domain === undefined ? {} : { domain }),
      };
      const text = JSON.stringify(place);
      if (this.#texts.get(place.agentId) !== text) {
        this.#set(place, text);
        news.push(place);
      }
    }
    return news;
  }

  of(agentId: string): MatchPlace | undefined {
    return this.#places.get(agentId);
  }

  get all(): readonly MatchPlace[] {
    return [...this.#places.values()];
  }

  /**
   * The values that agents have for some attributes, in words: `rack=r1 zone=a, rack=r2 no zone`.
   */
  have(attributes: readonly string[]): string {
    const sorts = new Set(
      this.all.map((place) => attributes.map((attribute) => wordsOf(place, attribute)).join(' ')),
    );
    const shown = [...sorts].toSorted().slice(0, SHOWN_SORTS).join(', ');
    return sorts.size > SHOWN_SORTS ? `${shown} and ${sorts.size - SHOWN_SORTS} more` : shown;
  }
}

function wordsOf(place: MatchPlace, attribute: string): string {
  const value = attributeOf(place, attribute);
  return value === undefined ? `no ${fieldOf(attribute)}` : `${fieldOf(attribute)}=${value}`;
}
