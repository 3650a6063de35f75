// GET_SHARES: an answer takes some milliseconds of the master's time, so there is one in a turn of
// the event loop, whoever asks how often, and other work comes in between.
import { MasterResponse_Type } from '../../model/generated/messages.ts';
import type { RequestId } from '../../model/ids.ts';
import { askingOf } from '../asking.ts';
import type { OperatorCalled } from '../events.ts';
import { reply, respond, setTimer } from '../outbox.ts';
import type { MasterState } from '../state.ts';
import type { MasterTimer } from '../timers.ts';
import { sharesMessage } from '../views/shares.ts';
import {
  countTurn,
  letWait,
  noQuestions,
  type Places,
  type Questions,
  takeNext,
} from './questions.ts';
import { readerOf } from './reader.ts';

const TIMER: MasterTimer = 'shares';

/** They wait for milliseconds only; the pages of a person may ask all at once. */
const PLACES: Places = { all: 64, ofOne: 16 };

export interface SharesQuestions extends Questions {
  /** Whether one was answered in this turn of the event loop. */
  isBusy: boolean;
}

export const noSharesQuestions = (): SharesQuestions => ({ ...noQuestions(), isBusy: false });

export function sharesCall(state: MasterState, event: OperatorCalled): void {
  if (!state.shares.isBusy) {
    answer(state, event);
    return;
  }
  const late = letWait(state.shares, event, PLACES);
  if (late !== undefined) {
    const { length } = state.shares.waiting;
    reply(state, late.request, 503, `Too many questions wait for shares (${length}): try again`);
  }
}

function answer(state: MasterState, event: OperatorCalled): void {
  const { call, principal, request } = event;
  countTurn(state.shares, event);
  state.shares.isBusy = true;
  setTimer(state, TIMER, 0);
  state.asking = askingOf(event);
  const get_shares = sharesMessage(state, call.get_shares ?? {}, readerOf(state, principal));
  respond(state, request, { type: MasterResponse_Type.GET_SHARES, get_shares });
}

/** In the next turn of the event loop. */
export function sharesDue(state: MasterState): void {
  const next = takeNext(state.shares);
  if (next === undefined) {
    state.shares.isBusy = false;
  } else {
    answer(state, next);
  }
}

/** True when it has waited and is given up: its answer would reach nobody. */
export function giveUpShares({ shares: { waiting } }: MasterState, request: RequestId): boolean {
  const at = waiting.findIndex((event) => event.request === request);
  if (at >= 0) {
    waiting.splice(at, 1);
  }
  return at >= 0;
}
