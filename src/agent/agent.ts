// The agent as a state machine: events in, effects out, the state changed in between. Time comes
// with the events, and randomness from the seed in the options, so that the same events always give
// the same effects.

import { CoreTrap, type SchedulerCore } from '../core/interface.ts';
import { containerId } from '../model/ids.ts';
import { timerParts } from '../model/process-effects.ts';
import { tellOtherMaster } from './authorization.ts';
import { giveUpOn, noteTraps } from './core-traps.ts';
import { takeExpired } from './deadline-queue.ts';
import type { AgentEffect } from './effects.ts';
import type { AgentEvent, MasterMessage } from './events.ts';
import {
  containerStarted,
  executorShutdownAsked,
  shutdownTimerFired,
} from './executors/executor.ts';
import {
  executorCalled,
  messageToExecutor,
  streamClosed,
  subscribe,
} from './executors/executor-api.ts';
import { frameworkShutdownAsked, updateFramework } from './executors/framework.ts';
import { containerEnded } from './executors/termination.ts';
import {
  operationAcknowledged,
  operationAsked,
  operationTimerFired,
  reconcileOperations,
} from './operations/operations.ts';
import { setCheckpointedResources } from './operations/resources.ts';
import { drainAsked } from './operators/drain.ts';
import { operatorCalled } from './operators/operator-api.ts';
import type { AgentOptions } from './options.ts';
import { checkpointed, checkpointStalled, idleTimerFired, log, takeEffects } from './outbox.ts';
import { executorSettled, recovered, reregistrationTimerFired } from './recovery.ts';
import { isAttempt } from './registration/authentication.ts';
import {
  authenticationAnswered,
  authenticationTimerFired,
  correctMaster,
  linkLost,
  masterDetected,
  pinged,
  pingTimerFired,
  registered,
  registrationRefused,
  registrationTimerFired,
  reregistered,
} from './registration/registration.ts';
import { type AgentState, createState } from './state.ts';
import { shutdownAsked, stopAsked } from './stop.ts';
import { acknowledged } from './tasks/acknowledgement.ts';
import { killAsked } from './tasks/kill.ts';
import { registrationExpired, runTask, runTaskGroup } from './tasks/launch.ts';
import { retryTimerFired, turnTimerFired } from './tasks/status-update-retries.ts';
import type { AgentTimer } from './timers.ts';

export type { AgentState } from './state.ts';

/** Begins in recovery: the first event must be `recovered`. */
export function createAgent(options: AgentOptions, core: SchedulerCore): AgentState {
  return createState(options, core);
}

export function step(agent: AgentState, event: AgentEvent): AgentEffect[] {
  if (agent.outbox.failure !== undefined) {
    return [];
  }
  agent.nowMs = event.nowMs;
  try {
    dispatch(agent, event);
  } catch (error) {
    if (!(error instanceof CoreTrap)) {
      throw error;
    }
    giveUpOn(agent, error);
  }
  noteTraps(agent);
  return takeEffects(agent);
}

function dispatch(agent: AgentState, event: AgentEvent): void {
  switch (event.type) {
    case 'recovered':
      recovered(agent, event);
      return;
    case 'masterDetected':
      masterDetected(agent, event);
      return;
    case 'masterMessage':
      masterSaid(agent, event);
      return;
    case 'linkLost':
      linkLost(agent, event);
      return;
    case 'executorSubscribe':
      subscribe(agent, event);
      return;
    case 'executorCall':
      executorCalled(agent, event);
      return;
    case 'streamClosed':
      streamClosed(agent, event.stream);
      return;
    case 'operatorCall':
      operatorCalled(agent, event);
      return;
    case 'containerStarted':
      containerStarted(agent, event);
      return;
    case 'containerEnded':
      containerEnded(agent, event);
      executorSettled(agent);
      return;
    case 'checkpointed':
      checkpointed(agent, event.transaction, event.error);
      return;
    case 'checkpointStalled':
      checkpointStalled(agent);
      return;
    case 'timer':
      timerFired(agent, event.timer);
      return;
    case 'stop':
      stopAsked(agent, event);
      return;
    default:
      event satisfies never;
  }
}

