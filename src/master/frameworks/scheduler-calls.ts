// Calls of the scheduler API other than SUBSCRIBE: who may call, and what each call does.

import { sameMessage } from '../../model/equality.ts';
import {
  InverseOfferStatus_Status,
  type SchedulerCall,
  type SchedulerCall_AcceptInverseOffers,
  type SchedulerCall_Acknowledge,
  type SchedulerCall_Decline,
  type SchedulerCall_Kill,
  type SchedulerCall_Message,
  type SchedulerCall_Shutdown,
  SchedulerCall_Type,
  type SchedulerCall_UpdateFramework,
} from '../../model/generated/messages.ts';
import { sameBytes } from '../../model/identifier.ts';
import { agentId, frameworkId, offerId, taskId } from '../../model/ids.ts';
import { operationResources } from '../../model/operation-resources.ts';
import { roleError } from '../../model/role.ts';
import { otherPrincipalError, schedulerCallError } from '../../model/scheduler-call.ts';
import { isTerminal } from '../../model/task-state.ts';
import type { Principal } from '../../security/principal.ts';
import { drainIfIdle } from '../agents/draining.ts';
import type { SchedulerCalled } from '../events.ts';
import { countCall } from '../metrics/counters.ts';
import { accept } from '../offers/accept.ts';
import { DEFAULT_REFUSE_SECONDS, discardOffer, removeInverseOffer } from '../offers/rescind.ts';
import { acknowledgeOperation } from '../operations/operations.ts';
import { publishFrameworkChanged } from '../operators/subscribers.ts';
import { log, nowNs, sendToAgent, tellDisbelief } from '../outbox.ts';
import { rolesOf, rolesRoomError } from '../roles/room.ts';
import type { Framework, MasterState } from '../state.ts';
import { killTask } from '../tasks/kill.ts';
import { removeTask } from '../tasks/tasks.ts';
import { acceptError } from '../validation/accept.ts';
import { countError, MAX_ANSWERED, MAX_RECONCILED } from '../validation/count.ts';
import { frameworkUpdateError, roleListsError } from '../validation/framework.ts';
import { answerCall, type Caller, connectionError } from './connection.ts';
import { tellOfFramework, updateFramework } from './frameworks.ts';
import { reconcile, reconcileOperations } from './reconcile.ts';
import { removeFramework } from './removal.ts';
import { frameworkError, offerConstraintsError, registrationError } from './subscribe.ts';

export function schedulerCall(state: MasterState, event: SchedulerCalled): void {
  const { call, principal } = event;
  const invalid = schedulerCallError(call);
  if (invalid !== undefined) {
    countInvalid(state, call);
    answerCall(state, event, 400, `Failed to validate scheduler::Call: ${invalid}`);
    return;
  }
  const framework = state.frameworks.registered.get(frameworkId(call.framework_id?.value ?? ''));
  if (framework === undefined) {
    answerCall(state, event, 400, 'Framework cannot be found');
    return;
  }
  countCall(framework.counters, call.type ?? SchedulerCall_Type.UNKNOWN);
  const stranger = callerError(framework, principal, event);
  if (stranger !== undefined) {
    tellDisbelief(state, {
      principal: principal?.value,
      object: { framework: framework.id },
      why: `sender: ${stranger.text}`,
    });
  }
  const refusal = stranger ?? amountError(state, framework, call);
  if (refusal !== undefined) {
    answerCall(state, event, refusal.status, refusal.text);
    return;
  }
  perform(state, framework, call, event);
}

function countInvalid(state: MasterState, call: SchedulerCall): void {
  const { values } = state.counters;
  if (call.type === SchedulerCall_Type.ACKNOWLEDGE) {
    values.invalid_status_update_acknowledgements++;
  } else if (call.type === SchedulerCall_Type.ACKNOWLEDGE_OPERATION_STATUS) {
    values.invalid_operation_status_update_acknowledgements++;
  } else if (call.type === SchedulerCall_Type.MESSAGE) {
    values.invalid_framework_to_executor_messages++;
  }
}

/** Why the caller is not the framework's scheduler: another principal, or not its connection. */
function callerError(
  framework: Framework,
  principal: Principal | undefined,
  caller: Caller,
): { readonly status: number; readonly text: string } | undefined {
  const { principal: owner = '' } = framework.info;
  const text = otherPrincipalError({ principal: owner }, principal?.value);
  return text === undefined ? connectionError(framework, caller) : { status: 400, text };
}

