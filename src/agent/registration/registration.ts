// The registration of the agent: with which master, when, and how it stays registered.
//
// The agent obeys the master that the detector names, and no other. While the master does not
// answer, the agent repeats its registration after random waits that grow, so that thousands of
// agents do not register at once.
//
// Deliberately unlike Mesos, an agent whose connection to the master breaks does not wait for the
// ping timeout (75 s): it tries to connect and register again at once, in the same way as after a
// new detection. With a master that was merely restarted under its old address, that makes a
// cluster whole in seconds.

import { formatDuration } from '../../model/duration.ts';
import type {
  AgentRegisteredMessage,
  AgentReregisteredMessage,
  Archive_Framework,
  AuthenticationErrorMessage,
  MasterAgentConnection,
  PingAgentMessage,
  ReconcileTasksMessage,
  ReregisterAgentMessage,
  Task,
  UpdateAgentMessage,
} from '../../model/generated/messages.ts';
import { TaskState } from '../../model/generated/messages.ts';
import { idError } from '../../model/identifier.ts';
import { agentId, frameworkId, taskId } from '../../model/ids.ts';
import { messageSize } from '../../model/message-size.ts';
import { addressOf, parsePid } from '../../model/pid.ts';
import { isTerminal } from '../../model/task-state.ts';
import { tellOtherMaster } from '../authorization.ts';
import type { LinkLost, MasterDetected, MasterMessage } from '../events.ts';
import { isCommandExecutor } from '../executors/executor.ts';
import { resumeExits } from '../executors/termination.ts';
import { resumeOperations, unfinishedOperations } from '../operations/operations.ts';
import {
  clearTimer,
  emit,
  emitAtOnce,
  emitPresence,
  giveUp,
  log,
  persist,
  setTimer,
} from '../outbox.ts';
import type { AgentState } from '../state.ts';
import { resumeUpdates } from '../tasks/status-update-retries.ts';
import { reportUnknownTask } from '../tasks/status-update-source.ts';
import { createTask, droppedState, isPartitionAware } from '../tasks/task.ts';
import {
  attemptTimedOut,
  authenticate,
  authenticationSaid,
  forgetAuthentication,
  mustAuthenticate,
} from './authentication.ts';
import { endCorrection } from './correction.ts';
import { beginWaiting, endWaiting, explainTrouble, explainWaiting } from './waiting.ts';

const MAX_BACKOFF_MS = 60_000;
/** Completed tasks that a re-registration tells of, of all frameworks together. */
const MAX_COMPLETED_TASKS = 1_000;
/**
 * Bytes of these tasks and their frameworks: the message also has all that runs, and must not get
 * too large.
 */
const MAX_COMPLETED_BYTES = 8 * 1024 * 1024;
/**
 * Bytes of the statuses of running tasks in a re-registration; the state of a task is a field of
 * its own.
 */
const MAX_STATUS_BYTES = 8 * 1024 * 1024;
/** Backoff of attempts that end in a refused connection, which cost the master nothing. */
const MAX_UNLINKED_BACKOFF_MS = 2_000;

export function masterDetected(agent: AgentState, event: MasterDetected): void {
  const pid = event.master === undefined ? undefined : parsePid(event.master);
  agent.master = pid === undefined ? undefined : event.master;
  agent.masterAddress = pid === undefined ? undefined : addressOf(pid);
  agent.masterHostname = pid === undefined ? undefined : event.hostname;
  endWaiting(agent);
  log(agent, 'info', `New master detected at ${agent.master ?? 'none'}`);
  disconnect(agent);
}

/** Registers again after a first short wait: the agent is not registered any more. */
export function disconnect(agent: AgentState): void {
  if (agent.phase === 'running') {
    agent.phase = 'disconnected';
    clearTimer(agent, 'ping');
    endCorrection(agent);
  }
  clearTimer(agent, 'registration');
  forgetAuthentication(agent);
  if (agent.phase === 'disconnected' && agent.master !== undefined) {
    agent.backoffMs = agent.options.registrationBackoffFactorMs;
    beginWaiting(agent);
    waitToRegister(agent);
  }
}

