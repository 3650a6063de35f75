// All roles as their tree: what each holds, and what it is promised.
import { Pills, SearchField } from '../components/filters.tsx';
import { Name } from '../components/name.tsx';
import { Empty, Failed, Loading } from '../components/notices.tsx';
import { place } from '../components/place.tsx';
import { QuotaBar } from '../components/quota-bar.tsx';
import { type Reading, useReading } from '../components/reading.ts';
import { type Column, Table, TableCount } from '../components/table.tsx';
import { actionsDone } from '../dialogs/action.tsx';
import { RolesActions } from '../dialogs/quota-actions.tsx';
import { href } from '../locations/location.ts';
import { hasQuota, type RoleRow, type RolesAnswer, roleRows } from '../store/roles.ts';
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
  const isOfKind = KINDS[kind] ?? (() => true);
  const wanted = q.toLowerCase();
  const rows = roles.filter((role) => isOfKind(role) && role.name.toLowerCase().includes(wanted));
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
            columns={rows.length === roles.length ? TREE_COLUMNS : LIST_COLUMNS}
            rows={rows}
            keyOf={({ name }) => name}
            hrefOf={({ name }) => href(['roles', name])}
          />
        </>
      )}
    </>
  );
}

/** As deep as rows are moved to the right: deeper ones would leave no room for their names. */
const MAX_STEPS = 8;

const columnsWith = (nameCell: Column<RoleRow>['cell']): readonly Column<RoleRow>[] => [
  { key: 'name', title: 'Role', width: 'minmax(140px, 2fr)', cell: nameCell },
  {
    ...{ key: 'weight', title: 'Weight', width: '56px', isNumber: true, isWide: true },
    cell: ({ weight }) => weight,
  },
  {
    ...{ key: 'frameworks', title: 'Frameworks', width: '92px', isNumber: true, isWide: true },
    cell: ({ frameworks }) => countText(frameworks.length),
  },
  {
    ...{ key: 'cpus', title: 'CPUs', width: '60px', isNumber: true },
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
    cell: ({ consumed, guarantee, limit }) => (
      <QuotaBar name="cpus" consumed={consumed[0]} guarantee={guarantee[0]} limit={limit[0]} />
    ),
  },
  {
    ...{ key: 'quota-mem', title: 'Memory quota', width: '108px', isWide: true },
    cell: ({ consumed, guarantee, limit }) => (
      <QuotaBar name="mem" consumed={consumed[1]} guarantee={guarantee[1]} limit={limit[1]} />
    ),
  },
];

const TREE_COLUMNS = columnsWith(({ name, ownName, depth }) => (
  <>
    {Array.from({ length: Math.min(depth, MAX_STEPS) }, (_, step) => (
      <span key={step} class="tree-step" />
    ))}
    <Name text={ownName} title={name} />
  </>
));

/** Where roles above are left out, names are whole. */
const LIST_COLUMNS = columnsWith(({ name }) => <Name text={name} />);
