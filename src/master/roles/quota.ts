// Quotas of roles: how they are checked, and which offers are rescinded when one changes.
import {
  type MasterCall_UpdateQuota,
  type OfferExplanation_QuotaUse,
  type QuotaConfig,
  type QuotaRequest,
  type Resource,
  Value_Type,
} from '../../model/generated/messages.ts';
import type { RequestId } from '../../model/ids.ts';
import { isReserved, toReservationLists } from '../../model/resource-format.ts';
import { resourcesError } from '../../model/resource-validation.ts';
import { isInSubtree, roleError } from '../../model/role.ts';
import type { Principal } from '../../security/principal.ts';
import type { ContinuationOf, SettingContinuation } from '../continuation.ts';
import { ask } from '../offers/allocator-recovery.ts';
import { rescindOffer } from '../offers/rescind.ts';
import { claimNames, claimNamesOf } from '../offers/resource-names.ts';
import { mayDo, mayDoEach, reply } from '../outbox.ts';
import { storeSetting } from '../registrar.ts';
import type { MasterState, OutstandingOffer, QuotaAmounts } from '../state.ts';
import { countError, MAX_ALL_ENTRIES, MAX_ENTRIES } from '../validation/count.ts';
import { scalarError } from '../validation/framework.ts';
import {
  type Amounts,
  amountsOf,
  amountsText,
  countedAmounts,
  covers,
  isWithin,
  minus,
  plus,
  recordOf,
  withoutZeros,
} from './quantities.ts';
import { frameworksByRole, holdersOf, holdingsOfRole, isAllowedRole } from './roles.ts';

export const quotaAmounts = (config: QuotaConfig): QuotaAmounts => ({
  guarantees: withoutZeros(amountsOf(config.guarantees)),
  limits: amountsOf(config.limits),
});

const scalars = (amounts: Amounts) =>
  Object.fromEntries(Object.entries(amounts).map(([name, value]) => [name, { value }]));

export function quotaConfig(role: string, { guarantees, limits }: QuotaAmounts): QuotaConfig {
  const config: QuotaConfig = { role };
  if (Object.keys(guarantees).length > 0) {
    config.guarantees = scalars(guarantees);
  }
  if (Object.keys(limits).length > 0) {
    config.limits = scalars(limits);
  }
  return config;
}

export function updateQuota(
  state: MasterState,
  call: MasterCall_UpdateQuota,
  principal: Principal | undefined,
  request: RequestId,
): void {
  const configs = call.quota_configs ?? [];
  const malformed = quotaConfigsError(configs);
  if (malformed !== undefined) {
    reply(state, request, 400, malformed);
    return;
  }
  if (!mayDoEach(state, principal, 'UPDATE_QUOTA', configs)) {
    reply(state, request, 403);
    return;
  }
  const error = namesError(state, configs) ?? fitError(state, configs, call.force === true);
  if (error !== undefined) {
    reply(state, request, 400, error);
    return;
  }
  const quotas = new Map(state.quotas);
  for (const config of configs) {
    quotas.set(config.role, quotaAmounts(config));
  }
  storeQuotas(state, quotas, { type: 'quotasUpdated', configs, request });
}

export function quotasUpdated(
  state: MasterState,
  { configs, request }: ContinuationOf<'quotasUpdated'>,
): void {
  for (const config of configs) {
    setQuota(state, config.role, quotaAmounts(config));
  }
  rescindForQuotas(
    state,
    configs.map(({ role }) => role),
  );
  reply(state, request, 200);
}

function storeQuotas(
  state: MasterState,
  quotas: ReadonlyMap<string, QuotaAmounts>,
  continuation: SettingContinuation,
): void {
  const configs = [...quotas].map(([role, amounts]) => quotaConfig(role, amounts));
  storeSetting(state, { type: 'setQuotas', quotas: configs }, continuation);
}

function setQuota(state: MasterState, role: string, amounts: QuotaAmounts): void {
  state.quotas.set(role, amounts);
  state.allocator.updateQuota(role, amounts);
}

