// The master as a state machine: an event comes with the time, and a list of effects comes back.
// Clock, randomness, sockets and disk are outside: they come in as events and are asked for by
// effects.
import { CoreError, CoreTrap, TOO_MANY_TRAPS } from '../core/interface.ts';
import type { MessageToMaster } from '../model/agent-messages.ts';
import { ByteBudget } from '../model/byte-budget.ts';
import { MasterCall_Type } from '../model/generated/messages.ts';
import { agentId, frameworkId, offerId, streamId } from '../model/ids.ts';
import type { StreamClosed } from '../model/process-effects.ts';
import { timerParts } from '../model/process-effects.ts';
import { Random } from '../model/random.ts';
import { Recurrence } from '../model/recurrence.ts';
import { registerAgent } from './agents/agents.ts';
import { linkLost } from './agents/disconnection.ts';
import { drainIfIdle } from './agents/draining.ts';
import { MAX_LOST_AGENTS } from './agents/lost.ts';
import { executorToFramework, exitedExecutor, updateAgent } from './agents/messages.ts';
import { pingDue, pong } from './agents/pings.ts';
import { MAX_REFUSED_AGENTS, refusedDue } from './agents/refused.ts';
import { unregisterAgent } from './agents/removal.ts';
import { reregisterAgent } from './agents/reregistration.ts';
import { AgentRoom } from './agents/room.ts';
import { reregistrationTimedOut, unreachableDue } from './agents/unreachable.ts';
import { askingOf } from './asking.ts';
import { createAuthentication } from './authentication/authentication.ts';
import {
  authenticate,
  authenticationStarted,
  authenticationStepped,
  authenticationTimedOut,
} from './authentication/handshakes.ts';
import { BoundedMap } from './bounded-map.ts';
import { breakOff } from './broken-event.ts';
import type { MasterEffect } from './effects.ts';
import type { AgentMessage, MasterEvent } from './events.ts';
import { frameworkOnStream, heartbeat } from './frameworks/connection.ts';
import { FrameworkSums } from './frameworks/framework-sums.ts';
import { disconnectFramework, forgetTasks } from './frameworks/frameworks.ts';
import { createThrottle, throttled, turnDue } from './frameworks/rate-limits.ts';
import { failoverTimedOut } from './frameworks/removal.ts';
import { schedulerCall } from './frameworks/scheduler-calls.ts';
import { schedulerSubscribe } from './frameworks/subscribe.ts';
import { elected, leaderChanged, leadershipLost, leads, sendToLeader } from './leadership.ts';
import { createMasterCounters } from './metrics/counters.ts';
import { historyDue, noHistory } from './metrics/history.ts';
import { MinimumCapabilities } from './minimum-capabilities.ts';
import { createAllocator, mend } from './offers/allocator-recovery.ts';
import { GuardedAllocator } from './offers/guarded-allocator.ts';
import { offerGrants, runBatch, runPending, scheduleRun } from './offers/offers.ts';
import { offerTimedOut } from './offers/rescind.ts';
import { operationStatusUpdate } from './operations/operations.ts';
import { askerGone, computed, noInsights } from './operators/insight.ts';
import { operatorCall } from './operators/operator-calls.ts';
import { noSharesQuestions, sharesDue } from './operators/shares-calls.ts';
import { operatorHeartbeat, removeSubscriber, tellLeftOut } from './operators/subscribers.ts';
import { tellNext } from './operators/telling.ts';
import type { MasterOptions } from './options.ts';
import { giveUp, logStranger, reply, tellDisbelief } from './outbox.ts';
import { collectGarbage, masterInfo, recover, recoveryTimedOut } from './recovery.ts';
import { nothingWaits, registryLost } from './registrar.ts';
import type { MasterCore, MasterState } from './state.ts';
import { stored } from './stored.ts';
import { statusUpdate } from './tasks/status-updates.ts';
import type { MasterTimer } from './timers.ts';
import { historySize, MAX_TASK_HISTORY_BYTES } from './validation/size.ts';

