// Why a framework is not offered agents, in words, and what could be done about it. Of the answer
// to EXPLAIN, as JSON.
import { amountText, counted, spanText } from './amounts.ts';
import { resourceTitle } from './resources.ts';
import type { Kind } from './task-states.ts';

interface Time {
  readonly nanoseconds: number;
}

interface Id {
  readonly value: string;
}

interface QuotaUse {
  readonly role: string;
  readonly resource: string;
  readonly guarantee?: number;
  readonly limit?: number;
  readonly consumed: number;
}

interface FailedConstraint {
  readonly constraint: {
    readonly selector: { readonly pseudoattribute_type?: string; readonly attribute_name?: string };
    readonly predicate: Readonly<
      Record<string, { readonly value?: string; readonly regex?: string }>
    >;
  };
  readonly agents: number;
}

export interface ReasonGroup {
  /** A name of OfferExplanation.Reason, or OFFERED_AGAIN (standing.ts). */
  readonly reason: string;
  readonly agents: number;
  readonly examples?: readonly Id[];
  readonly earliest_end?: Time;
  readonly latest_end?: Time;
  readonly fewest_ahead?: number;
  readonly most_ahead?: number;
  readonly quotas?: readonly QuotaUse[];
  readonly capabilities?: readonly string[];
  readonly constraints?: readonly FailedConstraint[];
}

export interface Shortage {
  readonly resource: string;
  readonly agents: number;
  readonly most: number;
  readonly examples?: readonly Id[];
}

export interface Fit {
  readonly offered: number;
  readonly lacking?: readonly Shortage[];
  readonly possible: number;
  readonly impossible: number;
  readonly impossible_by?: readonly Shortage[];
  /** Limits that leave less than the demand. */
  readonly quotas?: readonly QuotaUse[];
}

interface RoleReasons {
  readonly role: string;
  readonly on_offer: number;
  readonly groups?: readonly ReasonGroup[];
  readonly fit?: Fit;
}

export interface Explanation {
  readonly time: Time;
  readonly agents: number;
  readonly roles?: readonly RoleReasons[];
  /** Those that were not looked at. */
  readonly roles_left?: readonly string[];
  readonly paused: boolean;
  /** Of its offers: how many it took, and how many it declined since then or since it came. */
  readonly answers?: { readonly accepted: number; readonly declined: number; readonly since: Time };
}

interface ReasonWords {
  readonly kind: Kind;
  /** About so many agents. */
  readonly text: string;
  /** Figures, one a line. */
  readonly details: readonly string[];
  /** Absent where nothing is to be done. */
  readonly remedy?: string;
}

const noDetails: readonly string[] = [];

/** Of a reason that the page does not know it says the name. `nowMs`: since 1970. */
export function explanationWords(group: ReasonGroup, nowMs: number): ReasonWords {
  const agents = counted(group.agents, 'agent');
  const is = group.agents === 1 ? 'is' : 'are';
  switch (group.reason) {
    case 'OFFERED':
      return { kind: 'good', text: `${agents} would be offered now.`, details: noDetails };
    case 'OFFERED_AGAIN':
      return {
        kind: 'good',
        text: `${agents} ${is} offered to it again and again: it declines each for some seconds.`,
        details: noDetails,
      };
    case 'AGENT_INACTIVE':
      return {
        ...{ kind: 'warn', text: `${agents} ${is} drained, deactivated or disconnected.` },
        details: noDetails,
        remedy: 'Reactivate what an operator has taken out; see why others do not answer.',
      };
    case 'NOT_WHITELISTED':
      return {
        ...{ kind: 'warn', text: `${agents} ${is} not on the whitelist.`, details: noDetails },
        remedy: 'Add their host names to the file that the master has as --whitelist.',
      };
    case 'FRAMEWORK_INACTIVE':
      return {
        ...{ kind: 'bad', text: `The framework is not active: ${agents}.`, details: noDetails },
        remedy: 'Nothing is offered until its scheduler is connected.',
      };
    case 'SUPPRESSED':
      return {
        ...{ kind: 'warn', text: `The framework has suppressed offers: ${agents}.` },
        details: noDetails,
        remedy: 'It has to revive them (REVIVE).',
      };
    case 'NOT_SUBSCRIBED':
      return {
        ...{ kind: 'warn', text: `The framework is not subscribed to the role: ${agents}.` },
        details: noDetails,
        remedy: 'It has to add the role (UPDATE_FRAMEWORK).',
      };
    case 'OFFER_CONSTRAINT':
      return {
        ...{
          kind: 'warn',
          text: `${agents} ${group.agents === 1 ? 'does' : 'do'} not fit its offer constraints.`,
        },
        details: (group.constraints ?? []).map(constraintWords),
        remedy: 'It can change its constraints (UPDATE_FRAMEWORK), or agents their attributes.',
      };
    case 'NOTHING_FREE':
      return {
        ...{ kind: 'begin', text: `${agents} ${has(group)} nothing free for it.` },
        details: noDetails,
        remedy: 'Add agents, end tasks, or look at who sits on offers.',
      };
    case 'TOO_SMALL':
      return {
        ...{ kind: 'begin', text: `${agents} ${has(group)} too little free to be worth an offer.` },
        details: noDetails,
        remedy: 'The least is --min_allocatable_resources of the master, or of the framework.',
      };
    case 'CAPABILITY':
      return {
        ...{
          kind: 'warn',
          text: `${agents} ${group.agents === 1 ? 'asks' : 'ask'} for what it lacks.`,
        },
        details: (group.capabilities ?? []).map((name) => `Capability ${name}`),
        remedy: 'The framework has to be written for it, and say so when it subscribes.',
      };
    case 'QUOTA_LIMIT':
      return {
        ...{ kind: 'bad', text: `A quota is used up: ${agents}.` },
        details: (group.quotas ?? []).map(limitWords),
        remedy: 'Raise the limit of the role, or end tasks and reservations of it.',
      };
    case 'QUOTA_HEADROOM':
      return {
        ...{ kind: 'warn', text: `${agents} ${is} held back for guarantees of other roles.` },
        details: (group.quotas ?? []).map(guaranteeWords),
        remedy: 'Add agents, lower these guarantees, or give the role one of its own.',
      };
    case 'REFUSED':
      return {
        kind: 'warn',
        text: `It has refused ${agents}${refusedSpan(group, nowMs)}.`,
        details: noDetails,
        remedy: REFUSED_REMEDY,
      };
    case 'SHARE_ORDER':
      return {
        ...{ kind: 'begin', text: `Others are offered ${agents} first.` },
        details: aheadWords(group),
        remedy: 'They have less than their share. Raise the weight of the role to go before them.',
      };
    default:
      return { kind: 'lost', text: `${group.reason}: ${agents}.`, details: noDetails };
  }
}

