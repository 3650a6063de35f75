// All roles as their tree: what each holds, and what it is promised.
import { useMemo, useState } from 'preact/hooks';
import { Pills, SearchField } from '../components/filters.tsx';
import { Name } from '../components/name.tsx';
import { Empty, Failed, Loading } from '../components/notices.tsx';
import { place } from '../components/place.tsx';
import { QuotaBar } from '../components/quota-bar.tsx';
import { type Reading, useReading } from '../components/reading.ts';
import { PartBar, useShares } from '../components/shares.tsx';
import { type Column, Table, TableCount } from '../components/table.tsx';
import { actionsDone } from '../dialogs/action.tsx';
import { RolesActions } from '../dialogs/quota-actions.tsx';
import { href } from '../locations/location.ts';
import { own } from '../store/own.ts';
import {
  hasQuota,
  parentsOf,
  type RoleRow,
  type RolesAnswer,
  roleRows,
  unfolded,
} from '../store/roles.ts';
import type { Shares } from '../store/shares.ts';
import { request } from '../stream/requests.ts';
import { amountText, counted, countText } from '../words/amounts.ts';

const EVERY_MS = 3000;

const readRoles = async (signal: AbortSignal): Promise<readonly RoleRow[]> =>
  roleRows((await (await request('/roles', { signal })).json()) as RolesAnswer);

export const useRoles = (): Reading<readonly RoleRow[]> =>
  useReading(`roles ${actionsDone.value}`, EVERY_MS, readRoles);

const KINDS: Readonly<Record<string, (role: RoleRow) => boolean>> = {
  quota: hasQuota,
  used: ({ allocated, offered }) => [...allocated, ...offered].some((amount) => amount > 0),
  reserved: ({ reserved }) => reserved.some((amount) => amount > 0),
};

const KIND_TITLES = [
  { value: '', text: 'All' },
  { value: 'quota', text: 'With a quota' },
  { value: 'used', text: 'In use' },
  { value: 'reserved', text: 'With reservations' },
];

export function RolesView() {
  const { value: roles, failure } = useRoles();
  return (
    <>
      <div class="view-head">
        <h1>Roles</h1>
        <RolesActions />
      </div>
      {roles !== undefined ? (
        <Roles roles={roles} />
      ) : failure === undefined ? (
        <Loading what="roles" />
      ) : (
        <Failed failure={failure} />
      )}
    </>
  );
}

function Roles({ roles }: { roles: readonly RoleRow[] }) {
  const { kind = '', q = '' } = place.value.query;
  const isOfKind = own(KINDS, kind) ?? (() => true);
  const wanted = q.toLowerCase();
  const rows = roles.filter((role) => isOfKind(role) && role.name.toLowerCase().includes(wanted));
  const { value: shares } = useShares();
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const isTree = rows.length === roles.length;
  const columns = useMemo(() => columnsOf(isTree, shares), [isTree, shares]);
  const shown = unfolded(rows, folded);
  const parents = parentsOf(rows);
  const branchOf = ({ name, depth }: RoleRow) => ({
    level: depth + 1,
    isOpen: parents.has(name) ? !folded.has(name) : undefined,
  });
  const onFold = ({ name }: RoleRow, isOpen: boolean) =>
    setFolded(isOpen ? folded.difference(new Set([name])) : folded.union(new Set([name])));
  return (
    <>
      <div class="filters">
        <SearchField label="Search roles" />
        <Pills
          name="kind"
          label="Kind"
          options={KIND_TITLES.map((option) => ({
            ...option,
            count: roles.filter(KINDS[option.value] ?? (() => true)).length,
          }))}
        />
      </div>
      {rows.length === 0 ? (
        <Empty title="No roles">
          {roles.length === 0
            ? 'No framework has registered, and nothing is reserved, weighted or promised.'
            : 'No role passes these filters.'}
        </Empty>
      ) : (
        <>
          <TableCount text={counted(rows.length, 'role')} />
          <Table
            label="Roles"
            columns={columns}
            rows={isTree ? shown : rows}
            {...(isTree ? { branchOf, onFold } : {})}
            keyOf={({ name }) => name}
            hrefOf={({ name }) => href(['roles', name])}
          />
        </>
      )}
    </>
  );
}

const columnsOf = (isTree: boolean, shares: Shares | undefined): readonly Column<RoleRow>[] => [
  { key: 'name', title: 'Role', width: 'minmax(112px, 2fr)', cell: nameCell(isTree) },
  {
    ...{ key: 'weight', title: 'Weight', width: '56px', isNumber: true, isWide: true },
    cell: ({ weight }) => weight,
  },
  {
    ...{ key: 'frameworks', title: 'Frameworks', width: '92px', isNumber: true, isWide: true },
    cell: ({ frameworks }) => countText(frameworks.length),
  },
  {
    ...{ key: 'share', title: 'Share', width: '108px', isWide: true },
    cell: ({ name }) => <PartBar part={shares?.roles.get(name)} />,
  },
  {
    ...{ key: 'cpus', title: 'CPUs', width: '60px', isNumber: true },
    phone: 'corner',
    cell: ({ allocated }) => amountText('cpus', allocated[0] / 1000),
  },
  {
    ...{ key: 'mem', title: 'Memory', width: '80px', isNumber: true, isWide: true },
    cell: ({ allocated }) => amountText('mem', allocated[1] / 1000),
  },
  {
    ...{ key: 'offered', title: 'Offered', width: '66px', isNumber: true, isWide: true },
    cell: ({ offered }) => amountText('cpus', offered[0] / 1000),
  },
  {
    ...{ key: 'reserved', title: 'Reserved', width: '72px', isNumber: true, isWide: true },
    cell: ({ reserved }) => amountText('cpus', reserved[0] / 1000),
  },
  {
    ...{ key: 'quota-cpus', title: 'CPU quota', width: '104px' },
    phone: 'below',
    cell: ({ consumed, guarantee, limit }) => (
      <QuotaBar name="cpus" consumed={consumed[0]} guarantee={guarantee[0]} limit={limit[0]} />
    ),
  },
  {
    ...{ key: 'quota-mem', title: 'Memory quota', width: '108px', isWide: true },
    phone: 'below',
    cell: ({ consumed, guarantee, limit }) => (
      <QuotaBar name="mem" consumed={consumed[1]} guarantee={guarantee[1]} limit={limit[1]} />
    ),
  },
];

/** Where roles above are left out, names are whole. */
const nameCell = (isTree: boolean): Column<RoleRow>['cell'] =>
  isTree
    ? ({ ownName, name }) => <Name text={ownName} title={name} />
    : ({ name }) => <Name text={name} />;
