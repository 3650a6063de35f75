// Agents that are not there: unreachable, gone, or refused when they wanted to register.
import type {
  MasterResponse_GetAgents_LostAgent,
  MasterResponse_GetAgents_RefusedAgent,
} from '../../model/generated/messages.ts';
import { AgentRow } from './rows.ts';
import type { Seen } from './shapes.ts';

/** Beyond that the ones that were lost first are forgotten. */
const MAX_LOST = 20_000;
/** An agent that wants to register tries again at least once in this time. */
const STILL_TRYING_MS = 600_000;

export interface RefusedAgent {
  readonly pid: string;
  readonly hostname: string;
  /** Why, in words of the master. */
  readonly message: string;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly times: number;
}

export class AwayAgents {
  /** By id. */
  readonly lost = new Map<string, AgentRow>();
  /** The one that has tried last first. */
  refused: readonly RefusedAgent[] = [];

  /** `known`: the row that it had as long as it was there. */
  add(seen: Seen<MasterResponse_GetAgents_LostAgent>, known: AgentRow | undefined): AgentRow {
    const row = lostAgent(seen, known ?? this.lost.get(seen.agent_id?.value ?? ''));
    this.lost.delete(row.id);
    this.lost.set(row.id, row);
    const [oldest] = this.lost.keys();
    if (this.lost.size > MAX_LOST && oldest !== undefined) {
      this.lost.delete(oldest);
    }
    return row;
  }

  /** In place of those that were told of before. */
  setRefused(agents: readonly Seen<MasterResponse_GetAgents_RefusedAgent>[]): void {
    this.refused = agents.map(refusedAgent);
  }

  addRefused(agent: Seen<MasterResponse_GetAgents_RefusedAgent>): void {
    this.refused = [...this.refused, refusedAgent(agent)];
  }

  /** Those that go on trying, by why they may not. */
  refusedNow(nowMs: number): ReadonlyMap<string, readonly RefusedAgent[]> {
    const trying = this.refused.filter(({ lastMs }) => nowMs - lastMs < STILL_TRYING_MS);
    return Map.groupBy(trying, ({ message }) => message);
  }
}

const refusedAgent = (agent: Seen<MasterResponse_GetAgents_RefusedAgent>): RefusedAgent => ({
  pid: agent.pid ?? '',
  hostname: agent.hostname ?? '',
  message: agent.message ?? '',
  firstMs: agent.first_time?.nanoseconds ?? 0,
  lastMs: agent.last_time?.nanoseconds ?? 0,
  times: agent.times ?? 0,
});

function lostAgent(
  {
    agent_id,
    gone = false,
    since_time,
    hostname,
    message = '',
    port,
  }: Seen<MasterResponse_GetAgents_LostAgent>,
  known: AgentRow | undefined,
): AgentRow {
  const row = new AgentRow();
  row.id = agent_id?.value ?? '';
  row.hostname = hostname ?? known?.hostname ?? '';
  row.port = port ?? known?.port ?? row.port;
  row.pid = known?.pid ?? '';
  row.version = known?.version ?? '';
  row.region = known?.region ?? '';
  row.zone = known?.zone ?? '';
  row.attributes = known?.attributes ?? [];
  row.loss = { isGone: gone, sinceMs: since_time?.nanoseconds ?? 0, message };
  return row;
}
