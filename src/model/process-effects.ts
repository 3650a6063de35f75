// What the machines of master and agent both ask of the process they run in, and both hear of it.
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

/** Answers a request. Without a text the answer is empty; a text is text/plain. */
export interface Reply {
  readonly type: 'reply';
  readonly request: RequestId;
  readonly status: number;
  readonly text?: string;
}

/** Answers a SUBSCRIBE with 200 and keeps the answer open as the event stream. */
export interface OpenStream {
  readonly type: 'openStream';
  readonly request: RequestId;
  readonly stream: StreamId;
}

/** Ends a stream after what was sent on it. */
export interface CloseStream {
  readonly type: 'closeStream';
  readonly stream: StreamId;
}

/**
 * Keeps one connection to the address, for all that is sent there. Opens it where there is none;
 * one that cannot be opened, or breaks, is told by `linkLost` and only opened again by another
 * link.
 */
export interface Link {
  readonly type: 'link';
  /** `ip:port` */
  readonly address: string;
}

/** A timer of the same name is replaced. It fires once. */
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

export interface Log {
  readonly type: 'log';
  readonly level: LogLevel;
  readonly text: string;
}

/** What a timer is for: its name up to the slash, behind which stands whose it is. */
export type TimerKind<Timer extends string> = Timer extends `${infer Kind}/${string}`
  ? Kind
  : Timer;

/** Takes a timer's name apart; `whose` is empty where there is one of its kind only. */
export function timerParts<Timer extends string>(
  timer: Timer,
): { readonly kind: TimerKind<Timer>; readonly whose: string } {
  const slash = timer.indexOf('/');
  return slash < 0
    ? { kind: timer as TimerKind<Timer>, whose: '' }
    : { kind: timer.slice(0, slash) as TimerKind<Timer>, whose: timer.slice(slash + 1) };
}
