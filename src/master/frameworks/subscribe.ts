// SUBSCRIBE: the checks, in Mesos's order; then the framework is added, recovered or subscribed
// again.
import { frameworkRoles } from '../../model/capabilities.ts';
import {
  type FrameworkInfo,
  type OfferConstraints,
  type SchedulerCall_Subscribe,
  SchedulerCall_Type,
} from '../../model/generated/messages.ts';
import { frameworkId } from '../../model/ids.ts';
import { otherPrincipalError, schedulerCallError } from '../../model/scheduler-call.ts';
import type { Principal } from '../../security/principal.ts';
import type { SchedulerSubscribe } from '../events.ts';
import { countCall } from '../metrics/counters.ts';
import { claimNames, MOST_NAMES_OF_FRAMEWORKS } from '../offers/resource-names.ts';
import { mayDo, tellDisbelief } from '../outbox.ts';
import type { Framework, MasterState } from '../state.ts';
import { countError, MAX_FRAMEWORK_ROLES } from '../validation/count.ts';
import {
  frameworkInfoError,
  frameworkUpdateError,
  roleListsError,
} from '../validation/framework.ts';
import { frameworkUserError } from '../validation/users.ts';
import { answerCall, type ConnectionRequest, refuseConnection } from './connection.ts';
import { addNewFramework, recoverFramework, resubscribe } from './frameworks.ts';
import { subscriberError } from './room.ts';

export function schedulerSubscribe(state: MasterState, event: SchedulerSubscribe): void {
  const { call, principal, request, stream } = event;
  const invalid = schedulerCallError(call) ?? impostureError(state, call.subscribe, principal);
  if (invalid !== undefined || call.subscribe === undefined) {
    answerCall(state, event, 400, `Failed to validate scheduler::Call: ${invalid}`);
    return;
  }
  subscribe(state, call.subscribe, principal, { request, stream });
}

/** Why the principal must not subscribe as the framework's. */
function impostureError(
  state: MasterState,
  subscribe: SchedulerCall_Subscribe | undefined,
  principal: Principal | undefined,
): string | undefined {
  const { framework_info: info } = subscribe ?? {};
  const error = info && otherPrincipalError(info, principal?.value);
  if (error !== undefined) {
    tellDisbelief(state, {
      principal: principal?.value,
      claimed: info?.principal,
      why: `sender: ${error}`,
    });
  }
  return error;
}

/**
 * Subscribes a framework whose call is well formed, or refuses it on the connection it asks for.
 */
function subscribe(
  state: MasterState,
  call: SchedulerCall_Subscribe,
  principal: Principal | undefined,
  from: ConnectionRequest,
): void {
  const info = withPrincipal(call.framework_info, principal?.value);
  const id = info.id?.value ?? '';
  if (id === '') {
    state.counters.values.messages_register_framework++;
  } else {
    state.counters.values.messages_reregister_framework++;
  }
  const refusal = subscribeError(state, info, call);
  if (refusal !== undefined) {
    refuseConnection(state, from, refusal);
    return;
  }
  const subscription = {
    from,
    principal,
    info,
    suppressedRoles: call.suppressed_roles ?? [],
    constraints: call.offer_constraints,
  };
  if (id === '') {
    const framework = addNewFramework(state, subscription);
    countCall(framework.counters, SchedulerCall_Type.SUBSCRIBE);
    return;
  }
  const known = state.frameworks.registered.get(frameworkId(id));
  const framework = known ?? recoverFramework(state, info);
  if (known === undefined) {
    framework.isClaim = principal !== undefined;
  }
  const kept = preserveImmutable(framework, info);
  const changed = frameworkUpdateError(framework.info, kept);
  if (changed !== undefined) {
    refuseConnection(state, from, changed);
    return;
  }
  countCall(framework.counters, SchedulerCall_Type.SUBSCRIBE);
  resubscribe(state, framework, { ...subscription, info: kept });
}

/**
 * A framework that has authenticated and names no principal gets the principal it authenticated as.
 */
function withPrincipal(info: FrameworkInfo, principal: string | undefined): FrameworkInfo {
  return principal === undefined || info.principal !== undefined ? info : { ...info, principal };
}

/**
 * The new description with the user and checkpointing that the framework had: these cannot change.
 */
function preserveImmutable(framework: Framework, info: FrameworkInfo): FrameworkInfo {
  const { checkpoint: _, ...rest } = info;
  const { user, checkpoint } = framework.info;
  return checkpoint === undefined ? { ...rest, user } : { ...rest, user, checkpoint };
}

function subscribeError(
  state: MasterState,
  info: FrameworkInfo,
  subscribe: SchedulerCall_Subscribe,
): string | undefined {
  return (
    frameworkError(state, info, subscribe.offer_constraints) ??
    roleListsError(info, subscribe.suppressed_roles ?? [], subscribe.offer_constraints) ??
    offerConstraintsError(state, subscribe.offer_constraints) ??
    registrationError(state, info)
  );
}

export function offerConstraintsError(
  state: MasterState,
  constraints: OfferConstraints | undefined,
): string | undefined {
  const why = state.allocator.constraintsError(constraints);
  return why === undefined ? undefined : `Offer constraints are not valid: ${why}`;
}

/** Why neither SUBSCRIBE nor UPDATE_FRAMEWORK may bring this description. */
export function frameworkError(
  state: MasterState,
  info: FrameworkInfo,
  constraints: OfferConstraints | undefined,
): string | undefined {
  const error =
    countError("'FrameworkInfo.roles'", frameworkRoles(info).length, MAX_FRAMEWORK_ROLES) ??
    frameworkInfoError(info) ??
    subscriberError(state, info, constraints);
  if (error !== undefined) {
    return error;
  }
  const allowed = state.roleWhitelist;
  const unknown = frameworkRoles(info).filter((role) => allowed?.has(role) === false);
  if (unknown.length > 0) {
    return `Roles { ${unknown.join(', ')} } are not present in the master's --roles`;
  }
  const userError = frameworkUserError(state, info);
  if (userError !== undefined) {
    return userError;
  }
  if (state.frameworks.completed.has(frameworkId(info.id?.value ?? ''))) {
    return 'Framework has been removed';
  }
  return claimNames(state, minimumNames(info), MOST_NAMES_OF_FRAMEWORKS)
    ? undefined
    : 'Too many resource names';
}

const minimumNames = (info: FrameworkInfo) =>
  Object.values(info.offer_filters ?? {}).flatMap(({ min_allocatable_resources }) =>
    (min_allocatable_resources?.quantities ?? []).flatMap(({ quantities }) =>
      Object.keys(quantities ?? {}),
    ),
  );

/** Authorization of the roles, for the principal that the framework names. */
export function registrationError(state: MasterState, info: FrameworkInfo): string | undefined {
  const principal = info.principal === undefined ? undefined : { value: info.principal };
  return mayDo(state, principal, 'REGISTER_FRAMEWORK', { framework: info })
    ? undefined
    : `Not authorized to register framework '${info.name}' with roles ` +
        `{ ${frameworkRoles(info).join(', ')} }`;
}
