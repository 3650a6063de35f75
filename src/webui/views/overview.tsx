// The cluster at a glance: how much of it is taken, and what its tasks and agents are doing. By the
// master's metrics, which cost it the same whatever the cluster's size.
import { Meter } from '../components/meter.tsx';
import { Failed, Loading } from '../components/notices.tsx';
import { useReading } from '../components/reading.ts';
import { call } from '../stream/requests.ts';
import { countText } from '../words/amounts.ts';

const EVERY_MS = 2000;
const RESOURCES = ['cpus', 'mem', 'disk', 'gpus'] as const;

interface Metrics {
  readonly metrics: readonly { readonly name: string; readonly value?: number }[];
}

const TASKS: readonly (readonly [metric: string, says: string])[] = [
  ['tasks_running', 'Running'],
  ['tasks_starting', 'Starting'],
  ['tasks_staging', 'Staging'],
  ['tasks_killing', 'Being killed'],
  ['tasks_unreachable', 'Unreachable'],
  ['tasks_finished', 'Finished'],
  ['tasks_failed', 'Failed'],
  ['tasks_killed', 'Killed'],
  ['tasks_lost', 'Lost'],
];

const AGENTS: readonly (readonly [metric: string, says: string])[] = [
  ['slaves_active', 'Active'],
  ['slaves_inactive', 'Inactive'],
  ['slaves_disconnected', 'Disconnected'],
  ['slaves_unreachable', 'Unreachable'],
];

const FRAMEWORKS: readonly (readonly [metric: string, says: string])[] = [
  ['frameworks_active', 'Active'],
  ['frameworks_inactive', 'Inactive'],
  ['frameworks_disconnected', 'Disconnected'],
  ['outstanding_offers', 'Offers on the table'],
];

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
          />
        ))}
      </div>
      <div class="panels">
        <Counts title="Tasks" counts={TASKS} of={of} />
        <Counts title="Agents" counts={AGENTS} of={of} />
        <Counts title="Frameworks" counts={FRAMEWORKS} of={of} />
      </div>
    </>
  );
}

interface CountsProps {
  readonly title: string;
  readonly counts: readonly (readonly [metric: string, says: string])[];
  readonly of: (metric: string) => number;
}

function Counts({ title, counts, of }: CountsProps) {
  return (
    <section class="panel">
      <h2>{title}</h2>
      <dl class="counts">
        {counts.map(([metric, says]) => (
          <div key={metric}>
            <dt>{says}</dt>
            <dd class="number">{countText(of(metric))}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
