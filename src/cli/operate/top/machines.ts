// How loaded the machines of agents are, as the agents tell it: those on the screen are asked, in
// turns where they are many.
import {
  type MasterResponse_GetAgents_Agent as Agent,
  AgentCall_Type,
} from '../../../model/generated/messages.ts';
import { type AgentValues, ReachedAgent } from '../connection/agents.ts';
import type { Cluster } from '../connection/cluster.ts';
import { agentId } from '../connection/things.ts';
import { MOST_AGENTS, withPatience } from './usage.ts';

/** What is not told is undefined. */
export interface Machine {
  /** Over the last minute. */
  readonly load: number | undefined;
  readonly cpus: number | undefined;
  readonly memFreeBytes: number | undefined;
}

/** One that was asked in vain is not asked again for so long: it would hold up each look. */
const SILENCE_MS = 30_000;

interface Heard {
  readonly machine: Machine | undefined;
  /** When it may be asked again. */
  readonly dueMs: number;
}

export class MachineReader {
  readonly #ask: (agent: Agent) => Promise<Machine>;
  readonly #nowMs: () => number;
  /** Of the agents that were shown the last time, those asked longest ago first. */
  #heard = new Map<string, Heard>();

  constructor(ask: (agent: Agent) => Promise<Machine>, nowMs = () => performance.now()) {
    this.#ask = ask;
    this.#nowMs = nowMs;
  }

  /** By id, of those that have told; some may have told it in an earlier turn. */
  async read(shown: readonly Agent[]): Promise<ReadonlyMap<string, Machine>> {
    const agents = new Map(shown.map((agent) => [agentId(agent), agent]));
    const begunMs = this.#nowMs();
    const known = [...this.#heard].filter(([id]) => agents.has(id));
    const turn = [
      ...[...agents.keys()].filter((id) => !this.#heard.has(id)),
      ...known.filter(([, { dueMs }]) => dueMs <= begunMs).map(([id]) => id),
    ].slice(0, MOST_AGENTS);
    const asked = new Set(turn);
    const answers = await Promise.all(
      turn.map(async (id): Promise<[string, Heard]> => {
        const machine = await this.#ask(agents.get(id) as Agent).catch(() => undefined);
        const nowMs = this.#nowMs();
        return [id, { machine, dueMs: machine === undefined ? nowMs + SILENCE_MS : nowMs }];
      }),
    );
    this.#heard = new Map([...known.filter(([id]) => !asked.has(id)), ...answers]);
    const machines = new Map<string, Machine>();
    for (const [id, { machine }] of this.#heard) {
      if (machine !== undefined) {
        machines.set(id, machine);
      }
    }
    return machines;
  }
}

/** Asks an agent for its figures. Rejects where it does not answer in time, or may not. */
export const askingMachines = (cluster: Cluster, values: AgentValues) => async (agent: Agent) => {
  const reached = new ReachedAgent(cluster, agent, withPatience(values));
  const call = { type: AgentCall_Type.GET_METRICS, get_metrics: {} };
  const { get_metrics } = await reached.call(call);
  const figures = new Map(get_metrics?.metrics?.map(({ name, value }) => [name, value]));
  return {
    load: figures.get('system/load_1min'),
    cpus: figures.get('system/cpus_total'),
    memFreeBytes: figures.get('system/mem_free_bytes'),
  };
};
