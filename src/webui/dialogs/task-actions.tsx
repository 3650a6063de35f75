// What an operator can do to a task.
import { isTerminal } from '../../model/task-state.ts';
import { Name } from '../components/name.tsx';
import type { TaskRow } from '../store/rows.ts';
import { plainName } from '../words/names.ts';
import type { Action } from './action.tsx';
import { ActionBar } from './action-bar.tsx';

function kill({ id, name, frameworkId, executorId }: TaskRow): Action {
  return {
    title: `Kill ${plainName(name || id)}`,
    ...{ verb: 'Kill', isGrave: true },
    // Who may end all tasks of a framework may end this one.
    permission: `TEARDOWN ${frameworkId}`,
    effects: (cluster) => (
      <p>
        Its agent ends it, as if its framework,{' '}
        <Name text={cluster.frameworks.get(frameworkId)?.name || frameworkId} />, had asked for
        that. The framework is told that it was killed and by whom, and may start another in its
        place.
        {executorId === id ? '' : ' If it is one of a group, the others of that end with it.'}
      </p>
    ),
    options: [
      {
        ...{ name: 'grace', kind: 'seconds' },
        label: 'Grace period in seconds (empty: that of the task)',
      },
    ],
    calls: ({ grace = '' }) => [
      {
        type: 'KILL_TASK',
        body: {
          kill_task: {
            framework_id: { value: frameworkId },
            task_id: { value: id },
            ...(grace === ''
              ? {}
              : { kill_policy: { grace_period: { nanoseconds: Number(grace) * 1e9 } } }),
          },
        },
      },
    ],
    done: 'The agent is told, now or when it is back. The life of the task says when it has ended.',
  };
}

export function TaskActions({ task }: { task: TaskRow }) {
  return isTerminal(task.state) ? null : <ActionBar actions={[kill(task)]} />;
}
