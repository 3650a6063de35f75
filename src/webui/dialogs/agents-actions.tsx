// What an operator can do to several agents at once.
import { Name } from '../components/name.tsx';
import type { Cluster } from '../store/cluster.ts';
import type { AgentRow } from '../store/rows.ts';
import { counted, countText } from '../words/amounts.ts';
import { agentCondition, agentName } from '../words/conditions.ts';
import type { Action, OperatorCall } from './action.tsx';
import { DRAIN_OPTIONS, drain, drainCall, drainPermission } from './agent-actions.tsx';
import { TasksByFramework } from './tasks-by-framework.tsx';

/** Each is a call of its own. */
export const MAX_AT_ONCE = 500;

/** More would push away what is asked below them. */
const MAX_NAMED = 20;

const tasksOf = (cluster: Cluster, agents: readonly AgentRow[]) =>
  agents.flatMap(({ id }) => [...cluster.use(id).tasks]);

const forEach = (agents: readonly AgentRow[], type: string): readonly OperatorCall[] =>
  agents.map(({ id }) => ({ type, body: { [type.toLowerCase()]: { agent_id: { value: id } } } }));

/** Which ones; who means other agents sees it here. */
function AgentNames({ agents }: { agents: readonly AgentRow[] }) {
  const more = agents.length - MAX_NAMED;
  return (
    <ul class="tags" aria-label="Agents">
      {agents.slice(0, MAX_NAMED).map((agent) => (
        <li key={agent.id}>
          <Name text={agentName(agent)} title={agent.id} />
        </li>
      ))}
      {more > 0 ? <li>and {countText(more)} more</li> : null}
    </ul>
  );
}

export function drainAgents(agents: readonly AgentRow[]): Action {
  const [first] = agents;
  if (agents.length === 1 && first !== undefined) {
    return drain(first);
  }
  return {
    title: `Drain ${counted(agents.length, 'agent')}`,
    ...{ verb: 'Drain them', isGrave: true, permission: drainPermission },
    effects: (cluster) => (
      <>
        <p>
          The agents are offered no more, and their tasks are ended. It stays so until each is
          reactivated.
        </p>
        <AgentNames agents={agents} />
        <TasksByFramework cluster={cluster} tasks={tasksOf(cluster, agents)} verb="end" />
      </>
    ),
    options: DRAIN_OPTIONS.map((option) =>
      option.name === 'gone' ? { ...option, label: 'Mark each gone when it is drained' } : option,
    ),
    calls: (chosen) => agents.map(({ id }) => drainCall(id, chosen)),
    done: 'The agents drain. Their views say when they are drained.',
  };
}

function deactivateAgents(agents: readonly AgentRow[]): Action {
  return {
    title: `Deactivate ${counted(agents.length, 'agent')}`,
    ...{ verb: 'Deactivate them', isGrave: false, permission: 'DEACTIVATE_AGENT' },
    effects: (cluster) => (
      <>
        <p>The agents are offered no more, until each is reactivated.</p>
        <AgentNames agents={agents} />
        <TasksByFramework cluster={cluster} tasks={tasksOf(cluster, agents)} verb="run on" />
      </>
    ),
    calls: () => forEach(agents, 'DEACTIVATE_AGENT'),
    done: 'The agents are deactivated.',
  };
}

function reactivateAgents(agents: readonly AgentRow[]): Action {
  return {
    title: `Reactivate ${counted(agents.length, 'agent')}`,
    ...{ verb: 'Reactivate them', isGrave: false, permission: 'REACTIVATE_AGENT' },
    effects: () => (
      <>
        <p>The agents are offered to frameworks again. No task ends.</p>
        <AgentNames agents={agents} />
      </>
    ),
    calls: () => forEach(agents, 'REACTIVATE_AGENT'),
    done: 'The agents are offered again.',
  };
}

/** Each for those of the agents for which it makes sense. */
export function actionsForAgents(agents: readonly AgentRow[]): readonly Action[] {
  const those = (...keys: readonly string[]) =>
    agents.filter((agent) => keys.includes(agentCondition(agent).key)).slice(0, MAX_AT_ONCE);
  const drainable = those('active', 'deactivated', 'disconnected');
  const active = those('active', 'disconnected');
  // The master lets no agent out of a drain that is not over.
  const out = those('deactivated', 'drained');
  return [
    ...(drainable.length > 0 ? [{ ...drainAgents(drainable), verb: 'Drain them' }] : []),
    ...(active.length > 0 ? [deactivateAgents(active)] : []),
    ...(out.length > 0 ? [reactivateAgents(out)] : []),
  ];
}
