// One stream of status updates: those of a task that are not acknowledged yet, in order, and what
// bounds their number and bytes. What happens to streams is in status-update-streams.ts.
import type { StatusUpdate } from '../../model/generated/messages.ts';
import type { FrameworkId, TaskId } from '../../model/ids.ts';
import type { RunOf } from '../checkpoint.ts';
import { persistSoon } from '../outbox.ts';
import type { AgentState } from '../state.ts';
import { updateBytes } from './status-update-room.ts';

export interface UpdateStream {
  readonly frameworkId: FrameworkId;
  readonly taskId: TaskId;
  /** The run of the executor whose checkpoint holds this stream; absent: it is only in memory. */
  readonly run: RunOf | undefined;
  /** Updates that are not acknowledged; the first is on its way, or waits for a master. */
  pending: StatusUpdate[];
  pendingBytes: number;
  /**
   * Uuids of acknowledged updates that the checkpoint still has: a later agent tells by them how
   * far the task is.
   */
  acknowledged: Uint8Array[];
  /** Uuids of the latest updates, by which a repeated one is known. */
  seen: Uint8Array[];
  /** Counts sends, so that the retry of a send before the last is known as stale. */
  sends: number;
  /** The transaction that the last send had to wait for. */
  sentAfter: number;
  /** The master that the last send is for. */
  sentTo: string | undefined;
  /** The first pending update has been sent. */
  isSent: boolean;
  /**
   * The first pending update was sent before the latest registration, and again after it: an
   * acknowledgement may be that of the first send, and come from a master before today's.
   */
  isCarriedOver: boolean;
}

/** Executors repeat updates soon if at all: they send unacknowledged ones when they subscribe. */
const MAX_SEEN = 100;
/** A newer update than this many takes the place of the one before it: the latest state counts. */
const MAX_PENDING = 1_000;
/** The same bound for the bytes of a task's pending updates. */
const MAX_PENDING_BYTES = 8 * 1024 * 1024;
/** The same bound for a task that the agent does not know: one on its way, and the latest. */
const MAX_PENDING_OF_UNKNOWN = 2;

export function findStream(
  agent: AgentState,
  framework: FrameworkId,
  task: TaskId,
): UpdateStream | undefined {
  return agent.updates.get(framework)?.get(task);
}

export function openStream(
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
      sentTo: undefined,
      isSent: false,
      isCarriedOver: false,
    };
    streams.set(task, stream);
  }
  return stream;
}

/** Appends an update to its stream; where the stream is full, the latest of it is dropped. */
export function remember(agent: AgentState, stream: UpdateStream, update: StatusUpdate): void {
  stream.seen.push(update.uuid ?? new Uint8Array());
  if (stream.seen.length > MAX_SEEN) {
    stream.seen.shift();
  }
  makeRoom(agent, stream, update);
  stream.pending.push(update);
  stream.pendingBytes += updateBytes(update);
  agent.updateRoom.add(update);
}

/** Drops latest updates until there is room; never the first, which may be on its way. */
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

export function giveRoom(agent: AgentState, stream: UpdateStream, update: StatusUpdate): void {
  stream.pendingBytes -= updateBytes(update);
  agent.updateRoom.remove(update);
}

/** Lets the checkpoint drop an update. */
export function forgetUpdate(
  agent: AgentState,
  { run, taskId }: UpdateStream,
  uuid: Uint8Array | undefined,
): void {
  if (run !== undefined && uuid !== undefined) {
    persistSoon(agent, { type: 'updateDropped', ...run, taskId, uuid });
  }
}

export function dropPending(agent: AgentState, stream: UpdateStream): void {
  for (const update of stream.pending) {
    giveRoom(agent, stream, update);
  }
  stream.pending = [];
}

/** The record of a stream's task, while the agent has it. */
export function taskOf(agent: AgentState, { frameworkId: framework, taskId: id }: UpdateStream) {
  const executor = agent.frameworks.get(framework)?.tasks.get(id);
  return executor?.launched.get(id) ?? executor?.terminated.get(id);
}
