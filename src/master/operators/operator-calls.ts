// Calls of the operator API that change something, and SUBSCRIBE.
import {
  type MasterCall,
  type MasterCall_GetHistory,
  MasterCall_Type,
  MasterResponse_Type,
} from '../../model/generated/messages.ts';
import { agentId, frameworkId, type RequestId, streamId } from '../../model/ids.ts';
import { operatorCallError } from '../../model/operator-call.ts';
import { formatUuid } from '../../model/random.ts';
import type { Principal } from '../../security/principal.ts';
import { deactivate, drainAgent, markAgentGone, reactivate } from '../agents/admin.ts';
import { startMaintenance, stopMaintenance, updateSchedule } from '../agents/maintenance.ts';
import { askingOf } from '../asking.ts';
import type { OperatorCalled } from '../events.ts';
import { removeFramework } from '../frameworks/removal.ts';
import { historyMessage } from '../metrics/history.ts';
import {
  createOperation,
  destroyOperation,
  growOperation,
  inputError,
  oneInputError,
  operate,
  reserveOperation,
  shrinkOperation,
  unreserveOperation,
} from '../operations/operator-reservations.ts';
import { mayDo, reply, respond } from '../outbox.ts';
import { waitForTurn, waitingError } from '../registrar.ts';
import { removeQuota, setOldQuota, updateQuota } from '../roles/quota.ts';
import { updateWeights } from '../roles/weights.ts';
import type { MasterState } from '../state.ts';
import { insightCall } from './insight.ts';
import { killTaskCall } from './kill-task.ts';
import { readerOf } from './reader.ts';
import { sharesCall } from './shares-calls.ts';
import { subscribeOperator } from './subscribers.ts';

export function operatorCall(state: MasterState, event: OperatorCalled): void {
  const { call, principal, request } = event;
  const error = operatorCallError(call);
  if (error !== undefined) {
    reply(state, request, 400, `Failed to validate master::Call: ${error}`);
    return;
  }
  if (resourceCall(state, call, principal, request)) {
    return;
  }
  const isSetting = SETTING.has(call.type);
  const full =
    isSetting || call.type === MasterCall_Type.MARK_AGENT_GONE ? waitingError(state) : undefined;
  if (full !== undefined) {
    reply(state, request, 503, full);
  } else if (!isSetting || !waitForTurn(state, event)) {
    takeSettingCall(state, event);
  }
}

/** Calls that rewrite a setting: the new setting follows from the stored one. */
const SETTING: ReadonlySet<MasterCall_Type | undefined> = new Set([
  MasterCall_Type.UPDATE_WEIGHTS,
  MasterCall_Type.UPDATE_QUOTA,
  MasterCall_Type.SET_QUOTA,
  MasterCall_Type.REMOVE_QUOTA,
  MasterCall_Type.UPDATE_MAINTENANCE_SCHEDULE,
  MasterCall_Type.START_MAINTENANCE,
  MasterCall_Type.STOP_MAINTENANCE,
  MasterCall_Type.DRAIN_AGENT,
  MasterCall_Type.DEACTIVATE_AGENT,
  MasterCall_Type.REACTIVATE_AGENT,
]);

/** Reservations and volumes; false if the call is none of those. */
function resourceCall(
  state: MasterState,
  call: MasterCall,
  principal: Principal | undefined,
  request: RequestId,
): boolean {
  const by = (id: { value: string } | undefined) => ({ agentId: id?.value, principal, request });
  const refuse = (error: string) => reply(state, request, 400, error);
  const { reserve_resources, unreserve_resources, create_volumes, destroy_volumes } = call;
  const { grow_volume, shrink_volume } = call;
  let error: string | undefined;
  if (call.type === MasterCall_Type.RESERVE_RESOURCES && reserve_resources !== undefined) {
    const { agent_id, resources, source } = reserve_resources;
    error = inputError(resources, source);
    if (error === undefined) {
      operate(state, by(agent_id), reserveOperation(resources, source));
    }
  } else if (
    call.type === MasterCall_Type.UNRESERVE_RESOURCES &&
    unreserve_resources !== undefined
  ) {
    const { agent_id, resources } = unreserve_resources;
    error = inputError(resources);
    if (error === undefined) {
      operate(state, by(agent_id), unreserveOperation(resources));
    }
  } else if (call.type === MasterCall_Type.CREATE_VOLUMES && create_volumes !== undefined) {
    const { agent_id, volumes } = create_volumes;
    error = inputError(volumes);
    if (error === undefined) {
      operate(state, by(agent_id), createOperation(volumes));
    }
  } else if (call.type === MasterCall_Type.DESTROY_VOLUMES && destroy_volumes !== undefined) {
    const { agent_id, volumes } = destroy_volumes;
    error = inputError(volumes);
    if (error === undefined) {
      operate(state, by(agent_id), destroyOperation(volumes));
    }
  } else if (call.type === MasterCall_Type.GROW_VOLUME && grow_volume !== undefined) {
    error = oneInputError(grow_volume.volume, grow_volume.addition);
    if (error === undefined) {
      operate(state, by(grow_volume.agent_id), growOperation(grow_volume));
    }
  } else if (call.type === MasterCall_Type.SHRINK_VOLUME && shrink_volume !== undefined) {
    error = oneInputError(shrink_volume.volume);
    if (error === undefined) {
      operate(state, by(shrink_volume.agent_id), shrinkOperation(shrink_volume));
    }
  } else {
    return false;
  }
  if (error !== undefined) {
    refuse(error);
  }
  return true;
}

