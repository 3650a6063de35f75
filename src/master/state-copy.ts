// Copies and compares the state of masters, so that tests can try events on a copy or go on from an
// earlier moment. Every class in the state is named here, or copying is refused
// (test/master/state-copy.test.ts walks the whole state).
import { ByteBudget } from '../model/byte-budget.ts';
import { copyData, type DataKinds, dataDifference } from '../model/data-copy.ts';
import { Fifo } from '../model/fifo.ts';
import { Random } from '../model/random.ts';
import { Recurrence } from '../model/recurrence.ts';
import { Durations } from '../model/timer-statistics.ts';
import { GuessBounds } from '../security/guess-bounds.ts';
import { AgentRoom } from './agents/room.ts';
import { Attempts } from './authentication/attempts.ts';
import { AuthenticatedProcesses } from './authentication/processes.ts';
import { BoundedList, BoundedMap } from './bounded-map.ts';
import { FrameworkSums } from './frameworks/framework-sums.ts';
import { forgetTasks } from './frameworks/frameworks.ts';
import { MinimumCapabilities } from './minimum-capabilities.ts';
import { GuardedAllocator } from './offers/guarded-allocator.ts';
import { RecentMap } from './recent-map.ts';
import type { MasterState } from './state.ts';
import { historySize } from './validation/size.ts';

const CLASSES: ReadonlySet<unknown> = new Set([
  AgentRoom,
  Attempts,
  AuthenticatedProcesses,
  BoundedList,
  BoundedMap,
  ByteBudget,
  Durations,
  Fifo,
  FrameworkSums,
  GuessBounds,
  MinimumCapabilities,
  Random,
  RecentMap,
  Recurrence,
]);

/**
 * A second master that goes on from this state by itself; taken between two steps. Both share the
 * options and the instance of the core that sums are made in, in which nothing is kept from step to
 * step. Messages of an event become part of the state that takes it: each gets a copy of its own.
 */
export const copyState = (state: MasterState): MasterState => copyData(state, kindsOf(state));

/**
 * The path of the first difference between two states of masters with the same options and core.
 */
export const stateDifference = (left: MasterState, right: MasterState): string | undefined =>
  dataDifference(left, right, kindsOf(left));

const kindsOf = ({ options, core, algebra }: MasterState): DataKinds => ({
  classes: CLASSES,
  shared: new Set<unknown>([options, core, algebra, forgetTasks, historySize]),
  own: (value) => (value instanceof GuardedAllocator ? allocatorOf(value) : undefined),
});

const allocatorOf = (allocator: GuardedAllocator) => ({
  copy: () => allocator.fork(),
  equals: (other: object) => other instanceof GuardedAllocator && allocator.isLike(other),
});
