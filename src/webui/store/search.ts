// Finds tasks, frameworks, agents and roles by names and ids, agents by attributes
// too, and tasks by labels: what fits best and is newest comes
// first. A hundred thousand tasks are looked at in steps, so that nothing else waits for them.
import { isTerminal } from '../../model/task-state.ts';
import { agentName } from '../words/conditions.ts';
import { attributeText } from './agent-filter.ts';
import type { Cluster } from './cluster.ts';
import { byText } from './task-list.ts';
import { wordsOf } from './wanted-words.ts';

export type FoundKind = 'task' | 'framework' | 'agent' | 'role';

export interface Found {
  readonly kind: FoundKind;
  readonly id: string;
  /** Of a task; empty for others. */
  readonly frameworkId: string;
  readonly name: string;
  /** When something happened to it the last time; 0 where nobody knows. */
  readonly atMs: number;
}

export interface FoundGroup {
  readonly kind: FoundKind;
  readonly found: readonly Found[];
  /** Those that are left out included. */
  readonly count: number;
}

/** Of each kind. */
const MAX_FOUND = 6;
/** Things that are looked at in one step: a fraction of a millisecond. */
const STEP = 500;

/** How well words fit: the whole id or name, the beginning of one, or anything within. */
const WHOLE = 3;
const BEGINNING = 2;
const WITHIN = 1;

/** Found ones of a kind, the best first; beyond the first few they are only counted. */
class Best {
  readonly kind: FoundKind;
  readonly #best: { readonly found: Found; readonly fit: number }[] = [];
  #count = 0;

  constructor(kind: FoundKind) {
    this.kind = kind;
  }

  add(fit: number, found: () => Omit<Found, 'kind'>, atMs: number): void {
    this.#count++;
    const last = this.#best.at(-1);
    const isFull = this.#best.length === MAX_FOUND;
    if (isFull && last !== undefined && (fit - last.fit || atMs - last.found.atMs) <= 0) {
      return;
    }
    const place = this.#best.findIndex((other) => (fit - other.fit || atMs - other.found.atMs) > 0);
    const one = { found: { kind: this.kind, ...found() }, fit };
    this.#best.splice(place < 0 ? this.#best.length : place, 0, one);
    this.#best.splice(MAX_FOUND);
  }

  /** How well the best of them fits. */
  get fit(): number {
    return Math.floor(this.#best[0]?.fit ?? 0);
  }

  group(): FoundGroup {
    return { kind: this.kind, found: this.#best.map(({ found }) => found), count: this.#count };
  }
}

const lower = (text: string): string => text.toLowerCase();

/** 0 where a word is in none of the texts. */
function fitOf(words: readonly string[], texts: readonly string[]): number {
  let fit = WHOLE;
  for (const word of words) {
    let best = 0;
    for (const text of texts) {
      const at = text.indexOf(word);
      const here = at < 0 ? 0 : at > 0 ? WITHIN : text.length === word.length ? WHOLE : BEGINNING;
      best = Math.max(best, here);
    }
    if (best === 0) {
      return 0;
    }
    fit = Math.min(fit, best);
  }
  return fit;
}

/**
 * Yields where others may have their turn, and returns what was found, the kind that fits best
 * first; groups without any are left out. Tasks that run come before those that have ended, where
 * both fit alike.
 */
export function* search(cluster: Cluster, text: string): Generator<void, readonly FoundGroup[]> {
  const words = wordsOf(text);
  if (words.length === 0) {
    return [];
  }
  const [frameworks, agents, roles, tasks] = [
    new Best('framework'),
    new Best('agent'),
    new Best('role'),
    new Best('task'),
  ] as const;
  const names = new Set<string>();
  let looked = 0;
  for (const framework of cluster.frameworks.values()) {
    const { id, name, roles: own, registeredMs, reregisteredMs } = framework;
    own.forEach((role) => {
      names.add(role);
    });
    const fit = fitOf(words, [name.toLowerCase(), id.toLowerCase()]);
    const atMs = Math.max(registeredMs, reregisteredMs);
    if (fit > 0) {
      frameworks.add(fit, () => ({ id, frameworkId: '', name: name || id, atMs }), atMs);
    }
    if (++looked % STEP === 0) {
      yield;
    }
  }
  for (const agent of [...cluster.agents.values(), ...cluster.away.lost.values()]) {
    const { id, registeredMs, reregisteredMs, loss } = agent;
    const name = agentName(agent);
    const texts = [name, id, ...agent.attributes.map(attributeText)];
    const fit = fitOf(words, texts.map(lower));
    const atMs = loss?.sinceMs ?? Math.max(registeredMs, reregisteredMs);
    if (fit > 0) {
      agents.add(fit, () => ({ id, frameworkId: '', name: name || id, atMs }), atMs);
    }
    if (++looked % STEP === 0) {
      yield;
    }
  }
  for (const { id, name, frameworkId, role, state, changedMs, labels } of cluster.tasks()) {
    names.add(role);
    const lowId = id.toLowerCase();
    const own = name === id ? [lowId] : [name.toLowerCase(), lowId];
    const fit = fitOf(words, labels === undefined ? own : [...own, ...labels.map(lower)]);
    if (fit > 0) {
      const isLive = isTerminal(state) ? 0 : 0.5;
      const found = () => ({ id, frameworkId, name: name || id, atMs: changedMs });
      tasks.add(fit + isLive, found, changedMs);
    }
    if (++looked % STEP === 0) {
      yield;
    }
  }
  for (const name of [...names].sort(byText)) {
    const fit = fitOf(words, [name.toLowerCase()]);
    if (fit > 0) {
      roles.add(fit, () => ({ id: name, frameworkId: '', name, atMs: 0 }), 0);
    }
  }
  return [frameworks, agents, roles, tasks]
    .sort((left, right) => right.fit - left.fit)
    .map((best) => best.group())
    .filter(({ count }) => count > 0);
}
