// How many tasks an action touches, and whose they are.
import { isTerminal } from '../../model/task-state.ts';
import { Name } from '../components/name.tsx';
import type { Cluster } from '../store/cluster.ts';
import type { TaskRow } from '../store/rows.ts';
import { counted, countText } from '../words/amounts.ts';

/** More frameworks are counted, not named. */
const MAX_NAMED = 6;

interface TasksByFrameworkProps {
  readonly cluster: Cluster;
  /** Those that have ended are left out. */
  readonly tasks: Iterable<TaskRow>;
  /** What they do then: `end`, `run on`. */
  readonly verb: string;
}

export function TasksByFramework({ cluster, tasks, verb }: TasksByFrameworkProps) {
  const counts = new Map<string, number>();
  let total = 0;
  for (const { frameworkId, state } of tasks) {
    if (!isTerminal(state)) {
      counts.set(frameworkId, (counts.get(frameworkId) ?? 0) + 1);
      total++;
    }
  }
  const most = [...counts].toSorted(([, a], [, b]) => b - a);
  if (total === 0) {
    return <p class="effects-tasks">No task runs there.</p>;
  }
  return (
    <div class="effects-tasks">
      <strong>
        {counted(total, 'task')} {total === 1 ? verb.replace(/^\w+/, '$&s') : verb}.
      </strong>
      <ul class="lines">
        {most.slice(0, MAX_NAMED).map(([id, count]) => (
          <li key={id}>
            {countText(count)} of <Name text={cluster.frameworks.get(id)?.name || id} title={id} />
          </li>
        ))}
        {most.length > MAX_NAMED ? (
          <li>and {counted(most.length - MAX_NAMED, 'more framework')}</li>
        ) : null}
      </ul>
    </div>
  );
}