export type { MasterState } from './state.ts';
export { masterViews } from './views/views.ts';

/** Removed agents whose ids are remembered, so that their late messages are known as such. */
const MAX_REMOVED_AGENTS = 100_000;

export function createMaster(options: MasterOptions, core: MasterCore): MasterState {
  const allocator = createAllocator(core, options);
  if (options.whitelist !== undefined) {
    allocator.updateWhitelist(options.whitelist);
  }
  return {
    options,
    info: masterInfo(options),
    core,
    coreFailures: { sharedTraps: core.sharedTraps, recurrence: new Recurrence(TOO_MANY_TRAPS) },
    algebra: core.algebra,
    allocator: new GuardedAllocator(allocator),
    random: new Random(options.seed),
    nowMs: options.startTimeMs,
    asking: undefined,
    leader: { kind: 'none' },
    electedMs: 0,
    sentAwayMs: 0,
    registryReadMs: 0,
    recovered: false,
    failure: undefined,
    effects: [],
    authentication: createAuthentication(),
    agents: {
      registered: new Map(),
      byPid: new Map(),
      byAddress: new Map(),
      recovered: new Map(),
      unreachable: new Map(),
      gone: new Map(),
      lost: new BoundedMap(MAX_LOST_AGENTS),
      removed: new BoundedMap(MAX_REMOVED_AGENTS),
      refused: new BoundedMap(MAX_REFUSED_AGENTS),
      isTellingRefused: false,
      unreachableDecisions: new Map(),
      draining: new Map(),
      deactivated: new Set(),
      unreachableTasks: new Map(),
      room: new AgentRoom(options.maxAgentsBytes),
      recoveredCount: 0,
    },
    frameworks: {
      registered: new Map(),
      byStream: new Map(),
      sums: new FrameworkSums(),
      completed: new BoundedMap(options.maxCompletedFrameworks, { forgotten: forgetTasks }),
      taskHistory: {
        budget: new ByteBudget(MAX_TASK_HISTORY_BYTES),
        sizeOf: historySize,
      },
    },
    offers: new Map(),
    grants: [],
    inverseOffers: new Map(),
    machines: new Map(),
    schedules: [],
    whitelist: options.whitelist ?? null,
    weights: new Map(),
    quotas: new Map(),
    // The default role is always allowed.
    roleWhitelist: options.roles === undefined ? undefined : new Set([...options.roles, '*']),
    subscribers: new Map(),
    snapshot: undefined,
    tellings: [],
    resourceNames: new Set(['cpus', 'mem', 'disk', 'ports', 'gpus']),
    minimumCapabilities: new MinimumCapabilities(),
    waiting: nothingWaits(),
    throttle: createThrottle(),
    nextFramework: 0,
    nextAgent: 0,
    nextOffer: 0,
    nextObserver: 1,
    nextWrite: 1,
    runScheduled: false,
    runAskedMs: 0,
    nextUnreachableMs: 0,
    counters: createMasterCounters(),
    history: noHistory(),
    insights: noInsights(),
    shares: noSharesQuestions(),
  };
}

/**
 * Takes one event. The effects are to be carried out in order. After an abort there are no more.
 */
export function step(state: MasterState, event: MasterEvent): MasterEffect[] {
  if (state.failure !== undefined) {
    return [];
  }
  state.nowMs = event.nowMs;
  try {
    state.allocator.setTime(event.nowMs);
    if (state.recovered || comesBefore(event)) {
      if (!isThrottled(state, event)) {
        takeWhole(state, event);
      }
    } else {
      refuse(state, event);
    }
    mend(state);
    scheduleRun(state);
  } catch (error) {
    if (!(error instanceof CoreTrap || error instanceof CoreError)) {
      throw error;
    }
    giveUp(state, `The master cannot go on without its scheduler core. ${error.message}`);
  }
  const { effects, failure } = state;
  state.effects = [];
  state.asking = undefined;
  // The master ends as if it had crashed before the event: nothing of the event is announced.
  return failure === undefined ? effects : [{ type: 'abort', reason: failure }];
}

