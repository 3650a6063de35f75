// All frameworks, searched, filtered and sorted.
import { ConditionBadge } from '../components/badge.tsx';
import { type Option, Pills, SearchField } from '../components/filters.tsx';
import { useCluster } from '../components/live.ts';
import { Name } from '../components/name.tsx';
import { Empty, Loading } from '../components/notices.tsx';
import { place } from '../components/place.tsx';
import { PartBar, useShares } from '../components/shares.tsx';
import { type Orders, sorting } from '../components/sorting.ts';
import { type Column, Table, TableCount } from '../components/table.tsx';
import { Ago } from '../components/time.tsx';
import { href } from '../locations/location.ts';
import type { Cluster } from '../store/cluster.ts';
import type { FrameworkRow } from '../store/rows.ts';
import { greatest, type LeafRow, refusedBy } from '../store/shares.ts';
import { byText } from '../store/task-list.ts';
import { haveWords, wordsOf } from '../store/wanted-words.ts';
import { amountText, counted, countText } from '../words/amounts.ts';
import { FRAMEWORK_CONDITIONS, frameworkCondition } from '../words/conditions.ts';

/** A framework with its shares in its roles, where the master has told them. */
interface Line {
  readonly framework: FrameworkRow;
  readonly leaves: readonly LeafRow[] | undefined;
}

const shareIn = ({ leaves = [] }: Line) => greatest(leaves).share;
const refusedIn = ({ leaves = [] }: Line) => refusedBy(leaves).refusals;

/** What its tasks and executors have; of its tasks alone as long as nobody has told of more. */
const allocatedIn = ({ framework, leaves }: Line, index: 0 | 1): number =>
  leaves === undefined
    ? framework.sums.amounts[index]
    : leaves.reduce((sum, { allocated }) => sum + allocated[index], 0);

const ORDERS: Orders<Line> = {
  name: ({ framework: left }, { framework: right }) => byText(left.name, right.name),
  state: ({ framework: left }, { framework: right }) =>
    byText(frameworkCondition(left).text, frameworkCondition(right).text),
  user: ({ framework: left }, { framework: right }) => byText(left.user, right.user),
  share: (left, right) => shareIn(left) - shareIn(right),
  refuses: (left, right) => refusedIn(left) - refusedIn(right),
  tasks: ({ framework: left }, { framework: right }) => left.sums.live - right.sums.live,
  cpus: (left, right) => allocatedIn(left, 0) - allocatedIn(right, 0),
  mem: (left, right) => allocatedIn(left, 1) - allocatedIn(right, 1),
  registered: ({ framework: left }, { framework: right }) => left.registeredMs - right.registeredMs,
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
  const words = wordsOf(q);
  const { value: shares } = useShares();
  const rows = sorted(
    all
      .filter((framework) => {
        const { name, id, user, principal, roles, isCompleted } = framework;
        const texts = [name, id, user, principal, ...roles];
        return (
          (state === undefined ? !isCompleted : frameworkCondition(framework).key === state) &&
          haveWords(texts, words)
        );
      })
      .map((framework) => ({
        framework,
        leaves: framework.isCompleted ? [] : shares?.byFramework.get(framework.id),
      })),
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
            keyOf={({ framework: { id } }) => id}
            hrefOf={({ framework: { id } }) => href(['frameworks', id])}
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

const COLUMNS: readonly Column<Line>[] = [
  {
    ...{ key: 'name', title: 'Framework', width: '2.4fr', isSortable: true },
    cell: ({ framework: { name, id } }) => <Name text={name || id} title={id} />,
  },
  {
    ...{ key: 'state', title: 'State', width: '104px', isSortable: true },
    cell: ({ framework }) => <ConditionBadge condition={frameworkCondition(framework)} />,
  },
  {
    ...{ key: 'roles', title: 'Roles', width: '0.9fr', isWide: true },
    phone: 'below',
    cell: ({ framework: { roles } }) => <Name text={roles.join(', ')} />,
  },
  {
    ...{ key: 'user', title: 'User', width: '0.5fr', isSortable: true, isWide: true },
    cell: ({ framework: { user } }) => <Name text={user} />,
  },
  {
    ...{ key: 'share', title: 'Share', width: '92px', isSortable: true, isWide: true },
    cell: ({ leaves }) => <PartBar part={leaves && greatest(leaves)} />,
  },
  {
    ...{ key: 'refuses', title: 'Refuses', width: '70px', isNumber: true },
    ...{ isSortable: true, isWide: true },
    cell: ({ leaves }) =>
      leaves === undefined ? (
        <span class="quiet">–</span>
      ) : (
        <span title="Offers of agents that it has refused for a while">
          {countText(refusedBy(leaves).refusals)}
        </span>
      ),
  },
  {
    ...{ key: 'tasks', title: 'Tasks', width: '54px', isNumber: true, isSortable: true },
    phone: 'corner',
    cell: ({ framework: { sums } }) => countText(sums.live),
  },
  {
    ...{ key: 'cpus', title: 'CPUs', width: '60px', isNumber: true },
    ...{ isSortable: true, isWide: true },
    cell: (line) => amountText('cpus', allocatedIn(line, 0) / 1000),
  },
  {
    ...{ key: 'mem', title: 'Memory', width: '80px', isNumber: true },
    ...{ isSortable: true, isWide: true },
    cell: (line) => amountText('mem', allocatedIn(line, 1) / 1000),
  },
  {
    ...{ key: 'registered', title: 'Registered', width: '100px', isNumber: true },
    ...{ isSortable: true, isWide: true },
    phone: 'below',
    cell: ({ framework: { registeredMs } }) => <Ago ms={registeredMs} />,
  },
];