function masterSaid(agent: AgentState, event: MasterMessage): void {
  const { from, message } = event;
  if (isAttempt(event.to)) {
    authenticationAnswered(agent, event);
    return;
  }
  if (message.name === 'PingAgentMessage') {
    pinged(agent, event, message.body);
    return;
  }
  if (from !== agent.master) {
    const text = `Ignoring ${message.name} of ${from}: the master is ${agent.master}`;
    log(agent, 'warn', text, { topic: 'messages', origin: from });
    tellOtherMaster(agent, event);
    return;
  }
  if (agent.phase === 'terminating' && isForLater(message)) {
    log(agent, 'warn', `Ignoring ${message.name}: the agent is about to end`);
    return;
  }
  switch (message.name) {
    case 'AgentRegisteredMessage':
      registered(agent, message.body);
      return;
    case 'AgentReregisteredMessage':
      reregistered(agent, message.body);
      return;
    case 'RunTaskMessage':
      runTask(agent, message.body);
      return;
    case 'RunTaskGroupMessage':
      runTaskGroup(agent, message.body);
      return;
    case 'KillTaskMessage':
      killAsked(agent, message.body);
      return;
    case 'StatusUpdateAcknowledgementMessage':
      acknowledged(agent, message.body);
      return;
    case 'FrameworkToExecutorMessage':
      messageToExecutor(agent, message.body);
      return;
    case 'ShutdownExecutorMessage':
      executorShutdownAsked(agent, message.body);
      return;
    case 'ShutdownFrameworkMessage':
      frameworkShutdownAsked(agent, message.body);
      return;
    case 'UpdateFrameworkMessage':
      updateFramework(agent, message.body);
      return;
    case 'CheckpointResourcesMessage':
      setCheckpointedResources(agent, message.body.resources ?? []);
      return;
    case 'ReconcileOperationsMessage':
      reconcileOperations(agent, message.body);
      return;
    case 'ApplyOperationMessage':
      if (!operationAsked(agent, message.body)) {
        correctMaster(agent);
      }
      return;
    case 'AcknowledgeOperationStatusMessage':
      operationAcknowledged(agent, message.body);
      return;
    case 'DrainAgentMessage':
      drainAsked(agent, message.body);
      return;
    case 'ShutdownMessage':
      shutdownAsked(agent, message.body);
      return;
    case 'AuthenticationErrorMessage':
      registrationRefused(agent, message.body);
      return;
    case 'AuthenticationMechanismsMessage':
    case 'AuthenticationStepMessage':
    case 'AuthenticationCompletedMessage':
    case 'AuthenticationFailedMessage':
      log(agent, 'debug', `Ignoring ${message.name}: it is about no attempt of this agent`);
      return;
    default:
      message satisfies never;
  }
}

/**
 * True for messages that an agent which is about to end must not act on: the next agent in this
 * work directory may be a new one, and would find what this one has checkpointed.
 */
const isForLater = ({ name }: MasterMessage['message']) =>
  name === 'ApplyOperationMessage' || name === 'DrainAgentMessage';

function timerFired(agent: AgentState, timer: AgentTimer): void {
  const { kind, whose } = timerParts(timer);
  switch (kind) {
    case 'registration':
      registrationTimerFired(agent);
      return;
    case 'ping':
      pingTimerFired(agent);
      return;
    case 'authentication':
      authenticationTimerFired(agent);
      return;
    case 'correction':
      correctMaster(agent);
      return;
    case 'checkpoint':
      idleTimerFired(agent);
      return;
    case 'executor-registration':
      registrationsExpired(agent);
      return;
    case 'executor-reregistration':
      reregistrationTimerFired(agent);
      return;
    case 'executor-shutdown':
      shutdownTimerFired(agent, containerId(whose));
      return;
    case 'update-retry':
      retryTimerFired(agent, Number(whose));
      return;
    case 'update-turn':
      turnTimerFired(agent);
      return;
    case 'operation':
      operationTimerFired(agent, whose);
      return;
    default:
      kind satisfies never;
  }
}

function registrationsExpired(agent: AgentState): void {
  const expired = takeExpired(
    agent,
    agent.registrations,
    (id) => agent.containers.get(id)?.state === 'registering',
  );
  for (const id of expired) {
    const executor = agent.containers.get(id);
    if (executor !== undefined) {
      registrationExpired(agent, executor);
    }
  }
}
