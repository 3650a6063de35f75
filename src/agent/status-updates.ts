// The way of status updates to the master: for each task a stream, in order, one update at a time,
// each again and again (after 10 s, then doubling up to 10 min) until it is acknowledged.
import type { StatusUpdate, Task } from '../model/generated/messages.ts';
import { sameBytes } from '../model/identifier.ts';
import type { FrameworkId, TaskId } from '../model/ids.ts';
import { frameworkId, taskId } from '../model/ids.ts';
import { messageSize } from '../model/message-size.ts';
import { formatUuid } from '../model/random.ts';
import { SMALL_STATUS_BYTES } from '../model/status-history.ts';
import { isTerminal } from '../model/task-state.ts';
import type { RunOf } from './checkpoint.ts';
import { addDeadline, createDeadlines, type Deadlines, takeExpired } from './deadlines.ts';
import { emit, log, persist, persistSoon } from './outbox.ts';
import type { AgentState } from './state.ts';

export interface UpdateStream {
  readonly frameworkId: FrameworkId;
  readonly taskId: TaskId;
  /** The run whose checkpoint holds this stream; absent: it is only in memory. */
  readonly run: RunOf | undefined;
  /** Not acknowledged yet; the first is on its way, or waits for a master. */
  pending: StatusUpdate[];
  /** Uuids of the latest updates, to know a repeated one. */
  seen: Uint8Array[];
  /** Counts sends of whatever is first, so that a retry of an earlier send is known as stale. */
  sends: number;
  /** The transaction that the last send had to wait for. */
  sentAfter: number;
  /** What is first has been sent. */
  isSent: boolean;
  /**
   * What is first was sent before the latest registration, and again after it: its acknowledgement may have
   * been under way since then, and says nothing about the master of today.
   */
  isCarriedOver: boolean;
}

/** The wait for the acknowledgement of one send; `level` is the index into the retry intervals. */
export interface UpdateRetry {
  readonly stream: UpdateStream;
  readonly send: number;
  readonly level: number;
}

const retryIntervalsMs = [10_000, 20_000, 40_000, 80_000, 160_000, 320_000, 600_000];
/** Repetitions come soon if at all: an executor sends what is unacknowledged when it subscribes. */
const maxSeen = 100;
/** Beyond this, a newer update takes the place of the one before it: only the latest state counts. */
const maxPending = 1_000;
/** The same, of a task's updates together. */
const maxPendingBytes = 8 * 1024 * 1024;

/** After so many sends (most of a day) news of a framework that has nothing here are given up. */
const maxSendsForAbsent = 100;

export const createRetries = (): Deadlines<UpdateRetry>[] =>
  retryIntervalsMs.map((delayMs) => createDeadlines(`update-retry-${delayMs}`, delayMs));

export const isRetryTimer = (timer: string) => timer.startsWith('update-retry-');

export function findStream(
  agent: AgentState,
  framework: FrameworkId,
  task: TaskId,
): UpdateStream | undefined {
  return agent.updates.get(framework)?.get(task);
}

function openStream(
  agent: AgentState,
  framework: FrameworkId,
  task: TaskId,
  run: RunOf | undefined,
): UpdateStream {
  let streams = agent.updates.get(framework);
  if (streams === undefined) {
    streams = new Map();
    agent.updates.set(framework, streams);
  }
  let stream = streams.get(task);
  if (stream === undefined) {
    stream = {
      frameworkId: framework,
      taskId: task,
      run,
      pending: [],
      seen: [],
      sends: 0,
      sentAfter: 0,
      isSent: false,
      isCarriedOver: false,
    };
    streams.set(task, stream);
  }
  return stream;
}

