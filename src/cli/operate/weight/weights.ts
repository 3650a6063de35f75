// `mesoscale weight list`, `weight set` and `weight remove`.
import { MasterCall_Type, type WeightInfo } from '../../../model/generated/messages.ts';
import { roleError } from '../../../model/role.ts';
import { jsonValue } from '../../../wire/json.ts';
import { types } from '../../../wire/types.ts';
import { FlagError, readEach } from '../../flags/faults.ts';
import type { FlagValues } from '../../flags/flag.ts';
import { Cluster } from '../connection/cluster.ts';
import { type DeedValues, perform } from '../deeds.ts';
import { CommandError, EXIT } from '../outcome.ts';
import { presentList } from '../output/present.ts';
import type { Asked } from '../verb.ts';
import type { WEIGHT_LIST_FLAGS, WEIGHT_SET_FLAGS } from './flags.ts';

const DEFAULT_WEIGHT = 1;

export async function listWeights(values: FlagValues<typeof WEIGHT_LIST_FLAGS>): Promise<void> {
  const cluster = await Cluster.of(values);
  await presentList<WeightInfo>(values, async () => ({
    // One that was set back to 1 is kept by the master, and is like all others.
    rows: (await weightsOf(cluster)).filter(({ weight }) => weight !== DEFAULT_WEIGHT),
    columns: [
      { title: 'ROLE', text: ({ role = '*' }) => role },
      {
        title: 'WEIGHT',
        text: ({ weight }) => String(weight),
        order: ({ weight }) => weight,
        isRight: true,
      },
    ],
    nameOf: ({ role = '*' }) => role,
    jsonOf: (info) => jsonValue(types.WeightInfo, info),
    none: 'all roles have weight 1',
  }));
}

async function weightsOf(cluster: Cluster): Promise<readonly WeightInfo[]> {
  const { get_weights } = await cluster.master({ type: MasterCall_Type.GET_WEIGHTS });
  return get_weights?.weight_infos ?? [];
}

export async function setWeights({ words, values }: Asked<typeof WEIGHT_SET_FLAGS>): Promise<void> {
  const weight_infos = readEach(words, weightOf);
  const twice = weight_infos.find(({ role }, at) =>
    weight_infos.slice(0, at).some((other) => other.role === role),
  );
  if (twice !== undefined) {
    throw new FlagError(`expected one weight for role ${twice.role}, got two`);
  }
  await replaceWeights(await Cluster.of(values), weight_infos, values);
}

/** Masters have no call for that: 1 is what a role has that was given none. */
export async function removeWeights({
  words,
  values,
}: Asked<typeof WEIGHT_SET_FLAGS>): Promise<void> {
  const cluster = await Cluster.of(values);
  const known = new Set(
    (await weightsOf(cluster)).flatMap(({ role, weight }) =>
      weight === DEFAULT_WEIGHT ? [] : [role],
    ),
  );
  const unknown = words.find((role) => !known.has(role));
  if (unknown !== undefined) {
    throw new CommandError(
      EXIT.notFound,
      `role '${unknown}' was given no weight: mesoscale weight list shows them`,
    );
  }
  const weight_infos = [...new Set(words)].map((role) => ({ role, weight: DEFAULT_WEIGHT }));
  await replaceWeights(cluster, weight_infos, values);
}

async function replaceWeights(
  cluster: Cluster,
  weight_infos: WeightInfo[],
  values: DeedValues,
): Promise<void> {
  const before = new Map((await weightsOf(cluster)).map(({ role, weight }) => [role, weight]));
  const lines = weight_infos.map(
    ({ role, weight }) =>
      `role ${role} has weight ${weight} (was ${before.get(role) ?? DEFAULT_WEIGHT})`,
  );
  await perform(
    cluster,
    {
      calls: [{ type: MasterCall_Type.UPDATE_WEIGHTS, update_weights: { weight_infos } }],
      done: lines.join('\n'),
    },
    values,
  );
}

function weightOf(text: string): WeightInfo {
  const at = text.lastIndexOf('=');
  const role = text.slice(0, Math.max(at, 0));
  const weight = Number(text.slice(at + 1) || Number.NaN);
  if (at <= 0 || !(weight > 0) || weight === Number.POSITIVE_INFINITY) {
    throw new FlagError(`expected ROLE=WEIGHT with a number above 0, such as eng=2, got '${text}'`);
  }
  const wrong = roleError(role);
  if (wrong !== undefined) {
    throw new FlagError(wrong);
  }
  return { role, weight };
}
