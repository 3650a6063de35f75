// How much of what is allocated is really used: measured on a few agents, which the master relays.
import { useReading } from '../components/reading.ts';
import type { Cluster } from '../store/cluster.ts';
import { allocatedOf, type Measured, sampleOf, type Used, usedBy } from '../store/in-use.ts';
import { request } from '../stream/requests.ts';
import { amountText, counted, countText, percentText } from '../words/amounts.ts';

const EVERY_MS = 10_000;
/** Agents that are asked, whatever the size of the cluster. */
const MAX_ASKED = 12;

interface InUse {
  readonly used: Used;
  /** To tasks on these agents, in thousandths. */
  readonly cpus: number;
  readonly mem: number;
  readonly asked: number;
  readonly all: number;
}

/** Asks the same agents as long as it is kept: of CPU time there is only ever a difference. */
function reader(cluster: Cluster) {
  const all = [...cluster.agents.values()].filter(
    ({ active, deactivated }) => active || deactivated,
  );
  const asked = sampleOf(all, MAX_ASKED, Math.random);
  let before: readonly Measured[] | undefined;
  return async (signal: AbortSignal): Promise<InUse> => {
    const answers = await Promise.all(
      asked.map(async ({ id }) => {
        const path = `/agent/${encodeURIComponent(id)}/monitor/statistics`;
        return (await (await request(path, { signal })).json()) as readonly Measured[];
      }),
    );
    const now = answers.flat();
    const used = usedBy(before, now);
    before = now;
    const [cpus, mem] = allocatedOf(asked.map(({ id }) => cluster.use(id).sums.amounts));
    return { used, cpus, mem, asked: asked.length, all: all.length };
  };
}

export function InUse({ cluster }: { cluster: Cluster }) {
  const { value } = useReading('in use', EVERY_MS, reader(cluster));
  if (value === undefined || value.asked === 0) {
    return null;
  }
  const { used, cpus, mem, asked, all } = value;
  if (cpus === 0 && mem === 0) {
    return null;
  }
  return (
    <section class="panel">
      <h2>Really used of what is allocated</h2>
      <p>
        <strong>CPUs:</strong>{' '}
        {used.cpus === undefined
          ? 'measuring …'
          : `${amountText('cpus', used.cpus / 1000)} of ${amountText('cpus', cpus / 1000)} (${share(used.cpus, cpus)})`}
        {'; '}
        <strong>memory:</strong>{' '}
        {used.mem === undefined
          ? 'no agent of these measures it'
          : `${amountText('mem', used.mem / 1000)} of ${amountText('mem', mem / 1000)} (${share(used.mem, mem)})`}
        .
      </p>
      <p class="quiet">
        {asked === all
          ? `Measured on ${counted(all, 'agent')}, with executors.`
          : `Measured on ${asked} agents, chosen by chance of ${countText(all)}, with executors.`}
      </p>
    </section>
  );
}

const share = (part: number, whole: number) => percentText(whole === 0 ? 0 : part / whole);
