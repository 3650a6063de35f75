// A map of agents: a square for each, as hot as it is used, grouped by where they are or what they
// have.
import { href } from '../locations/location.ts';
import type { AgentRow, AgentUse } from '../store/rows.ts';
import { byText } from '../store/task-list.ts';
import { counted, percentText, RESOURCE_TITLES } from '../words/amounts.ts';
import { agentCondition, agentName } from '../words/conditions.ts';
import { plainName } from '../words/names.ts';
import { Name } from './name.tsx';

/** An agent, and what is on it. */
export interface AgentLine {
  readonly agent: AgentRow;
  readonly use: AgentUse;
}

interface AgentMapProps {
  readonly lines: readonly AgentLine[];
  /** The group that an agent is in; empty where it is in none. */
  readonly groupOf: (agent: AgentRow) => string;
  readonly heat: 'cpus' | 'mem';
}

/** Steps of heat, of which 0 is no use at all. */
const STEPS = 5;

/** Of 0 … 1. */
export function useShare({ agent, use }: AgentLine, heat: 'cpus' | 'mem'): number {
  const index = heat === 'cpus' ? 0 : 1;
  return agent.total[index] === 0 ? 0 : use.sums.amounts[index] / agent.total[index];
}

export function AgentMap({ lines, groupOf, heat }: AgentMapProps) {
  const groups = [...Map.groupBy(lines, ({ agent }) => groupOf(agent))].sort(([left], [right]) =>
    byText(left, right),
  );
  return (
    <>
      <p class="map-legend quiet" aria-hidden="true">
        {RESOURCE_TITLES[heat]} in use: none
        {Array.from({ length: STEPS + 1 }, (_, step) => (
          <span key={step} class="map-cell" data-heat={step} />
        ))}
        all
        <span class="map-cell" data-active={false} />
        not active
      </p>
      <div class="map-groups">
        {groups.map(([group, members]) => (
          <section key={group} class="panel">
            <h2>
              {group === '' ? 'In no group' : <Name text={group} />}{' '}
              <span class="quiet">{counted(members.length, 'agent')}</span>
            </h2>
            <div class="map">
              {members.map((line) => (
                <Cell key={line.agent.id} line={line} heat={heat} />
              ))}
            </div>
          </section>
        ))}
      </div>
    </>
  );
}

function Cell({ line, heat }: { line: AgentLine; heat: 'cpus' | 'mem' }) {
  const { agent } = line;
  const share = useShare(line, heat);
  const { key, text } = agentCondition(agent);
  const says = `${plainName(agentName(agent))}: ${percentText(share)} of ${RESOURCE_TITLES[heat]}, ${text}`;
  return (
    <a
      class="map-cell"
      href={href(['agents', agent.id])}
      title={says}
      data-heat={Math.min(STEPS, Math.ceil(share * STEPS))}
      data-active={key === 'active'}
    >
      <span class="unseen">{says}</span>
    </a>
  );
}
