// What a registry holds, as maps, and what each change does to it. This defines the changes for
// every engine.
import type {
  AgentInfo,
  MachineInfo,
  QuotaConfig,
  Schedule,
  WeightInfo,
} from './generated/messages.ts';
import { type AgentId, agentId } from './ids.ts';
import type { AgentDuty, RegistryChange, RegistrySnapshot, UnreachableAgent } from './registry.ts';

export class RegistryContent {
  readonly #agents = new Map<AgentId, AgentInfo>();
  readonly #unreachable = new Map<AgentId, bigint>();
  readonly #gone = new Map<AgentId, bigint>();
  readonly #duties = new Map<AgentId, AgentDuty>();
  #weights: readonly WeightInfo[] | undefined;
  #quotas: readonly QuotaConfig[] | undefined;
  #schedules: readonly Schedule[] | undefined;
  #machines: readonly MachineInfo[] | undefined;
  #minimumCapabilities: readonly string[] | undefined;

  apply(change: RegistryChange): void {
    switch (change.type) {
      case 'electMaster':
        return;
      case 'admitAgent':
      case 'updateAgent':
      case 'markReachable': {
        const id = idOf(change.agent);
        this.#agents.set(id, change.agent);
        this.#unreachable.delete(id);
        return;
      }
      case 'removeAgent':
        this.#agents.delete(change.id);
        this.#duties.delete(change.id);
        return;
      case 'markUnreachable':
        this.#agents.delete(change.id);
        this.#unreachable.set(change.id, change.sinceNs);
        return;
      case 'markGone':
        this.#agents.delete(change.id);
        this.#unreachable.delete(change.id);
        this.#duties.delete(change.id);
        this.#gone.set(change.id, change.sinceNs);
        return;
      case 'forget':
        for (const id of change.ids) {
          this.#unreachable.delete(id);
          this.#gone.delete(id);
          this.#duties.delete(id);
        }
        return;
      case 'setWeights':
        this.#weights = change.weights;
        return;
      case 'setQuotas':
        this.#quotas = change.quotas;
        return;
      case 'setMaintenance':
        this.#schedules = change.schedules;
        this.#machines = change.machines;
        return;
      case 'setDuty':
        if (isIdle(change)) {
          this.#duties.delete(change.id);
        } else {
          const { id, drain, deactivated } = change;
          this.#duties.set(id, { id, drain, deactivated });
        }
        return;
      case 'setMinimumCapabilities':
        this.#minimumCapabilities = change.names;
        return;
      default:
        change satisfies never;
    }
  }

  snapshot(): RegistrySnapshot {
    return {
      agents: [...this.#agents.values()],
      unreachable: entries(this.#unreachable),
      gone: entries(this.#gone),
      weights: this.#weights,
      quotas: this.#quotas,
      schedules: this.#schedules,
      machines: this.#machines,
      duties: [...this.#duties.values()],
      minimumCapabilities: this.#minimumCapabilities,
    };
  }
}

const entries = (map: ReadonlyMap<AgentId, bigint>): UnreachableAgent[] =>
  [...map].map(([id, sinceNs]) => ({ id, sinceNs }));

/** Whether the duty asks for nothing, so that there is nothing to store. */
export const isIdle = ({ drain, deactivated }: AgentDuty) => drain === undefined && !deactivated;

/** The id of an admitted agent; one without an id is a bug of the caller. */
export function idOf(agent: AgentInfo): AgentId {
  if (agent.id === undefined) {
    throw new Error('An agent without an id cannot be in the registry');
  }
  return agentId(agent.id.value);
}
