// Why a framework is offered the agents that it is, and is not offered the others: the core
// explains agent by agent, and here they are grouped by reason.
import {
  type OfferExplanation,
  type OfferExplanation_Fit,
  OfferExplanation_Reason,
  type OfferExplanation_ReasonGroup,
  type OfferExplanation_RoleReasons,
} from '../../model/generated/messages.ts';
import type { AgentId } from '../../model/ids.ts';
import { timeOf } from '../../model/time-info.ts';
import { type ExplainQuestion, MAX_EXAMPLES } from '../insight-questions.ts';
import type { ExplainReason, Explanation, LiveAllocator, ResourceAlgebra } from '../interface.ts';
import { ownValue } from '../own-value.ts';
import { DemandFit } from './demand-fit.ts';
import { heldBackFor, limitsBelow, limitsOf } from './quota-uses.ts';

const REASONS: Readonly<Record<ExplainReason, OfferExplanation_Reason>> = {
  offered: OfferExplanation_Reason.OFFERED,
  unknown: OfferExplanation_Reason.UNKNOWN,
  'agent inactive': OfferExplanation_Reason.AGENT_INACTIVE,
  'not whitelisted': OfferExplanation_Reason.NOT_WHITELISTED,
  'framework inactive': OfferExplanation_Reason.FRAMEWORK_INACTIVE,
  suppressed: OfferExplanation_Reason.SUPPRESSED,
  'not subscribed': OfferExplanation_Reason.NOT_SUBSCRIBED,
  'offer constraint': OfferExplanation_Reason.OFFER_CONSTRAINT,
  'nothing free': OfferExplanation_Reason.NOTHING_FREE,
  'too small': OfferExplanation_Reason.TOO_SMALL,
  capability: OfferExplanation_Reason.CAPABILITY,
  'quota limit': OfferExplanation_Reason.QUOTA_LIMIT,
  'quota headroom': OfferExplanation_Reason.QUOTA_HEADROOM,
  refused: OfferExplanation_Reason.REFUSED,
  'share order': OfferExplanation_Reason.SHARE_ORDER,
};

/** All agents of one reason. */
interface Gathered {
  readonly agentIds: AgentId[];
  readonly untilMs: number[];
  readonly ahead: number[];
}

/** Roles that one question is about. */
const MAX_ROLES = 100;

/** Explains to the roles of the question, each over all agents of the question; one at least. */
export function explainOffers(
  allocator: LiveAllocator,
  algebra: ResourceAlgebra,
  question: ExplainQuestion,
  hasTime: () => boolean,
): OfferExplanation {
  const agentIds = (question.agentIds ?? allocator.agentIds()).toSorted();
  const roles: OfferExplanation_RoleReasons[] = [];
  for (const role of question.roles) {
    if (roles.length >= MAX_ROLES || (roles.length > 0 && !hasTime())) {
      break;
    }
    roles.push(explainRole(allocator, algebra, { ...question, role, agentIds }));
  }
  const left = question.roles.slice(roles.length);
  return {
    time: timeOf(question.nowMs),
    agents: agentIds.length,
    paused: allocator.paused,
    ...(roles.length > 0 && { roles }),
    ...(left.length > 0 && { roles_left: left }),
  };
}

type RoleQuestion = ExplainQuestion & {
  readonly role: string;
  readonly agentIds: readonly AgentId[];
};

function explainRole(
  allocator: LiveAllocator,
  algebra: ResourceAlgebra,
  question: RoleQuestion,
): OfferExplanation_RoleReasons {
  const { role, frameworkId, agentIds, demand, onOffer } = question;
  const byReason = new Map<ExplainReason, Gathered>();
  const fit = demand && new DemandFit(algebra, role, demand);
  for (const id of agentIds) {
    const explanation = allocator.explain(frameworkId, role, id);
    gather(byReason, id, explanation);
    fit?.add(id, allocator.total(id), explanation.offer);
  }
  const groups = [...byReason]
    .map(([reason, gathered]) => groupOf(allocator, question, reason, gathered))
    .sort((a, b) => b.agents - a.agents || a.reason - b.reason);
  return {
    role,
    on_offer: ownValue(onOffer, role) ?? 0,
    ...(groups.length > 0 && { groups }),
    ...(fit && { fit: { ...fit.message(), ...quotasBelow(allocator, question) } }),
  };
}

/** Of a role, with a demand. */
function quotasBelow(
  allocator: LiveAllocator,
  { role, quotas, demand = {} }: RoleQuestion,
): Pick<OfferExplanation_Fit, 'quotas'> {
  const below = limitsBelow(allocator, quotas, role, demand);
  return below.length > 0 ? { quotas: below } : {};
}

function gather(
  byReason: Map<ExplainReason, Gathered>,
  id: AgentId,
  { reason, untilMs, ahead }: Explanation,
): void {
  const gathered = byReason.get(reason) ?? { agentIds: [], untilMs: [], ahead: [] };
  byReason.set(reason, gathered);
  gathered.agentIds.push(id);
  if (untilMs !== undefined) {
    gathered.untilMs.push(untilMs);
  }
  if (ahead !== undefined) {
    gathered.ahead.push(ahead);
  }
}

function groupOf(
  allocator: LiveAllocator,
  question: RoleQuestion,
  reason: ExplainReason,
  { agentIds, untilMs, ahead }: Gathered,
): OfferExplanation_ReasonGroup {
  const least = (values: readonly number[]) => values.reduce((a, b) => Math.min(a, b));
  const most = (values: readonly number[]) => values.reduce((a, b) => Math.max(a, b));
  return {
    reason: REASONS[reason],
    agents: agentIds.length,
    examples: agentIds.slice(0, MAX_EXAMPLES).map((value) => ({ value })),
    ...(untilMs.length > 0 && {
      earliest_end: timeOf(least(untilMs)),
      latest_end: timeOf(most(untilMs)),
    }),
    ...(ahead.length > 0 && { fewest_ahead: least(ahead), most_ahead: most(ahead) }),
    ...causesOf(allocator, question, reason, agentIds),
  };
}

/** What of quotas, capabilities and constraints is behind a reason. */
function causesOf(
  allocator: LiveAllocator,
  { frameworkId, role, quotas }: RoleQuestion,
  reason: ExplainReason,
  agentIds: readonly AgentId[],
): Partial<OfferExplanation_ReasonGroup> {
  switch (reason) {
    case 'quota limit':
      return { quotas: limitsOf(allocator, quotas, role) };
    case 'quota headroom':
      return { quotas: heldBackFor(allocator, quotas, role) };
    case 'capability': {
      const lacked = new Set(
        agentIds.flatMap((id) => allocator.lackedCapabilities(frameworkId, id)),
      );
      return { capabilities: [...lacked].sort((a, b) => a - b) };
    }
    case 'offer constraint': {
      const failed = allocator.failedConstraints(frameworkId, role, agentIds);
      return { constraints: failed.slice(0, MAX_EXAMPLES) };
    }
    default:
      return {};
  }
}
