// What is asked of a copy of an allocator, and what is answered.
import type {
  Forecast_Outlook,
  OfferExplanation,
  PlanChange,
} from '../model/generated/messages.ts';
import type { AgentId, FrameworkId } from '../model/ids.ts';
import type { Quantities, Quota } from './interface.ts';

/** Agents that are named as examples of each reason. */
export const MAX_EXAMPLES = 20;

/** Why a framework is offered what it is, and is not offered the rest. */
export interface ExplainQuestion {
  readonly kind: 'explain';
  readonly nowMs: number;
  readonly frameworkId: FrameworkId;
  /** In the order in which they are looked at, as far as there is time. */
  readonly roles: readonly string[];
  /** Absent: all that there are. */
  readonly agentIds?: readonly AgentId[] | undefined;
  /** What must fit on one agent. */
  readonly demand?: Quantities | undefined;
  /** By role: of how many agents the framework has an offer. */
  readonly onOffer: Readonly<Record<string, number>>;
  /** By top-level role. */
  readonly quotas: Readonly<Record<string, Quota>>;
}

/** What would come of changes, which have been validated. */
export interface PlanQuestion {
  readonly kind: 'plan';
  readonly changes: readonly PlanChange[];
  readonly quotas: Readonly<Record<string, Quota>>;
  readonly weights: Readonly<Record<string, number>>;
}

export type InsightQuestion = ExplainQuestion | PlanQuestion;

export type InsightAnswer =
  | { readonly kind: 'explain'; readonly explanation: OfferExplanation }
  | { readonly kind: 'plan'; readonly before: Forecast_Outlook; readonly after: Forecast_Outlook };