/** Why a call names too much: all of it is answered in one step. */
function amountError(state: MasterState, framework: Framework, call: SchedulerCall) {
  const { reconcile: tasks, reconcile_operations: operations } = call;
  const { accept: accepted, decline: declined } = call;
  const { accept_inverse_offers: yes, decline_inverse_offers: no } = call;
  const error =
    (accepted &&
      (acceptError(accepted, framework) ??
        rolesRoomError(state, rolesOf(accepted.operations?.map(operationResources) ?? [])))) ??
    countError("'decline.offer_ids'", declined?.offer_ids?.length ?? 0, MAX_ANSWERED) ??
    countError("'inverse_offer_ids'", (yes ?? no)?.inverse_offer_ids?.length ?? 0, MAX_ANSWERED) ??
    countError("'reconcile.tasks'", tasks?.tasks?.length ?? 0, MAX_RECONCILED) ??
    countError(
      "'reconcile_operations.operations'",
      operations?.operations?.length ?? 0,
      MAX_RECONCILED,
    );
  return error === undefined
    ? undefined
    : { status: 400, text: `Failed to validate scheduler::Call: ${error}` };
}

function perform(
  state: MasterState,
  framework: Framework,
  call: SchedulerCall,
  caller: Caller,
): void {
  const type = call.type ?? SchedulerCall_Type.UNKNOWN;
  if (type === SchedulerCall_Type.UNKNOWN) {
    answerCall(state, caller, 501);
    return;
  }
  if (type === SchedulerCall_Type.UPDATE_FRAMEWORK) {
    if (call.update_framework !== undefined) {
      changeFramework(state, framework, call.update_framework, caller);
    }
    return;
  }
  answerCall(state, caller, 202);
  act(state, framework, call, type);
}

/** Carries out a call that has been answered already. */
function act(
  state: MasterState,
  framework: Framework,
  call: SchedulerCall,
  type: SchedulerCall_Type,
): void {
  switch (type) {
    case SchedulerCall_Type.TEARDOWN:
      removeFramework(state, framework);
      break;
    case SchedulerCall_Type.ACCEPT:
      if (call.accept !== undefined) {
        accept(state, framework, call.accept);
      }
      break;
    case SchedulerCall_Type.DECLINE:
      if (call.decline !== undefined) {
        decline(state, framework, call.decline);
      }
      break;
    case SchedulerCall_Type.ACCEPT_INVERSE_OFFERS:
      answerInverseOffers(state, framework, 'accept', call.accept_inverse_offers);
      break;
    case SchedulerCall_Type.DECLINE_INVERSE_OFFERS:
      answerInverseOffers(state, framework, 'decline', call.decline_inverse_offers);
      break;
    case SchedulerCall_Type.REVIVE:
      revive(state, framework, call.revive?.roles ?? []);
      break;
    case SchedulerCall_Type.SUPPRESS:
      suppress(state, framework, call.suppress?.roles ?? []);
      break;
    case SchedulerCall_Type.KILL:
      if (call.kill !== undefined) {
        kill(state, framework, call.kill);
      }
      break;
    case SchedulerCall_Type.SHUTDOWN:
      if (call.shutdown !== undefined) {
        shutdown(state, framework, call.shutdown);
      }
      break;
    case SchedulerCall_Type.ACKNOWLEDGE:
      if (call.acknowledge !== undefined) {
        acknowledge(state, framework, call.acknowledge);
      }
      break;
    case SchedulerCall_Type.ACKNOWLEDGE_OPERATION_STATUS:
      if (call.acknowledge_operation_status !== undefined) {
        const { agent_id } = call.acknowledge_operation_status;
        acknowledgeOperation(state, framework, call.acknowledge_operation_status);
        drainIfIdle(state, state.agents.registered.get(agentId(agent_id?.value ?? '')));
      }
      break;
    case SchedulerCall_Type.RECONCILE:
      reconcile(state, framework, call.reconcile ?? {});
      break;
    case SchedulerCall_Type.RECONCILE_OPERATIONS:
      reconcileOperations(state, framework, call.reconcile_operations ?? {});
      break;
    case SchedulerCall_Type.MESSAGE:
      if (call.message !== undefined) {
        message(state, framework, call.message);
      }
      break;
    case SchedulerCall_Type.REQUEST:
      // The allocator makes nothing of it, as Apache Mesos's.
      state.counters.values.messages_resource_request++;
      break;
    case SchedulerCall_Type.UNKNOWN:
    case SchedulerCall_Type.SUBSCRIBE:
    case SchedulerCall_Type.UPDATE_FRAMEWORK:
      break;
    default:
      void (type satisfies never);
  }
}

