// Answers questions about an allocator on copies of it. The live one is not touched, and need not
// be in the same process or thread: a saved state is all that is needed.

import type { InsightAnswer, InsightQuestion } from '../insight-questions.ts';
import type { SchedulerCore } from '../interface.ts';
import { explainOffers } from './explain-offers.ts';
import { outlook } from './outlook.ts';

/**
 * An explanation ends with the role after which there is no time. Throws a CoreError where the core
 * refuses a change, and a CoreTrap where a copy is lost.
 */
export function answerInsight(
  core: Pick<SchedulerCore, 'restore' | 'algebra'>,
  saved: Uint8Array,
  question: InsightQuestion,
  hasTime: () => boolean = () => true,
): InsightAnswer {
  switch (question.kind) {
    case 'explain':
      return {
        kind: 'explain',
        explanation: explainOffers(core.restore(saved), core.algebra, question, hasTime),
      };
    case 'plan': {
      const { changes, quotas, weights } = question;
      const settings = { quotas, weights };
      return {
        kind: 'plan',
        before: outlook(core.restore(saved), settings, []),
        after: outlook(core.restore(saved), settings, changes),
      };
    }
    default:
      return question satisfies never;
  }
}
