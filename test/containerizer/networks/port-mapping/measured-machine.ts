// What is told of containers whose ports are mapped: a function that runs in a network of a test.
import type { Networks } from '../../../../src/containerizer/networks/networks.ts';
import {
  NetworkStatistics,
  NO_NETWORK_STATISTICS,
} from '../../../../src/containerizer/networks/statistics/network-statistics.ts';
import { containerId } from '../../../../src/model/ids.ts';
import { namespaceOf, type Records, recovered } from './mapped-machine.ts';

type Used = Awaited<ReturnType<Networks['usage']>>;

export async function measured({
  records,
  program,
}: {
  readonly records: Records;
  readonly program: string;
}): Promise<Record<string, Used>> {
  const mapping = await recovered(records);
  const statistics = new NetworkStatistics({
    program,
    options: NO_NETWORK_STATISTICS,
    networks: () => [],
    warn: (text) => {
      throw new Error(text);
    },
  });
  const used: Record<string, Used> = {};
  for (const name of Object.keys(records)) {
    const id = containerId(name);
    const links = mapping.links(id) ?? { links: [] };
    used[name] = {
      ...mapping.statistics(id),
      ...(await statistics.of({ id, namespace: namespaceOf(name), ...links })),
    };
  }
  statistics.close();
  return used;
}
