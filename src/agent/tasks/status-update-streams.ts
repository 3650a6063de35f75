// Sends status updates to the master: for each task a stream, in order, one update at a time,
// each again and again (after 10 s, then doubling up to 10 min) until it is acknowledged.
import type { StatusUpdate, Task } from '../../model/generated/messages.ts';
import { sameBytes } from '../../model/identifier.ts';
import type { FrameworkId, TaskId } from '../../model/ids.ts';
import { frameworkId, taskId } from '../../model/ids.ts';
import { formatUuid } from '../../model/random.ts';
import { slimStatus } from '../../model/status-history.ts';
import { isTerminal } from '../../model/task-state.ts';
import type { RunOf } from '../checkpoint.ts';
import { addDeadline, createDeadlines, type Deadlines, takeExpired } from '../deadline-queue.ts';
import { emit, log, persist, persistSoon } from '../outbox.ts';
import type { AgentState } from '../state.ts';
import { updateBytes } from './update-room.ts';

export interface UpdateStream {
  readonly frameworkId: FrameworkId;
  readonly taskId: TaskId;
  /** The run whose checkpoint holds this stream; absent: it is only in memory. */
  readonly run: RunOf | undefined;
  /** Not acknowledged yet; the first is on its way, or waits for a master. */
  pending: StatusUpdate[];
  pendingBytes: number;
  /**
   * Uuids of those acknowledged that the checkpoint still has: it tells by them how far the task
   * is.
   */
  acknowledged: Uint8Array[];
  /** Uuids of the latest updates, to know a repeated one. */
  seen: Uint8Array[];
  /** Counts sends of whatever is first, so that a retry of an earlier send is known as stale. */
  sends: number;
  /** The transaction that the last send had to wait for. */
  sentAfter: number;
  /** What is first has been sent. */
  isSent: boolean;
  /**
   * What is first was sent before the latest registration, and again after it: its acknowledgement
   * may have been under way since then, and says nothing about the master of today.
   */
  isCarriedOver: boolean;
}

/** The wait for the acknowledgement of one send; `level` is the index into the retry intervals. */
export interface UpdateRetry {
  readonly stream: UpdateStream;
  readonly send: number;
  readonly level: number;
}

const RETRY_INTERVALS_MS = [10_000, 20_000, 40_000, 80_000, 160_000, 320_000, 600_000];
/** Repetitions come soon if at all: an executor sends what is unacknowledged when it subscribes. */
const MAX_SEEN = 100;
/**
 * Beyond this, a newer update takes the place of the one before it: only the latest state counts.
 */
const MAX_PENDING = 1_000;
/** The same, of a task's updates together. */
const MAX_PENDING_BYTES = 8 * 1024 * 1024;
/** The same, for a task that the agent does not know: one on its way, and the latest. */
const MAX_PENDING_OF_UNKNOWN = 2;
/** Acknowledged updates of a task that stay in the checkpoint. */
const MAX_ACKNOWLEDGED = 25;

/** After so many sends (most of a day) news of a framework that has nothing here are given up. */
const MAX_SENDS_FOR_ABSENT = 100;

export const createRetries = (): Deadlines<UpdateRetry>[] =>
  RETRY_INTERVALS_MS.map((delayMs) => createDeadlines(`update-retry/${delayMs}`, delayMs));

/** How long an update that is not acknowledged keeps others of its framework from being sent. */
export const createTurns = (): Deadlines<UpdateRetry> => createDeadlines('update-turn', 10_000);

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
      pendingBytes: 0,
      acknowledged: [],
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

/** Why an executor's update cannot be taken now; one that has been taken before can. */
export function updateRefusal(agent: AgentState, update: StatusUpdate): string | undefined {
  const { framework_id, status, uuid = new Uint8Array() } = update;
  const stream = findStream(agent, frameworkId(framework_id.value), taskId(status.task_id.value));
  return stream?.seen.some((seen) => sameBytes(seen, uuid)) === true
    ? undefined
    : agent.updateRoom.refusal(update);
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
  remember(agent, stream, update);
  if (stream.pending.length === 1) {
    forward(agent, stream, 0);
  }
  return true;
}

