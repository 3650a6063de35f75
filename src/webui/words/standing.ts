// What a framework does with the offers that it gets, in words: one that declines all of them has
// nothing, and no reason of the allocator says why.
import { countText, spanText } from './amounts.ts';
import { type Explanation, type Fit, isOffered, type ReasonGroup } from './explanations.ts';

interface Standing {
  readonly text: string;
  readonly advice: string;
  /** Whether it has never taken any. */
  readonly isBarren: boolean;
}

/** Who has taken an offer so lately declines others because it has what it wants. */
const LATELY_MS = 60_000;
/** After a refusal that ends so soon, the agent is offered anew all the time. */
const SHORT_MS = 30_000;

/** Undefined where it declines nothing, or it is no cause. `nowMs`: since 1970. */
export function standingOf(
  { answers, roles = [] }: Explanation,
  nowMs: number,
  /** Where what a task needs is said: `above`, or a flag. */
  place = 'above',
): Standing | undefined {
  const hasOffers = roles.some(({ on_offer, groups = [] }) => on_offer > 0 || isOffered(groups));
  if (answers === undefined || answers.declined === 0 || !hasOffers) {
    return undefined;
  }
  const { accepted, declined, since } = answers;
  const spanMs = nowMs - since.nanoseconds / 1e6;
  const offers = declined === 1 ? 'an offer' : `${countText(declined)} offers`;
  const which = declined === 1 ? 'the offer' : `all ${offers}`;
  if (accepted === 0) {
    return {
      text: `It gets offers and takes none: it has declined ${which} of the last ${spanText(spanMs)}.`,
      advice:
        'It may want more than any agent has, or something else, as an attribute or a port.' +
        ` Say ${place} what one of its tasks needs, and see which agents could hold it.`,
      isBarren: true,
    };
  }
  return spanMs < LATELY_MS
    ? undefined
    : {
        text: `It took its last offer ${spanText(spanMs)} ago, and has declined ${offers} since.`,
        advice:
          `It may have all that it wants. If it waits for something, say ${place} what that needs,` +
          ' and see which agents could hold it.',
        isBarren: false,
      };
}

/** The same whichever of its short refusals have just ended: these are one with what is offered. */
export function steadyGroups(
  groups: readonly ReasonGroup[],
  nowMs: number,
  /** Whether it is known to decline what it is offered, also where no refusal lasts just now. */
  declines: boolean,
): readonly ReasonGroup[] {
  const isShort = ({ reason, latest_end }: ReasonGroup) =>
    reason === 'REFUSED' && (latest_end?.nanoseconds ?? 0) / 1e6 - nowMs < SHORT_MS;
  if (!groups.some((group) => isShort(group) || (declines && group.reason === 'OFFERED'))) {
    return groups;
  }
  const isAgain = (group: ReasonGroup) => group.reason === 'OFFERED' || isShort(group);
  const again = groups.filter(isAgain);
  return [
    {
      reason: 'OFFERED_AGAIN',
      agents: again.reduce((sum, { agents }) => sum + agents, 0),
      examples: again
        .flatMap(({ examples = [] }) => examples)
        .toSorted((left, right) => (left.value < right.value ? -1 : 1)),
    },
    ...groups.filter((group) => !isAgain(group)),
  ];
}

interface Verdict {
  readonly kind: 'good' | 'begin' | 'bad';
  readonly word: string;
  readonly text: string;
}

/** Whether a demand can be met at all, and now. */
export function verdictOf({ offered, possible, impossible, quotas = [] }: Fit): Verdict {
  if (offered > 0) {
    return { kind: 'good', word: 'Yes', text: 'It would be offered what this needs.' };
  }
  if (possible > 0 && quotas.length > 0) {
    const text = 'The quota of its role leaves less than this.';
    return { kind: 'bad', word: 'Not now', text };
  }
  if (possible > 0) {
    return {
      ...{ kind: 'begin', word: 'Not now' },
      text: 'There are agents that are large enough; what is free of them is not, or is not offered.',
    };
  }
  return {
    ...{ kind: 'bad', word: 'Never' },
    text: impossible === 0 ? 'There is no agent.' : 'No agent is large enough for this.',
  };
}