/** Why these are no quotas, whatever else there is. */
export function quotaConfigsError(configs: readonly QuotaConfig[]): string | undefined {
  const tooMany = countError("'quota_configs'", configs.length, MAX_ENTRIES);
  if (tooMany !== undefined) {
    return `Invalid QuotaConfig: ${tooMany}`;
  }
  for (const config of configs) {
    if (config.role.includes('/')) {
      return `Updating quota on nested role '${config.role}' is not supported yet`;
    }
    const error = configError(config);
    if (error !== undefined) {
      return `Invalid QuotaConfig: ${error}`;
    }
  }
  return undefined;
}

function namesError(state: MasterState, configs: readonly QuotaConfig[]): string | undefined {
  const tooMany = allQuotasError(state, configs);
  if (tooMany !== undefined) {
    return `Invalid QuotaConfig: ${tooMany}`;
  }
  const barred = configs.find(({ role }) => !isAllowedRole(state, role));
  if (barred !== undefined) {
    return `Invalid QuotaConfig: '${barred.role}' is not on the roles whitelist`;
  }
  const names = configs.flatMap(({ guarantees, limits }) => [
    ...Object.keys(guarantees ?? {}),
    ...Object.keys(limits ?? {}),
  ]);
  return claimNames(state, names) ? undefined : 'Invalid QuotaConfig: too many resource names';
}

const allQuotasError = (state: MasterState, more: readonly { role?: string }[]) =>
  countError(
    'The set of all quotas',
    new Set([...state.quotas.keys(), ...more.map(({ role }) => role)]).size,
    MAX_ALL_ENTRIES,
  );

const EXABYTE_IN_MEGABYTES = 1024 ** 4;
const TRILLION = 1000 ** 4;

function configError(config: QuotaConfig): string | undefined {
  const error = roleError(config.role);
  if (error !== undefined) {
    return `Invalid 'QuotaConfig.role': ${error}`;
  }
  const [guarantees, limits] = [amountsOf(config.guarantees), amountsOf(config.limits)];
  const wrong =
    tooLargeError('guarantees', guarantees) ??
    tooLargeError('limits', limits) ??
    amountError('guarantee', guarantees) ??
    amountError('limit', limits);
  if (wrong !== undefined) {
    return wrong;
  }
  return isWithin(guarantees, limits)
    ? undefined
    : `'QuotaConfig.guarantees' ${mapText(guarantees)} is not contained within the` +
        ` 'QuotaConfig.limits' ${mapText(limits)}`;
}

const mapText = (amounts: Amounts) =>
  `{ ${Object.entries(amounts)
    .map(([name, value]) => `${name}: ${value}`)
    .join(', ')} }`;

function tooLargeError(field: string, amounts: Amounts): string | undefined {
  for (const [name, value] of Object.entries(amounts)) {
    const isMegabytes = name === 'mem' || name === 'disk';
    const most = isMegabytes ? EXABYTE_IN_MEGABYTES : TRILLION;
    if (value > most) {
      return (
        `Invalid 'QuotaConfig.${field}': {'${name}': ${value}} is invalid: values greater than` +
        ` 1 ${isMegabytes ? 'exabyte' : 'trillion'} (${most}) are not supported`
      );
    }
  }
  return undefined;
}

function amountError(noun: string, amounts: Amounts): string | undefined {
  for (const [name, value] of Object.entries(amounts)) {
    const error = scalarError(value);
    if (error !== undefined) {
      return `Invalid ${noun} configuration {'${name}': ${value}}: ${error}`;
    }
  }
  return undefined;
}

/**
 * Why a quota is refused without `force`: a limit is exceeded already, or a guarantee cannot be
 * met.
 */
function fitError(
  state: MasterState,
  configs: readonly QuotaConfig[],
  force: boolean,
): string | undefined {
  if (force || configs.length === 0) {
    return undefined;
  }
  const held = holdersOf(state, { counted: true });
  for (const { role, limits } of configs) {
    const consumed = holdingsOfRole(held, role).consumed;
    const wanted = amountsOf(limits);
    if (!isWithin(consumed, wanted)) {
      return (
        `Invalid QuotaConfig: Role '${role}' is already consuming '${amountsText(consumed)}'; this` +
        ` is more than the requested limits '${amountsText(wanted)}' (use 'force' flag to bypass` +
        ' this check)'
      );
    }
  }
  const total = totalGuarantees(state, new Map(configs.map((it) => [it.role, quotaAmounts(it)])));
  const capacity = clusterCapacity(state);
  return covers(capacity, total)
    ? undefined
    : `Invalid QuotaConfig: total quota guarantees '${amountsText(total)}' exceed cluster capacity` +
        ` '${amountsText(capacity)}' (use 'force' flag to bypass this check)`;
}

