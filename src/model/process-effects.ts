// The effects that the state machines of master and agent share, and the events that answer them.
import type { RequestId, StreamId } from './ids.ts';

/** When an event happens. */
export interface At {
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

/** A scheduler's, executor's or operator's event stream has ended on the other side. */
export interface StreamClosed extends At {
  readonly type: 'streamClosed';
  readonly stream: StreamId;
}

/** A timer that was set is due. */
export interface TimerFired<Timer extends string> extends At {
  readonly type: 'timer';
  readonly timer: Timer;
}

/** Responds to a request. Without a text the response is empty; a text is sent as text/plain. */
export interface Reply {
  readonly type: 'reply';
  readonly request: RequestId;
  readonly status: number;
  readonly text?: string;
}

/** Responds to a SUBSCRIBE with 200 and keeps the response open as the event stream. */
export interface OpenStream {
  readonly type: 'openStream';
  readonly request: RequestId;
  readonly stream: StreamId;
}

/** Ends a stream once everything sent on it has left. */
export interface CloseStream {
  readonly type: 'closeStream';
  readonly stream: StreamId;
}

/**
 * Keeps one connection to the address for all messages that go there, and opens it where there is
 * none. A connection that cannot be opened, or that breaks, is reported by `linkLost`; it is opened
 * again only by another Link.
 */
export interface Link {
  readonly type: 'link';
  /** `ip:port` */
  readonly address: string;
}

/** Sets a timer, which fires once. It replaces the timer of the same name. */
export interface SetTimer<Timer extends string> {
  readonly type: 'setTimer';
  readonly timer: Timer;
  readonly delayMs: number;
}

export interface ClearTimer<Timer extends string> {
  readonly type: 'clearTimer';
  readonly timer: Timer;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** By whom, and about what, a line of the log is that anybody can cause, any number of times. */
export interface Stranger {
  /** Lines about one topic and one address are gathered. */
  readonly topic: 'authentication' | 'messages' | 'registration' | 'TLS';
  /** An IP address, or the pid that a message names. */
  readonly origin: string;
}

export interface Log {
  readonly type: 'log';
  readonly level: LogLevel;
  readonly text: string;
  readonly stranger?: Stranger | undefined;
}

/**
 * The kind of a timer: its name up to the slash. What follows the slash is the id of its object.
 */
export type TimerKind<Timer extends string> = Timer extends `${infer Kind}/${string}`
  ? Kind
  : Timer;

/** Splits a timer's name; `whose` is empty for a kind of which there is one timer only. */
export function timerParts<Timer extends string>(
  timer: Timer,
): { readonly kind: TimerKind<Timer>; readonly whose: string } {
  const slash = timer.indexOf('/');
  return slash < 0
    ? { kind: timer as TimerKind<Timer>, whose: '' }
    : { kind: timer.slice(0, slash) as TimerKind<Timer>, whose: timer.slice(slash + 1) };
}
