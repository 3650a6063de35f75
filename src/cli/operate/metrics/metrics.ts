// `mesoscale metrics`.
import { AgentCall_Type, MasterCall_Type, type Metric } from '../../../model/generated/messages.ts';
import { jsonValue } from '../../../wire/json.ts';
import { types } from '../../../wire/types.ts';
import { ReachedAgent } from '../connection/agents.ts';
import { Cluster } from '../connection/cluster.ts';
import { agentNamed, agentsOf } from '../connection/things.ts';
import { CommandError, EXIT } from '../outcome.ts';
import { patternOf } from '../output/chosen-rows.ts';
import type { Column } from '../output/listing.ts';
import { presentList } from '../output/present.ts';
import type { Asked } from '../verb.ts';
import type { METRICS_FLAGS } from './flags.ts';

const COLUMNS: readonly Column<Metric>[] = [
  { title: 'NAME', text: ({ name }) => name },
  {
    title: 'VALUE',
    text: ({ value }) => (value === undefined ? '' : String(value)),
    order: ({ value }) => value,
    isRight: true,
  },
];

export async function showMetrics({ words, values }: Asked<typeof METRICS_FLAGS>): Promise<void> {
  const cluster = await Cluster.of(values);
  const read = await reader(cluster, values);
  const patterns = words.map(patternOf);
  await presentList(values, async () => {
    const metrics = await read();
    const meant = metrics.filter(
      ({ name }) => patterns.length === 0 || patterns.some((each) => each.test(name)),
    );
    const none = `none of ${metrics.length} figures has such a name; without a name all are shown`;
    // A check whose name is misspelt must not go well for ever; a figure that is watched may come.
    if (meant.length === 0 && !values.watch) {
      throw new CommandError(EXIT.notFound, none);
    }
    return {
      rows: meant.toSorted((left, right) => (left.name < right.name ? -1 : 1)),
      columns: COLUMNS,
      nameOf: ({ name }) => name,
      jsonOf: (metric) => jsonValue(types.Metric, metric),
      none,
    };
  });
}

async function reader(
  cluster: Cluster,
  values: Asked<typeof METRICS_FLAGS>['values'],
): Promise<() => Promise<readonly Metric[]>> {
  if (values.agent === undefined) {
    return async () => {
      const call = { type: MasterCall_Type.GET_METRICS, get_metrics: {} };
      return (await cluster.master(call)).get_metrics?.metrics ?? [];
    };
  }
  const agent = new ReachedAgent(
    cluster,
    agentNamed(await agentsOf(cluster), values.agent),
    values,
  );
  return async () => {
    const call = { type: AgentCall_Type.GET_METRICS, get_metrics: {} };
    return (await agent.call(call)).get_metrics?.metrics ?? [];
  };
}