/** Takes a call that changes a setting, an agent or a framework, or subscribes. */
export function takeSettingCall(state: MasterState, event: OperatorCalled): void {
  const { call, principal, request } = event;
  // It may have waited for its turn.
  state.asking = askingOf(event);
  switch (call.type) {
    case MasterCall_Type.SUBSCRIBE:
      subscribeOperator(state, request, {
        stream: streamId(formatUuid(state.random.uuid())),
        principal,
        updates: call.subscribe?.updates === true,
      });
      break;
    case MasterCall_Type.TEARDOWN:
      teardown(state, call.teardown?.framework_id.value ?? '', principal, request);
      break;
    case MasterCall_Type.KILL_TASK:
      if (call.kill_task !== undefined) {
        killTaskCall(state, call.kill_task, principal, request);
      }
      break;
    case MasterCall_Type.UPDATE_WEIGHTS:
      updateWeights(state, call.update_weights?.weight_infos ?? [], principal, request);
      break;
    case MasterCall_Type.UPDATE_QUOTA:
      updateQuota(state, call.update_quota ?? {}, principal, request);
      break;
    case MasterCall_Type.SET_QUOTA:
      setOldQuota(state, call.set_quota?.quota_request ?? {}, principal, request);
      break;
    case MasterCall_Type.REMOVE_QUOTA:
      removeQuota(state, call.remove_quota?.role ?? '', principal, request);
      break;
    case MasterCall_Type.UPDATE_MAINTENANCE_SCHEDULE:
      updateSchedule(state, call.update_maintenance_schedule?.schedule ?? {}, principal, request);
      break;
    case MasterCall_Type.START_MAINTENANCE:
      startMaintenance(state, call.start_maintenance?.machines ?? [], principal, request);
      break;
    case MasterCall_Type.STOP_MAINTENANCE:
      stopMaintenance(state, call.stop_maintenance?.machines ?? [], principal, request);
      break;
    case MasterCall_Type.DRAIN_AGENT:
      if (call.drain_agent !== undefined) {
        drainAgent(state, call.drain_agent, principal, request);
      }
      break;
    case MasterCall_Type.DEACTIVATE_AGENT:
      deactivate(state, idOf(call.deactivate_agent), principal, request);
      break;
    case MasterCall_Type.REACTIVATE_AGENT:
      reactivate(state, idOf(call.reactivate_agent), principal, request);
      break;
    case MasterCall_Type.MARK_AGENT_GONE:
      markAgentGone(state, idOf(call.mark_agent_gone), principal, request);
      break;
    case MasterCall_Type.GET_HISTORY:
      getHistory(state, call.get_history, principal, request);
      break;
    case MasterCall_Type.GET_SHARES:
      sharesCall(state, event);
      break;
    case MasterCall_Type.EXPLAIN:
    case MasterCall_Type.PLAN:
      insightCall(state, event);
      break;
    default:
      // UNKNOWN, or a read call, which is a view and no event.
      reply(state, request, 501);
  }
}

const idOf = (body: { readonly agent_id: { value: string } } | undefined) =>
  agentId(body?.agent_id.value ?? '');

function teardown(
  state: MasterState,
  id: string,
  principal: Principal | undefined,
  request: RequestId,
): void {
  const framework = state.frameworks.registered.get(frameworkId(id));
  if (framework === undefined) {
    reply(state, request, 400, 'No framework found with specified ID');
    return;
  }
  if (!mayDo(state, principal, 'TEARDOWN_FRAMEWORK', { framework: framework.info })) {
    reply(state, request, 403);
    return;
  }
  state.counters.values.messages_unregister_framework++;
  removeFramework(state, framework);
  reply(state, request, 200);
}

/** It is of the figures that /metrics/snapshot shows. */
function getHistory(
  state: MasterState,
  call: MasterCall_GetHistory | undefined,
  principal: Principal | undefined,
  request: RequestId,
): void {
  const { authorizer } = readerOf(state, principal);
  if (!authorizer.authorize(principal, 'GET_ENDPOINT_WITH_PATH', { value: '/metrics/snapshot' })) {
    reply(state, request, 403);
    return;
  }
  const sinceMs = Number((call?.since?.nanoseconds ?? 0n) / 1_000_000n);
  respond(state, request, {
    type: MasterResponse_Type.GET_HISTORY,
    get_history: historyMessage(state.history, sinceMs),
  });
}
