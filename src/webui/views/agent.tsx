// One agent: how it is, what it has for whom, and what runs on it.

import type { MasterResponse_GetAgents_Agent } from '../../model/generated/messages.ts';
import { Fact, Facts, Id, Tags } from '../components/facts.tsx';
import { FileBrowser } from '../components/file-browser.tsx';
import { Meter } from '../components/meter.tsx';
import { Name } from '../components/name.tsx';
import { place } from '../components/place.tsx';
import { TaskTable } from '../components/task-table.tsx';
import { Ago } from '../components/time.tsx';
import { href } from '../locations/location.ts';
import { AGENT } from '../store/message-shapes.ts';
import { type AgentRow, readExtent } from '../store/rows.ts';
import { AMOUNT_NAMES } from '../store/sums.ts';
import { agentCondition } from '../words/conditions.ts';
import { resourceWords } from '../words/resources.ts';
import { AgentHead, MissingAgent, useAgent } from './agent-head.tsx';
import type { Names } from './views.ts';

export function AgentView({ names }: { names: Names }) {
  const found = useAgent(names);
  if (found === undefined) {
    return <MissingAgent {...names} />;
  }
  const { cluster, agent } = found;
  const { sums } = cluster.use(agent.id);
  return (
    <>
      <AgentHead agent={agent} />
      <div class="panels">
        {AMOUNT_NAMES.map((name, index) => ({ name, total: agent.total[index] ?? 0, index }))
          .filter(({ total }) => total > 0)
          .map(({ name, total, index }) => (
            <Meter
              key={name}
              name={name}
              total={total / 1000}
              allocated={(sums.amounts[index] ?? 0) / 1000}
            />
          ))}
      </div>
      <div class="split split-even">
        <AgentFacts agent={agent} />
        <AgentResources agent={agent} />
      </div>
      <h2 class="section">Tasks</h2>
      <TaskTable
        cluster={cluster}
        filter={{ state: 'all', ...place.value.query, agent: agent.id }}
        without={['agent', 'role']}
      />
    </>
  );
}

function AgentFacts({ agent }: { agent: AgentRow }) {
  return (
    <section class="panel">
      <h2>Facts</h2>
      <Facts>
        <Fact name="Id">
          <Id text={agent.id} what="the id of the agent" />
        </Fact>
        <Fact name="State">{agentCondition(agent).means}</Fact>
        <Fact name="Address">
          {agent.pid === '' ? null : <Name text={agent.pid.slice(agent.pid.indexOf('@') + 1)} />}
        </Fact>
        <Fact name="Region, zone">
          {agent.region === '' ? null : <Name text={`${agent.region}, ${agent.zone}`} />}
        </Fact>
        <Fact name="Version">{agent.version === '' ? null : <Name text={agent.version} />}</Fact>
        <Fact name="Registered">
          {agent.registeredMs === 0 ? null : <Ago ms={agent.registeredMs} />}
        </Fact>
        <Fact name="Came back">
          {agent.reregisteredMs === 0 ? null : <Ago ms={agent.reregisteredMs} />}
        </Fact>
        <Fact name="Attributes">
          {agent.attributes.length === 0 ? null : (
            <Tags texts={agent.attributes.map(({ name, text }) => `${name}: ${text}`)} />
          )}
        </Fact>
      </Facts>
    </section>
  );
}

function AgentResources({ agent: { id, extent } }: { agent: AgentRow }) {
  if (extent === undefined) {
    return null;
  }
  const { total_resources = [] } = readExtent<MasterResponse_GetAgents_Agent>(AGENT, extent);
  return (
    <section class="panel">
      <h2>Resources</h2>
      <ul class="lines">
        {total_resources.map((resource) => {
          const words = resourceWords(resource);
          return (
            <li key={words}>
              <Name text={words} />
            </li>
          );
        })}
      </ul>
      <p class="panel-more">
        <a href={href(['agents', id, 'resources'])}>Reservations and volumes</a>
      </p>
    </section>
  );
}

/** Its sandboxes and log, from the top. */
export function AgentFilesView({ names }: { names: Names }) {
  const found = useAgent(names);
  return found === undefined ? (
    <MissingAgent {...names} />
  ) : (
    <>
      <AgentHead agent={found.agent} />
      <FileBrowser agent={found.agent.id} root="" />
    </>
  );
}
