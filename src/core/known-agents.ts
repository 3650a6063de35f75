// The agents that an allocator knows: their numbers in the module, and the facts that their flags
// are computed from, so that a new fact or whitelist can change the flags.
import type { AgentId } from '../model/ids.ts';
import { BAD_HANDLE, EXISTS } from './constants.ts';
import type { AgentEntry } from './entries.ts';
import { agentFlags } from './flags.ts';
import type { Allocator } from './interface.ts';
import { accepted, type CoreModule, checked, statusError } from './module.ts';

export interface AgentsSnapshot {
  readonly agents: readonly AgentEntry[];
  readonly whitelist: readonly string[] | null;
  readonly lastPlace: number;
}

export class KnownAgents {
  readonly #module: CoreModule;
  /** The region of the master. */
  readonly #region: string | undefined;
  readonly #entries = new Map<AgentId, AgentEntry>();
  readonly #ids: AgentId[] = [];
  /** Host names that may be offered; null allows all. */
  #whitelist: ReadonlySet<string> | null = null;
  #lastPlace = 0;

  constructor(module: CoreModule, region: string | undefined) {
    this.#module = module;
    this.#region = region;
  }

  get size(): number {
    return this.#entries.size;
  }

  all(): IterableIterator<AgentEntry> {
    return this.#entries.values();
  }

  /** The agent with this number, also if it was removed. */
  id(number: number): AgentId {
    return this.#ids[number] as AgentId;
  }

  find(id: AgentId): AgentEntry | undefined {
    return this.#entries.get(id);
  }

  /** Throws BAD_HANDLE where the agent is not known. */
  get(id: AgentId): AgentEntry {
    const entry = this.#entries.get(id);
    if (entry === undefined) {
      throw statusError(BAD_HANDLE, `agent ${id}`);
    }
    return entry;
  }

  /** Throws EXISTS where the agent is known. */
  checkNew(id: AgentId): void {
    if (this.#entries.has(id)) {
      throw statusError(EXISTS, `agent ${id}`);
    }
  }

  /** Adds an agent; the exchange buffer has its total, `count` items. */
  add(agent: Parameters<Allocator['addAgent']>[0], count: number): AgentEntry {
    const { exports } = this.#module;
    const place = agent.place ?? this.#lastPlace + 1;
    const flags = this.#flagsOf({ ...agent, active: true });
    const number = checked(exports.addAgent(flags, place, count), agent.id);
    const entry: AgentEntry = {
      id: agent.id,
      number,
      facts: agent.facts,
      capabilities: agent.capabilities,
      active: true,
      maintenance: agent.unavailability !== undefined,
    };
    this.#entries.set(agent.id, entry);
    this.#ids[number] = agent.id;
    // Now, and not all at once when the allocator is saved for the first time.
    savedText(entry);
    if (entry.maintenance) {
      accepted(exports.setMaintenance(number, 1));
    }
    return entry;
  }

  /** Remembers the place: agents without a place come after it from now on. */
  keepPlace(place: number | undefined): void {
    this.#lastPlace = Math.max(this.#lastPlace, place ?? this.#lastPlace + 1);
  }

  remove(id: AgentId): void {
    accepted(this.#module.exports.removeAgent(this.get(id).number), id);
    this.#entries.delete(id);
  }

  setActive(id: AgentId, active: boolean): void {
    const entry = this.get(id);
    entry.active = active;
    this.updateFlags(entry);
  }

  setMaintenance(entry: AgentEntry, maintenance: boolean): void {
    entry.maintenance = maintenance;
    accepted(this.#module.exports.setMaintenance(entry.number, maintenance ? 1 : 0));
  }

  updateWhitelist(hostnames: readonly string[] | null): void {
    this.#whitelist = hostnames === null ? null : new Set(hostnames);
    for (const entry of this.#entries.values()) {
      this.updateFlags(entry);
    }
  }

  /** Tells the module the agent's flags, after a change of facts, capabilities or activity. */
  updateFlags(entry: AgentEntry): void {
    accepted(this.#module.exports.changeAgentFlags(entry.number, this.#flagsOf(entry)));
  }

  #flagsOf(agent: Pick<AgentEntry, 'facts' | 'capabilities' | 'active'>): number {
    const { facts, capabilities, active } = agent;
    const whitelisted = this.#whitelist === null || this.#whitelist.has(facts.hostname);
    return agentFlags({ facts, capabilities, active, whitelisted, region: this.#region });
  }

  /** All but the agents themselves, see `agentTexts`. */
  save(): Omit<AgentsSnapshot, 'agents'> {
    return {
      whitelist: this.#whitelist === null ? null : [...this.#whitelist],
      lastPlace: this.#lastPlace,
    };
  }

  /** The entries as JSON: what a live master saves must not hold it up for long. */
  agentTexts(): string {
    return `[${Array.from(this.#entries.values(), savedText).join(',')}]`;
  }

  /** Restores what `save` returned, for a module whose memory was copied. */
  restore({ agents, whitelist, lastPlace }: AgentsSnapshot): void {
    for (const agent of agents) {
      this.#entries.set(agent.id, { ...agent });
      this.#ids[agent.number] = agent.id;
    }
    this.#whitelist = whitelist === null ? null : new Set(whitelist);
    this.#lastPlace = lastPlace;
  }
}

/** The text of an entry as it was last saved. */
const savedTexts = new WeakMap<AgentEntry, AgentEntry & { readonly text: string }>();

/** An entry as JSON; made anew only where it has changed since. */
function savedText(entry: AgentEntry): string {
  const last = savedTexts.get(entry);
  if (
    last?.facts === entry.facts &&
    last.capabilities === entry.capabilities &&
    last.active === entry.active &&
    last.maintenance === entry.maintenance
  ) {
    return last.text;
  }
  const text = JSON.stringify(entry);
  savedTexts.set(entry, { ...entry, text });
  return text;
}
