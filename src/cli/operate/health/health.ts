// `mesoscale health`.
import { MasterCall_Type, type Metric } from '../../../model/generated/messages.ts';
import { counted } from '../../counted.ts';
import type { FlagValues } from '../../flags/flag.ts';
import { Cluster } from '../connection/cluster.ts';
import { EXIT } from '../outcome.ts';
import { presentOne } from '../output/present.ts';
import { painted, type Screen } from '../output/screen.ts';
import { tableText } from '../output/table-text.ts';
import { spanText } from '../times.ts';
import type { HEALTH_FLAGS } from './flags.ts';

/** One thing that can be well or not. */
export interface Finding {
  readonly about: 'master' | 'registry' | 'agents' | 'unreachable';
  readonly isWell: boolean;
  readonly says: string;
}

export async function showHealth(values: FlagValues<typeof HEALTH_FLAGS>): Promise<number> {
  const cluster = await Cluster.of(values);
  let status: number = EXIT.done;
  await presentOne(values, async () => {
    const [{ get_health }, { get_metrics }] = await Promise.all([
      cluster.master({ type: MasterCall_Type.GET_HEALTH }),
      cluster.master({ type: MasterCall_Type.GET_METRICS, get_metrics: {} }),
    ]);
    const figures = get_metrics?.metrics ?? [];
    const found = findings({
      isHealthy: get_health?.healthy ?? false,
      metrics: figures,
      awaited: await awaitedOf(cluster, figures),
      mayBeAway: values.away,
      address: cluster.address,
    });
    const isWell = found.every((each) => each.isWell);
    status = isWell ? EXIT.done : EXIT.failed;
    return {
      name: isWell ? 'healthy' : 'unhealthy',
      json: {
        healthy: isWell,
        findings: found.map(({ about, isWell: well, says }) => ({ about, healthy: well, says })),
      },
      text: (screen) => textOf(found, screen),
    };
  });
  return status;
}

/** Of a master that is up for longer, whoever has not come back is unreachable. */
const AWAITED_FOR_SECONDS = 3600;

/** No figure tells of them; the list of all agents is long, and read where it may say more only. */
async function awaitedOf(cluster: Cluster, metrics: readonly Metric[]): Promise<number> {
  const upFor = metrics.find(({ name }) => name === 'master/uptime_secs')?.value ?? 0;
  if (upFor > AWAITED_FOR_SECONDS) {
    return 0;
  }
  const { get_agents } = await cluster.master({ type: MasterCall_Type.GET_AGENTS });
  return get_agents?.recovered_agents?.length ?? 0;
}

function textOf(found: readonly Finding[], screen: Screen): string {
  const rows = found.map(({ about, isWell, says }) => [isWell ? 'well' : 'NOT WELL', about, says]);
  const table = tableText(
    { columns: [{ title: '' }, { title: '' }, { title: '' }], rows, hasTitles: false },
    screen,
  );
  return table
    .replaceAll(/^well/gm, painted(screen, 'good', 'well'))
    .replaceAll(/^NOT WELL/gm, painted(screen, 'bad', 'NOT WELL'));
}

interface Known {
  readonly isHealthy: boolean;
  readonly metrics: readonly Metric[];
  /** Agents that have not come back since the master began. */
  readonly awaited: number;
  readonly mayBeAway: number;
  readonly address: string;
}

/** Of metrics that Apache Mesos has as well. */
export function findings({
  isHealthy,
  metrics,
  awaited,
  mayBeAway,
  address,
}: Known): readonly Finding[] {
  const figures = new Map(metrics.map(({ name, value }) => [name, value]));
  const figure = (name: string) => figures.get(name) ?? 0;
  const isElected = figure('master/elected') === 1;
  const connected = figure('master/slaves_connected');
  const disconnected = figure('master/slaves_disconnected');
  const unreachable = figure('master/slaves_unreachable');
  const isMoreAway = disconnected + unreachable + awaited > mayBeAway;
  const offered = figure('master/slaves_active');
  const upText = spanText(figure('master/uptime_secs') * 1000);
  return [
    {
      about: 'master',
      isWell: isHealthy && isElected,
      says: !isHealthy
        ? `${address} says that it is not healthy`
        : isElected
          ? `leads at ${address}, up for ${upText}`
          : `${address} does not lead`,
    },
    registryFinding(figures),
    {
      about: 'agents',
      isWell: connected > 0 && (!isMoreAway || disconnected + awaited === 0),
      says:
        `${connected} connected, ${offered} of them offered` +
        (disconnected > 0 ? `; ${disconnected} disconnected` : '') +
        (awaited > 0 ? `; ${awaited} not come back yet` : ''),
    },
    {
      about: 'unreachable',
      isWell: !isMoreAway || unreachable === 0,
      says: unreachable === 0 ? 'none' : counted(unreachable, 'agent'),
    },
  ];
}

function registryFinding(figures: ReadonlyMap<string, number | undefined>): Finding {
  const isRecovered = figures.get('registrar/log/recovered') !== 0;
  const waiting = figures.get('registrar/queued_operations') ?? 0;
  const storeMs = figures.get('registrar/state_store_ms/p99');
  const pace = storeMs === undefined ? '' : `, a write takes ${storeMs.toFixed(1)} ms (p99)`;
  return {
    about: 'registry',
    isWell: isRecovered,
    says: isRecovered ? `read; ${counted(waiting, 'change')} waiting${pace}` : 'is not read yet',
  };
}
