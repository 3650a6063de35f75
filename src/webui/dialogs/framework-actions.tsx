// What an operator can do to a framework.
import type { FrameworkRow } from '../store/rows.ts';
import { plainName } from '../words/names.ts';
import type { Action } from './action.tsx';
import { ActionBar } from './action-bar.tsx';
import { TasksByFramework } from './tasks-by-framework.tsx';

export function teardown(framework: FrameworkRow): Action {
  return {
    title: `Tear down ${plainName(framework.name || framework.id)}`,
    ...{ verb: 'Tear down', isGrave: true },
    permission: `TEARDOWN ${framework.id}`,
    effects: (cluster) => (
      <>
        <p>
          The framework is removed for good: its executors are ended, its offers are taken back, and
          its scheduler cannot come back under this id. This cannot be taken back.
        </p>
        <TasksByFramework cluster={cluster} tasks={framework.tasks.values()} verb="end" />
      </>
    ),
    calls: () => [
      { type: 'TEARDOWN', body: { teardown: { framework_id: { value: framework.id } } } },
    ],
    done: 'The framework is removed.',
  };
}

export function FrameworkActions({ framework }: { framework: FrameworkRow }) {
  return framework.isCompleted ? null : (
    <ActionBar
      actions={[teardown(framework)]}
      planned={{ kind: 'remove', framework: framework.id }}
    />
  );
}
