// What an operator can do to several agents at once.
import type { AgentRow } from '../store/rows.ts';
import { counted } from '../words/amounts.ts';
import type { Action } from './action.tsx';
import { drain, drainCall } from './agent-actions.tsx';
import { TasksByFramework } from './tasks-by-framework.tsx';

/** As many calls one after the other as there are agents. */
export function drainAgents(agents: readonly AgentRow[]): Action {
  const [first] = agents;
  if (agents.length === 1 && first !== undefined) {
    return drain(first);
  }
  return {
    title: `Drain ${counted(agents.length, 'agent')}`,
    ...{ verb: 'Drain them', isGrave: true, permission: 'DRAIN_AGENT' },
    effects: (cluster) => (
      <>
        <p>
          The agents are offered no more, and their tasks are ended. It stays so until each is
          reactivated.
        </p>
        <TasksByFramework
          cluster={cluster}
          tasks={agents.flatMap(({ id }) => [...cluster.use(id).tasks])}
          verb="end"
        />
      </>
    ),
    calls: () => agents.map(({ id }) => drainCall(id, {})),
    done: 'The agents drain. Their views say when they are drained.',
  };
}
