// What an operator can do to an agent.
import type { Chosen } from '../calls/chosen.ts';
import type { Cluster } from '../store/cluster.ts';
import type { AgentRow } from '../store/rows.ts';
import { agentCondition, agentName } from '../words/conditions.ts';
import { plainName } from '../words/names.ts';
import type { Action, OperatorCall } from './action.tsx';
import { ActionBar } from './action-bar.tsx';
import { ScheduleButton } from './maintenance-actions.tsx';
import type { Option } from './options.tsx';
import { TasksByFramework } from './tasks-by-framework.tsx';

const liveTasks = (cluster: Cluster, { id }: AgentRow) => cluster.use(id).tasks;

export const DRAIN_OPTIONS: readonly Option[] = [
  {
    ...{ name: 'grace', kind: 'seconds' },
    label: 'Longest grace period in seconds (empty: as long as each task may take)',
  },
  { name: 'gone', kind: 'check', label: 'Mark it gone when it is drained' },
];

/** Marking gone is a permission of its own. */
export const drainPermission = ({ gone }: Chosen): string =>
  gone === 'true' ? 'DRAIN_AGENT and mark it gone' : 'DRAIN_AGENT';

export function drain(agent: AgentRow): Action {
  return {
    ...{
      title: `Drain ${plainName(agentName(agent))}`,
      verb: 'Drain',
      isGrave: true,
    },
    permission: drainPermission,
    effects: (cluster) => (
      <>
        <p>
          The agent is offered no more, and its tasks are ended. Their frameworks are told, and may
          start them elsewhere. It stays so until it is reactivated.
        </p>
        <TasksByFramework cluster={cluster} tasks={liveTasks(cluster, agent)} verb="end" />
      </>
    ),
    options: DRAIN_OPTIONS,
    calls: (chosen) => [drainCall(agent.id, chosen)],
    done: 'The agent drains. Its view says when it is drained.',
  };
}

/** `grace`: seconds, or empty; `gone`: `true` to mark it gone when it is drained. */
export function drainCall(agentId: string, { grace = '', gone }: Chosen): OperatorCall {
  return {
    type: 'DRAIN_AGENT',
    body: {
      drain_agent: {
        agent_id: { value: agentId },
        ...(grace === '' ? {} : { max_grace_period: { seconds: Number(grace) } }),
        ...(gone === 'true' ? { mark_gone: true } : {}),
      },
    },
  };
}

function deactivate(agent: AgentRow, name: string): Action {
  return {
    ...{ title: `Deactivate ${name}`, verb: 'Deactivate', isGrave: false },
    permission: 'DEACTIVATE_AGENT',
    effects: (cluster) => (
      <>
        <p>The agent is offered no more, until it is reactivated.</p>
        <TasksByFramework cluster={cluster} tasks={liveTasks(cluster, agent)} verb="run on" />
      </>
    ),
    calls: () => [
      { type: 'DEACTIVATE_AGENT', body: { deactivate_agent: { agent_id: { value: agent.id } } } },
    ],
    done: 'The agent is deactivated.',
  };
}

function reactivate(agent: AgentRow, name: string): Action {
  return {
    ...{ title: `Reactivate ${name}`, verb: 'Reactivate', isGrave: false },
    permission: 'REACTIVATE_AGENT',
    effects: () => <p>The agent is offered to frameworks again. No task ends.</p>,
    calls: () => [
      { type: 'REACTIVATE_AGENT', body: { reactivate_agent: { agent_id: { value: agent.id } } } },
    ],
    done: 'The agent is offered again.',
  };
}

function markGone(agent: AgentRow, name: string): Action {
  return {
    ...{ title: `Mark ${name} gone`, verb: 'Mark gone', isGrave: true },
    permission: 'MARK_AGENT_GONE',
    effects: (cluster) => (
      <>
        <p>
          Frameworks are told that the tasks of this agent will never run again. The agent is told
          to end, and is not let back in under its id. This cannot be taken back.
        </p>
        <TasksByFramework cluster={cluster} tasks={liveTasks(cluster, agent)} verb="end" />
      </>
    ),
    calls: () => [
      { type: 'MARK_AGENT_GONE', body: { mark_agent_gone: { agent_id: { value: agent.id } } } },
    ],
    done: 'The agent is gone.',
  };
}

/** The master takes nothing else of one that is unreachable, and nothing of one that is gone. */
export const LostAgentActions = ({ agent }: { agent: AgentRow }) =>
  agent.loss?.isGone === true ? null : (
    <ActionBar actions={[markGone(agent, plainName(agentName(agent)))]} />
  );

/** Only what makes sense as the agent is. */
export function AgentActions({ agent }: { agent: AgentRow }) {
  const name = plainName(agentName(agent));
  const condition = agentCondition(agent).key;
  const isOut = ['draining', 'drained', 'deactivated'].includes(condition);
  const isDrained = condition === 'draining' || condition === 'drained';
  return (
    <ActionBar
      planned={agent.isRecovered || isDrained ? undefined : { agents: agent.id }}
      actions={[
        ...(isDrained ? [] : [drain(agent)]),
        ...(isOut ? [] : [deactivate(agent, name)]),
        // The master lets no agent out of a drain that is not over.
        ...(isOut && condition !== 'draining' ? [reactivate(agent, name)] : []),
        markGone(agent, name),
      ]}
    >
      {agent.isRecovered ? null : <ScheduleButton agents={[agent]} />}
    </ActionBar>
  );
}
