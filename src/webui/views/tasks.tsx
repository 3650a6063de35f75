// All tasks, searched, filtered and sorted.

import { TaskState } from '../../model/generated/messages.ts';
import { taskStateName } from '../../model/task-state.ts';
import { Chips, Choice, type Option, Pills, SearchField } from '../components/filters.tsx';
import { useCluster } from '../components/live.ts';
import { Loading } from '../components/notices.tsx';
import { place } from '../components/place.tsx';
import { TaskTable } from '../components/task-table.tsx';
import { agentsNamed } from '../store/agent-filter.ts';
import type { Cluster } from '../store/cluster.ts';
import { byText } from '../store/task-list.ts';
import { plainName } from '../words/names.ts';
import { stateWords } from '../words/task-states.ts';

const LIVE: readonly TaskState[] = [
  ...[TaskState.TASK_RUNNING, TaskState.TASK_STARTING, TaskState.TASK_STAGING],
  ...[TaskState.TASK_KILLING, TaskState.TASK_UNREACHABLE],
];

const ENDED: readonly TaskState[] = [
  ...[TaskState.TASK_FINISHED, TaskState.TASK_FAILED, TaskState.TASK_KILLED],
  ...[TaskState.TASK_LOST, TaskState.TASK_ERROR, TaskState.TASK_DROPPED],
  ...[TaskState.TASK_GONE, TaskState.TASK_GONE_BY_OPERATOR],
];

export function TasksView() {
  const cluster = useCluster();
  const { query } = place.value;
  return (
    <>
      <div class="view-head">
        <h1>Tasks</h1>
      </div>
      {cluster === undefined ? (
        <Loading what="tasks" lines={12} />
      ) : (
        <>
          <div class="filters">
            <SearchField label="Search names, ids, labels" />
            <Choice name="framework" label="Framework" options={frameworkOptions(cluster)} />
            <Choice name="role" label="Role" options={roleOptions(cluster)} />
            <Chips
              names={['agent', 'executor', 'label']}
              nameOf={(name, value) => (name === 'agent' ? agentsNamed(cluster, value) : value)}
            />
          </div>
          <div class="filters">
            <Pills name="state" label="State" options={stateOptions(cluster)} />
          </div>
          <TaskTable cluster={cluster} filter={query} />
        </>
      )}
    </>
  );
}

/** What is not there is offered only where it is chosen. */
function stateOptions({ sums }: Cluster): readonly Option[] {
  const chosen = place.value.query.state;
  const of = (states: readonly TaskState[]) =>
    states
      .map((state) => ({
        value: taskStateName(state),
        text: stateWords(state).text,
        count: sums.count([state]),
      }))
      .filter(({ value, count }) => count > 0 || value === chosen);
  return [
    { value: '', text: 'Live', count: sums.live },
    ...of(LIVE),
    { value: 'all', text: 'All' },
    ...of(ENDED),
  ];
}

const frameworkOptions = ({ frameworks }: Cluster): readonly Option[] =>
  [...frameworks.values()]
    .map(({ id, name }) => ({ value: id, text: plainName(name || id) }))
    .sort((left, right) => byText(left.text, right.text));

const roleOptions = ({ frameworks }: Cluster): readonly Option[] =>
  [...new Set([...frameworks.values()].flatMap(({ roles }) => roles))]
    .sort(byText)
    .map((role) => ({ value: role, text: plainName(role) }));
