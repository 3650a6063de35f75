// What has been planned, done in earnest: agents drained, quotas and weights set.
import type { AgentRow } from '../store/rows.ts';
import { counted } from '../words/amounts.ts';
import { plainName } from '../words/names.ts';
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

interface Quota {
  readonly role: string;
  readonly guarantees: object;
  readonly limits: object;
}

export function setQuota(quota: Quota): Action {
  return {
    title: `Set the quota of ${plainName(quota.role)}`,
    ...{ verb: 'Set the quota', isGrave: false, permission: `UPDATE_QUOTA ${quota.role}` },
    effects: () => (
      <p>
        What is here replaces the quota that the role has; a resource without a limit is not
        limited. No task ends, but offers may be taken back.
      </p>
    ),
    options: [
      {
        ...{ name: 'force', kind: 'check' },
        label: 'Even if the cluster does not have what is guaranteed',
      },
    ],
    calls: ({ force }) => [
      {
        type: 'UPDATE_QUOTA',
        body: {
          update_quota: { ...(force === 'true' ? { force: true } : {}), quota_configs: [quota] },
        },
      },
    ],
    done: 'The quota is set.',
  };
}

export function setWeight(role: string, weight: number): Action {
  return {
    title: `Set the weight of ${plainName(role)}`,
    ...{ verb: 'Set the weight', isGrave: false, permission: `UPDATE_WEIGHTS ${role}` },
    effects: () => (
      <p>
        Of what is offered from now on, the role gets a share by its weight. No task ends, but
        offers may be taken back.
      </p>
    ),
    calls: () => [
      { type: 'UPDATE_WEIGHTS', body: { update_weights: { weight_infos: [{ role, weight }] } } },
    ],
    done: 'The weight is set.',
  };
}
