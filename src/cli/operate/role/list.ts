// `mesoscale role list` and `role tree`.
import { jsonValue } from '../../../wire/json.ts';
import { types } from '../../../wire/types.ts';
import type { FlagValues } from '../../flags/flag.ts';
import { amountText, sizeUnitOf } from '../amounts.ts';
import { Cluster } from '../connection/cluster.ts';
import { CommandError, EXIT } from '../outcome.ts';
import type { Column, Listing } from '../output/listing.ts';
import { presentList } from '../output/present.ts';
import type { Asked } from '../verb.ts';
import { writtenNumbers } from '../written-amounts.ts';
import { type KnownRole, type KnownRoles, knownRoles } from './answer.ts';
import type { ROLE_LIST_FLAGS, ROLE_TREE_FLAGS } from './flags.ts';

const percent = new Intl.NumberFormat('en', { style: 'percent', maximumFractionDigits: 1 });

function columns(
  { hasShares }: KnownRoles,
  nameOf: (role: KnownRole) => string,
): readonly Column<KnownRole>[] {
  const amount = (title: string, name: string, isWide = false): Column<KnownRole> => {
    const of = ({ answered }: KnownRole) => Number(answered.allocated?.[name] ?? 0);
    return {
      title,
      text: (role) => amountText(name, of(role)),
      order: of,
      sizeUnit: sizeUnitOf(name),
      isRight: true,
      isWide,
    };
  };
  return [
    { title: 'ROLE', text: nameOf },
    {
      title: 'WEIGHT',
      text: ({ row }) => String(row.weight),
      order: ({ row }) => row.weight,
      isRight: true,
    },
    ...(hasShares ? [SHARE] : []),
    {
      title: 'FRAMEWORKS',
      text: ({ row }) => String(row.frameworks.length),
      order: ({ row }) => row.frameworks.length,
      isRight: true,
    },
    amount('CPUS', 'cpus'),
    amount('MEM', 'mem'),
    amount('DISK', 'disk', true),
    amount('GPUS', 'gpus', true),
    { title: 'GUARANTEES', text: ({ row }) => writtenNumbers(row.quota.guarantees) },
    { title: 'LIMITS', text: ({ row }) => writtenNumbers(row.quota.limits) },
    {
      title: 'CONSUMED',
      text: ({ answered }) => writtenNumbers(answered.quota?.consumed),
      isWide: true,
    },
    { title: 'RESERVED', text: ({ answered }) => writtenNumbers(answered.reserved) },
    { title: 'OFFERED', text: ({ answered }) => writtenNumbers(answered.offered), isWide: true },
  ];
}

/** The greatest part that it has of anything, by which it is before or behind others. */
const SHARE: Column<KnownRole> = {
  title: 'SHARE',
  text: ({ share }) => (share === undefined ? '' : percent.format(share.share)),
  order: ({ share }) => share?.share ?? 0,
  isRight: true,
};

const listing = (
  known: KnownRoles,
  roles: readonly KnownRole[],
  nameOf: (role: KnownRole) => string,
): Listing<KnownRole> => ({
  rows: roles,
  columns: columns(known, nameOf),
  nameOf: ({ row }) => row.name,
  jsonOf: ({ message }) => jsonValue(types.Role, message),
  none: 'no roles are known',
});

export async function listRoles(values: FlagValues<typeof ROLE_LIST_FLAGS>): Promise<void> {
  const cluster = await Cluster.of(values);
  await presentList(values, async () => {
    const known = await knownRoles(cluster);
    return listing(known, known.roles.filter(hasAnything), ({ row }) => row.name);
  });
}

/** Masters go on naming a role of which quota and weight were taken back. */
const hasAnything = ({ row, answered }: KnownRole): boolean =>
  row.weight !== 1 ||
  row.frameworks.length > 0 ||
  [
    row.quota.guarantees,
    row.quota.limits,
    answered.quota?.consumed,
    answered.allocated,
    answered.offered,
    answered.reserved,
  ].some((amounts) => writtenNumbers(amounts) !== '');

/** Each role below that which it belongs to, of all or of one. */
export async function showTree({
  words: [top],
  values,
}: Asked<typeof ROLE_TREE_FLAGS>): Promise<void> {
  const cluster = await Cluster.of(values);
  await presentList({ ...values, filter: undefined, sort_by: undefined }, async () => {
    const known = await knownRoles(cluster);
    const roles = known.roles.filter(
      ({ row }) => top === undefined || row.name === top || row.name.startsWith(`${top}/`),
    );
    const [first] = roles;
    if (first === undefined && top !== undefined) {
      throw new CommandError(EXIT.notFound, `no role '${top}': mesoscale role list shows them`);
    }
    const least = first?.row.depth ?? 0;
    return listing(known, roles, ({ row }) => {
      const indent = '  '.repeat(Math.max(0, row.depth - least));
      return indent + (row.name === first?.row.name ? row.name : row.ownName);
    });
  });
}