function decline(state: MasterState, framework: Framework, call: SchedulerCall_Decline): void {
  state.counters.values.messages_decline_offers++;
  const refuseSeconds = call.filters?.refuse_seconds ?? DEFAULT_REFUSE_SECONDS;
  for (const { value } of call.offer_ids ?? []) {
    const offer = state.offers.get(offerId(value));
    if (offer?.framework === framework) {
      discardOffer(state, offer, refuseSeconds);
      framework.counters.offersDeclined++;
      framework.counters.declinedSince++;
    }
  }
}

function answerInverseOffers(
  state: MasterState,
  framework: Framework,
  status: 'accept' | 'decline',
  call: SchedulerCall_AcceptInverseOffers | undefined,
): void {
  for (const { value } of call?.inverse_offer_ids ?? []) {
    const inverseOffer = state.inverseOffers.get(offerId(value));
    if (inverseOffer?.framework === framework) {
      removeInverseOffer(state, inverseOffer);
      const { agent } = inverseOffer;
      agent.inverseAnswers ??= new Map();
      agent.inverseAnswers.set(framework.id, {
        status:
          status === 'accept'
            ? InverseOfferStatus_Status.ACCEPT
            : InverseOfferStatus_Status.DECLINE,
        framework_id: framework.idMessage,
        timestamp: { nanoseconds: nowNs(state) },
      });
      state.allocator.answerInverseOffer({
        frameworkId: framework.id,
        agentId: inverseOffer.agent.id,
        status,
        refuseSeconds: call?.filters?.refuse_seconds ?? DEFAULT_REFUSE_SECONDS,
      });
    }
  }
}

/** Why a call that names roles does nothing: one is not valid, or not the framework's own. */
function namedRolesError(framework: Framework, roles: readonly string[]): string | undefined {
  for (const role of roles) {
    const error = roleError(role);
    if (error !== undefined) {
      return `role '${role}' is invalid: ${error}`;
    }
    if (!framework.roles.has(role)) {
      return `role '${role}' is not one of the frameworks's subscribed roles`;
    }
  }
  return undefined;
}

function revive(state: MasterState, framework: Framework, roles: readonly string[]): void {
  state.counters.values.messages_revive_offers++;
  const error = namedRolesError(framework, roles);
  if (error !== undefined) {
    log(state, 'warn', `Dropping a REVIVE call of framework ${framework.id}: ${error}`);
    return;
  }
  const before = framework.suppressedRoles.size;
  for (const role of roles.length === 0 ? framework.roles : roles) {
    framework.suppressedRoles.delete(role);
  }
  state.allocator.revive(framework.id, roles);
  if (before !== framework.suppressedRoles.size) {
    publishFrameworkChanged(state, framework);
  }
}

function suppress(state: MasterState, framework: Framework, roles: readonly string[]): void {
  state.counters.values.messages_suppress_offers++;
  const error = namedRolesError(framework, roles);
  if (error !== undefined) {
    log(state, 'warn', `Dropping a SUPPRESS call of framework ${framework.id}: ${error}`);
    return;
  }
  const before = framework.suppressedRoles.size;
  for (const role of roles.length === 0 ? framework.roles : roles) {
    framework.suppressedRoles.add(role);
  }
  state.allocator.suppress(framework.id, roles);
  if (before !== framework.suppressedRoles.size) {
    publishFrameworkChanged(state, framework);
  }
}

function kill(state: MasterState, framework: Framework, call: SchedulerCall_Kill): void {
  state.counters.values.messages_kill_task++;
  const task = framework.tasks.get(taskId(call.task_id.value));
  if (task === undefined) {
    const named = { task_id: call.task_id };
    const tasks = [call.agent_id === undefined ? named : { ...named, agent_id: call.agent_id }];
    reconcile(state, framework, { tasks });
    return;
  }
  const agent = state.agents.registered.get(agentId(task.agent_id.value));
  if (agent === undefined || (call.agent_id !== undefined && call.agent_id.value !== agent.id)) {
    log(state, 'warn', `Dropping a KILL call for task ${call.task_id.value}: wrong agent`);
    return;
  }
  killTask(state, framework, agent, call);
}

