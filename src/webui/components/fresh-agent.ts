// Keeps the one agent that is looked at as it is: events tell that an agent has come or was
// removed, but, as those of Mesos, not that it is drained, deactivated, silent, unreachable or
// marked gone.
import { DrainState } from '../../model/generated/messages.ts';
import type { AgentRow } from '../store/rows.ts';
import { cluster } from '../stream/connection.ts';
import { request } from '../stream/requests.ts';
import { useReading } from './reading.ts';

const EVERY_MS = 3000;

/** What /slaves says of each, as far as it is read here. */
interface FoundAgent {
  readonly id: string;
  readonly active: boolean;
  readonly deactivated?: boolean;
  readonly drain_info?: { readonly state?: keyof typeof DrainState };
}

interface Found {
  readonly slaves: readonly FoundAgent[];
  readonly recovered_slaves?: readonly { readonly id: string }[];
}

/** `occasion`: something after which it may be another; it is asked at once. */
export function useFreshAgent({ id }: AgentRow, occasion: number): void {
  useReading(`agent ${id} ${occasion}`, EVERY_MS, async (signal) => {
    const query = new URLSearchParams({ slave_id: id });
    const answer = await request(`/slaves?${query}`, { signal });
    const { slaves, recovered_slaves = [] } = (await answer.json()) as Found;
    if (cluster.value === undefined) {
      return;
    }
    const found = slaves.find((each) => each.id === id);
    const row = cluster.value.agents.get(id);
    if (found === undefined && !recovered_slaves.some((each) => each.id === id)) {
      cluster.value.agents.delete(id);
    } else if (found !== undefined && row !== undefined) {
      row.active = found.active;
      row.deactivated = found.deactivated ?? false;
      row.drainState = DrainState[found.drain_info?.state ?? 'UNKNOWN'];
    }
    cluster.value.hasChanged = true;
  });
}
