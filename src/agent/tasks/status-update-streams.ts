// Streams of status updates, one a task: updates come in, and leave for the master in order, one at
// a time, until each is acknowledged. How they are sent, and sent again, is in
// status-update-retries.ts.
import type { StatusUpdate } from '../../model/generated/messages.ts';
import { sameBytes } from '../../model/identifier.ts';
import type { FrameworkId, TaskId } from '../../model/ids.ts';
import { frameworkId, taskId } from '../../model/ids.ts';
import { formatUuid } from '../../model/random.ts';
import { slimStatus } from '../../model/status-history.ts';
import { isTerminal } from '../../model/task-state.ts';
import type { RunOf } from '../checkpoint.ts';
import { log, persist, persistSoon } from '../outbox.ts';
import type { AgentState } from '../state.ts';
import { closeStream, forward, noteFirst, sendNext } from './status-update-retries.ts';
import {
  dropPending,
  findStream,
  forgetUpdate,
  giveRoom,
  openStream,
  remember,
  taskOf,
  type UpdateStream,
} from './status-update-stream.ts';

/** Acknowledged updates of a task that stay in the checkpoint. */
const MAX_ACKNOWLEDGED = 25;

/** Why an executor's update cannot be taken now. A repeated update can always be taken. */
export function updateRefusal(agent: AgentState, update: StatusUpdate): string | undefined {
  const { framework_id, status, uuid = new Uint8Array() } = update;
  const stream = findStream(agent, frameworkId(framework_id.value), taskId(status.task_id.value));
  return stream?.seen.some((seen) => sameBytes(seen, uuid)) === true
    ? undefined
    : agent.updateRoom.refusal(update);
}

/** Adds an update, whose uuid is set, to its stream; false for a repeated one. */
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

/** Makes a stream of what a checkpoint holds. Nothing is sent before the agent is registered. */
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
  // The agent before this one may have sent it.
  stream.isSent = stream.pending.length > 0;
  const first = stream.pending[0] ?? updates.at(-1);
  if (first !== undefined) {
    noteFirst(taskOf(agent, stream), first);
  }
}

export type Acknowledged = 'unknown' | 'continued' | 'completed';

/**
 * Takes the first update of a stream out of it, if it is that which is acknowledged; `completed`
 * when it was terminal.
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
    // A later update must not leave before the acknowledgement is on disk: after a crash in between
    // both updates would be sent again.
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
    // A task that the agent does not have: no terminal update would ever close the stream.
    closeStream(agent, stream);
  }
  sendNext(agent, framework);
  return 'continued';
}

/** Lets the checkpoint drop the oldest acknowledged updates. */
function forgetAcknowledged(agent: AgentState, stream: UpdateStream): void {
  while (stream.acknowledged.length > MAX_ACKNOWLEDGED) {
    forgetUpdate(agent, stream, stream.acknowledged.shift());
  }
}

/**
 * Ends the stream of an earlier task whose id is used again. That task never ran here, and the
 * master knows its end: otherwise it would not let the id be used again.
 */
export function dropStream(agent: AgentState, framework: FrameworkId, task: TaskId): void {
  const stream = findStream(agent, framework, task);
  if (stream !== undefined) {
    stream.sends++;
    closeStream(agent, stream);
  }
}

/** Drops all streams of a framework that has ended, and acknowledges nothing any more. */
export function dropStreams(agent: AgentState, framework: FrameworkId): void {
  for (const stream of agent.updates.get(framework)?.values() ?? []) {
    dropPending(agent, stream);
    stream.sends++;
  }
  agent.updates.delete(framework);
  agent.updateWindows.forget(framework);
}

const uuidText = (bytes: Uint8Array) => (bytes.length === 16 ? formatUuid(bytes) : 'no uuid');
