// Weights of roles: UPDATE_WEIGHTS, and what it does to offers.
import type { WeightInfo } from '../../model/generated/messages.ts';
import type { RequestId } from '../../model/ids.ts';
import { roleError } from '../../model/role.ts';
import type { Principal } from '../../security/principal.ts';
import type { ContinuationOf } from '../continuation.ts';
import { rescindOffer } from '../offers/rescind.ts';
import { mayDoEach, reply } from '../outbox.ts';
import { storeSetting } from '../registrar.ts';
import type { MasterState } from '../state.ts';
import { countError, MAX_ALL_ENTRIES, MAX_ENTRIES } from '../validation/count.ts';
import { frameworksByRole, holdersOf, isAllowedRole } from './roles.ts';
import { rolesRoomError } from './room.ts';

export function updateWeights(
  state: MasterState,
  infos: readonly WeightInfo[],
  principal: Principal | undefined,
  request: RequestId,
): void {
  const tooMany = countError("'weight_infos'", infos.length, MAX_ENTRIES);
  if (tooMany !== undefined) {
    reply(state, request, 400, `Failed to validate update weights request JSON: ${tooMany}`);
    return;
  }
  const wanted = infos.map(({ role, weight }) => ({ role: (role ?? '').trim(), weight }));
  for (const { role, weight } of wanted) {
    const error = weightError(role, weight);
    if (error !== undefined) {
      reply(state, request, 400, `Failed to validate update weights request JSON${error}`);
      return;
    }
  }
  if (!mayDoEach(state, principal, 'UPDATE_WEIGHT', wanted)) {
    reply(state, request, 403);
    return;
  }
  const barred = wanted.find(({ role }) => !isAllowedRole(state, role));
  if (barred !== undefined) {
    const error = `Unknown role '${barred.role}'`;
    reply(state, request, 400, `Failed to validate update weights request JSON: ${error}`);
    return;
  }
  const all = new Map(state.weights);
  for (const { role, weight } of wanted) {
    all.set(role, weight);
  }
  const roles = wanted.map(({ role }) => role);
  const allError =
    countError('The set of all weights', all.size, MAX_ALL_ENTRIES) ?? rolesRoomError(state, roles);
  if (allError !== undefined) {
    reply(state, request, 400, `Failed to validate update weights request JSON: ${allError}`);
    return;
  }
  const weights = [...all].map(([role, weight]) => ({ role, weight }));
  const continuation = { type: 'weightsUpdated' as const, weights: wanted, request };
  storeSetting(state, { type: 'setWeights', weights }, continuation);
}

export function weightsUpdated(
  state: MasterState,
  { weights, request }: ContinuationOf<'weightsUpdated'>,
): void {
  for (const { role, weight } of weights) {
    state.weights.set(role, weight);
  }
  state.allocator.updateWeights(Object.fromEntries(weights.map((it) => [it.role, it.weight])));
  rescindForWeights(state, weights);
  reply(state, request, 200);
}

/** Why a role cannot have the weight; after the words for where it was found. */
export function weightError(role: string, weight: number): string | undefined {
  const error = roleError(role);
  if (error !== undefined) {
    return `: Invalid role '${role}': ${error}`;
  }
  return weight > 0
    ? undefined
    : ` for role '${role}': Invalid weight '${weight}': Weights must be positive`;
}

/** Rescinds all offers when the weight of a role in use has changed: sharing starts anew. */
function rescindForWeights(state: MasterState, changed: readonly { role: string }[]): void {
  const used = frameworksByRole(state, holdersOf(state, { counted: false }));
  if (changed.some(({ role }) => used.has(role))) {
    for (const offer of [...state.offers.values()]) {
      rescindOffer(state, offer);
    }
  }
}