const REFUSED_REMEDY =
  'It was offered them and took nothing, or left something. If it should take more: let it revive (REVIVE), or refuse for a shorter time.';

/**
 * Whether a framework gets offers, so that it is its own doing where it takes nothing: what its
 * tasks need is more than is offered, or something else. What is refused is offered again a moment
 * later, and the other way round.
 */
export const isOffered = (groups: readonly ReasonGroup[]): boolean =>
  groups.some(({ reason }) => reason === 'REFUSED' || reason === 'OFFERED');

const has = ({ agents }: ReasonGroup) => (agents === 1 ? 'has' : 'have');

/** `40 of 40 cpus`: megabytes as people say them. */
function amountOf(resource: string, amount: number): string {
  return resource === 'mem' || resource === 'disk'
    ? amountText(resource, amount)
    : amountText('cpus', amount);
}

export const limitWords = ({ role, resource, consumed, limit = 0 }: QuotaUse) =>
  `Quota of role ${role}: ${amountOf(resource, consumed)} of ${amountOf(resource, limit)} ${resourceTitle(resource)}`;

const guaranteeWords = ({ role, resource, consumed, guarantee = 0 }: QuotaUse) =>
  `Role ${role} has ${amountOf(resource, consumed)} of ${amountOf(resource, guarantee)} ${resourceTitle(resource)} that it is guaranteed`;

function refusedSpan({ earliest_end, latest_end }: ReasonGroup, nowMs: number): string {
  const left = (time: Time | undefined) =>
    time === undefined ? undefined : spanText(Math.max(1000, time.nanoseconds / 1e6 - nowMs));
  const [first, last] = [left(earliest_end), left(latest_end)];
  return last === undefined
    ? ''
    : first === undefined || first === last
      ? ` for ${last} more`
      : ` for ${first} to ${last} more`;
}

function aheadWords({ fewest_ahead, most_ahead }: ReasonGroup): readonly string[] {
  if (fewest_ahead === undefined || most_ahead === undefined) {
    return [];
  }
  return fewest_ahead === most_ahead
    ? [`${counted(most_ahead, 'other')} before it`]
    : [`${fewest_ahead} to ${most_ahead} others before it`];
}

const PREDICATES: Readonly<Record<string, string>> = {
  exists: 'is there',
  not_exists: 'is not there',
  text_equals: 'is',
  text_not_equals: 'is not',
  text_matches: 'matches',
  text_not_matches: 'does not match',
};

function constraintWords({
  constraint: { selector, predicate },
  agents,
}: FailedConstraint): string {
  const subject = selector.attribute_name ?? selector.pseudoattribute_type?.toLowerCase() ?? '';
  const [[name, { value, regex }] = ['', {}]] = Object.entries(predicate);
  const object = value ?? regex;
  const rule = `${subject} ${PREDICATES[name] ?? name}${object === undefined ? '' : ` ${object}`}`;
  return `“${rule}”: not so of ${counted(agents, 'agent')}`;
}

const few = (resource: string) => (/s$/.test(resourceTitle(resource)) ? 'few' : 'little');

/** What agents have too little of. */
export const shortageWords = ({ resource, agents, most }: Shortage): string =>
  `${counted(agents, 'agent')} with too ${few(resource)} ${resourceTitle(resource)}; the most is ${amountOf(resource, most)}`;