/** Clears the timers of the registration: the agent is about to end. */
export function clearRegistration(agent: AgentState): void {
  clearTimer(agent, 'ping');
  clearTimer(agent, 'registration');
  forgetAuthentication(agent);
  endCorrection(agent);
}

/** Sets the timer of the next attempt: a random part of the backoff, which doubles each time. */
function waitToRegister(agent: AgentState): void {
  setTimer(agent, 'registration', Math.floor(agent.random.next() * agent.backoffMs));
  agent.backoffMs = Math.min(agent.backoffMs * 2, MAX_BACKOFF_MS);
}

export function linkLost(
  agent: AgentState,
  { address, why = 'it has closed the connection' }: LinkLost,
): void {
  if (address !== agent.masterAddress) {
    return;
  }
  if (agent.phase === 'running') {
    log(agent, 'warn', `Master disconnected (${why})! Registering again`);
    disconnect(agent);
  } else if (agent.phase === 'disconnected') {
    explainTrouble(agent, why);
    forgetAuthentication(agent);
    agent.backoffMs = Math.min(
      agent.backoffMs,
      agent.options.registrationBackoffFactorMs * 2,
      MAX_UNLINKED_BACKOFF_MS,
    );
    waitToRegister(agent);
  }
}

export function registrationTimerFired(agent: AgentState): void {
  if (agent.phase !== 'disconnected' || agent.master === undefined) {
    return;
  }
  explainWaiting(agent);
  if (agent.masterAddress !== undefined) {
    emitPresence(agent, { type: 'link', address: agent.masterAddress });
  }
  if (agent.backoffMs >= MAX_BACKOFF_MS) {
    // A master that has given no answer for so long may have forgotten who the agent is.
    forgetAuthentication(agent);
  }
  if (mustAuthenticate(agent)) {
    authenticate(agent);
    return;
  }
  register(agent, agent.master);
}

function register(agent: AgentState, master: string): void {
  if (agent.id === undefined) {
    const body = identity(agent);
    const message = { name: 'RegisterAgentMessage' as const, body };
    emitPresence(agent, { type: 'sendToMaster', to: master, message });
  } else {
    sendReregistration(agent, master);
  }
  waitToRegister(agent);
}

/** Takes a message about an authentication; one that has succeeded is followed by registration. */
export function authenticationAnswered(agent: AgentState, event: MasterMessage): void {
  const { master, phase } = agent;
  if (authenticationSaid(agent, event) && phase === 'disconnected' && master !== undefined) {
    register(agent, master);
  }
}

export function authenticationTimerFired(agent: AgentState): void {
  attemptTimedOut(agent);
  if (mustAuthenticate(agent)) {
    registrationTimerFired(agent);
  }
}

/** The master says why it does not register the agent. */
export function registrationRefused(
  agent: AgentState,
  { error = '' }: AuthenticationErrorMessage,
): void {
  log(agent, 'error', `The master ${agent.master} refuses this agent: ${error}`);
  // It may have forgotten that the agent has authenticated, which is then to be done again.
  if (agent.phase === 'disconnected') {
    forgetAuthentication(agent);
  }
}

function sendReregistration(agent: AgentState, to: string): void {
  const body = reregistration(agent);
  agent.reportedResources = agent.checkpointedResources;
  agent.hasNews = false;
  endCorrection(agent);
  const message = { name: 'ReregisterAgentMessage' as const, body };
  emitPresence(agent, { type: 'sendToMaster', to, message });
}

/**
 * Registers again to correct the master, which counts something that the agent does not have, or
 * lacks something.
 */
export function correctMaster(agent: AgentState): void {
  if (agent.phase === 'running' && agent.master !== undefined) {
    sendReregistration(agent, agent.master);
  } else {
    agent.hasNews = true;
  }
}

const identity = (agent: AgentState) => ({
  // Agents always checkpoint; masters show the field.
  agent: { ...agent.info, checkpoint: true },
  version: agent.options.build.version,
  agent_capabilities: agent.capabilities.map((type) => ({ type })),
  checkpointed_resources: [...agent.checkpointedResources],
  resource_version_uuid: agent.resourceVersion,
});

