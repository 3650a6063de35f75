// Changes that are planned together, as one text in the query of a place.

type PlanQuery = Readonly<Record<string, string>>;

/** More would make too long a link. */
const MAX_PLANS = 7;

/** Empty for none. */
export const plansText = (plans: readonly PlanQuery[]): string =>
  plans.length === 0 ? '' : JSON.stringify(plans.slice(-MAX_PLANS));

/** Anything that `plansText` has not made is left out. */
export function parsePlans(text: string | undefined): readonly PlanQuery[] {
  try {
    const plans: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(plans) ? plans.filter(isPlan).slice(0, MAX_PLANS) : [];
  } catch {
    return [];
  }
}

const isPlan = (plan: unknown): plan is PlanQuery =>
  typeof plan === 'object' &&
  plan !== null &&
  !Array.isArray(plan) &&
  Object.values(plan).every((value) => typeof value === 'string');