function isThrottled(state: MasterState, event: MasterEvent): boolean {
  switch (event.type) {
    case 'schedulerCall':
    case 'streamClosed':
      return throttled(state, event);
    default:
      return false;
  }
}

function takeWhole(state: MasterState, event: MasterEvent): void {
  if (event.type !== 'operatorCall' || event.call.type !== MasterCall_Type.SUBSCRIBE) {
    state.snapshot = undefined;
  }
  try {
    take(state, event);
  } catch (error) {
    if (!(error instanceof CoreError)) {
      throw error;
    }
    breakOff(state, event, error);
  }
}

/** True for events that are taken also before this master leads and has read the registry. */
function comesBefore({ type }: MasterEvent): boolean {
  switch (type) {
    case 'elected':
    case 'leaderChanged':
    case 'leadershipLost':
    case 'recovered':
    case 'stored':
    case 'registryLost':
      return true;
    default:
      return false;
  }
}

/**
 * Refuses an event: a master that does not lead, or has not read the registry, cannot answer.
 * Agents and frameworks try again.
 */
function refuse(state: MasterState, event: MasterEvent): void {
  switch (event.type) {
    case 'schedulerSubscribe':
    case 'schedulerCall':
    case 'operatorCall':
      reply(
        state,
        event.request,
        503,
        leads(state) ? 'Master has not finished recovery' : 'This master does not lead',
      );
      break;
    case 'agentMessage':
      sendToLeader(state, event);
      break;
    default:
      break;
  }
}

function take(state: MasterState, event: MasterEvent): void {
  state.asking = askingOf(event);
  switch (event.type) {
    case 'elected':
      elected(state);
      break;
    case 'leaderChanged':
      leaderChanged(state, event);
      break;
    case 'leadershipLost':
      leadershipLost(state, event);
      break;
    case 'recovered':
      recover(state, event.registry);
      break;
    case 'schedulerSubscribe':
      schedulerSubscribe(state, event);
      break;
    case 'schedulerCall':
      schedulerCall(state, event);
      break;
    case 'streamClosed':
      streamClosed(state, event);
      break;
    case 'operatorCall':
      operatorCall(state, event);
      break;
    case 'agentMessage':
      agentMessage(state, event);
      break;
    case 'linkLost':
      linkLost(state, event.address);
      break;
    case 'timer':
      timerFired(state, event.timer);
      break;
    case 'stored':
      stored(state, event);
      break;
    case 'registryLost':
      registryLost(state, event);
      break;
    case 'whitelist':
      state.whitelist = event.hostnames;
      state.allocator.updateWhitelist(event.hostnames);
      break;
    case 'computed':
      computed(state, event);
      break;
    case 'askerGone':
      askerGone(state, event);
      break;
    default:
      event satisfies never;
  }
}

function streamClosed(state: MasterState, event: StreamClosed): void {
  if (removeSubscriber(state, event.stream)) {
    return;
  }
  const framework = frameworkOnStream(state, event.stream);
  if (framework !== undefined) {
    disconnectFramework(state, framework);
  }
}