/** Takes an update (with its uuid set) on its way; false for one that has been taken before. */
export function addUpdate(
  agent: AgentState,
  update: StatusUpdate,
  run: RunOf | undefined,
): boolean {
  const stream = openStream(
    agent,
    frameworkId(update.framework_id.value),
    taskId(update.status.task_id.value),
    run,
  );
  const uuid = update.uuid ?? new Uint8Array();
  if (stream.seen.some((seen) => sameBytes(seen, uuid))) {
    return false;
  }
  if (stream.run !== undefined) {
    persist(agent, { type: 'update', ...stream.run, update });
  }
  remember(stream, update);
  if (stream.pending.length === 1) {
    forward(agent, stream, 0);
  }
  return true;
}

function remember(stream: UpdateStream, update: StatusUpdate): void {
  stream.seen.push(update.uuid ?? new Uint8Array());
  if (stream.seen.length > maxSeen) {
    stream.seen.shift();
  }
  makeRoom(stream.pending, update);
  stream.pending.push(update);
}

/** Never in place of the first, which may be on its way. */
function makeRoom(pending: StatusUpdate[], update: StatusUpdate): void {
  if (pending.length >= maxPending) {
    pending.pop();
  }
  if (messageSize(update, SMALL_STATUS_BYTES) <= SMALL_STATUS_BYTES) {
    return;
  }
  let bytes = messageSize(update, maxPendingBytes);
  for (const other of pending) {
    bytes += messageSize(other, maxPendingBytes);
  }
  while (bytes > maxPendingBytes && pending.length > 1) {
    bytes -= messageSize(pending.pop() ?? {}, maxPendingBytes);
  }
}

/** Puts back what a checkpoint holds. Nothing is sent before the agent is registered. */
export function restoreStream(
  agent: AgentState,
  run: RunOf,
  task: TaskId,
  updates: readonly StatusUpdate[],
  acknowledged: readonly Uint8Array[],
): void {
  const stream = openStream(agent, run.frameworkId, task, run);
  for (const update of updates) {
    remember(stream, update);
    if (acknowledged.some((uuid) => sameBytes(uuid, update.uuid ?? new Uint8Array()))) {
      stream.pending.length = 0;
    }
  }
  // By the agent before this one, perhaps.
  stream.isSent = stream.pending.length > 0;
  const first = stream.pending[0] ?? updates.at(-1);
  if (first !== undefined) {
    noteFirst(taskOf(agent, stream), first);
  }
}

export type Acknowledged = 'unknown' | 'continued' | 'completed';

/** Only the uuid of the update that is on its way counts; `completed` when that was a terminal one. */
export function acknowledge(
  agent: AgentState,
  framework: FrameworkId,
  task: TaskId,
  uuid: Uint8Array,
): Acknowledged {
  const stream = findStream(agent, framework, task);
  const update = stream?.pending[0];
  if (
    stream === undefined ||
    update === undefined ||
    update.uuid === undefined ||
    !sameBytes(update.uuid, uuid)
  ) {
    log(agent, 'warn', `Ignoring acknowledgement of ${uuidText(uuid)} for task ${task}`);
    return 'unknown';
  }
  stream.pending.shift();
  stream.isSent = false;
  stream.isCarriedOver = false;
  stream.sends++;
  if (isTerminal(update.status.state)) {
    closeStream(agent, stream);
    return 'completed';
  }
  if (stream.run !== undefined) {
    // A later update must not leave before it: after a crash in between, both would be sent again.
    const write = stream.pending.length > 0 ? persist : persistSoon;
    write(agent, { type: 'acknowledgement', ...stream.run, taskId: task, uuid });
  }
  if (stream.pending.length > 0) {
    forward(agent, stream, 0);
  } else if (agent.frameworks.get(framework)?.tasks.has(task) !== true) {
    // News of a task that is not here: no last update would ever close the stream.
    closeStream(agent, stream);
  }
  return 'continued';
}

function closeStream(agent: AgentState, stream: UpdateStream): void {
  const streams = agent.updates.get(stream.frameworkId);
  streams?.delete(stream.taskId);
  if (streams?.size === 0) {
    agent.updates.delete(stream.frameworkId);
  }
  if (stream.run !== undefined) {
    persistSoon(agent, { type: 'taskCompleted', ...stream.run, taskId: stream.taskId });
  }
}

