// What `/roles` answers, as rows in the order of their tree.
import { AMOUNT_NAMES, type Amounts, milliOf } from './sums.ts';
import { byText } from './task-list.ts';

/** By name of a resource; ranges are texts. */
type Quantities = Readonly<Record<string, unknown>>;

export interface RolesAnswer {
  readonly roles?: readonly {
    readonly name?: string;
    readonly weight?: number;
    readonly quota?: {
      readonly guarantee?: Quantities;
      readonly limit?: Quantities;
      readonly consumed?: Quantities;
    };
    readonly allocated?: Quantities;
    readonly offered?: Quantities;
    readonly reserved?: Quantities;
    readonly frameworks?: readonly string[];
  }[];
}

/** As `Amounts`, where what is not said is something else than none. */
type SaidAmounts = readonly (number | undefined)[];

/** Its amounts count those of the roles below it. */
export interface RoleRow {
  readonly name: string;
  /** Roles above it that are in the list. */
  readonly depth: number;
  /** What of its name is not that of the role above it. */
  readonly ownName: string;
  readonly weight: number;
  /** Ids of those in the role itself. */
  readonly frameworks: readonly string[];
  readonly allocated: Amounts;
  readonly offered: Amounts;
  readonly reserved: Amounts;
  readonly consumed: Amounts;
  readonly guarantee: SaidAmounts;
  readonly limit: SaidAmounts;
  readonly quota: Quota;
}

/** As it was said, of each resource of which something is said. */
export interface Quota {
  readonly guarantees: Readonly<Record<string, number>>;
  readonly limits: Readonly<Record<string, number>>;
}

export const NO_QUOTA: Quota = { guarantees: {}, limits: {} };

/** Each role after that above it, which may be missing where its reader may not see it. */
export function roleRows({ roles = [] }: RolesAnswer): readonly RoleRow[] {
  const names = new Set(roles.map(({ name = '' }) => name));
  return roles
    .map(({ name = '', weight = 1, quota = {}, frameworks = [], ...held }) => {
      const above = rolesAbove(name).filter((each) => names.has(each));
      const parent = above.at(-1);
      return {
        name,
        depth: above.length,
        ownName: parent === undefined ? name : name.slice(parent.length + 1),
        weight,
        frameworks,
        allocated: amountsIn(held.allocated),
        offered: amountsIn(held.offered),
        reserved: amountsIn(held.reserved),
        consumed: amountsIn(quota.consumed),
        guarantee: saidIn(quota.guarantee),
        limit: saidIn(quota.limit),
        quota: { guarantees: numbersIn(quota.guarantee), limits: numbersIn(quota.limit) },
      };
    })
    .sort((left, right) => byTree(left.name, right.name));
}

/** `a`, `a/b` for `a/b/c`. */
function rolesAbove(name: string): readonly string[] {
  const parts = name.split('/');
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'));
}

/** As texts, but that `/` comes before all else that may be in a name. */
const byTree = (left: string, right: string) =>
  byText(left.replaceAll('/', '\u0000'), right.replaceAll('/', '\u0000'));

/** Names of roles that have others of the list below them. */
export function parentsOf(rows: readonly RoleRow[]): ReadonlySet<string> {
  const parents = new Set<string>();
  for (const [index, { name }] of rows.entries()) {
    if (rows[index + 1]?.name.startsWith(`${name}/`)) {
      parents.add(name);
    }
  }
  return parents;
}

/** Of a tree, what is not below a role that is folded. */
export function unfolded(
  rows: readonly RoleRow[],
  folded: ReadonlySet<string>,
): readonly RoleRow[] {
  let above: string | undefined;
  return rows.filter(({ name }) => {
    if (above !== undefined && name.startsWith(`${above}/`)) {
      return false;
    }
    above = folded.has(name) ? name : undefined;
    return true;
  });
}

export const hasQuota = ({ quota: { guarantees, limits } }: RoleRow): boolean =>
  Object.keys(guarantees).length + Object.keys(limits).length > 0;

const numbersIn = (quantities: Quantities = {}): Readonly<Record<string, number>> =>
  Object.fromEntries(
    Object.entries(quantities).flatMap(([name, amount]) =>
      typeof amount === 'number' ? [[name, amount]] : [],
    ),
  );

function saidIn(quantities: Quantities = {}): SaidAmounts {
  return AMOUNT_NAMES.map((name) => {
    const amount = quantities[name];
    return typeof amount === 'number' ? milliOf(amount) : undefined;
  });
}

function amountsIn(quantities: Quantities | undefined): Amounts {
  const [cpus = 0, mem = 0, disk = 0, gpus = 0] = saidIn(quantities);
  return [cpus, mem, disk, gpus];
}