function agentMessage(state: MasterState, event: AgentMessage): void {
  const { from, message } = event;
  if (!isOwn(state, from, message)) {
    logStranger(
      state,
      'messages',
      `Dropping ${message.name} of ${from}: it speaks for another agent`,
    );
    tellDisbelief(state, { claimed: from, why: 'sender: it speaks for another agent' });
    state.counters.values.dropped_messages++;
    return;
  }
  switch (message.name) {
    case 'RegisterAgentMessage':
      registerAgent(state, from, message.body);
      break;
    case 'ReregisterAgentMessage':
      reregisterAgent(state, from, message.body);
      break;
    case 'UnregisterAgentMessage':
      unregisterAgent(state, from, agentId(message.body.agent_id.value));
      break;
    case 'UpdateAgentMessage':
      updateAgent(state, message.body);
      break;
    case 'StatusUpdateMessage':
      statusUpdate(state, message.body);
      break;
    case 'ExecutorToFrameworkMessage':
      executorToFramework(state, message.body);
      break;
    case 'ExitedExecutorMessage':
      exitedExecutor(state, message.body);
      break;
    case 'UpdateOperationStatusMessage':
      operationStatusUpdate(state, message.body);
      drainIfIdle(state, state.agents.registered.get(agentId(message.body.agent_id?.value ?? '')));
      break;
    case 'PongAgentMessage':
      pong(state, from);
      break;
    case 'AuthenticateMessage':
      authenticate(state, from, message.body);
      break;
    case 'AuthenticationStartMessage':
      authenticationStarted(state, event, message.body);
      break;
    case 'AuthenticationStepMessage':
      authenticationStepped(state, event, message.body);
      break;
    default:
      message satisfies never;
  }
}

/**
 * False for a message that names a registered agent and does not come from its pid, or that names
 * none and comes from no registered agent.
 */
function isOwn(state: MasterState, from: string, message: MessageToMaster): boolean {
  switch (message.name) {
    case 'RegisterAgentMessage':
    case 'ReregisterAgentMessage':
    case 'UnregisterAgentMessage':
    case 'PongAgentMessage':
    case 'AuthenticateMessage':
    case 'AuthenticationStartMessage':
    case 'AuthenticationStepMessage':
      // What takes these compares the pid with the agent's by itself.
      return true;
    case 'UpdateAgentMessage':
    case 'ExecutorToFrameworkMessage':
    case 'ExitedExecutorMessage':
      return isAt(state, from, message.body.agent_id.value);
    case 'StatusUpdateMessage':
      return isAt(state, from, message.body.update.agent_id?.value);
    case 'UpdateOperationStatusMessage':
      return isAt(state, from, message.body.agent_id?.value);
    default:
      return message satisfies never;
  }
}

function isAt({ agents }: MasterState, pid: string, id: string | undefined): boolean {
  if (id === undefined) {
    return agents.byPid.has(pid);
  }
  // Messages about an agent that is not registered are dropped later.
  const agent = agents.registered.get(agentId(id));
  return agent === undefined || agent.pid === pid;
}

function timerFired(state: MasterState, timer: MasterTimer): void {
  const { kind, whose } = timerParts(timer);
  switch (kind) {
    case 'allocate':
      runPending(state);
      break;
    case 'offers':
      offerGrants(state);
      break;
    case 'allocation-batch':
      runBatch(state);
      break;
    case 'ping':
      pingDue(state, agentId(whose));
      break;
    case 'unreachable':
      unreachableDue(state, agentId(whose));
      break;
    case 'reregister':
      reregistrationTimedOut(state, agentId(whose));
      break;
    case 'heartbeat': {
      const framework = state.frameworks.registered.get(frameworkId(whose));
      if (framework !== undefined) {
        heartbeat(state, framework);
      }
      break;
    }
    case 'operator-heartbeat':
      operatorHeartbeat(state, streamId(whose));
      break;
    case 'operator-telling':
      tellNext(state);
      break;
    case 'shares':
      sharesDue(state);
      break;
    case 'refused-agents':
      refusedDue(state);
      break;
    case 'operator-audit':
      tellLeftOut(state, streamId(whose));
      break;
    case 'failover':
      failoverTimedOut(state, frameworkId(whose));
      break;
    case 'offer':
      offerTimedOut(state, offerId(whose));
      break;
    case 'authentication':
      authenticationTimedOut(state, whose);
      break;
    case 'history':
      historyDue(state);
      break;
    case 'recovery':
      recoveryTimedOut(state);
      break;
    case 'registry-gc':
      collectGarbage(state);
      break;
    case 'rate-limit':
      turnDue(state, whose, (event) => takeWhole(state, event));
      break;
    default:
      kind satisfies never;
  }
}
