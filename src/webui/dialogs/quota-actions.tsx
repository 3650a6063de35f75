// What an operator can do to a role: its quota and its weight.
import type { Chosen } from '../calls/chosen.ts';
import {
  AT_LEAST,
  AT_MOST,
  chosenOfQuota,
  isSameQuota,
  quotaConfigOf,
  quotaProblem,
  quotaResources,
  weightProblem,
} from '../calls/quotas.ts';
import { knownRoles, topRoles } from '../store/known-roles.ts';
import {
  hasQuota,
  NO_QUOTA,
  type Quota,
  type RoleRow,
  type RolesAnswer,
  roleRows,
} from '../store/roles.ts';
import { request } from '../stream/requests.ts';
import { RESOURCE_TITLES, type ResourceName } from '../words/amounts.ts';
import { plainName } from '../words/names.ts';
import type { Action, OperatorCall } from './action.tsx';
import { ActionBar } from './action-bar.tsx';
import { AmountGrid, type FieldsProps, type Option, Options } from './options.tsx';

const ROLE: Option = {
  ...{ name: 'role', kind: 'text', label: 'Role', placeholder: 'its name' },
  proposals: knownRoles,
};
const TOP_ROLE: Option = { ...ROLE, proposals: topRoles };
const WEIGHT: Option = { name: 'weight', kind: 'amount', label: 'Weight', placeholder: '1' };
const FORCE: Option = {
  ...{ name: 'force', kind: 'check' },
  label: 'Even if the cluster does not have what is guaranteed, or the role has more already',
};

const COLUMNS = [
  { prefix: AT_LEAST, title: 'at least', placeholder: '0' },
  { prefix: AT_MOST, title: 'at most', placeholder: 'no limit' },
];

const inMegabytes = (name: string) => name === 'mem' || name === 'disk';

function QuotaFields(props: FieldsProps) {
  const rows = quotaResources(props.chosen).map((name) => ({
    name,
    title: `${RESOURCE_TITLES[name as ResourceName] ?? plainName(name)}${inMegabytes(name) ? ', MB' : ''}`,
  }));
  return <AmountGrid columns={COLUMNS} rows={rows} {...props} />;
}

const quotaCall = (chosen: Chosen): OperatorCall => ({
  type: 'UPDATE_QUOTA',
  body: {
    update_quota: {
      ...(chosen.force === 'true' ? { force: true } : {}),
      quota_configs: [quotaConfigOf(chosen)],
    },
  },
});

const quotaPlan = (chosen: Chosen) => [
  { type: 'SET_QUOTAS', set_quotas: { quota_configs: [quotaConfigOf(chosen)] } },
];

/** Another operator may have set it while the form was open, and would be overruled unseen. */
const quotaGuard = (role: string, quota: Quota) => async () => {
  const answer = await request('/roles');
  const now = roleRows((await answer.json()) as RolesAnswer).find(
    ({ name }) => name === role,
  )?.quota;
  return isSameQuota(now ?? NO_QUOTA, quota)
    ? undefined
    : 'The quota has been changed since this was opened. Close this, and look at it again.';
};

const QUOTA_EFFECTS = (
  <p>
    What is here replaces the quota that the role has; a resource without a limit is not limited. No
    task ends, but offers may be taken back.
  </p>
);

const mayQuota = ({ role = '' }: Chosen) => `UPDATE_QUOTA ${role}`;

/** For any role; `initial`: of the fields. */
export function setQuota(initial: Chosen = {}): Action {
  return {
    ...{ title: 'Set a quota', verb: 'Set the quota', isGrave: false, initial },
    permission: mayQuota,
    effects: () => QUOTA_EFFECTS,
    Fields: (props) => (
      <>
        <Options options={[TOP_ROLE]} {...props} />
        <QuotaFields {...props} />
      </>
    ),
    options: [FORCE],
    problem: quotaProblem,
    plan: quotaPlan,
    planned: ({ force: _, ...chosen }) => ({ kind: 'quota', ...chosen }),
    calls: (chosen) => [quotaCall(chosen)],
    done: 'The quota is set.',
  };
}

export function changeQuota({ name, quota }: RoleRow): Action {
  return {
    ...setQuota(chosenOfQuota(name, quota)),
    title: `Set the quota of ${plainName(name)}`,
    Fields: QuotaFields,
    guard: quotaGuard(name, quota),
  };
}

function removeQuota({ name, quota }: RoleRow): Action {
  return {
    ...setQuota({ role: name }),
    title: `Remove the quota of ${plainName(name)}`,
    verb: 'Remove the quota',
    effects: () => (
      <p>
        Nothing is guaranteed to the role any more, and there is no limit to what it gets. No task
        ends.
      </p>
    ),
    Fields: () => null,
    guard: quotaGuard(name, quota),
    done: 'The role has no quota any more.',
  };
}

/** For any role; `initial`: of the fields. */
export function setWeight(initial: Chosen = {}): Action {
  return {
    ...{ title: 'Set a weight', verb: 'Set the weight', isGrave: false, initial },
    permission: ({ role = '' }) => `UPDATE_WEIGHTS ${role}`,
    effects: () => (
      <p>
        Of what is offered from now on, the role gets a share by its weight beside the roles next to
        it. No task ends, but offers may be taken back.
      </p>
    ),
    options: [ROLE, WEIGHT],
    problem: weightProblem,
    planned: (chosen) => ({ kind: 'weight', ...chosen }),
    plan: (chosen) => [{ type: 'SET_WEIGHTS', set_weights: { weight_infos: [weightOf(chosen)] } }],
    calls: (chosen) => [
      { type: 'UPDATE_WEIGHTS', body: { update_weights: { weight_infos: [weightOf(chosen)] } } },
    ],
    done: 'The weight is set.',
  };
}

const weightOf = ({ role = '', weight = '' }: Chosen) => ({ role, weight: Number(weight) });

function changeWeight({ name, weight }: RoleRow): Action {
  return {
    ...setWeight({ role: name, weight: String(weight) }),
    title: `Set the weight of ${plainName(name)}`,
    options: [WEIGHT],
  };
}

export function RoleActions({ role }: { role: RoleRow }) {
  // The master has quotas for roles at the top only.
  const isTop = !role.name.includes('/');
  return (
    <ActionBar
      planned={
        isTop
          ? { kind: 'quota', ...chosenOfQuota(role.name, role.quota) }
          : { kind: 'weight', role: role.name, weight: String(role.weight) }
      }
      actions={[
        ...(isTop ? [changeQuota(role)] : []),
        ...(isTop && hasQuota(role) ? [removeQuota(role)] : []),
        changeWeight(role),
      ]}
    />
  );
}

/** For roles that nothing is known of yet. */
export const RolesActions = () => <ActionBar actions={[setQuota(), setWeight()]} />;
