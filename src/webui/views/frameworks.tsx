// All frameworks, searched, filtered and sorted.
import { ConditionBadge } from '../components/badge.tsx';
import { type Option, Pills, SearchField } from '../components/filters.tsx';
import { useCluster } from '../components/live.ts';
import { Name } from '../components/name.tsx';
import { Empty, Loading } from '../components/notices.tsx';
import { place } from '../components/place.tsx';
import { type Orders, sorting } from '../components/sorting.ts';
import { type Column, Table, TableCount } from '../components/table.tsx';
import { Ago } from '../components/time.tsx';
import { href } from '../locations/location.ts';
import type { Cluster } from '../store/cluster.ts';
import type { FrameworkRow } from '../store/rows.ts';
import { byText } from '../store/task-list.ts';
import { amountText, counted, countText } from '../words/amounts.ts';
import { FRAMEWORK_CONDITIONS, frameworkCondition } from '../words/conditions.ts';

const ORDERS: Orders<FrameworkRow> = {
  name: (left, right) => byText(left.name, right.name),
  state: (left, right) => byText(frameworkCondition(left).text, frameworkCondition(right).text),
  user: (left, right) => byText(left.user, right.user),
  tasks: (left, right) => left.sums.live - right.sums.live,
  cpus: (left, right) => left.sums.amounts[0] - right.sums.amounts[0],
  mem: (left, right) => left.sums.amounts[1] - right.sums.amounts[1],
  registered: (left, right) => left.registeredMs - right.registeredMs,
};

export function FrameworksView() {
  const cluster = useCluster();
  return (
    <>
      <div class="view-head">
        <h1>Frameworks</h1>
      </div>
      {cluster === undefined ? <Loading what="frameworks" /> : <Frameworks cluster={cluster} />}
    </>
  );
}

function Frameworks({ cluster }: { cluster: Cluster }) {
  // It is the same cluster when it has changed: with that alone this would not be drawn again.
  useCluster();
  const { state, q = '' } = place.value.query;
  const { sort, onSort, sorted } = sorting(ORDERS, { key: 'cpus', isDescending: true });
  const all = [...cluster.frameworks.values()];
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = sorted(
    all.filter((framework) => {
      const { name, id, user, principal, roles, isCompleted } = framework;
      const texts = [name, id, user, principal, ...roles];
      return (
        (state === undefined ? !isCompleted : frameworkCondition(framework).key === state) &&
        words.every((word) => texts.some((text) => text.toLowerCase().includes(word)))
      );
    }),
  );
  return (
    <>
      <div class="filters">
        <SearchField label="Search names, ids, roles" />
      </div>
      <div class="filters">
        <Pills name="state" label="State" options={stateOptions(all)} />
      </div>
      {rows.length === 0 ? (
        <Empty title="No frameworks">
          {all.length === 0
            ? 'No framework has registered with this master.'
            : 'No framework passes these filters.'}
        </Empty>
      ) : (
        <>
          <TableCount text={counted(rows.length, 'framework')} />
          <Table
            label="Frameworks"
            columns={COLUMNS}
            rows={rows}
            keyOf={({ id }) => id}
            hrefOf={({ id }) => href(['frameworks', id])}
            sort={sort}
            onSort={onSort}
          />
        </>
      )}
    </>
  );
}

function stateOptions(frameworks: readonly FrameworkRow[]): readonly Option[] {
  const counts = Map.groupBy(frameworks, (framework) => frameworkCondition(framework).key);
  return [
    {
      ...{ value: '', text: 'Registered' },
      count: frameworks.filter(({ isCompleted }) => !isCompleted).length,
    },
    ...Object.values(FRAMEWORK_CONDITIONS)
      .map(({ key, text }) => ({ value: key, text, count: counts.get(key)?.length ?? 0 }))
      .filter(({ value, count }) => count > 0 || value === place.value.query.state),
  ];
}

const COLUMNS: readonly Column<FrameworkRow>[] = [
  {
    ...{ key: 'name', title: 'Framework', width: '2fr', isSortable: true },
    cell: ({ name, id }) => <Name text={name || id} title={id} />,
  },
  {
    ...{ key: 'state', title: 'State', width: '116px', isSortable: true },
    cell: (framework) => <ConditionBadge condition={frameworkCondition(framework)} />,
  },
  {
    ...{ key: 'roles', title: 'Roles', width: '1fr', isWide: true },
    cell: ({ roles }) => <Name text={roles.join(', ')} />,
  },
  {
    ...{ key: 'user', title: 'User', width: '0.8fr', isSortable: true, isWide: true },
    cell: ({ user }) => <Name text={user} />,
  },
  {
    ...{ key: 'tasks', title: 'Tasks', width: '72px', isNumber: true, isSortable: true },
    cell: ({ sums }) => countText(sums.live),
  },
  {
    ...{
      key: 'cpus',
      title: 'CPUs',
      width: '80px',
      isNumber: true,
      isSortable: true,
      isWide: true,
    },
    cell: ({ sums }) => amountText('cpus', sums.amounts[0] / 1000),
  },
  {
    ...{ key: 'mem', title: 'Memory', width: '96px', isNumber: true },
    ...{ isSortable: true, isWide: true },
    cell: ({ sums }) => amountText('mem', sums.amounts[1] / 1000),
  },
  {
    ...{ key: 'registered', title: 'Registered', width: '110px', isNumber: true },
    ...{ isSortable: true, isWide: true },
    cell: ({ registeredMs }) => <Ago ms={registeredMs} />,
  },
];
