// What is known of agents that are unreachable or gone: since when, as the registry holds it, and,
// of those that this master has seen go, their host names and why.
import type { AgentInfo } from '../../model/generated/messages.ts';
import type { AgentId } from '../../model/ids.ts';
import type { MasterState } from '../state.ts';

/** How many of these are remembered by more than their ids. */
export const MAX_LOST_AGENTS = 10_000;
/** As long as names of hosts may be. */
const MAX_HOSTNAME_CHARACTERS = 255;

export interface LostAgent {
  readonly hostname: string;
  readonly port: number | undefined;
  /** Why it is unreachable. */
  readonly message: string | undefined;
}

/** Remembers an agent that is being lost; what is known of it already stays. */
export function rememberLost(
  { agents }: MasterState,
  id: AgentId,
  { info, message }: { readonly info: AgentInfo | undefined; readonly message?: string },
): void {
  const { hostname, port } = info ?? agents.lost.get(id) ?? {};
  if (hostname !== undefined) {
    agents.lost.set(id, { hostname: hostname.slice(0, MAX_HOSTNAME_CHARACTERS), port, message });
  }
}
