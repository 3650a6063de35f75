// The answers to EXPLAIN and PLAN as their viewer may see them: without the roles, quotas and
// frameworks that he may not.
import type { InsightAnswer } from '../../core/interface.ts';
import type {
  Forecast,
  Forecast_EndingTasks,
  Forecast_Outlook,
  OfferExplanation,
  OfferExplanation_Answers,
  OfferExplanation_Fit,
  OfferExplanation_QuotaUse,
} from '../../model/generated/messages.ts';
import { frameworkId } from '../../model/ids.ts';
import { type RoleSight, rememberedSight } from '../../model/role-sight.ts';
import { timeOf } from '../../model/time-info.ts';
import type { Framework, MasterState } from '../state.ts';
import type { Viewer } from '../views.ts';
import { roleSightOf, seesFramework } from './visibility.ts';

/** Whether the viewer may see a role, and the quota of one that he may see. */
interface Sight {
  readonly role: RoleSight;
  readonly quota: RoleSight;
  /** Whether he may see the same sums at /metrics/snapshot. */
  readonly metrics: () => boolean;
}

function sightOf(viewer: Viewer): Sight {
  const { principal, authorizer } = viewer;
  const role = roleSightOf(viewer);
  const quota = rememberedSight((value) => authorizer.authorize(principal, 'GET_QUOTA', { value }));
  return {
    role,
    quota: (value) => role(value) && quota(value),
    metrics: () =>
      authorizer.authorize(principal, 'GET_ENDPOINT_WITH_PATH', { value: '/metrics/snapshot' }),
  };
}

const MAX_UINT32 = 2 ** 32 - 1;

/** What it does with its offers may be why it has so little. */
function answersOf({ counters, ...framework }: Framework): OfferExplanation_Answers {
  const { offersAccepted, declinedSince, acceptedMs } = counters;
  return {
    accepted: Math.min(offersAccepted, MAX_UINT32),
    declined: Math.min(declinedSince, MAX_UINT32),
    since: timeOf(Math.max(acceptedMs, framework.registeredMs, framework.reregisteredMs)),
  };
}

export function shownExplanation(
  explanation: OfferExplanation,
  framework: Framework | undefined,
  viewer: Viewer,
): OfferExplanation {
  const sees = sightOf(viewer);
  const { roles = [], roles_left = [], ...rest } = explanation;
  const left = roles_left.filter((role) => sees.role(role));
  const shown = roles
    .filter(({ role }) => sees.role(role))
    .map(({ groups = [], fit, ...role }) => ({
      ...role,
      ...(fit !== undefined && { fit: shownFit(fit, sees) }),
      ...(groups.length > 0 && {
        groups: groups.map(({ quotas, ...group }) => ({
          ...group,
          ...(quotas !== undefined && { quotas: quotas.filter((it) => sees.quota(it.role)) }),
        })),
      }),
    }));
  return {
    ...rest,
    ...(shown.length > 0 && { roles: shown }),
    ...(left.length > 0 && { roles_left: left }),
    ...(framework !== undefined && { answers: answersOf(framework) }),
  };
}

function shownFit({ quotas, ...fit }: OfferExplanation_Fit, sees: Sight): OfferExplanation_Fit {
  const shown = quotas?.filter(({ role }) => sees.quota(role)) ?? [];
  return shown.length > 0 ? { ...fit, quotas: shown } : fit;
}

interface Consequences {
  readonly ending: readonly Forecast_EndingTasks[];
  readonly exceeded: readonly OfferExplanation_QuotaUse[];
}

export function shownForecast(
  state: MasterState,
  { before, after }: Extract<InsightAnswer, { readonly kind: 'plan' }>,
  { ending, exceeded }: Consequences,
  viewer: Viewer,
): Forecast {
  const sees = sightOf(viewer);
  const framework = rememberedSight((id) => {
    // One that has gone meanwhile, and is not remembered, is shown to nobody.
    const { registered, completed } = state.frameworks;
    const known = registered.get(frameworkId(id)) ?? completed.get(frameworkId(id));
    return known !== undefined && seesFramework(viewer, known);
  });
  const seen = exceeded.filter(({ role }) => sees.quota(role));
  const shown = (outlook: Forecast_Outlook) => shownOutlook(outlook, sees, framework);
  return {
    time: timeOf(state.nowMs),
    before: shown(before),
    after: shown(after),
    ...(ending.length > 0 && { ending_tasks: [...ending] }),
    ...(seen.length > 0 && { exceeded: seen }),
  };
}

function shownOutlook(
  outlook: Forecast_Outlook,
  sees: Sight,
  seesFramework: (id: string) => boolean,
): Forecast_Outlook {
  const { roles = [], frameworks = [], unmet_guarantees = [], uncovered, ...rest } = outlook;
  const { capacity: _, allocated: __, offered: ___, ...withoutSums } = rest;
  // They have what roles hold that the viewer may not see.
  const seesSums = sees.metrics() || roles.every(({ role }) => sees.role(role));
  const shownRoles = roles
    .filter(({ role }) => sees.role(role))
    .map(({ guarantees, limits, ...role }) => ({
      ...role,
      ...(guarantees !== undefined && sees.quota(role.role) && { guarantees }),
      ...(limits !== undefined && sees.quota(role.role) && { limits }),
    }));
  const shownFrameworks = frameworks.filter(
    ({ framework_id, role }) => sees.role(role) && seesFramework(framework_id.value),
  );
  const unmet = unmet_guarantees.filter(({ role }) => sees.quota(role));
  // It adds up all guarantees.
  const seesAll = roles.every(
    ({ role, guarantees }) => guarantees === undefined || sees.quota(role),
  );
  return {
    ...(seesSums ? rest : withoutSums),
    ...(shownRoles.length > 0 && { roles: shownRoles }),
    ...(shownFrameworks.length > 0 && { frameworks: shownFrameworks }),
    ...(unmet.length > 0 && { unmet_guarantees: unmet }),
    ...(uncovered !== undefined && seesAll && { uncovered }),
  };
}