/**
 * The message from which a master that knows nothing of the agent learns all of it and its
 * frameworks.
 */
function reregistration(agent: AgentState): ReregisterAgentMessage {
  const frameworks = [...agent.frameworks.values()];
  for (const framework of frameworks) {
    framework.isReported = true;
  }
  const executors = frameworks.flatMap((framework) => [...framework.executors.values()]);
  return {
    ...identity(agent),
    frameworks: frameworks.map(({ info }) => info),
    // Command executors are left out: masters do not count them, and their tasks name no executor.
    executor_infos: executors
      .filter((executor) => !isCommandExecutor(executor) && executor.state !== 'terminated')
      .map(({ info }) => info),
    tasks: withShortStatuses(
      executors.flatMap((executor): Task[] => [
        ...executor.launched.values(),
        ...executor.terminated.values(),
        ...[...executor.queued.values()].map((info) =>
          createTask(executor.frameworkId, info, TaskState.TASK_STAGING),
        ),
      ]),
    ),
    completed_frameworks: completedFrameworks(agent),
  };
}

/**
 * Tasks with their statuses, as far as these fit: a task with more than its part of the bound keeps
 * the newest.
 */
function withShortStatuses(tasks: readonly Task[]): Task[] {
  const partBytes = MAX_STATUS_BYTES / tasks.length;
  return tasks.map((task) => {
    const { statuses = [] } = task;
    if (messageSize(statuses, partBytes) <= partBytes) {
      return task;
    }
    let first = statuses.length;
    let bytesLeft = partBytes;
    while (first > 0 && bytesLeft >= 0) {
      first--;
      bytesLeft -= messageSize(statuses[first] ?? {}, partBytes);
    }
    return { ...task, statuses: statuses.slice(bytesLeft < 0 ? first + 1 : first) };
  });
}

/**
 * Completed frameworks and their tasks, which the master shows; only the newest, so that the
 * message stays small.
 */
function completedFrameworks(agent: AgentState): Archive_Framework[] {
  const newestFirst: Archive_Framework[] = [];
  let tasksLeft = MAX_COMPLETED_TASKS;
  let bytesLeft = MAX_COMPLETED_BYTES;
  const fits = (message: object) => {
    bytesLeft -= messageSize(message, MAX_COMPLETED_BYTES);
    return bytesLeft >= 0;
  };
  for (const { info, completed } of [...agent.completedFrameworks.values()].reverse()) {
    if (!fits(info)) {
      break;
    }
    const all = completed.flatMap(({ terminated, completed }) => [
      ...terminated.values(),
      ...completed,
    ]);
    const tasks: Task[] = [];
    for (
      let task = all.pop();
      task !== undefined && tasksLeft > 0 && fits(task);
      task = all.pop()
    ) {
      tasks.push(task);
      tasksLeft--;
    }
    newestFirst.push({ framework_info: info, tasks: tasks.reverse() });
  }
  return newestFirst.reverse();
}

export function registered(agent: AgentState, body: AgentRegisteredMessage): void {
  if (!acceptsId(agent, body.agent_id.value)) {
    return;
  }
  if (agent.phase === 'disconnected') {
    log(agent, 'info', `Registered with master ${agent.master}; given agent ID ${agent.id}`);
    persist(agent, { type: 'agent', agent: agent.info });
    connected(agent, body.connection);
  }
  sendUpdateAgent(agent);
}

export function reregistered(agent: AgentState, body: AgentReregisteredMessage): void {
  if (agent.id === undefined) {
    log(
      agent,
      'warn',
      `Ignoring the return of ${body.agent_id.value}: an earlier agent asked for it`,
    );
    return;
  }
  if (!acceptsId(agent, body.agent_id.value)) {
    return;
  }
  if (agent.phase === 'disconnected') {
    log(agent, 'info', `Re-registered with master ${agent.master}`);
    connected(agent, body.connection);
  }
  const isOld = agent.reportedResources !== agent.checkpointedResources || agent.hasNews;
  if (isOld && agent.master !== undefined) {
    // An operation or a task has come since the message was written, which the master does not know
    // of.
    sendReregistration(agent, agent.master);
  }
  sendUpdateAgent(agent);
  for (const reconciliation of body.reconciliations ?? []) {
    reconcileTasks(agent, reconciliation);
  }
}

