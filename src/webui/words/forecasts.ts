// What PLAN has answered, as lines of before and after. Of its JSON.
import { amountText, countText } from './amounts.ts';
import { resourceTitle, resourceWords } from './resources.ts';

type Amounts = Readonly<Record<string, { readonly value: number }>>;

interface RoleOutlook {
  readonly role: string;
  readonly weight: number;
  readonly allocated?: Amounts;
  readonly offered?: Amounts;
}

interface FrameworkOutlook {
  readonly framework_id: { readonly value: string };
  readonly role: string;
  readonly allocated?: Amounts;
  readonly offered?: Amounts;
}

interface Outlook {
  readonly agents: number;
  readonly capacity?: Amounts;
  readonly allocated?: Amounts;
  readonly offered?: Amounts;
  readonly roles?: readonly RoleOutlook[];
  readonly frameworks?: readonly FrameworkOutlook[];
  readonly unmet_guarantees?: readonly {
    readonly role: string;
    readonly resource: string;
    readonly guarantee: number;
    readonly held: number;
  }[];
  readonly uncovered?: readonly {
    readonly resource: string;
    readonly guaranteed: number;
    readonly capacity: number;
  }[];
  readonly settled: boolean;
  readonly paused: boolean;
}

export interface Forecast {
  readonly before: Outlook;
  readonly after: Outlook;
  readonly ending_tasks?: readonly {
    readonly framework_id: { readonly value: string };
    readonly tasks: number;
    /** Some of them. */
    readonly examples?: readonly { readonly value: string }[];
  }[];
  readonly exceeded?: readonly {
    readonly role: string;
    readonly resource: string;
    readonly limit?: number;
    readonly consumed: number;
  }[];
}

export interface ForecastLine {
  readonly name: string;
  readonly before: string;
  readonly after: string;
  readonly isOther: boolean;
}

/** The cluster as a whole: agents, then what of each resource there is, is held and is offered. */
export function clusterLines({ before, after }: Forecast): readonly ForecastLine[] {
  const titles = { capacity: 'in all', allocated: 'allocated', offered: 'offered' } as const;
  const resources = namesIn(before.capacity, after.capacity);
  return [
    lineOf('Agents', countText(before.agents), countText(after.agents)),
    ...resources.flatMap((resource) =>
      (['capacity', 'allocated', 'offered'] as const).map((part) =>
        lineOf(
          `${capital(resourceTitle(resource))} ${titles[part]}`,
          amount(resource, before[part]),
          amount(resource, after[part]),
        ),
      ),
    ),
  ];
}

/** What roles and frameworks hold and are offered, where that changes. `nameOf`: by their ids. */
export function shareLines(
  { before, after }: Forecast,
  nameOf: (frameworkId: string) => string,
): readonly ForecastLine[] {
  return [
    ...pairs(before.roles, after.roles, ({ role }) => role).flatMap(([role, left, right]) =>
      holderLines(`Role ${role}`, left, right),
    ),
    ...pairs(before.frameworks, after.frameworks, (each) =>
      JSON.stringify([each.framework_id.value, each.role]),
    ).flatMap(([, left, right]) => {
      const { framework_id, role } = left ?? right ?? { framework_id: { value: '' }, role: '' };
      return holderLines(`${nameOf(framework_id.value)} as ${role}`, left, right);
    }),
  ].filter(({ isOther }) => isOther);
}

/** How the page has a quota taken that is refused otherwise. */
export const FORCED = '“Even if …” is chosen with it';

/** What goes wrong afterwards, one a line. `unless` says what makes the master take a quota. */
export function forecastWarnings(
  { before, after, exceeded = [] }: Forecast,
  unless: string,
): readonly string[] {
  return [
    ...exceeded.map(
      ({ role, resource, limit = 0, consumed }) =>
        `Role ${role} uses ${amountWords(resource, consumed)} now, more than ${figure(resource, limit)} at most: the master refuses this quota, unless ${unless}.`,
    ),
    ...(before.paused
      ? ['Nothing is offered yet: the master is new and waits for agents, since there are quotas.']
      : []),
    ...(after.unmet_guarantees ?? []).map(
      ({ role, resource, guarantee, held }) =>
        `Role ${role} has ${figure(resource, held)} of ${figure(resource, guarantee)} ${resourceTitle(resource)} that it is guaranteed.`,
    ),
    ...(after.uncovered ?? []).map(
      ({ resource, guaranteed, capacity }) =>
        `Guarantees of ${amountWords(resource, guaranteed)} are more than the ${figure(resource, capacity)} that there are.`,
    ),
    ...(before.settled && after.settled
      ? []
      : ['There would be more offers than were counted here.']),
  ];
}

/** What ends with agents, beside what is free on the others; undefined where nothing ends. */
export function roomWords({ before, after }: Forecast): string | undefined {
  const ends = namesIn(before.allocated).flatMap((name) => {
    const of = (amounts: Amounts | undefined) => amounts?.[name]?.value ?? 0;
    const lost = of(before.allocated) - of(after.allocated);
    const free = of(after.capacity) - of(after.allocated);
    return lost > 0.0005 ? [{ name, lost, free }] : [];
  });
  if (ends.length === 0) {
    return undefined;
  }
  const list = (part: 'lost' | 'free') =>
    ends.map((each) => amountWords(each.name, each[part])).join(', ');
  const isRoom = ends.every(({ lost, free }) => lost <= free);
  return `They take ${list('lost')}. On all other agents together there is ${
    isRoom ? 'room for that' : 'no room for that'
  }: free or reserved are ${list('free')}.`;
}

interface Holder {
  readonly allocated?: Amounts;
  readonly offered?: Amounts;
}

function holderLines(
  name: string,
  before: Holder | undefined,
  after: Holder | undefined,
): readonly ForecastLine[] {
  return (['allocated', 'offered'] as const).flatMap((part) =>
    namesIn(before?.[part], after?.[part]).map((resource) =>
      lineOf(
        `${name}: ${resourceTitle(resource)} ${part}`,
        amount(resource, before?.[part]),
        amount(resource, after?.[part]),
      ),
    ),
  );
}

/** Those of both with one key, in the order of the first and then of the second. */
function pairs<T>(
  left: readonly T[] = [],
  right: readonly T[] = [],
  keyOf: (item: T) => string,
): readonly (readonly [key: string, left: T | undefined, right: T | undefined])[] {
  const lefts = new Map(left.map((item) => [keyOf(item), item]));
  const rights = new Map(right.map((item) => [keyOf(item), item]));
  return [...new Set([...lefts.keys(), ...rights.keys()])].map((key) => [
    key,
    lefts.get(key),
    rights.get(key),
  ]);
}

const namesIn = (...amounts: readonly (Amounts | undefined)[]): readonly string[] => [
  ...new Set(amounts.flatMap((each) => Object.keys(each ?? {}))),
];

const lineOf = (name: string, before: string, after: string): ForecastLine => ({
  ...{ name, before, after },
  isOther: before !== after,
});

const amount = (resource: string, amounts: Amounts | undefined) =>
  figure(resource, amounts?.[resource]?.value ?? 0);

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/** Memory and disk as people say them. */
const figure = (resource: string, value: number) =>
  resource === 'mem' || resource === 'disk'
    ? amountText(resource, value)
    : amountText('cpus', value);

/** `2 CPUs`, `1 CPU`, `1.5 GB memory`. */
const amountWords = (name: string, value: number) => resourceWords({ name, scalar: { value } });