function remember(agent: AgentState, stream: UpdateStream, update: StatusUpdate): void {
  stream.seen.push(update.uuid ?? new Uint8Array());
  if (stream.seen.length > MAX_SEEN) {
    stream.seen.shift();
  }
  makeRoom(agent, stream, update);
  stream.pending.push(update);
  stream.pendingBytes += updateBytes(update);
  agent.updateRoom.add(update);
}

/** Never in place of the first, which may be on its way. */
function makeRoom(agent: AgentState, stream: UpdateStream, update: StatusUpdate): void {
  const { pending } = stream;
  const max = isKnown(agent, stream) ? MAX_PENDING : MAX_PENDING_OF_UNKNOWN;
  if (pending.length >= max) {
    dropLatest(agent, stream);
  }
  const roomBytes = MAX_PENDING_BYTES - updateBytes(update);
  while (
    pending.length > 1 &&
    (stream.pendingBytes > roomBytes || agent.updateRoom.lacks(update))
  ) {
    dropLatest(agent, stream);
  }
}

const isKnown = (agent: AgentState, { run, frameworkId: framework, taskId: id }: UpdateStream) =>
  run !== undefined || agent.frameworks.get(framework)?.tasks.has(id) === true;

function dropLatest(agent: AgentState, stream: UpdateStream): void {
  const update = stream.pending.pop();
  if (update !== undefined) {
    giveRoom(agent, stream, update);
    forgetUpdate(agent, stream, update.uuid);
  }
}

function giveRoom(agent: AgentState, stream: UpdateStream, update: StatusUpdate): void {
  stream.pendingBytes -= updateBytes(update);
  agent.updateRoom.remove(update);
}

/** The checkpoint need not have it any more. */
function forgetUpdate(
  agent: AgentState,
  { run, taskId }: UpdateStream,
  uuid: Uint8Array | undefined,
): void {
  if (run !== undefined && uuid !== undefined) {
    persistSoon(agent, { type: 'updateDropped', ...run, taskId, uuid });
  }
}

function dropPending(agent: AgentState, stream: UpdateStream): void {
  for (const update of stream.pending) {
    giveRoom(agent, stream, update);
  }
  stream.pending = [];
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
    remember(agent, stream, update);
    if (acknowledged.some((uuid) => sameBytes(uuid, update.uuid ?? new Uint8Array()))) {
      stream.acknowledged.push(...stream.pending.flatMap(({ uuid }) => uuid ?? []));
      dropPending(agent, stream);
      forgetAcknowledged(agent, stream);
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

/**
 * Only the uuid of the update that is on its way counts; `completed` when that was a terminal one.
 */
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
  giveRoom(agent, stream, update);
  agent.updateWindows.leave(stream);
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
    const status = slimStatus(update.status);
    const slim = status === update.status ? undefined : { ...update, status };
    write(agent, { type: 'acknowledgement', ...stream.run, taskId: task, uuid, slim });
    stream.acknowledged.push(uuid);
    forgetAcknowledged(agent, stream);
  }
  if (stream.pending.length > 0) {
    forward(agent, stream, 0);
  } else if (agent.frameworks.get(framework)?.tasks.has(task) !== true) {
    // News of a task that is not here: no last update would ever close the stream.
    closeStream(agent, stream);
  }
  sendNext(agent, framework);
  return 'continued';
}

/** Its state, and those before it that a view shows, are of the newest. */
function forgetAcknowledged(agent: AgentState, stream: UpdateStream): void {
  while (stream.acknowledged.length > MAX_ACKNOWLEDGED) {
    forgetUpdate(agent, stream, stream.acknowledged.shift());
  }
}