/** False when the answer is late. An invalid id, or another than the agent has, ends the agent. */
function acceptsId(agent: AgentState, given: string): boolean {
  if (agent.phase !== 'disconnected' && agent.phase !== 'running') {
    return false;
  }
  const error = idError(given);
  if (error !== undefined) {
    log(agent, 'error', `Ignoring a registration as an agent of invalid id: ${error}`);
    return false;
  }
  if (agent.id === undefined) {
    agent.id = agentId(given);
    agent.info = { ...agent.info, id: { value: given } };
  } else if (agent.id !== given) {
    giveUp(agent, `Registered but got wrong id: ${given} (expected: ${agent.id})`);
    return false;
  }
  return true;
}

function connected(agent: AgentState, connection: MasterAgentConnection | undefined): void {
  agent.phase = 'running';
  endWaiting(agent);
  clearTimer(agent, 'registration');
  const seconds = connection?.total_ping_timeout_seconds;
  if (seconds !== undefined && seconds > 0) {
    agent.pingTimeoutMs = seconds * 1000;
  }
  setTimer(agent, 'ping', agent.pingTimeoutMs);
  resumeUpdates(agent);
  resumeOperations(agent);
  resumeExits(agent);
}

/**
 * Tells the master what may have changed since the registration was written; it takes no notice if
 * nothing has.
 */
function sendUpdateAgent(agent: AgentState): void {
  if (agent.master === undefined || agent.id === undefined) {
    return;
  }
  const body: UpdateAgentMessage = {
    agent_id: { value: agent.id },
    update_oversubscribed_resources: false,
    operations: { operations: unfinishedOperations(agent) },
    resource_version_uuid: agent.resourceVersion,
    resource_providers: {},
  };
  const message = { name: 'UpdateAgentMessage' as const, body };
  emit(agent, { type: 'sendToMaster', to: agent.master, message });
}

/**
 * Answers for tasks that the master counts and the agent does not have. Such a task was lost on its
 * way; or its end was acknowledged without the master noticing: then its end is repeated, where
 * Apache Mesos calls the task lost.
 */
function reconcileTasks(agent: AgentState, body: ReconcileTasksMessage): void {
  const framework = agent.frameworks.get(frameworkId(body.framework_id.value));
  for (const status of body.statuses ?? []) {
    if (framework?.tasks.has(taskId(status.task_id.value)) !== true) {
      log(agent, 'warn', `Reconciling task ${status.task_id.value}: unknown to the agent`);
      const isAware = body.framework !== undefined && isPartitionAware(body.framework);
      const hasEnded = isTerminal(status.state);
      reportUnknownTask(agent, body.framework_id.value, {
        task: status.task_id.value,
        state: hasEnded ? status.state : droppedState(isAware),
      });
      if (!hasEnded) {
        agent.deniedTasks.add(`${body.framework_id.value} ${status.task_id.value}`);
      }
    }
  }
}

export function pinged(agent: AgentState, event: MasterMessage, body: PingAgentMessage): void {
  const { from } = event;
  // Pings come from an observer in the master's process, and may come before the agent has its id.
  const observer = parsePid(from);
  if (observer === undefined || addressOf(observer) !== agent.masterAddress) {
    log(agent, 'debug', `Ignoring a ping of ${from}: the master is ${agent.master}`);
    tellOtherMaster(agent, event);
    return;
  }
  const message = { name: 'PongAgentMessage' as const, body: {} };
  emitAtOnce(agent, { type: 'sendToMaster', to: from, message });
  if (agent.phase !== 'running') {
    return;
  }
  if (body.connected) {
    setTimer(agent, 'ping', agent.pingTimeoutMs);
  } else {
    log(agent, 'info', 'The master has marked the agent as disconnected: registering again');
    disconnect(agent);
  }
}

export function pingTimerFired(agent: AgentState): void {
  if (agent.phase === 'running') {
    log(
      agent,
      'warn',
      `No pings from master received within ${formatDuration(agent.pingTimeoutMs)}`,
    );
    disconnect(agent);
  }
}
