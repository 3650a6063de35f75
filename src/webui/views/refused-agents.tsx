// Agents that want to register and may not, with the master's reasons.
import { Name } from '../components/name.tsx';
import { Empty } from '../components/notices.tsx';
import { Ago } from '../components/time.tsx';
import type { AgentQuery } from '../store/agent-filter.ts';
import type { RefusedAgent } from '../store/away-agents.ts';
import { haveWords, wordsOf } from '../store/wanted-words.ts';
import { countText } from '../words/amounts.ts';

/** In links, beside the conditions of agents that have registered. */
export const REFUSED = 'refused';

export function refusedPasses(
  { pid, hostname, message }: RefusedAgent,
  { q = '', place, attribute, version }: AgentQuery,
): boolean {
  return (
    [place, attribute, version].every((each) => each === undefined) &&
    haveWords([hostname, pid, message], wordsOf(q))
  );
}

export const RefusedAgents = ({ agents }: { agents: readonly RefusedAgent[] }) =>
  agents.length === 0 ? (
    <Empty title="No agent is refused">
      No agent has wanted to register within the last hour and was refused; or you may not see the
      log of the master, which says so.
    </Empty>
  ) : (
    <ul class="stack">
      {agents.map(({ pid, hostname, message, firstMs, lastMs, times }) => (
        <li key={pid} class="panel">
          <p>
            <strong>
              <Name text={hostname} />
            </strong>{' '}
            <span class="quiet">
              <Name text={pid} />
            </span>
          </p>
          <p>
            <Name text={message} />
          </p>
          <p class="quiet">
            {times === 1 ? 'Once, ' : `${countText(times)} times, the first `}
            <Ago ms={firstMs} />
            {times === 1 ? null : (
              <>
                , the last <Ago ms={lastMs} />
              </>
            )}
            .
          </p>
        </li>
      ))}
    </ul>
  );
