// EXPLAIN and PLAN: questions about the allocator that are answered on copies of it, by a thread.
// One is computed at a time, and the copy is made when its turn comes: so there is one in memory,
// however many wait, and it is as new as it can be.
import type { InsightAnswer, InsightQuestion } from '../../core/interface.ts';
import {
  MasterCall_Type,
  type MasterResponse,
  MasterResponse_Type,
} from '../../model/generated/messages.ts';
import { frameworkId } from '../../model/ids.ts';
import { askingOf } from '../asking.ts';
import type { AskerGone, Computed, OperatorCalled } from '../events.ts';
import { ask } from '../offers/allocator-recovery.ts';
import { reply, respond } from '../outbox.ts';
import { exceededLimits } from '../roles/quota.ts';
import type { MasterState } from '../state.ts';
import { shownExplanation, shownForecast } from '../views/insight.ts';
import type { Viewer } from '../views.ts';
import { type EndingTasks, endingTasks } from './ending-tasks.ts';
import { explainQuestion, type Judged, planQuestion } from './insight-questions.ts';
import {
  countTurn,
  letWait,
  noQuestions,
  type Places,
  type Questions,
  takeNext,
} from './questions.ts';
import { readerOf } from './reader.ts';
import { giveUpShares } from './shares-calls.ts';

const PLACES: Places = { all: 8, ofOne: 4 };

interface Computation {
  readonly number: number;
  readonly event: OperatorCalled;
  /** Of PLAN: by framework, the tasks that end. */
  readonly ending: readonly EndingTasks[];
}

export interface Insights extends Questions {
  running: Computation | undefined;
}

export const noInsights = (): Insights => ({ ...noQuestions(), running: undefined });

/** Takes a call of EXPLAIN or PLAN. */
export function insightCall(state: MasterState, event: OperatorCalled): void {
  const { insights } = state;
  const judged = judge(state, event);
  if ('refusal' in judged) {
    reply(state, event.request, judged.status, judged.refusal);
    return;
  }
  if (insights.running === undefined) {
    begin(state, event, judged.question);
    return;
  }
  const late = letWait(insights, event, PLACES);
  if (late !== undefined) {
    reply(
      state,
      late.request,
      503,
      `Too many questions wait to be computed (${insights.waiting.length}): try again in some seconds`,
    );
  }
}

/** Its answer would reach nobody; the next one's turn begins when it has been given up. */
export function askerGone(state: MasterState, { request }: AskerGone): void {
  const { running, waiting } = state.insights;
  if (running?.event.request === request) {
    state.effects.push({ type: 'giveUpComputing', computation: running.number });
    return;
  }
  const at = waiting.findIndex((event) => event.request === request);
  if (at >= 0) {
    waiting.splice(at, 1);
  }
  if (at >= 0 || giveUpShares(state, request)) {
    reply(state, request, 503, 'Nobody waits for it any more');
  }
}

function judge(state: MasterState, event: OperatorCalled): Judged {
  const viewer = readerOf(state, event.principal);
  return event.call.type === MasterCall_Type.EXPLAIN
    ? explainQuestion(state, event.call.explain, viewer)
    : planQuestion(state, event.call.plan, viewer);
}

function begin(state: MasterState, event: OperatorCalled, question: InsightQuestion): void {
  const { insights } = state;
  const ending =
    question.kind === 'plan'
      ? endingTasks(state, question.changes, readerOf(state, event.principal))
      : [];
  // Only then is it begun: a question that cannot be put holds up no other.
  const saved = ask(state, (allocator) => allocator.save());
  const number = countTurn(insights, event);
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
    respond(state, event.request, responseOf(state, { event, ending }, outcome.answer, viewer));
  } else {
    const { status, text } = outcome.failure;
    reply(state, event.request, status, text);
  }
  beginNext(state);
}

function responseOf(
  state: MasterState,
  { event, ending }: Pick<Computation, 'event' | 'ending'>,
  answer: InsightAnswer,
  viewer: Viewer,
): MasterResponse {
  if (answer.kind === 'plan') {
    const configs = (event.call.plan?.changes ?? []).flatMap(
      ({ set_quotas }) => set_quotas?.quota_configs ?? [],
    );
    const exceeded = exceededLimits(state, configs);
    const plan = shownForecast(state, answer, { ending, exceeded }, viewer);
    return { type: MasterResponse_Type.PLAN, plan };
  }
  const id = frameworkId(event.call.explain?.framework_id.value ?? '');
  const framework = state.frameworks.registered.get(id);
  const explain = shownExplanation(answer.explanation, framework, viewer);
  return { type: MasterResponse_Type.EXPLAIN, explain };
}

function beginNext(state: MasterState): void {
  for (let next = takeNext(state.insights); next !== undefined; next = takeNext(state.insights)) {
    state.asking = askingOf(next);
    // What it asks about may be gone by now.
    const judged = judge(state, next);
    if (!('refusal' in judged)) {
      begin(state, next, judged.question);
      return;
    }
    reply(state, next.request, judged.status, judged.refusal);
  }
}