/**
 * A task of an id that was used before: what is left of the earlier one (which never ran here) has
 * reached the master, or it would not have let the id be used again.
 */
export function dropStream(agent: AgentState, framework: FrameworkId, task: TaskId): void {
  const stream = findStream(agent, framework, task);
  if (stream !== undefined) {
    stream.sends++;
    closeStream(agent, stream);
  }
}

/** Nothing of this framework will be acknowledged any more. */
export function dropStreams(agent: AgentState, framework: FrameworkId): void {
  for (const stream of agent.updates.get(framework)?.values() ?? []) {
    stream.pending.length = 0;
    stream.sends++;
  }
  agent.updates.delete(framework);
}

/** After registration everything first in line is sent again, whenever it was sent before. */
export function resumeUpdates(agent: AgentState): void {
  for (const streams of agent.updates.values()) {
    for (const stream of streams.values()) {
      if (stream.pending.length > 0) {
        stream.isCarriedOver = stream.isSent;
        forward(agent, stream, 0);
      }
    }
  }
}

export function retryTimerFired(agent: AgentState, timer: string): void {
  const level = agent.retries.findIndex((deadlines) => deadlines.timer === timer);
  const deadlines = agent.retries[level];
  if (deadlines === undefined) {
    return;
  }
  const expired = takeExpired(agent, deadlines, ({ stream, send }) => stream.sends === send);
  for (const { stream } of expired) {
    if (stream.sends >= maxSendsForAbsent && !agent.frameworks.has(stream.frameworkId)) {
      log(agent, 'warn', `Giving up the update of task ${stream.taskId}: nobody wants it`);
      closeStream(agent, stream);
      continue;
    }
    if (stream.sentAfter > agent.outbox.durableTransaction) {
      // It has not left yet: a second one would come with it.
      addDeadline(agent, deadlines, { stream, send: stream.sends, level });
      continue;
    }
    log(agent, 'info', `Sending the update of task ${stream.taskId} again`);
    forward(agent, stream, Math.min(level + 1, retryIntervalsMs.length - 1));
  }
}

/** Sends what is first in line, unless there is no master; registration resumes then. */
function forward(agent: AgentState, stream: UpdateStream, level: number): void {
  const update = stream.pending[0];
  if (update === undefined) {
    return;
  }
  stream.sends++;
  const task = taskOf(agent, stream);
  noteFirst(task, update);
  if (agent.phase !== 'running' || agent.master === undefined) {
    return;
  }
  stream.sentAfter = agent.outbox.barrier;
  stream.isSent = true;
  emit(agent, {
    type: 'sendToMaster',
    to: agent.master,
    message: {
      name: 'StatusUpdateMessage',
      // The master learns how far the task is, even while older updates are still on their way.
      body: {
        update: task === undefined ? update : { ...update, latest_state: task.state },
        pid: agent.options.pid,
      },
    },
  });
  const deadlines = agent.retries[level];
  if (deadlines !== undefined) {
    addDeadline(agent, deadlines, { stream, send: stream.sends, level });
  }
}

function taskOf(agent: AgentState, { frameworkId: framework, taskId: id }: UpdateStream) {
  const executor = agent.frameworks.get(framework)?.tasks.get(id);
  return executor?.launched.get(id) ?? executor?.terminated.get(id);
}

/**
 * How far the framework is to be told the task is, which masters answer when it asks: a task that goes
 * on unheard must not seem to go back when its updates come.
 */
function noteFirst(task: Task | undefined, { status, uuid }: StatusUpdate): void {
  if (task !== undefined) {
    task.status_update_state = status.state;
    if (uuid !== undefined) {
      task.status_update_uuid = uuid;
    }
  }
}

const uuidText = (bytes: Uint8Array) => (bytes.length === 16 ? formatUuid(bytes) : 'no uuid');
