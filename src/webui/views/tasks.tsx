// All tasks, searched, filtered and sorted.

import { TaskState } from '../../model/generated/messages.ts';
import { taskStateName } from '../../model/task-state.ts';
import { StateBadge } from '../components/badge.tsx';
import { Chips, Choice, type Option, Pills, SearchField } from '../components/filters.tsx';
import { useCluster, useTasks } from '../components/live.ts';
import { Name } from '../components/name.tsx';
import { Empty, Loading } from '../components/notices.tsx';
import { place, refine } from '../components/place.tsx';
import { type Column, Table } from '../components/table.tsx';
import { Ago } from '../components/time.tsx';
import { href } from '../locations/location.ts';
import type { Cluster } from '../store/cluster.ts';
import type { TaskRow } from '../store/rows.ts';
import { taskFilter } from '../store/task-filter.ts';
import { byText } from '../store/task-list.ts';
import { amountText, counted } from '../words/amounts.ts';
import { plainName } from '../words/names.ts';
import { stateWords } from '../words/task-states.ts';

type Compare = (left: TaskRow, right: TaskRow) => number;

/** In the direction in which a column is sorted first. */
const ORDERS: Readonly<Record<string, Compare>> = {
  name: (left, right) => byText(left.name, right.name),
  state: (left, right) => byText(stateWords(left.state).text, stateWords(right.state).text),
  framework: (left, right) => byText(left.frameworkId, right.frameworkId),
  role: (left, right) => byText(left.role, right.role),
  agent: (left, right) => byText(left.agentId, right.agentId),
  cpus: (left, right) => left.amounts[0] - right.amounts[0],
  mem: (left, right) => left.amounts[1] - right.amounts[1],
  changed: (left, right) => left.changedMs - right.changedMs,
};

const LIVE: readonly TaskState[] = [
  ...[TaskState.TASK_RUNNING, TaskState.TASK_STARTING, TaskState.TASK_STAGING],
  ...[TaskState.TASK_KILLING, TaskState.TASK_UNREACHABLE],
];

const ENDED: readonly TaskState[] = [
  ...[TaskState.TASK_FINISHED, TaskState.TASK_FAILED, TaskState.TASK_KILLED],
  ...[TaskState.TASK_LOST, TaskState.TASK_ERROR, TaskState.TASK_DROPPED],
  ...[TaskState.TASK_GONE, TaskState.TASK_GONE_BY_OPERATOR],
];

const newestFirst = { key: 'changed', isDescending: true };

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
            <Chips names={['agent', 'executor', 'label']} />
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

interface TaskTableProps {
  readonly cluster: Cluster;
  readonly filter: Readonly<Record<string, string>>;
  /** Columns that say nothing where the table is. */
  readonly without?: readonly string[];
}

/** Tasks that pass a filter; its `sort` and `order` say how they are sorted. */
function TaskTable({ cluster, filter, without = [] }: TaskTableProps) {
  const { sort: key = newestFirst.key, order = key === newestFirst.key ? 'descending' : '' } =
    filter;
  const sort = { key, isDescending: order === 'descending' };
  const compare = ORDERS[key] ?? byChange;
  const rows = useTasks(JSON.stringify(filter), {
    passes: taskFilter(filter, cluster),
    compare: sort.isDescending ? (left, right) => compare(right, left) : compare,
  });
  if (rows === undefined || rows.length === 0) {
    return (
      <Empty title="No tasks">
        {cluster.sums.live === 0
          ? 'Nothing runs in this cluster. Frameworks start tasks on what they are offered.'
          : 'No task passes these filters.'}
      </Empty>
    );
  }
  return (
    <>
      <p class="table-count quiet" role="status">
        {counted(rows.length, 'task')}
      </p>
      <Table
        label="Tasks"
        columns={columnsOf(cluster).filter((column) => !without.includes(column.key))}
        rows={rows}
        keyOf={({ frameworkId, id }) => `${frameworkId}/${id}`}
        hrefOf={({ frameworkId, id }) => href(['tasks', frameworkId, id])}
        sort={sort}
        onSort={(next) =>
          refine({ sort: next.key, order: next.isDescending ? 'descending' : 'ascending' })
        }
      />
    </>
  );
}

const byChange: Compare = (left, right) => left.changedMs - right.changedMs;

const columnsOf = ({ frameworks, agents }: Cluster): readonly Column<TaskRow>[] => [
  {
    ...{ key: 'name', title: 'Task', width: '2.4fr', isSortable: true },
    cell: ({ name, id }) => <Name text={name || id} title={id} />,
  },
  {
    ...{ key: 'state', title: 'State', width: '104px', isSortable: true },
    cell: ({ state }) => <StateBadge state={state} />,
  },
  {
    ...{ key: 'framework', title: 'Framework', width: '1.2fr', isSortable: true, isWide: true },
    cell: ({ frameworkId }) => (
      <a href={href(['frameworks', frameworkId])}>
        <Name text={frameworks.get(frameworkId)?.name || frameworkId} title={frameworkId} />
      </a>
    ),
  },
  {
    ...{ key: 'role', title: 'Role', width: '0.8fr', isSortable: true, isWide: true },
    cell: ({ role }) => <Name text={role} />,
  },
  {
    ...{ key: 'agent', title: 'Agent', width: '1.2fr', isSortable: true, isWide: true },
    cell: ({ agentId }) => (
      <a href={href(['agents', agentId])}>
        <Name text={agents.get(agentId)?.hostname ?? agentId} title={agentId} />
      </a>
    ),
  },
  {
    ...{
      key: 'cpus',
      title: 'CPUs',
      width: '64px',
      isNumber: true,
      isSortable: true,
      isWide: true,
    },
    cell: ({ amounts }) => amountText('cpus', amounts[0] / 1000),
  },
  {
    ...{
      ...{ key: 'mem', title: 'Memory', width: '84px', isNumber: true },
      ...{ isSortable: true, isWide: true },
    },
    cell: ({ amounts }) => amountText('mem', amounts[1] / 1000),
  },
  {
    ...{ key: 'changed', title: 'Changed', width: '104px', isNumber: true, isSortable: true },
    cell: ({ changedMs }) => <Ago ms={changedMs} />,
  },
];
