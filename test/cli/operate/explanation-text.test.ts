import { expect, test } from 'vitest';
import { explanationText } from '../../../src/cli/operate/explain/explanation-text.ts';
import { OfferExplanation_Reason } from '../../../src/model/generated/messages.ts';

const NOW_MS = Date.UTC(2026, 10, 30, 12);
const time = (ms: number) => ({ nanoseconds: BigInt(ms) * 1_000_000n });

const text = (declined: number) =>
  explanationText(
    {
      ...{ time: time(NOW_MS), agents: 3, paused: false, roles_left: [] },
      roles: [
        {
          ...{ role: '*', on_offer: 0 },
          groups: [
            {
              ...{ reason: OfferExplanation_Reason.REFUSED, agents: 3, examples: [] },
              earliest_end: time(NOW_MS + 3_600_000),
              latest_end: time(NOW_MS + 3_600_000),
            },
          ],
        },
      ],
      answers: { accepted: 0, declined, since: time(NOW_MS - 300_000) },
    },
    {
      ...{ title: 'web (0003)', nowMs: NOW_MS, isWide: false },
      screen: { isTerminal: false, columns: Number.POSITIVE_INFINITY, isPainted: false },
    },
  );

test('times of today, which no double holds, are told', () => {
  expect(text(0)).toMatch(/^web \(0003\)\n\nRole \*: of 3 agents it has 0 agents on offer now\.\n/);
  expect(text(0)).toMatch(/1 h/);
});

test('a framework that declines what it is offered is told so, and since when', () => {
  expect(text(3)).toContain('3 offers of the last 5 min');
});
