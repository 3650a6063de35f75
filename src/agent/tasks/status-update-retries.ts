// Sends status updates to the master, and sends each again (after 10 s, then doubling up to 10 min)
// until it is acknowledged. One update of a stream is on its way at a time; frameworks take turns
// by their windows (status-update-window.ts).
import type { StatusUpdate, Task } from '../../model/generated/messages.ts';
import type { FrameworkId } from '../../model/ids.ts';
import { addDeadline, createDeadlines, type Deadlines, takeExpired } from '../deadline-queue.ts';
import { emit, log, persistSoon } from '../outbox.ts';
import type { AgentState } from '../state.ts';
import { updateBytes } from './status-update-room.ts';
import { dropPending, taskOf, type UpdateStream } from './status-update-stream.ts';

/** The wait for the acknowledgement of one send; `level` is the index into the retry intervals. */
export interface UpdateRetry {
  readonly stream: UpdateStream;
  readonly send: number;
  readonly level: number;
}

const RETRY_INTERVALS_MS = [10_000, 20_000, 40_000, 80_000, 160_000, 320_000, 600_000];
/** An update of a framework that has nothing on this agent is given up after most of a day. */
const MAX_SENDS_FOR_ABSENT = 100;

export const createRetries = (): Deadlines<UpdateRetry>[] =>
  RETRY_INTERVALS_MS.map((delayMs) => createDeadlines(`update-retry/${delayMs}`, delayMs));

/** How long an update that is not acknowledged keeps others of its framework from being sent. */
export const createTurns = (): Deadlines<UpdateRetry> => createDeadlines('update-turn', 10_000);

/** After a registration the first update of each stream is sent again, whenever it was sent. */
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
 * A framework has a new scheduler: updates that the one before it has not acknowledged are sent
 * again at once.
 */
export function resendUpdates(agent: AgentState, framework: FrameworkId): void {
  agent.updateWindows.forget(framework);
  for (const stream of agent.updates.get(framework)?.values() ?? []) {
    if (stream.pending.length > 0) {
      forward(agent, stream, 0);
    }
  }
}

/** The interval has passed for some sends: those updates are sent again, with the next interval. */
export function retryTimerFired(agent: AgentState, intervalMs: number): void {
  const level = RETRY_INTERVALS_MS.indexOf(intervalMs);
  const deadlines = agent.retries[level];
  if (deadlines === undefined) {
    return;
  }
  const expired = takeExpired(agent, deadlines, ({ stream, send }) => stream.sends === send);
  for (const { stream } of expired) {
    if (stream.sends >= MAX_SENDS_FOR_ABSENT && !agent.frameworks.has(stream.frameworkId)) {
      log(
        agent,
        'warn',
        `Giving up the update of task ${stream.taskId}: the agent has nothing of its framework`,
      );
      closeStream(agent, stream);
      continue;
    }
    if (isHeld(agent, stream)) {
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
 * Sends the first update of a stream when the stream's turn comes. Without a master nothing is
 * sent; the next registration resumes.
 */
export function forward(agent: AgentState, stream: UpdateStream, level: number): void {
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

/** Sends updates of the framework as far as its window has room. */
export function sendNext(agent: AgentState, framework: FrameworkId): void {
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
  if (!isHeld(agent, stream)) {
    emitUpdate(agent, stream, update, agent.master);
  }
  const deadlines = agent.retries[level];
  if (deadlines !== undefined) {
    addDeadline(agent, deadlines, { stream, send: stream.sends, level });
  }
  if (level > 0) {
    // The next retry is far: until then others of the framework have their turns.
    addDeadline(agent, agent.updateTurns, { stream, send: stream.sends, level });
  }
}

/**
 * Whether the last send still waits for the disk, and goes to the present master: it would leave
 * together with another one, and so with all that a long stall has seen.
 */
const isHeld = ({ outbox, master }: AgentState, { isSent, sentAfter, sentTo }: UpdateStream) =>
  isSent && sentAfter > outbox.durableTransaction && sentTo === master;

function emitUpdate(
  agent: AgentState,
  stream: UpdateStream,
  update: StatusUpdate,
  to: string,
): void {
  const task = taskOf(agent, stream);
  stream.sentAfter = agent.outbox.barrier;
  stream.sentTo = to;
  stream.isSent = true;
  emit(agent, {
    type: 'sendToMaster',
    to,
    message: {
      name: 'StatusUpdateMessage',
      // The master learns how far the task is, even while older updates are still on their way.
      body: {
        update: task === undefined ? update : { ...update, latest_state: task.state },
        pid: agent.options.pid,
      },
    },
  });
}

/** Ends a stream: its last update is acknowledged, or nothing of it is wanted any more. */
export function closeStream(agent: AgentState, stream: UpdateStream): void {
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
 * Notes in the task's record the first pending update, whose state masters answer in a
 * reconciliation. The task may be further already, but must not seem to go back when its updates
 * arrive.
 */
export function noteFirst(task: Task | undefined, { status, uuid }: StatusUpdate): void {
  if (task !== undefined) {
    task.status_update_state = status.state;
    if (uuid !== undefined) {
      task.status_update_uuid = uuid;
    }
  }
}
