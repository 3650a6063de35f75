// What an operator should look at, the worst first, each with where it can be seen.
import type { ComponentChildren } from 'preact';
import { useMemo } from 'preact/hooks';
import { TaskState } from '../../model/generated/messages.ts';
import { Badge } from '../components/badge.tsx';
import { Name } from '../components/name.tsx';
import { Ago } from '../components/time.tsx';
import { href } from '../locations/location.ts';
import type { Cluster } from '../store/cluster.ts';
import { type Failing, failingFrameworks } from '../store/failing.ts';
import { holdersOf, type OfferRow, offerRows } from '../store/offers.ts';
import { fullQuotas } from '../store/quota-metrics.ts';
import { call } from '../stream/requests.ts';
import { counted, countText, spanText } from '../words/amounts.ts';
import { agentCondition, frameworkCondition } from '../words/conditions.ts';
import { resourceTitle } from '../words/resources.ts';
import type { Kind } from '../words/task-states.ts';
import { endedLately, type History } from './history.tsx';
import { REFUSED } from './refused-agents.tsx';

/** An offer that is on the table for longer is not being used by anybody. */
const OLD_OFFER_MS = 5 * 60_000;
const HOUR_MINUTES = 60;
const HOUR_MS = 3_600_000;
/** How often tasks that have ended are counted. */
const RECKON_MS = 5000;
/** A certificate that ends sooner is told of. */
const SOON_SECS = 21 * 86_400;
/** More frameworks of one kind are counted, not named. */
const MAX_NAMED = 5;

/** Of so many it is known who sits on them: the oldest. */
const MAX_OLD_OFFERS = 500;

export const readOldOffers = async (signal: AbortSignal): Promise<readonly OfferRow[]> => {
  const older_than = { nanoseconds: OLD_OFFER_MS * 1e6 };
  const get_offers = { older_than, limit: MAX_OLD_OFFERS };
  return offerRows(await call('GET_OFFERS', { get_offers }, signal));
};

interface AttentionProps {
  readonly cluster: Cluster | undefined;
  readonly metrics: ReadonlyMap<string, number>;
  readonly history: History | undefined;
  /** Those that have been on the table for long. */
  readonly offers: readonly OfferRow[] | undefined;
}

interface Concern {
  readonly key: string;
  readonly kind: Kind;
  readonly word: string;
  readonly link: string;
  readonly text: ComponentChildren;
}

