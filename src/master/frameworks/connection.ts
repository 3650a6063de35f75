// How a framework's scheduler is reached: the one file that knows which kinds of connections there
// are, and what differs between them. Today there is one kind, the event stream that a SUBSCRIBE
// call of the v1 API opens. A driver of Mesos's v0 API, which is reached at its pid, will be the
// second: it subscribes by a message, gets no replies and no heartbeats, and is lost with the link
// to its address.
import { type SchedulerEvent, SchedulerEvent_Type } from '../../model/generated/messages.ts';
import type { RequestId, StreamId } from '../../model/ids.ts';
import { clearTimer, reply, sendToFramework, setTimer } from '../outbox.ts';
import type { Framework, MasterState } from '../state.ts';
import type { MasterTimer } from '../timers.ts';

export type FrameworkConnection = {
  /** The event stream that its SUBSCRIBE opened. */
  readonly kind: 'stream';
  readonly id: StreamId;
};

/** What a SUBSCRIBE asks for: its request is answered by an event stream with this id. */
export interface ConnectionRequest {
  readonly request: RequestId;
  readonly stream: StreamId;
}

/** What any other call comes with; `stream` is the Mesos-Stream-Id that it names. */
export interface Caller {
  readonly request: RequestId;
  readonly stream?: StreamId | undefined;
}

const heartbeatTimer = (framework: Framework): MasterTimer => `heartbeat/${framework.id}`;

const onStream = (id: StreamId): FrameworkConnection => ({ kind: 'stream', id });

/** Answers a SUBSCRIBE: from here on the framework's events go to the scheduler that sent it. */
export function openConnection(
  state: MasterState,
  framework: Framework,
  { request, stream }: ConnectionRequest,
): void {
  framework.connection = onStream(stream);
  state.frameworks.byStream.set(stream, framework);
  state.effects.push({ type: 'openStream', request, stream });
}

/** Refuses a SUBSCRIBE: the scheduler gets one ERROR event, and its connection ends. */
export function refuseConnection(
  state: MasterState,
  { request, stream }: ConnectionRequest,
  message: string,
): void {
  const event: SchedulerEvent = { type: SchedulerEvent_Type.ERROR, error: { message } };
  state.effects.push(
    { type: 'openStream', request, stream },
    { type: 'sendToFramework', to: onStream(stream), event },
    { type: 'closeStream', stream },
  );
}

/** Answers a call that is not SUBSCRIBE. */
export function answerCall(
  state: MasterState,
  { request }: Caller,
  status: number,
  text?: string,
): void {
  reply(state, request, status, text);
}

/** The framework whose events go to a stream. */
export const frameworkOnStream = (state: MasterState, stream: StreamId) =>
  state.frameworks.byStream.get(stream);

/** Why a call is refused: the framework is not connected, or the call names another stream. */
export function connectionError(
  { id, connection }: Framework,
  { stream }: Caller,
): { readonly status: number; readonly text: string } | undefined {
  if (connection === undefined) {
    return { status: 403, text: 'Framework is not subscribed' };
  }
  switch (connection.kind) {
    case 'stream':
      if (stream === undefined) {
        return {
          status: 400,
          text: "All non-subscribe calls should include the 'Mesos-Stream-Id' header",
        };
      }
      return stream === connection.id
        ? undefined
        : {
            status: 400,
            text:
              `The stream ID '${stream}' included in this request didn't match the stream ID` +
              ` currently associated with framework ID ${id}`,
          };
  }
}

/**
 * The pid at which agents and executors reach the scheduler themselves; empty for a scheduler on a
 * stream, whose messages go through the master.
 */
export function schedulerPid({ connection }: Framework): string {
  switch (connection?.kind) {
    case undefined:
    case 'stream':
      return '';
  }
}

/** Sends a heartbeat and sets the timer of the next one, while the framework is connected. */
export function heartbeat(state: MasterState, framework: Framework): void {
  switch (framework.connection?.kind) {
    case undefined:
      return;
    case 'stream':
      sendToFramework(state, framework, { type: SchedulerEvent_Type.HEARTBEAT });
      setTimer(state, heartbeatTimer(framework), state.options.heartbeatIntervalMs);
  }
}

/** Ends the scheduler's connection, if there is one. */
export function closeConnection(state: MasterState, framework: Framework): void {
  const { connection } = framework;
  if (connection === undefined) {
    return;
  }
  forgetConnection(state, framework);
  switch (connection.kind) {
    case 'stream':
      state.effects.push({ type: 'closeStream', stream: connection.id });
  }
}

/** The scheduler's connection has ended: nothing is sent to it any more. */
export function forgetConnection(state: MasterState, framework: Framework): void {
  const { connection } = framework;
  if (connection === undefined) {
    return;
  }
  switch (connection.kind) {
    case 'stream':
      clearTimer(state, heartbeatTimer(framework));
      state.frameworks.byStream.delete(connection.id);
  }
  framework.connection = undefined;
}
