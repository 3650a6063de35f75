// `mesoscale framework list`.
import { enumNames } from '../../../model/enum-names.ts';
import {
  type MasterResponse_GetFrameworks_Framework as Framework,
  FrameworkInfo_Capability_Type,
} from '../../../model/generated/messages.ts';
import { jsonValue } from '../../../wire/json.ts';
import { types } from '../../../wire/types.ts';
import type { FlagValues } from '../../flags/flag.ts';
import { amountText, type QuantitiesOf, quantitiesOf, sizeUnitOf } from '../amounts.ts';
import { Cluster } from '../connection/cluster.ts';
import { frameworkId, frameworksOf, tasksOf } from '../connection/things.ts';
import { ageColumn } from '../output/age-column.ts';
import type { Column, Listing } from '../output/listing.ts';
import { presentList } from '../output/present.ts';
import { msOf } from '../times.ts';
import type { FRAMEWORK_LIST_FLAGS } from './flags.ts';

type Values = FlagValues<typeof FRAMEWORK_LIST_FLAGS>;

interface Row {
  readonly framework: Framework;
  readonly amounts: ReturnType<QuantitiesOf>;
  /** Undefined where it was not counted. */
  readonly tasks: number | undefined;
}

/** What operators ask first: is its scheduler there, and does it get offers? */
export function stateOf(framework: Framework): string {
  const { active, connected, recovered, unregistered_time } = framework;
  if (unregistered_time !== undefined) {
    return 'completed';
  }
  if (recovered) {
    return 'recovered';
  }
  return connected ? (active ? 'active' : 'inactive') : 'disconnected';
}

export const rolesOf = ({ framework_info: { roles = [], role } }: Framework): readonly string[] =>
  roles.length > 0 || role === undefined ? roles : [role];

const capabilityName = enumNames(FrameworkInfo_Capability_Type);

export const capabilitiesOf = ({ framework_info }: Framework): readonly string[] =>
  (framework_info.capabilities ?? []).map(({ type }) => capabilityName(type ?? 0) ?? '');

function columns(nowMs: number): readonly Column<Row>[] {
  const amount = (title: string, name: string, isWide = false): Column<Row> => ({
    title,
    text: ({ amounts }) => amountText(name, amounts[name] ?? 0),
    order: ({ amounts }) => amounts[name] ?? 0,
    sizeUnit: sizeUnitOf(name),
    isRight: true,
    isWide,
  });
  const info = (title: string, of: (info: Framework['framework_info']) => string | undefined) => ({
    title,
    text: ({ framework }: Row) => of(framework.framework_info) ?? '',
    isWide: true,
  });
  const sinceMs = ({ framework: { reregistered_time, registered_time } }: Row) =>
    msOf(reregistered_time ?? registered_time);
  return [
    { title: 'ID', text: ({ framework }) => frameworkId(framework) },
    { title: 'NAME', text: ({ framework }) => framework.framework_info.name },
    { title: 'STATE', text: ({ framework }) => stateOf(framework) },
    { title: 'ROLES', text: ({ framework }) => rolesOf(framework).join(',') },
    {
      title: 'TASKS',
      text: ({ tasks }) => (tasks === undefined ? '' : String(tasks)),
      order: ({ tasks = 0 }) => tasks,
      isRight: true,
      isWide: true,
    },
    amount('CPUS', 'cpus'),
    amount('MEM', 'mem'),
    amount('DISK', 'disk', true),
    amount('GPUS', 'gpus', true),
    ageColumn(nowMs, sinceMs),
    info('USER', ({ user }) => user),
    info('PRINCIPAL', ({ principal }) => principal),
    info('HOST', ({ hostname }) => hostname),
    info('PAGE', ({ webui_url }) => webui_url),
    {
      title: 'CAPABILITIES',
      text: ({ framework }) => capabilitiesOf(framework).join(','),
      isWide: true,
    },
  ];
}

export async function listFrameworks(values: Values): Promise<void> {
  const cluster = await Cluster.of(values);
  const amountsOf = await quantitiesOf();
  await presentList(values, () => listing(cluster, values, amountsOf));
}

async function listing(
  cluster: Cluster,
  values: Values,
  amountsOf: QuantitiesOf,
): Promise<Listing<Row>> {
  const [known, counts] = await Promise.all([
    frameworksOf(cluster),
    wantsTasks(values) ? taskCounts(cluster) : undefined,
  ]);
  return {
    rows: known
      .filter(({ unregistered_time }) => values.all || unregistered_time === undefined)
      .map((framework) => ({
        framework,
        amounts: amountsOf(framework.allocated_resources),
        tasks: counts === undefined ? undefined : (counts.get(frameworkId(framework)) ?? 0),
      })),
    columns: columns(Date.now()),
    nameOf: ({ framework }) => frameworkId(framework),
    jsonOf: ({ framework }) => jsonValue(types.MasterResponse_GetFrameworks_Framework, framework),
    none: values.all
      ? 'no frameworks'
      : 'no frameworks are registered; --all shows those that have ended',
  };
}

/** Tasks come as a whole, which takes long of many: they are not asked for where none is shown. */
const wantsTasks = ({ output, filter = [], sort_by = '' }: Values): boolean =>
  output === 'wide' || [...filter, sort_by.replace('-', '')].some((text) => /^tasks/i.test(text));

async function taskCounts(cluster: Cluster): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for (const { framework_id } of await tasksOf(cluster)) {
    counts.set(framework_id.value, (counts.get(framework_id.value) ?? 0) + 1);
  }
  return counts;
}
