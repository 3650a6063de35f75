// The reasons of an explanation as text, in the words of the page.
import type { OfferExplanation } from '../../../model/generated/messages.ts';
import {
  type Explanation,
  explanationWords,
  type Fit,
  type ReasonGroup,
  shortageWords,
} from '../../../webui/words/explanations.ts';
import { plainText } from '../../../webui/words/names.ts';
import { standingOf, steadyGroups, verdictOf } from '../../../webui/words/standing.ts';
import { writeJson } from '../../../wire/json.ts';
import { types } from '../../../wire/types.ts';
import { counted } from '../../counted.ts';
import { type Look, painted, type Screen } from '../output/screen.ts';

interface Manner {
  readonly title: string;
  readonly nowMs: number;
  /** Names agents of each group. */
  readonly isWide: boolean;
  readonly screen: Screen;
}

/** How each kind of news looks. */
const LOOKS: Readonly<Record<string, Look>> = {
  bad: 'bad',
  begin: 'emphasis',
  good: 'good',
  warn: 'warn',
};

export function explanationText(message: OfferExplanation, manner: Manner): string {
  const { title, nowMs, screen } = manner;
  // As browsers read it, times as doubles: the words are the page's.
  const explanation = JSON.parse(writeJson(types.OfferExplanation, message)) as Explanation;
  const { agents, roles = [], roles_left = [], paused } = explanation;
  const standing = standingOf(explanation, nowMs, 'with --demand');
  const lines = [
    painted(screen, 'emphasis', plainText(title)),
    ...(standing === undefined
      ? []
      : [painted(screen, 'warn', standing.text), `  ${standing.advice}`]),
    ...(paused
      ? [
          painted(
            screen,
            'warn',
            'Nothing is offered yet: the master is new and waits for agents, since there are quotas.',
          ),
        ]
      : []),
    ...roles.flatMap(({ role, on_offer, fit, groups = [] }) => [
      '',
      `${painted(screen, 'emphasis', `Role ${plainText(role)}`)}: ${agents === 0 ? 'no agent is registered with the master.' : `of ${counted(agents, 'agent')} it has ${counted(on_offer, 'agent')} on offer now.`}`,
      ...(fit === undefined ? [] : fitLines(fit, screen)),
      ...steadyGroups(groups, nowMs, standing?.isBarren ?? false).flatMap((group) =>
        groupLines(group, manner),
      ),
    ]),
    ...(roles_left.length === 0
      ? []
      : [
          '',
          `${counted(roles_left.length, 'more role')} would take too long to look at in one go; ask about one with --role: ${plainText(roles_left.slice(0, 10).join(', '))}${roles_left.length > 10 ? ' …' : ''}`,
        ]),
  ];
  return `${lines.join('\n')}\n`;
}

function groupLines(group: ReasonGroup, { nowMs, isWide, screen }: Manner): readonly string[] {
  const { kind, text, details, remedy } = explanationWords(group, nowMs);
  const look = LOOKS[kind];
  const { agents, examples = [] } = group;
  const named = examples.map(({ value }) => value);
  return [
    `  ${look === undefined ? text : painted(screen, look, text)}`,
    ...details.map((detail) => `    ${plainText(detail)}`),
    ...(remedy === undefined ? [] : [`    ${remedy}`]),
    ...(isWide && named.length > 0
      ? [`    ${plainText(named.join(', '))}${agents > named.length ? ' …' : ''}`]
      : []),
  ];
}

/** Whether the demand fits anywhere, and what agents have too little of. */
function fitLines(fit: Fit, screen: Screen): readonly string[] {
  const { offered, possible, impossible, lacking = [], impossible_by = [] } = fit;
  const { kind, word, text } = verdictOf(fit);
  return [
    `  ${painted(screen, LOOKS[kind] ?? 'emphasis', `${word}.`)} ${text}`,
    `    An offer of ${counted(offered, 'agent')} would hold it.`,
    ...lacking.map((shortage) => `    Offers of ${plainText(shortageWords(shortage))}.`),
    `    ${counted(possible, 'agent')} could hold it with nothing else on them; ${impossible} never could.`,
    ...impossible_by.map((shortage) => `    Never: ${plainText(shortageWords(shortage))}.`),
  ];
}