function shutdown(state: MasterState, framework: Framework, call: SchedulerCall_Shutdown): void {
  const agent = state.agents.registered.get(agentId(call.agent_id.value));
  if (agent !== undefined) {
    sendToAgent(state, agent, 'ShutdownExecutorMessage', {
      executor_id: call.executor_id,
      framework_id: framework.idMessage,
    });
  }
}

/**
 * Passes every acknowledgement on to the agent, which knows the one that it waits for. The
 * acknowledgement of a task's terminal update also ends the task here.
 */
function acknowledge(
  state: MasterState,
  framework: Framework,
  call: SchedulerCall_Acknowledge,
): void {
  const { values } = state.counters;
  values.messages_status_update_acknowledgement++;
  const agent = state.agents.registered.get(agentId(call.agent_id.value));
  if (agent?.connected !== true) {
    values.invalid_status_update_acknowledgements++;
    return;
  }
  const task = agent.tasks.get(framework.id)?.get(taskId(call.task_id.value));
  if (task !== undefined) {
    const { status_update_state: last, status_update_uuid: uuid } = task;
    if (last === undefined) {
      values.invalid_status_update_acknowledgements++;
      return;
    }
    if (isTerminal(last) && uuid !== undefined && sameBytes(uuid, call.uuid)) {
      removeTask(state, agent, task);
      framework.acknowledgedEnds.set(taskId(call.task_id.value), uuid);
    }
  }
  sendToAgent(state, agent, 'StatusUpdateAcknowledgementMessage', {
    agent_id: call.agent_id,
    framework_id: framework.idMessage,
    task_id: call.task_id,
    uuid: call.uuid,
  });
  values.valid_status_update_acknowledgements++;
  if (state.agents.draining.size > 0) {
    drainIfIdle(state, agent);
  }
}

function message(state: MasterState, framework: Framework, call: SchedulerCall_Message): void {
  const { values } = state.counters;
  values.messages_framework_to_executor++;
  const agent = state.agents.registered.get(agentId(call.agent_id.value));
  if (agent?.connected !== true) {
    values.invalid_framework_to_executor_messages++;
    return;
  }
  sendToAgent(state, agent, 'FrameworkToExecutorMessage', {
    agent_id: call.agent_id,
    framework_id: framework.idMessage,
    executor_id: call.executor_id,
    data: call.data,
  });
  values.valid_framework_to_executor_messages++;
}

/** UPDATE_FRAMEWORK: the one call whose answer says whether it worked. */
function changeFramework(
  state: MasterState,
  framework: Framework,
  call: SchedulerCall_UpdateFramework,
  caller: Caller,
): void {
  const info = call.framework_info;
  const suppressedRoles = call.suppressed_roles ?? [];
  const constraints = call.offer_constraints;
  const invalid =
    prefixed('Supplied FrameworkInfo is not valid: ', frameworkError(state, info, constraints)) ??
    prefixed('FrameworkInfo update is not valid: ', frameworkUpdateError(framework.info, info)) ??
    prefixed(
      "'UpdateFramework' call is not valid: ",
      roleListsError(info, suppressedRoles, constraints) ??
        offerConstraintsError(state, constraints),
    );
  if (invalid !== undefined) {
    answerCall(state, caller, 400, invalid);
    return;
  }
  const denied = registrationError(state, info);
  if (denied !== undefined) {
    answerCall(state, caller, 403, denied);
    return;
  }
  const isChanged = !sameMessage(framework.info, info);
  const before = framework.suppressedRoles;
  updateFramework(state, framework, { info, suppressedRoles, constraints });
  if (isChanged) {
    tellOfFramework(state, framework);
  } else if (before.symmetricDifference(framework.suppressedRoles).size > 0) {
    publishFrameworkChanged(state, framework);
  }
  answerCall(state, caller, 200);
}

const prefixed = (prefix: string, error: string | undefined) =>
  error === undefined ? undefined : prefix + error;
