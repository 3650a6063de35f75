// --rate_limits: how many calls a second are taken of the frameworks of a principal. A call above
// the rate waits for its turn, as many as the principal's capacity; one above that is dropped, and
// the framework gets an ERROR event, as in Mesos, where only drivers of its v0 API are limited. A
// call that is no framework's own, and is refused anyway, takes none of the framework's turns.
// SUBSCRIBE does not wait: a scheduler that takes over must not stand behind the calls of the one
// before it.
import { Fifo } from '../../model/fifo.ts';
import { frameworkId } from '../../model/ids.ts';
import { heldSize } from '../../model/message-size.ts';
import type { StreamClosed } from '../../model/process-effects.ts';
import type { RateLimit } from '../../model/rate-limits.ts';
import type { SchedulerCalled } from '../events.ts';
import { log, sendError, setTimer } from '../outbox.ts';
import type { Framework, MasterState } from '../state.ts';
import type { MasterTimer } from '../timers.ts';
import { answerCall, connectionError, frameworkOnStream } from './connection.ts';

type Limited = SchedulerCalled | StreamClosed;

interface Waiting {
  readonly event: Limited;
  /** Whose call it is; undefined for the end of a stream, which takes no place. */
  readonly caller: Framework | undefined;
  readonly bytes: number;
}

/** The turns of one principal, or of those that have no limit of their own. */
interface Turns {
  /** When the next call may be taken. */
  nextMs: number;
  readonly waiting: Fifo<Waiting>;
  /** How many of these are calls. */
  calls: number;
}

/** What --rate_limits has to do with the state of a master. */
export interface Throttle {
  /** By the name of the limit; made when it is needed, so not more than there are limits. */
  readonly turns: Map<string, Turns>;
  /** Size of all calls that wait, about. */
  bytes: number;
}

export const createThrottle = (): Throttle => ({ turns: new Map(), bytes: 0 });

/** What may wait of all principals together, whatever their capacities. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;

/** About what a call takes besides its message: its request, and its place here. */
const CALL_BYTES = 512;

/** Turns that come late are made up for, those of so long at most. */
const MOST_MADE_UP_MS = 1_000;

/** The limit of those without one of their own; the others are named by a slash and a principal. */
const OTHERS = '';

interface NamedLimit extends RateLimit {
  readonly name: string;
}

function limitOf({ options }: MasterState, { info }: Framework): NamedLimit | undefined {
  const { rateLimits } = options;
  if (rateLimits === undefined) {
    return undefined;
  }
  const { principal } = info;
  const isListed = principal !== undefined && rateLimits.byPrincipal.has(principal);
  const limit = isListed ? rateLimits.byPrincipal.get(principal) : rateLimits.others;
  return limit && { ...limit, name: isListed ? `/${principal}` : OTHERS };
}

/** True where the event is not to be taken now: it waits for its turn, or has been dropped. */
export function throttled(state: MasterState, event: Limited): boolean {
  const framework = senderOf(state, event);
  const limit = framework && limitOf(state, framework);
  if (framework === undefined || limit === undefined) {
    return false;
  }
  const turns = turnsOf(state, limit);
  const isFree = turns.waiting.length === 0 && turns.nextMs <= state.nowMs;
  if (event.type === 'streamClosed') {
    // It must not overtake the calls that were sent before it.
    return turns.waiting.length > 0 && waits(state, limit, { event, caller: undefined, bytes: 0 });
  }
  if (isFree) {
    turns.nextMs = state.nowMs + 1000 / limit.qps;
    return false;
  }
  framework.counters.unprocessedCalls++;
  const bytes = CALL_BYTES + heldSize(event.call, MAX_WAITING_BYTES);
  if (
    turns.calls >= (limit.capacity ?? Number.POSITIVE_INFINITY) ||
    state.throttle.bytes + bytes > MAX_WAITING_BYTES
  ) {
    drop(state, framework, event, limit.capacity ?? turns.calls);
    return true;
  }
  return waits(state, limit, { event, caller: framework, bytes });
}

/** The framework whose turn the event takes; undefined for one that is answered with an error. */
function senderOf(state: MasterState, event: Limited): Framework | undefined {
  if (event.type === 'streamClosed') {
    return frameworkOnStream(state, event.stream);
  }
  const { call, principal } = event;
  const framework = state.frameworks.registered.get(frameworkId(call.framework_id?.value ?? ''));
  const isOwn =
    framework !== undefined &&
    (principal?.value === undefined || principal.value === framework.info.principal) &&
    connectionError(framework, event) === undefined;
  return isOwn ? framework : undefined;
}

function turnsOf({ throttle, nowMs }: MasterState, { name }: NamedLimit): Turns {
  let turns = throttle.turns.get(name);
  if (turns === undefined) {
    turns = { nextMs: nowMs, waiting: new Fifo(), calls: 0 };
    throttle.turns.set(name, turns);
  }
  return turns;
}

const timerOf = (name: string): MasterTimer => `rate-limit/${name}`;

function waits(state: MasterState, limit: NamedLimit, waiting: Waiting): true {
  const turns = turnsOf(state, limit);
  if (turns.waiting.length === 0) {
    setTimer(state, timerOf(limit.name), Math.max(0, turns.nextMs - state.nowMs));
  }
  turns.waiting.push(waiting);
  turns.calls += waiting.caller === undefined ? 0 : 1;
  state.throttle.bytes += waiting.bytes;
  return true;
}

function drop(
  state: MasterState,
  framework: Framework,
  event: SchedulerCalled,
  capacity: number,
): void {
  const error = `Message mesos.scheduler.Call dropped: capacity(${capacity}) exceeded`;
  log(
    state,
    'warn',
    `Dropping a call of framework ${framework.id}: capacity(${capacity}) exceeded`,
  );
  state.counters.values.dropped_messages++;
  sendError(state, framework, error);
  answerCall(state, event, 429, error);
}

/** Takes what waits and is due now, one after the other, and sets the timer of the next. */
export function turnDue(state: MasterState, name: string, take: (event: Limited) => void): void {
  const turns = state.throttle.turns.get(name);
  const limit = limitNamed(state, name);
  if (turns === undefined || limit === undefined) {
    return;
  }
  turns.nextMs = Math.max(turns.nextMs, state.nowMs - MOST_MADE_UP_MS);
  while (turns.waiting.length > 0 && turns.nextMs <= state.nowMs) {
    const { event, caller, bytes } = turns.waiting.take() as Waiting;
    state.throttle.bytes -= bytes;
    if (caller !== undefined) {
      turns.calls--;
      caller.counters.unprocessedCalls--;
      // A call of a scheduler that is there no more is refused, and takes no turn.
      turns.nextMs += senderOf(state, event) === undefined ? 0 : 1000 / limit.qps;
    }
    take(event);
  }
  if (turns.waiting.length > 0) {
    setTimer(state, timerOf(name), turns.nextMs - state.nowMs);
  }
}

const limitNamed = ({ options }: MasterState, name: string): RateLimit | undefined =>
  name === OTHERS ? options.rateLimits?.others : options.rateLimits?.byPrincipal.get(name.slice(1));