export function Attention(props: AttentionProps) {
  const { cluster } = props;
  const nowMs = Math.floor(Date.now() / RECKON_MS) * RECKON_MS;
  const failing = useMemo(
    () => (cluster === undefined ? [] : failingFrameworks(cluster, nowMs - HOUR_MS)),
    [cluster, nowMs],
  );
  const concerns = [
    ...agentConcerns(props),
    ...refusedConcerns(props),
    ...taskConcerns(props, failing),
    ...failingConcerns(props, failing),
    ...frameworkConcerns(props),
    ...quotaConcerns(props),
    ...certificateConcerns(props),
  ];
  return (
    <section class="panel">
      <h2>Needs attention</h2>
      {concerns.length === 0 ? (
        <p class="quiet">Nothing.</p>
      ) : (
        <ul class="concerns">
          {concerns.map(({ key, kind, word, link, text }) => (
            <li key={key}>
              <a class="concern" href={link}>
                <Badge kind={kind} text={word} />
                <span>{text}</span>
              </a>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function agentConcerns({ cluster, metrics }: AttentionProps): readonly Concern[] {
  const unreachable = metrics.get('master/slaves_unreachable') ?? 0;
  const counts = Map.groupBy(cluster?.agents.values() ?? [], (agent) => agentCondition(agent).key);
  const missing = [
    ['disconnected', 'do not answer', 'does not answer', 'bad'],
    [
      'recovered',
      'are not back since the master was started',
      'is not back since the master was started',
      'lost',
    ],
  ] as const;
  const isEmpty = cluster !== undefined && cluster.agents.size === 0;
  const isAllOut = cluster !== undefined && !isEmpty && !counts.has('active');
  return [
    ...(isAllOut
      ? [
          {
            ...({ key: 'out', kind: 'bad', word: 'Agents', link: href(['agents']) } as const),
            text: 'No agent is offered: all are drained, deactivated or away. Nothing new can start.',
          },
        ]
      : []),
    ...(isEmpty
      ? [
          {
            ...({ key: 'none', kind: 'warn', word: 'Agents', link: href(['agents']) } as const),
            text:
              cluster.away.refused.length > 0
                ? 'No agent is registered, so that nothing can run.'
                : 'No agent is registered, so that nothing can run. The log of the master says which ones it has refused, and why.',
          },
        ]
      : []),
    ...(unreachable === 0
      ? []
      : [
          {
            ...({
              key: 'unreachable',
              kind: 'bad',
              word: 'Agents',
              link: href(['agents'], { state: 'unreachable' }),
            } as const),
            text: `${counted(unreachable, 'agent')} could not be reached for so long that others take the place of their tasks.`,
          },
        ]),
    ...missing.flatMap(([state, many, one, kind]) => {
      const count = counts.get(state)?.length ?? 0;
      const text = `${counted(count, 'agent')} ${count === 1 ? one : many}.`;
      const link = href(['agents'], { state });
      return count === 0 ? [] : [{ key: state, kind, word: 'Agents', link, text }];
    }),
  ];
}

/** Agents that want to register and may not, by the reason. */
function refusedConcerns({ cluster }: AttentionProps): readonly Concern[] {
  return [...(cluster?.away.refusedNow(Date.now()) ?? [])]
    .slice(0, MAX_NAMED)
    .flatMap(([message, [agent, ...others]]) =>
      agent === undefined
        ? []
        : [
            {
              ...({ key: `refused ${message}`, kind: 'bad', word: 'Agents' } as const),
              link: href(['agents'], { state: REFUSED }),
              text: (
                <>
                  <Name text={agent.hostname} title={agent.pid} />
                  {others.length === 0 ? '' : ` and ${counted(others.length, 'more agent')}`} may
                  not register: <Name text={message} />
                </>
              ),
            },
          ],
    );
}

/** Where each is told of by its framework, their sum says nothing more. */
function taskConcerns(
  { history, cluster }: AttentionProps,
  failing: readonly Failing[],
): readonly Concern[] {
  if (history === undefined) {
    return [];
  }
  const named = failing.slice(0, MAX_NAMED).reduce((sum, { failed }) => sum + failed, 0);
  const states = [
    [TaskState.TASK_FAILED, 'failed', 'TASK_FAILED'],
    [TaskState.TASK_LOST, 'were lost', 'TASK_LOST'],
  ] as const;
  return states.flatMap(([state, did, name]) => {
    const count = endedLately(history, state, HOUR_MINUTES);
    const verb = count === 1 ? did.replace('were', 'was') : did;
    if (count === 0 || (state === TaskState.TASK_FAILED && count <= named)) {
      return [];
    }
    const isListed = cluster === undefined || cluster.sums.count([state]) > 0;
    const link = isListed ? href(['tasks'], { state: name }) : href(['agents'], AWAY);
    const text = `${counted(count, 'task')} ${verb} within the last hour.`;
    return [
      {
        ...({ key: name, kind: 'warn', word: 'Tasks' } as const),
        link,
        text: isListed ? text : `${text} ${state === TaskState.TASK_LOST ? UNLISTED : ''}`,
      },
    ];
  });
}

const AWAY = { state: 'unreachable' };
const UNLISTED =
  'None of them is listed: their agents are back with what ran there, or they were never started, as what they were to run on was not there any more.';

function failingConcerns(
  { cluster }: AttentionProps,
  failing: readonly Failing[],
): readonly Concern[] {
  return failing.slice(0, MAX_NAMED).map(({ frameworkId: id, failed, ended, lastMs }) => ({
    ...({ key: `failing ${id}`, kind: 'warn', word: 'Framework' } as const),
    link: href(['tasks'], { framework: id, state: 'TASK_FAILED' }),
    text: (
      <>
        {failed === ended ? 'All' : `${countText(failed)} of`} {counted(ended, 'task')} of{' '}
        <Name text={cluster?.frameworks.get(id)?.name || id} title={id} /> that ended within the
        last hour failed, the last <Ago ms={lastMs} />.
      </>
    ),
  }));
}

function frameworkConcerns({ cluster, offers = [] }: AttentionProps): readonly Concern[] {
  const frameworks = [...(cluster?.frameworks.values() ?? [])];
  const away = frameworks.filter(
    (framework) => frameworkCondition(framework).key === 'disconnected',
  );
  const nameOf = (id: string) => cluster?.frameworks.get(id)?.name || id;
  const sat = holdersOf(offers);
  return [
    ...away.slice(0, MAX_NAMED).map(({ id, name, failoverTimeoutSecs }) => ({
      ...({ key: `away ${id}`, kind: 'bad', word: 'Framework' } as const),
      link: href(['frameworks', id]),
      text: (
        <>
          The scheduler of <Name text={name || id} title={id} /> is not connected. It has{' '}
          {spanText(failoverTimeoutSecs * 1000)} to come back before its tasks end.
        </>
      ),
    })),
    ...(away.length <= MAX_NAMED
      ? []
      : [
          {
            ...({ key: 'away', kind: 'bad', word: 'Frameworks' } as const),
            link: href(['frameworks'], { state: 'disconnected' }),
            text: `${counted(away.length - MAX_NAMED, 'more scheduler')} not connected.`,
          },
        ]),
    ...sat.slice(0, MAX_NAMED).map(({ frameworkId, offers: held, oldestMs }) => ({
      ...({ key: `sat ${frameworkId}`, kind: 'warn', word: 'Framework' } as const),
      link: href(['offers'], { framework: frameworkId }),
      text: (
        <>
          <Name text={nameOf(frameworkId)} title={frameworkId} /> neither takes nor declines{' '}
          {counted(held, 'offer')}; the oldest is from <Ago ms={oldestMs} />.
        </>
      ),
    })),
  ];
}

function quotaConcerns({ metrics }: AttentionProps): readonly Concern[] {
  const full = fullQuotas(metrics);
  return [
    ...full.slice(0, MAX_NAMED).map(({ role, resources, isOver }) => ({
      ...({ key: `quota ${role}`, kind: isOver ? 'bad' : 'warn', word: 'Quota' } as const),
      link: href(['roles', role]),
      text: (
        <>
          <Name text={role} /> {isOver ? 'has more than its limit' : 'has used up its limit'} of{' '}
          {resources.map(resourceTitle).join(', ')}: it is offered no more of that.
        </>
      ),
    })),
    ...(full.length <= MAX_NAMED
      ? []
      : [
          {
            ...({ key: 'quotas', kind: 'warn', word: 'Quota' } as const),
            link: href(['roles'], { kind: 'quota' }),
            text: `${counted(full.length - MAX_NAMED, 'more role')} at their limits.`,
          },
        ]),
  ];
}

function certificateConcerns({ metrics }: AttentionProps): readonly Concern[] {
  const secs = metrics.get('tls/certificate_expires_secs');
  // 0 where there is none.
  return secs === undefined || secs === 0 || secs > SOON_SECS
    ? []
    : [
        {
          ...({ key: 'certificate', word: 'Certificate', link: href([]) } as const),
          kind: secs <= 0 ? 'bad' : 'warn',
          text:
            secs <= 0
              ? 'The certificate of this master has expired.'
              : `The certificate of this master ends in ${spanText(secs * 1000)}.`,
        },
      ];
}