function closeStream(agent: AgentState, stream: UpdateStream): void {
  dropPending(agent, stream);
  agent.updateWindows.leave(stream);
  sendNext(agent, stream.frameworkId);
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
    dropPending(agent, stream);
    stream.sends++;
  }
  agent.updates.delete(framework);
  agent.updateWindows.forget(framework);
}

/** After registration everything first in line is sent again, whenever it was sent before. */
export function resumeUpdates(agent: AgentState): void {
  agent.updateWindows.clear();
  for (const streams of agent.updates.values()) {
    for (const stream of streams.values()) {
      if (stream.pending.length > 0) {
        stream.isCarriedOver = stream.isSent;
        forward(agent, stream, 0);
      }
    }
  }
}

/**
 * A framework has a new scheduler: what the one before it has not acknowledged need not wait
 * longer.
 */
export function resendUpdates(agent: AgentState, framework: FrameworkId): void {
  agent.updateWindows.forget(framework);
  for (const stream of agent.updates.get(framework)?.values() ?? []) {
    if (stream.pending.length > 0) {
      forward(agent, stream, 0);
    }
  }
}

export function retryTimerFired(agent: AgentState, intervalMs: number): void {
  const level = RETRY_INTERVALS_MS.indexOf(intervalMs);
  const deadlines = agent.retries[level];
  if (deadlines === undefined) {
    return;
  }
  const expired = takeExpired(agent, deadlines, ({ stream, send }) => stream.sends === send);
  for (const { stream } of expired) {
    if (stream.sends >= MAX_SENDS_FOR_ABSENT && !agent.frameworks.has(stream.frameworkId)) {
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
    forward(agent, stream, Math.min(level + 1, RETRY_INTERVALS_MS.length - 1));
  }
}

/** An update that was sent some time ago makes way for others of its framework. */
export function turnTimerFired(agent: AgentState): void {
  const ended = takeExpired(
    agent,
    agent.updateTurns,
    ({ stream, send }) => stream.sends === send && agent.updateWindows.isOnWay(stream),
  );
  for (const { stream } of ended) {
    agent.updateWindows.leave(stream);
    sendNext(agent, stream.frameworkId);
  }
}

/**
 * Sends what is first in line when its turn comes, unless there is no master; registration resumes
 * then.
 */
function forward(agent: AgentState, stream: UpdateStream, level: number): void {
  const update = stream.pending[0];
  if (update === undefined) {
    return;
  }
  stream.sends++;
  noteFirst(taskOf(agent, stream), update);
  if (agent.phase === 'running') {
    agent.updateWindows.enter(stream, level);
    sendNext(agent, stream.frameworkId);
  }
}

const firstBytes = ({ pending: [first] }: UpdateStream) =>
  first === undefined ? 0 : updateBytes(first);

/** Sends those of the framework for which there is room. */
function sendNext(agent: AgentState, framework: FrameworkId): void {
  if (agent.phase !== 'running') {
    return;
  }
  let turn = agent.updateWindows.next(framework, firstBytes);
  while (turn !== undefined) {
    post(agent, turn.stream, turn.level);
    turn = agent.updateWindows.next(framework, firstBytes);
  }
}

function post(agent: AgentState, stream: UpdateStream, level: number): void {
  const update = stream.pending[0];
  if (update === undefined || agent.master === undefined) {
    return;
  }
  const task = taskOf(agent, stream);
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
  if (level > 0) {
    // Its next retry is far.
    addDeadline(agent, agent.updateTurns, { stream, send: stream.sends, level });
  }
}

function taskOf(agent: AgentState, { frameworkId: framework, taskId: id }: UpdateStream) {
  const executor = agent.frameworks.get(framework)?.tasks.get(id);
  return executor?.launched.get(id) ?? executor?.terminated.get(id);
}

/**
 * How far the framework is to be told the task is, which masters answer when it asks: a task that
 * goes on unheard must not seem to go back when its updates come.
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
