// What tasks use, as agents measure it: memory at once, CPUs from the second look on.
import {
  type MasterResponse_GetAgents_Agent as Agent,
  AgentCall_Type,
  type AgentResponse_GetContainers_Container as Container,
  type ContainerID,
} from '../../../model/generated/messages.ts';
import { type AgentValues, ReachedAgent } from '../connection/agents.ts';
import type { Cluster } from '../connection/cluster.ts';

export interface Use {
  /** CPUs over the time since the look before. */
  readonly cpus: number | undefined;
  readonly memBytes: number | undefined;
}

/** A look at a container. */
interface Look {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

/** As many agents are asked at a time. */
export const MOST_AGENTS = 32;
/** An agent that answers later than that is left out of this look. */
const PATIENCE_MS = 2_000;

/** For agents that are asked for the sake of a look. */
export const withPatience = (values: AgentValues): AgentValues => ({
  ...values,
  timeout: Math.min(values.timeout, PATIENCE_MS),
});

export class UsageReader {
  readonly #cluster: Cluster;
  readonly #values: AgentValues;
  /** Of the containers that were seen the last time. */
  #looks = new Map<string, Look>();

  constructor(cluster: Cluster, values: AgentValues) {
    this.#cluster = cluster;
    this.#values = withPatience(values);
  }

  /** By container; without those of agents that do not answer, and how many these are. */
  async read(
    agents: readonly Agent[],
  ): Promise<{ readonly uses: ReadonlyMap<string, Use>; readonly silent: number }> {
    const answers = await Promise.all(
      agents.slice(0, MOST_AGENTS).map((agent) => this.#containersOf(agent)),
    );
    const uses = new Map<string, Use>();
    const looks = new Map<string, Look>();
    for (const { container_id, resource_statistics: figures } of answers.flatMap(
      (containers) => containers ?? [],
    )) {
      if (figures === undefined) {
        continue;
      }
      const id = containerKey(container_id);
      const { cpus_user_time_secs: user, cpus_system_time_secs: system } = figures;
      const look = { seconds: figures.timestamp, cpuSeconds: (user ?? 0) + (system ?? 0) };
      const before = this.#looks.get(id);
      const passed = before === undefined ? 0 : look.seconds - before.seconds;
      if (before !== undefined && passed > 0) {
        uses.set(id, {
          cpus: Math.max(0, look.cpuSeconds - before.cpuSeconds) / passed,
          memBytes: memoryOf(figures),
        });
      } else {
        uses.set(id, { cpus: undefined, memBytes: memoryOf(figures) });
      }
      if (user !== undefined) {
        looks.set(id, before !== undefined && passed === 0 ? before : look);
      }
    }
    this.#looks = looks;
    return { uses, silent: answers.filter((each) => each === undefined).length };
  }

  async #containersOf(agent: Agent): Promise<readonly Container[] | undefined> {
    try {
      const { get_containers } = await new ReachedAgent(this.#cluster, agent, this.#values).call({
        type: AgentCall_Type.GET_CONTAINERS,
        get_containers: { show_nested: true },
      });
      return get_containers?.containers ?? [];
    } catch {
      // One that cannot be asked, or may not be, is counted.
      return undefined;
    }
  }
}

const memoryOf = ({
  mem_rss_bytes,
  mem_total_bytes,
}: NonNullable<Container['resource_statistics']>) => mem_total_bytes ?? mem_rss_bytes;

/** Of a nested one with those above it: ids are unique among siblings only. */
export function containerKey({ value, parent }: ContainerID): string {
  return parent === undefined ? value : `${containerKey(parent)}/${value}`;
}
