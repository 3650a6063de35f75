// One agent that is unreachable or gone: what is known of it still, and what ran on it.
import { ConditionBadge } from '../components/badge.tsx';
import { Fact, Facts, Id, Tags } from '../components/facts.tsx';
import { Name } from '../components/name.tsx';
import { place } from '../components/place.tsx';
import { TaskTable } from '../components/task-table.tsx';
import { Ago } from '../components/time.tsx';
import { ViewHead } from '../components/view-head.tsx';
import { LostAgentActions } from '../dialogs/agent-actions.tsx';
import { attributeText, placeText } from '../store/agent-filter.ts';
import type { Cluster } from '../store/cluster.ts';
import type { AgentRow } from '../store/rows.ts';
import { agentCondition, agentName } from '../words/conditions.ts';

export function LostAgent({ cluster, agent }: { cluster: Cluster; agent: AgentRow }) {
  const { id, hostname, pid, version, attributes, loss } = agent;
  const condition = agentCondition(agent);
  return (
    <>
      <ViewHead of={{ title: 'Agents', path: ['agents'] }} name={agentName(agent)}>
        <ConditionBadge condition={condition} />
        <LostAgentActions agent={agent} />
      </ViewHead>
      <section class="panel">
        <h2>Facts</h2>
        <Facts>
          <Fact name="Id">
            <Id text={id} what="the id of the agent" />
          </Fact>
          <Fact name="State">{condition.means}</Fact>
          <Fact name="Since">{loss === undefined ? null : <Ago ms={loss.sinceMs} />}</Fact>
          <Fact name="Why">{loss?.message ? <Name text={loss.message} /> : null}</Fact>
          <Fact name="Host">
            {hostname === '' ? (
              <span class="quiet">
                Not known: the master was started since, and its registry keeps the id only.
              </span>
            ) : (
              <Name text={hostname} />
            )}
          </Fact>
          <Fact name="Address">
            {pid === '' ? null : <Name text={pid.slice(pid.indexOf('@') + 1)} />}
          </Fact>
          <Fact name="Region, zone">
            {placeText(agent) === '' ? null : <Name text={placeText(agent)} />}
          </Fact>
          <Fact name="Version">{version === '' ? null : <Name text={version} />}</Fact>
          <Fact name="Attributes">
            {attributes.length === 0 ? null : <Tags texts={attributes.map(attributeText)} />}
          </Fact>
        </Facts>
      </section>
      <h2 class="section">Tasks</h2>
      <TaskTable
        cluster={cluster}
        filter={{ state: 'all', ...place.value.query, agent: id }}
        without={['agent', 'role']}
      />
    </>
  );
}
