// An agent's state as data: copied, to try what may happen on, or to go on from a moment again; and
// compared. What is new in the state and no plain data is named here, or a copy is refused
// (test/agent/state-copy.test.ts walks the whole of it).
import type { LiveLedger } from '../core/interface.ts';
import { ByteBudget } from '../model/byte-budget.ts';
import { copyData, type DataKinds, dataDifference } from '../model/data-copy.ts';
import { Random } from '../model/random.ts';
import { Recurrence } from '../model/recurrence.ts';
import { FrameworkHistory } from './executors/history.ts';
import type { AgentState } from './state.ts';
import { Denials } from './tasks/denied-tasks.ts';
import { UpdateRoom } from './tasks/status-update-room.ts';
import { UpdateWindows } from './tasks/status-update-window.ts';

const CLASSES: ReadonlySet<unknown> = new Set([
  ByteBudget,
  Denials,
  FrameworkHistory,
  Random,
  Recurrence,
  UpdateRoom,
  UpdateWindows,
]);

/**
 * An agent that goes on from here by itself, between two steps of this one. Both share the options
 * and the core, in which each has a ledger of its own. Messages of an event become part of the
 * state that takes it: each gets a copy of its own.
 */
export const copyState = (state: AgentState): AgentState => copyData(state, kindsOf(state));

/** The way to the first thing in which they differ, of agents with the same options and core. */
export const stateDifference = (left: AgentState, right: AgentState): string | undefined =>
  dataDifference(left, right, kindsOf(left));

const kindsOf = ({ options, core, ledger }: AgentState): DataKinds => ({
  classes: CLASSES,
  shared: new Set<unknown>([options, core]),
  own: (value) =>
    value === ledger
      ? { copy: () => ledger.fork(), equals: (other) => ledger.isLike(other as LiveLedger) }
      : undefined,
});
