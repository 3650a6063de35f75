// `stored` events: the registry holds a change, and the master goes on with the change's
// continuation.
import { agentDeactivated, agentReactivated, drainStarted } from './agents/admin.ts';
import { agentAdmitted } from './agents/agents.ts';
import { agentDrained } from './agents/draining.ts';
import { agentGone } from './agents/gone.ts';
import { maintenanceStarted, maintenanceStopped, scheduleUpdated } from './agents/maintenance.ts';
import { agentRemoved } from './agents/removal.ts';
import { agentReregistered } from './agents/reregistration.ts';
import { agentUnreachable } from './agents/unreachable.ts';
import type { Stored } from './events.ts';
import { takeSettingCall } from './operators/operator-calls.ts';
import { agentsForgotten, masterElected } from './recovery.ts';
import { type Done, nextCall, takeWrite } from './registrar.ts';
import { quotaRemoved, quotaSet, quotasUpdated } from './roles/quota.ts';
import { weightsUpdated } from './roles/weights.ts';
import type { MasterState } from './state.ts';

export function stored(state: MasterState, event: Stored): void {
  const done = takeWrite(state, event);
  if (done === undefined) {
    return;
  }
  try {
    goOn(state, done);
  } finally {
    takeWaitingCalls(state);
  }
}

/**
 * Takes the calls that waited for their turn. They wait for answers, so this happens even if the
 * core has refused the continuation.
 */
function takeWaitingCalls(state: MasterState): void {
  for (let next = nextCall(state); next !== undefined; next = nextCall(state)) {
    takeSettingCall(state, next);
  }
}

function goOn(state: MasterState, { continuation, isStale }: Done): void {
  switch (continuation.type) {
    case 'masterElected':
      masterElected(state, continuation);
      break;
    case 'agentAdmitted':
      agentAdmitted(state, continuation, isStale);
      break;
    case 'admissionTakenBack':
      // The agent repeats its registration, and is admitted as a new agent.
      break;
    case 'agentReregistered':
      agentReregistered(state, continuation, isStale);
      break;
    case 'agentUnreachable':
      agentUnreachable(state, continuation);
      break;
    case 'agentRemoved':
      agentRemoved(state, continuation);
      break;
    case 'agentGone':
      agentGone(state, continuation);
      break;
    case 'agentsForgotten':
      agentsForgotten(state, continuation);
      break;
    case 'agentDrained':
      agentDrained(state, continuation);
      break;
    case 'drainStarted':
      drainStarted(state, continuation);
      break;
    case 'agentDeactivated':
      agentDeactivated(state, continuation);
      break;
    case 'agentReactivated':
      agentReactivated(state, continuation);
      break;
    case 'weightsUpdated':
      weightsUpdated(state, continuation);
      break;
    case 'quotasUpdated':
      quotasUpdated(state, continuation);
      break;
    case 'quotaSet':
      quotaSet(state, continuation);
      break;
    case 'quotaRemoved':
      quotaRemoved(state, continuation);
      break;
    case 'scheduleUpdated':
      scheduleUpdated(state, continuation);
      break;
    case 'maintenanceStarted':
      maintenanceStarted(state, continuation);
      break;
    case 'maintenanceStopped':
      maintenanceStopped(state, continuation);
      break;
    default:
      continuation satisfies never;
  }
}
