// What is known of agents that are unreachable or gone: since when, as the registry holds it, and,
// of those that this master has seen go, their host names and why.
import type { AgentId } from '../../model/ids.ts';
import type { MasterState } from '../state.ts';

/** How many of these are remembered by more than their ids. */
export const MAX_LOST_AGENTS = 10_000;
/** As long as names of hosts may be. */
const MAX_HOSTNAME_CHARACTERS = 255;

export interface LostAgent {
  readonly hostname: string;
  /** Why it is unreachable. */
  readonly message: string | undefined;
}

/** Remembers an agent that is being lost; what is known of it already stays. */
export function rememberLost(
  { agents }: MasterState,
  id: AgentId,
  { hostname, message }: { readonly hostname?: string | undefined; readonly message?: string },
): void {
  const known = agents.lost.get(id);
  const name = hostname?.slice(0, MAX_HOSTNAME_CHARACTERS) ?? known?.hostname;
  if (name !== undefined) {
    agents.lost.set(id, { hostname: name, message });
  }
}
