// EXPLAIN and PLAN: questions about the allocator that are answered on copies of it, by a thread.
// One is computed at a time, and the copy is made when its turn comes: so there is one in memory,
// however many wait, and it is as new as it can be.
import type { InsightAnswer, InsightQuestion } from '../../core/interface.ts';
import {
  MasterCall_Type,
  type MasterResponse,
  MasterResponse_Type,
} from '../../model/generated/messages.ts';
import { askingOf } from '../asking.ts';
import type { Computed, OperatorCalled } from '../events.ts';
import { ask } from '../offers/allocator-recovery.ts';
import { reply, respond } from '../outbox.ts';
import type { MasterState } from '../state.ts';
import { shownExplanation, shownForecast } from '../views/insight.ts';
import type { Viewer } from '../views.ts';
import { type EndingTasks, endingTasks } from './ending-tasks.ts';
import { explainQuestion, type Judged, planQuestion } from './insight-questions.ts';
import { readerOf } from './reader.ts';

/** Questions that wait for their turn; and how many of them may come from one address. */
const MAX_WAITING = 8;
const MAX_WAITING_OF_ONE = 4;

interface Computation {
  readonly number: number;
  readonly event: OperatorCalled;
  /** Of PLAN: by framework, the tasks that end. */
  readonly ending: readonly EndingTasks[];
}

export interface Insights {
  running: Computation | undefined;
  readonly waiting: OperatorCalled[];
  next: number;
}

export const noInsights = (): Insights => ({ running: undefined, waiting: [], next: 1 });

/** Takes a call of EXPLAIN or PLAN. */
export function insightCall(state: MasterState, event: OperatorCalled): void {
  const { running, waiting } = state.insights;
  const judged = judge(state, event);
  if ('refusal' in judged) {
    reply(state, event.request, 400, judged.refusal);
    return;
  }
  if (running === undefined) {
    begin(state, event, judged.question);
    return;
  }
  const ofOne = waiting.filter(({ origin }) => origin === event.origin).length;
  if (waiting.length >= MAX_WAITING || ofOne >= MAX_WAITING_OF_ONE) {
    reply(
      state,
      event.request,
      503,
      `Too many questions wait to be computed (${waiting.length}): try again in some seconds`,
    );
    return;
  }
  waiting.push(event);
}

function judge(state: MasterState, event: OperatorCalled): Judged {
  const viewer = readerOf(state, event.principal);
  return event.call.type === MasterCall_Type.EXPLAIN
    ? explainQuestion(state, event.call.explain, viewer)
    : planQuestion(state, event.call.plan, viewer);
}

function begin(state: MasterState, event: OperatorCalled, question: InsightQuestion): void {
  const { insights } = state;
  const number = insights.next++;
  const ending =
    question.kind === 'plan'
      ? endingTasks(state, question.changes, readerOf(state, event.principal))
      : [];
  // Only then is it begun: a question that cannot be put holds up no other.
  const saved = ask(state, (allocator) => allocator.save());
  insights.running = { number, event, ending };
  state.effects.push({ type: 'compute', computation: number, saved, question });
}

/** Answers the call, and begins with the next. */
export function computed(state: MasterState, { computation, outcome }: Computed): void {
  const { insights } = state;
  const { running } = insights;
  if (running?.number !== computation) {
    return;
  }
  insights.running = undefined;
  const { event, ending } = running;
  state.asking = askingOf(event);
  const viewer = readerOf(state, event.principal);
  if ('answer' in outcome) {
    respond(state, event.request, responseOf(state, outcome.answer, ending, viewer));
  } else {
    const { status, text } = outcome.failure;
    reply(state, event.request, status, text);
  }
  beginNext(state);
}

function responseOf(
  state: MasterState,
  answer: InsightAnswer,
  ending: readonly EndingTasks[],
  viewer: Viewer,
): MasterResponse {
  return answer.kind === 'explain'
    ? { type: MasterResponse_Type.EXPLAIN, explain: shownExplanation(answer.explanation, viewer) }
    : { type: MasterResponse_Type.PLAN, plan: shownForecast(state, answer, ending, viewer) };
}

function beginNext(state: MasterState): void {
  const { insights } = state;
  for (let next = insights.waiting.shift(); next !== undefined; next = insights.waiting.shift()) {
    state.asking = askingOf(next);
    // What it asks about may be gone by now.
    const judged = judge(state, next);
    if (!('refusal' in judged)) {
      begin(state, next, judged.question);
      return;
    }
    reply(state, next.request, 400, judged.refusal);
  }
}
