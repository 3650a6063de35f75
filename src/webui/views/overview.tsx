// The cluster at a glance: how much of it is taken, what its tasks and agents are doing and have
// done, and what needs attention. By the master's metrics, which are there long before the stream
// of events has told of a large cluster.
import { useCluster } from '../components/live.ts';
import { Meter } from '../components/meter.tsx';
import { Failed, Loading } from '../components/notices.tsx';
import { useReading } from '../components/reading.ts';
import { href } from '../locations/location.ts';
import { agentCounts, type ConditionCounts, frameworkCounts } from '../store/condition-counts.ts';
import { call } from '../stream/requests.ts';
import { countText } from '../words/amounts.ts';
import { AGENT_CONDITIONS, type Condition, FRAMEWORK_CONDITIONS } from '../words/conditions.ts';
import { Attention, readOldOffers } from './attention.tsx';
import { Plots, readHistory, reservedNow } from './history.tsx';
import { InUse } from './in-use.tsx';
import { REFUSED } from './refused-agents.tsx';

const EVERY_MS = 2000;
/** The master adds to it once a minute. */
const HISTORY_MS = 20_000;
const OFFERS_MS = 10_000;
const RESOURCES = ['cpus', 'mem', 'disk', 'gpus'] as const;

interface Metrics {
  readonly metrics: readonly { readonly name: string; readonly value?: number }[];
}

type Count = readonly [metric: string, says: string, link: string];

const tasksIn = (state: string) => href(['tasks'], { state });
const agentsThat = (state: string) => href(['agents'], { state });
const frameworksThat = (state: string) => href(['frameworks'], { state });

const TASKS: readonly Count[] = [
  ['tasks_running', 'Running', tasksIn('TASK_RUNNING')],
  ['tasks_starting', 'Starting', tasksIn('TASK_STARTING')],
  ['tasks_staging', 'Staging', tasksIn('TASK_STAGING')],
  ['tasks_killing', 'Being killed', tasksIn('TASK_KILLING')],
  ['tasks_unreachable', 'Unreachable', tasksIn('TASK_UNREACHABLE')],
  ['tasks_finished', 'Finished', tasksIn('TASK_FINISHED')],
  ['tasks_failed', 'Failed', tasksIn('TASK_FAILED')],
  ['tasks_killed', 'Killed', tasksIn('TASK_KILLED')],
  ['tasks_lost', 'Lost', tasksIn('TASK_LOST')],
];

const UNREACHABLE: Count = ['slaves_unreachable', 'Unreachable', agentsThat('unreachable')];
const REFUSED_AGENTS: Count = [REFUSED, 'Refused', agentsThat(REFUSED)];
const OFFERS: Count = ['outstanding_offers', 'Offers on the table', href(['offers'])];

/** Until the stream of events has told of each of them. */
const AGENTS: readonly Count[] = [
  ['slaves_active', 'Active', agentsThat('active')],
  ['slaves_disconnected', 'Disconnected', agentsThat('disconnected')],
];
const FRAMEWORKS: readonly Count[] = [
  ['frameworks_active', 'Active', frameworksThat('active')],
  ['frameworks_disconnected', 'Disconnected', frameworksThat('disconnected')],
];

/** Of those that are told always, and of all others that there are: by keys as metrics. */
const conditionCounts = (
  conditions: Readonly<Record<string, Condition>>,
  counts: ConditionCounts,
  linkOf: (key: string) => string,
): readonly Count[] =>
  Object.values(conditions)
    .filter(({ key }) => ALWAYS.includes(key) || (counts.get(key) ?? 0) > 0)
    .map(({ key, text }) => [key, text, linkOf(key)]);

const ALWAYS = ['active', 'disconnected'];

async function readMetrics(signal: AbortSignal): Promise<ReadonlyMap<string, number>> {
  const { metrics } = await call<Metrics>('GET_METRICS', { get_metrics: {} }, signal);
  return new Map(metrics.map(({ name, value = 0 }) => [name, value]));
}

export function OverviewView() {
  const { value: metrics, failure } = useReading('metrics', EVERY_MS, readMetrics);
  return (
    <>
      <div class="view-head">
        <h1>Overview</h1>
      </div>
      {metrics === undefined ? (
        failure === undefined ? (
          <Loading what="the cluster" />
        ) : (
          <Failed failure={failure} />
        )
      ) : (
        <Figures metrics={metrics} />
      )}
    </>
  );
}

function Figures({ metrics }: { metrics: ReadonlyMap<string, number> }) {
  const cluster = useCluster();
  const history = useReading('history', HISTORY_MS, readHistory);
  const offers = useReading('old offers', OFFERS_MS, readOldOffers);
  const agents = cluster && agentCounts(cluster);
  const frameworks = cluster && frameworkCounts(cluster);
  const of = (name: string) => metrics.get(`master/${name}`) ?? 0;
  return (
    <>
      <div class="panels">
        {RESOURCES.filter((name) => name !== 'gpus' || of('gpus_total') > 0).map((name) => (
          <Meter
            key={name}
            name={name}
            total={of(`${name}_total`)}
            allocated={of(`${name}_used`)}
            reserved={reservedNow(history.value, name)}
            revocable={of(`${name}_revocable_total`)}
          />
        ))}
      </div>
      <div class="stack">
        <Attention
          cluster={cluster}
          metrics={metrics}
          history={history.value}
          offers={offers.value}
        />
        {cluster === undefined ? null : <InUse cluster={cluster} />}
        <section class="panel">
          <h2>The last hours</h2>
          <Plots {...history} />
        </section>
      </div>
      <div class="panels panels-below">
        <Counts title="Tasks" counts={TASKS} of={of} />
        <Counts
          title="Agents"
          counts={[
            ...(agents === undefined
              ? AGENTS
              : conditionCounts(AGENT_CONDITIONS, agents, agentsThat)),
            UNREACHABLE,
            ...(cluster?.away.refused.length ? [REFUSED_AGENTS] : []),
          ]}
          of={(name) =>
            name === REFUSED ? (cluster?.away.refused.length ?? 0) : (agents?.get(name) ?? of(name))
          }
        />
        <Counts
          title="Frameworks"
          counts={[
            ...(frameworks === undefined
              ? FRAMEWORKS
              : conditionCounts(FRAMEWORK_CONDITIONS, frameworks, frameworksThat)),
            OFFERS,
          ]}
          of={(name) => frameworks?.get(name) ?? of(name)}
        />
      </div>
    </>
  );
}

interface CountsProps {
  readonly title: string;
  readonly counts: readonly Count[];
  readonly of: (metric: string) => number;
}

function Counts({ title, counts, of }: CountsProps) {
  return (
    <section class="panel">
      <h2>{title}</h2>
      <ul class="counts">
        {counts.map(([metric, says, link]) => (
          <li key={metric}>
            <a href={link}>
              <span>{says}</span> <span class="number">{countText(of(metric))}</span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}
