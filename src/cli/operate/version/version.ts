// `mesoscale version`.
import { MasterCall_Type, type VersionInfo } from '../../../model/generated/messages.ts';
import { jsonValue } from '../../../wire/json.ts';
import { types } from '../../../wire/types.ts';
import { counted } from '../../counted.ts';
import type { FlagValues } from '../../flags/flag.ts';
import { versionInfo, versionLine } from '../../version.ts';
import { builtText } from '../built-text.ts';
import { Cluster } from '../connection/cluster.ts';
import { CONNECTION_FLAGS } from '../connection/flags.ts';
import { agentsOf } from '../connection/things.ts';
import { CommandError, EXIT } from '../outcome.ts';
import { factsText } from '../output/facts-text.ts';
import { presentOne } from '../output/present.ts';
import type { VERSION_FLAGS } from './flags.ts';

interface Versions {
  readonly address: string;
  readonly master: VersionInfo;
  /** How many agents have each, the most first. */
  readonly agents: readonly (readonly [version: string, agents: number])[];
}

export async function showVersions(values: FlagValues<typeof VERSION_FLAGS>): Promise<void> {
  await presentOne(values, async () => {
    const cluster = await Cluster.of(values);
    const found = await orNone(versionsOf(cluster), values.master);
    return {
      name: found?.master.version ?? versionInfo(0).version,
      json: {
        client: versionLine,
        ...(found !== undefined && {
          master: jsonValue(types.VersionInfo, found.master),
          agents: Object.fromEntries(found.agents),
        }),
      },
      text: (screen) =>
        factsText(
          [
            ['Command', versionLine],
            ['Master', found === undefined ? `none at ${cluster.address}` : masterText(found)],
            ['Agents', found?.agents.map(agentsText).join('\n')],
          ],
          [],
          screen,
        ),
    };
  });
}

/** Who has named no master may have none. */
async function orNone(found: Promise<Versions>, master: string): Promise<Versions | undefined> {
  try {
    return await found;
  } catch (error) {
    if (
      error instanceof CommandError &&
      error.status === EXIT.unreachable &&
      master === CONNECTION_FLAGS.master.defaultValue
    ) {
      return undefined;
    }
    throw error;
  }
}

async function versionsOf(cluster: Cluster): Promise<Versions> {
  const { get_version } = await cluster.master({ type: MasterCall_Type.GET_VERSION });
  const counts = new Map<string, number>();
  for (const { version } of await agentsOf(cluster)) {
    counts.set(version, (counts.get(version) ?? 0) + 1);
  }
  return {
    address: cluster.address,
    master: get_version?.version_info ?? { version: 'unknown' },
    agents: [...counts].toSorted(([, left], [, right]) => right - left),
  };
}

const masterText = ({ address, master }: Versions): string =>
  `${master.version} at ${address}${builtText(master)}`;

const agentsText = ([version, agents]: Versions['agents'][number]) =>
  `${version} on ${counted(agents, 'agent')}`;
