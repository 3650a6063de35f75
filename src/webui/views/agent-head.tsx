// What all views of one agent have at their top.
import { ConditionBadge } from '../components/badge.tsx';
import { useCluster } from '../components/live.ts';
import { Name } from '../components/name.tsx';
import { Empty, Loading } from '../components/notices.tsx';
import { Tabs, ViewHead } from '../components/view-head.tsx';
import { AgentActions } from '../dialogs/agent-actions.tsx';
import { href } from '../locations/location.ts';
import type { Cluster } from '../store/cluster.ts';
import type { AgentRow } from '../store/rows.ts';
import { agentCondition, agentName } from '../words/conditions.ts';
import { LostAgent } from './lost-agent.tsx';
import type { Names } from './views.ts';

interface Found {
  readonly cluster: Cluster;
  readonly agent: AgentRow;
}

export function useAgent({ agent: id = '' }: Names): Found | undefined {
  const cluster = useCluster();
  const agent = cluster?.agents.get(id);
  return cluster === undefined || agent === undefined ? undefined : { cluster, agent };
}

export function MissingAgent({ agent = '' }: Names) {
  const cluster = useCluster();
  const lost = cluster?.away.lost.get(agent);
  return cluster === undefined ? (
    <Loading what="the agent" />
  ) : lost !== undefined ? (
    <LostAgent cluster={cluster} agent={lost} />
  ) : (
    <Empty title="There is no such agent">
      No agent <Name text={agent} /> is registered now. <a href={href(['agents'])}>All agents</a>
    </Empty>
  );
}

export function AgentHead({ agent }: { agent: AgentRow }) {
  const own = ['agents', agent.id];
  return (
    <>
      <ViewHead of={{ title: 'Agents', path: ['agents'] }} name={agentName(agent)}>
        <ConditionBadge condition={agentCondition(agent)} />
        <AgentActions agent={agent} />
      </ViewHead>
      <Tabs
        label="Of this agent"
        tabs={[
          { title: 'Overview', path: own },
          { title: 'Reservations', path: [...own, 'resources'] },
          { title: 'Files', path: [...own, 'files'] },
        ]}
      />
    </>
  );
}