/** Limits that their roles exceed already, which are refused without `force`. */
export function exceededLimits(
  state: MasterState,
  configs: readonly QuotaConfig[],
): OfferExplanation_QuotaUse[] {
  const held = holdersOf(state, { counted: true });
  return configs.flatMap(({ role, limits }) => {
    const consumed = new Map(Object.entries(holdingsOfRole(held, role).consumed));
    return Object.entries(amountsOf(limits)).flatMap(([resource, limit]) => {
      const use = consumed.get(resource) ?? 0;
      return isWithin(recordOf([[resource, use]]), recordOf([[resource, limit]]))
        ? []
        : [{ role, resource, limit, consumed: use }];
    });
  });
}

function totalGuarantees(state: MasterState, changed: ReadonlyMap<string, QuotaAmounts>): Amounts {
  let total: Amounts = {};
  for (const [role, { guarantees }] of new Map([...state.quotas, ...changed])) {
    // Nested quotas are part of their parents'.
    if (!role.includes('/')) {
      total = plus(total, guarantees);
    }
  }
  return total;
}

/** Of all agents, without what is revocable. */
const clusterCapacity = (state: MasterState): Amounts =>
  ask(state, (allocator) => allocator.clusterSums()).total;

/** Rescinds offers until limits hold and guarantees could be met. */
function rescindForQuotas(state: MasterState, roles: readonly string[]): void {
  const held = holdersOf(state, { counted: true });
  const amounts = (resources: readonly Resource[]) => countedAmounts(state.algebra, resources);
  const rescinded = new Map<string, Amounts>();
  const rescind = (offer: OutstandingOffer): Amounts => {
    const freed = amounts(offer.resources);
    rescinded.set(offer.role, plus(rescinded.get(offer.role) ?? {}, freed));
    rescindOffer(state, offer);
    return freed;
  };
  for (const role of roles) {
    const quota = state.quotas.get(role);
    const { consumed, offered } = holdingsOfRole(held, role);
    let taken = plus(consumed, offered);
    for (const [earlier, freed] of rescinded) {
      if (isInSubtree(earlier, role)) {
        taken = minus(taken, freed);
      }
    }
    for (const offer of state.offers.values()) {
      if (isWithin(taken, quota?.limits ?? {})) {
        break;
      }
      if (isInSubtree(offer.role, role)) {
        taken = minus(taken, rescind(offer));
      }
    }
    let freed: Amounts = {};
    for (const offer of state.offers.values()) {
      if (covers(plus(freed, taken), quota?.guarantees ?? {})) {
        break;
      }
      if (!isInSubtree(offer.role, role)) {
        freed = plus(freed, rescind(offer));
      }
    }
  }
}

/** SET_QUOTA, Mesos's older call: guarantee and limit in one, for a role without quota. */
export function setOldQuota(
  state: MasterState,
  quota: QuotaRequest,
  principal: Principal | undefined,
  request: RequestId,
): void {
  const role = quota.role ?? '';
  const malformed = oldFormError(quota);
  if (malformed !== undefined) {
    reply(state, request, 400, OLD_ERROR_PREFIX + malformed);
    return;
  }
  if (!mayDo(state, principal, 'UPDATE_QUOTA', { value: role })) {
    reply(state, request, 403);
    return;
  }
  const error = oldRequestError(state, quota);
  if (error !== undefined) {
    reply(state, request, 400, error);
    return;
  }
  const amounts = recordOf(
    (quota.guarantee ?? []).map(({ name, scalar }) => [name, scalar?.value ?? 0] as const),
  );
  const wanted = { guarantees: withoutZeros(amounts), limits: amounts };
  const total = totalGuarantees(state, new Map([[role, wanted]]));
  const capacity = clusterCapacity(state);
  if (quota.force !== true && !covers(capacity, total)) {
    reply(
      state,
      request,
      409,
      "Quota guarantees overcommit the cluster (use 'force' to bypass this check): Total quota" +
        ` guarantees '${amountsText(total)}' exceed cluster capacity '${amountsText(capacity)}'`,
    );
    return;
  }
  const continuation = { type: 'quotaSet' as const, role, amounts: wanted, request };
  storeQuotas(state, new Map(state.quotas).set(role, wanted), continuation);
}

