// Quotas and weights that are chosen in a form, as the operator API takes them, and what makes no
// sense of them. The master judges all else.
import { roleError } from '../../model/role.ts';
import type { Quota } from '../store/roles.ts';
import { AMOUNT_NAMES } from '../store/sums.ts';
import { RESOURCE_TITLES, type ResourceName } from '../words/amounts.ts';
import { type Chosen, numberError } from './chosen.ts';

/** Before the name of a resource, in forms and in places. */
export const AT_LEAST = 'at-least-';
export const AT_MOST = 'at-most-';

export interface QuotaConfig {
  readonly role: string;
  readonly guarantees: Readonly<Record<string, { readonly value: number }>>;
  readonly limits: Readonly<Record<string, { readonly value: number }>>;
}

/** What is in the form where a role has this quota. */
export function chosenOfQuota(role: string, { guarantees, limits }: Quota): Chosen {
  const texts = (prefix: string, amounts: Readonly<Record<string, number>>) =>
    Object.entries(amounts).map(([name, amount]) => [`${prefix}${name}`, String(amount)]);
  return Object.fromEntries([
    ['role', role],
    ...texts(AT_LEAST, guarantees),
    ...texts(AT_MOST, limits),
  ]);
}

/** As `chosenOfQuota`, of one that has been chosen. */
export const chosenOfConfig = ({ role, guarantees, limits }: QuotaConfig): Chosen =>
  chosenOfQuota(role, { guarantees: valuesOf(guarantees), limits: valuesOf(limits) });

const valuesOf = (amounts: QuotaConfig['limits']) =>
  Object.fromEntries(Object.entries(amounts).map(([name, { value }]) => [name, value]));

/** What it leaves out is taken away from the role. */
export function quotaConfigOf(chosen: Chosen): QuotaConfig {
  const amounts = (prefix: string) =>
    Object.fromEntries(
      Object.entries(chosen).flatMap(([name, text]) =>
        name.startsWith(prefix) && text !== ''
          ? [[name.slice(prefix.length), { value: Number(text) }]]
          : [],
      ),
    );
  return { role: chosen.role ?? '', guarantees: amounts(AT_LEAST), limits: amounts(AT_MOST) };
}

const titleOf = (name: string) => RESOURCE_TITLES[name as ResourceName] ?? name;

/** Why it is no quota. */
export function quotaProblem(chosen: Chosen): string | undefined {
  const { role = '' } = chosen;
  const wrong = roleProblem(role);
  if (wrong !== undefined) {
    return wrong;
  }
  if (role.includes('/')) {
    return `Quotas are for roles at the top, not for ${role}.`;
  }
  for (const [name, text] of Object.entries(chosen)) {
    const prefix = [AT_LEAST, AT_MOST].find((each) => name.startsWith(each));
    const error = prefix === undefined ? undefined : numberError(text);
    if (error !== undefined) {
      return `${titleOf(name.slice(prefix?.length))}: ${error}`;
    }
  }
  const { guarantees, limits } = quotaConfigOf(chosen);
  for (const [name, { value }] of Object.entries(guarantees)) {
    const limit = limits[name]?.value;
    if (limit !== undefined && value > limit) {
      return `${titleOf(name)}: ${value} at least is more than ${limit} at most.`;
    }
  }
  return undefined;
}

/** Resources that a form has fields for: those that all have, and those of the quota. */
export const quotaResources = (chosen: Chosen): readonly string[] => [
  ...new Set([
    ...AMOUNT_NAMES,
    ...Object.keys(chosen).flatMap((name) =>
      [AT_LEAST, AT_MOST].flatMap((prefix) =>
        name.startsWith(prefix) ? [name.slice(prefix.length)] : [],
      ),
    ),
  ]),
];

/** Whether both say the same, in whatever order. */
export function isSameQuota(left: Quota, right: Quota): boolean {
  const text = (amounts: Readonly<Record<string, number>>) =>
    JSON.stringify(Object.entries(amounts).sort(([a], [b]) => (a < b ? -1 : 1)));
  return (
    text(left.guarantees) === text(right.guarantees) && text(left.limits) === text(right.limits)
  );
}

const roleProblem = (role: string): string | undefined =>
  role === '' ? 'Say for which role.' : roleError(role);

/** Why these are no role and weight. */
export function weightProblem({ role = '', weight = '' }: Chosen): string | undefined {
  return (
    roleProblem(role) ??
    numberError(weight) ??
    (Number(weight) > 0 ? undefined : 'The weight is a number above 0.')
  );
}
