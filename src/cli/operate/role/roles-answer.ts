// What `/roles` answers, which has no version that says what it looks like.
import type { RolesAnswer } from '../../../webui/store/roles.ts';
import { WireError } from '../../../wire/wire-error.ts';
import type { Cluster } from '../connection/cluster.ts';

type Table = Readonly<Record<string, unknown>>;

/** Rejects with WireError where what is answered is something else. */
export async function rolesOf(cluster: Pick<Cluster, 'get'>): Promise<RolesAnswer> {
  const { roles = [] } = table(await cluster.get('/roles'), 'an object');
  return { roles: list(roles, 'roles').map((role) => roleIn(table(role, 'objects as roles'))) };
}

type Answered = NonNullable<RolesAnswer['roles']>[number];

function roleIn({ name, weight, frameworks, quota, ...held }: Table): Answered {
  const { guarantee, limit, consumed } = optionalTable(quota, 'quota') ?? {};
  return {
    ...(name !== undefined && { name: text(name, 'name') }),
    ...(weight !== undefined && { weight: number(weight, 'weight') }),
    ...(frameworks !== undefined && {
      frameworks: list(frameworks, 'frameworks').map((id) => text(id, 'frameworks')),
    }),
    ...amountsIn({ allocated: held.allocated, offered: held.offered, reserved: held.reserved }),
    quota: amountsIn({ guarantee, limit, consumed }),
  };
}

/** Those that are there; what of one is no number is left to who reads it: ranges are texts. */
const amountsIn = <Name extends string>(
  tables: Readonly<Record<Name, unknown>>,
): Partial<Record<Name, Table>> =>
  Object.fromEntries(
    Object.entries(tables).flatMap(([name, value]) => {
      const amounts = optionalTable(value, name);
      return amounts === undefined ? [] : [[name, amounts]];
    }),
  ) as Partial<Record<Name, Table>>;

const strange = (what: string) =>
  new WireError(`What the master answers at /roles cannot be read: expected ${what}`);

const optionalTable = (value: unknown, name: string): Table | undefined =>
  value === undefined ? undefined : table(value, `an object as '${name}'`);

function table(value: unknown, what: string): Table {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw strange(what);
  }
  return value as Table;
}

function list(value: unknown, name: string): readonly unknown[] {
  if (!Array.isArray(value)) {
    throw strange(`a list as '${name}'`);
  }
  return value;
}

function text(value: unknown, name: string): string {
  if (typeof value !== 'string') {
    throw strange(`a string in '${name}'`);
  }
  return value;
}

function number(value: unknown, name: string): number {
  if (typeof value !== 'number') {
    throw strange(`a number in '${name}'`);
  }
  return value;
}
