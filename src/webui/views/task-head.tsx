// What the views of a task begin with.

import { isTerminal } from '../../model/task-state.ts';
import { StateBadge } from '../components/badge.tsx';
import { useCluster } from '../components/live.ts';
import { Name } from '../components/name.tsx';
import { Empty, Loading } from '../components/notices.tsx';
import { place } from '../components/place.tsx';
import { Tabs, ViewHead } from '../components/view-head.tsx';
import { TaskActions } from '../dialogs/task-actions.tsx';
import { href } from '../locations/location.ts';
import type { Cluster } from '../store/cluster.ts';
import type { TaskRow } from '../store/rows.ts';
import type { Names } from './views.ts';

export interface FoundTask {
  readonly cluster: Cluster;
  readonly row: TaskRow;
}

/** The head of a task's views; or why there is none. */
export function useTask({ framework = '', task = '' }: Names): FoundTask | undefined {
  const cluster = useCluster();
  const row = cluster?.task(framework, task);
  return cluster === undefined || row === undefined ? undefined : { cluster, row };
}

export function NoSuchTask({ task = '' }: Names) {
  return useCluster()?.isWhole !== true ? (
    <Loading what="the task" />
  ) : (
    <Empty title="There is no such task">
      The master does not know <Name text={task} />, or not any more.{' '}
      <a href={href(['tasks'], { state: 'all' })}>All tasks</a>
    </Empty>
  );
}

export function TaskHead({ row }: { row: TaskRow }) {
  const own = ['tasks', row.frameworkId, row.id];
  return (
    <>
      <ViewHead of={{ title: 'Tasks', path: ['tasks'] }} name={row.name || row.id}>
        <StateBadge state={row.state} />
        <TaskActions task={row} />
      </ViewHead>
      <Tabs
        label="Of this task"
        tabs={[
          { title: 'Life', path: own },
          { title: 'stdout', path: [...own, 'files'], file: 'stdout' },
          { title: 'stderr', path: [...own, 'files'], file: 'stderr' },
          { title: 'Files', path: [...own, 'files'] },
          ...(isTerminal(row.state) && place.value.path.at(-1) !== 'terminal'
            ? []
            : [{ title: 'Terminal', path: [...own, 'terminal'] }]),
        ]}
      />
    </>
  );
}