export function quotaSet(
  state: MasterState,
  { role, amounts, request }: ContinuationOf<'quotaSet'>,
): void {
  setQuota(state, role, amounts);
  rescindForOldQuota(state, role, amounts.guarantees);
  reply(state, request, 200);
}

const OLD_ERROR_PREFIX = 'Failed to validate set quota request: ';

function oldFormError({ role = '', guarantee }: QuotaRequest): string | undefined {
  const invalid = resourcesError(guarantee);
  return invalid === undefined
    ? oldQuotaError(role, toReservationLists(guarantee))
    : `QuotaInfo with invalid resource: ${invalid}`;
}

function oldRequestError(state: MasterState, quota: QuotaRequest): string | undefined {
  const prefix = OLD_ERROR_PREFIX;
  const role = quota.role ?? '';
  const tooMany = allQuotasError(state, [quota]);
  if (tooMany !== undefined) {
    return prefix + tooMany;
  }
  if (!claimNamesOf(state, [quota.guarantee])) {
    return `${prefix}QuotaInfo with too many resource names`;
  }
  if (!isAllowedRole(state, role)) {
    return `${prefix}Unknown role '${role}'`;
  }
  if (state.quotas.has(role)) {
    return `${prefix}Cannot set quota for role '${role}' which already has quota`;
  }
  return role.includes('/')
    ? `Setting quota on nested role '${role}' is not supported yet`
    : undefined;
}

function oldQuotaError(role: string, guarantee: readonly Resource[]): string | undefined {
  const error = roleError(role);
  if (error !== undefined) {
    return `QuotaInfo with invalid role: ${error}`;
  }
  if (guarantee.length === 0) {
    return "QuotaInfo with empty 'guarantee'";
  }
  const names = new Set<string>();
  for (const resource of guarantee) {
    if (isReserved(resource)) {
      return 'QuotaInfo must not contain any ReservationInfo';
    }
    if (resource.disk !== undefined) {
      return 'QuotaInfo must not contain DiskInfo';
    }
    if (resource.revocable !== undefined) {
      return 'QuotaInfo must not contain RevocableInfo';
    }
    if (resource.type !== Value_Type.SCALAR) {
      return 'QuotaInfo must not include non-scalar resources';
    }
    if (names.has(resource.name)) {
      return `QuotaInfo contains duplicate resource name '${resource.name}'`;
    }
    names.add(resource.name);
  }
  return undefined;
}

/**
 * Rescinds offers until the guarantee is free, and on at least one agent for each framework of the
 * role.
 */
function rescindForOldQuota(state: MasterState, role: string, guarantees: Amounts): void {
  const holders = holdersOf(state, { counted: false });
  const waiting = (frameworksByRole(state, holders).get(role) ?? []).filter(
    (it) => it.state === 'connected' && it.active,
  ).length;
  let freed: Amounts = {};
  let visited = 0;
  for (const agent of state.agents.registered.values()) {
    if (covers(freed, guarantees) && visited >= waiting) {
      break;
    }
    visited += agent.offers.size > 0 ? 1 : 0;
    for (const offer of [...agent.offers]) {
      freed = plus(freed, countedAmounts(state.algebra, offer.resources));
      rescindOffer(state, offer);
    }
  }
}

export function removeQuota(
  state: MasterState,
  role: string,
  principal: Principal | undefined,
  request: RequestId,
): void {
  if (!mayDo(state, principal, 'UPDATE_QUOTA', { value: role })) {
    reply(state, request, 403);
    return;
  }
  if (!state.quotas.has(role)) {
    // Apache Mesos's master ends itself here.
    reply(state, request, 400, `Failed to remove quota: Role '${role}' has no quota set`);
    return;
  }
  const quotas = new Map(state.quotas);
  quotas.delete(role);
  storeQuotas(state, quotas, { type: 'quotaRemoved', role, request });
}

export function quotaRemoved(
  state: MasterState,
  { role, request }: ContinuationOf<'quotaRemoved'>,
): void {
  state.quotas.delete(role);
  state.allocator.updateQuota(role, { guarantees: {}, limits: {} });
  reply(state, request, 200);
}
