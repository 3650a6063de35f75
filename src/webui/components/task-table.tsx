// Tasks as a table, kept sorted as they change: all of them, or those of an agent or framework.
import { TaskState } from '../../model/generated/messages.ts';
import { taskStateName } from '../../model/task-state.ts';
import { href } from '../locations/location.ts';
import type { Cluster } from '../store/cluster.ts';
import { own } from '../store/own.ts';
import type { TaskRow } from '../store/rows.ts';
import { taskFilter } from '../store/task-filter.ts';
import { byText } from '../store/task-list.ts';
import { amountText, counted } from '../words/amounts.ts';
import { agentName } from '../words/conditions.ts';
import { stateWords } from '../words/task-states.ts';
import { StateBadge } from './badge.tsx';
import { useTasks } from './live.ts';
import { Name } from './name.tsx';
import { Empty, Loading } from './notices.tsx';
import { refine } from './place.tsx';
import { type Column, Table, TableCount } from './table.tsx';
import { Ago } from './time.tsx';

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

const newestFirst = { key: 'changed', isDescending: true };

interface TaskTableProps {
  readonly cluster: Cluster;
  readonly filter: Readonly<Record<string, string>>;
  /** Columns that say nothing where the table is. */
  readonly without?: readonly string[];
}

/** Tasks that pass a filter; its `sort` and `order` say how they are sorted. */
export function TaskTable({ cluster, filter, without = [] }: TaskTableProps) {
  const { sort: key = newestFirst.key, order = key === newestFirst.key ? 'descending' : '' } =
    filter;
  const sort = { key, isDescending: order === 'descending' };
  const compare = own(ORDERS, key) ?? byChange;
  const rows = useTasks(JSON.stringify(filter), {
    passes: taskFilter(filter, cluster),
    compare: sort.isDescending ? (left, right) => compare(right, left) : compare,
  });
  const { isWhole } = cluster;
  if (!isWhole && (rows === undefined || rows.length === 0)) {
    return <Loading what="tasks" lines={12} />;
  }
  if (rows === undefined || rows.length === 0) {
    return (
      <Empty title="No tasks">
        {isFiltered(filter)
          ? filter.state === taskStateName(TaskState.TASK_LOST)
            ? 'No task passes these filters. One that is lost before it is started is never listed, and one that is back with its agent not any more.'
            : 'No task passes these filters.'
          : filter.framework !== undefined || filter.agent !== undefined
            ? 'It has none, and has had none that the master remembers.'
            : nothingRuns(cluster)}
      </Empty>
    );
  }
  return (
    <>
      <TableCount
        text={isWhole ? counted(rows.length, 'task') : `${counted(rows.length, 'task')} so far`}
        isBusy={!isWhole}
      />
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

/** Whether more is left out than tasks of another framework or agent, and those that have ended. */
const isFiltered = ({ state = 'live', q, label, role, executor }: TaskTableProps['filter']) =>
  !['all', 'live'].includes(state) || [q, label, role, executor].some(Boolean);

function nothingRuns({ agents }: Cluster): string {
  const away = [...agents.values()].filter(({ isRecovered }) => isRecovered).length;
  return away === 0
    ? 'Nothing runs in this cluster. Frameworks start tasks on what they are offered.'
    : `${counted(away, 'agent')} ${away === 1 ? 'is' : 'are'} not back since the master was started: what runs there is not known yet.`;
}

const byChange: Compare = (left, right) => left.changedMs - right.changedMs;

const columnsOf = (cluster: Cluster): readonly Column<TaskRow>[] => [
  {
    ...{ key: 'name', title: 'Task', width: '1.8fr', isSortable: true },
    cell: ({ name, id }) => <Name text={name || id} title={id} />,
  },
  {
    ...{ key: 'state', title: 'State', width: '104px', isSortable: true },
    cell: ({ state }) => <StateBadge state={state} />,
  },
  {
    ...{ key: 'framework', title: 'Framework', width: '1.4fr', isSortable: true, isWide: true },
    phone: 'below',
    cell: ({ frameworkId }) => (
      <a href={href(['frameworks', frameworkId])}>
        <Name text={cluster.frameworks.get(frameworkId)?.name || frameworkId} title={frameworkId} />
      </a>
    ),
  },
  {
    ...{ key: 'role', title: 'Role', width: '0.6fr', isSortable: true, isWide: true },
    cell: ({ role }) => <Name text={role} />,
  },
  {
    ...{ key: 'agent', title: 'Agent', width: '1.4fr', isSortable: true, isWide: true },
    phone: 'below',
    cell: ({ agentId }) => (
      <a href={href(['agents', agentId])}>
        <Name text={agentName(cluster.agent(agentId)) ?? agentId} title={agentId} />
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
    ...{ key: 'changed', title: 'Changed', width: '118px', isNumber: true, isSortable: true },
    phone: 'corner',
    cell: ({ changedMs }) => <Ago ms={changedMs} />,
  },
];
