// `mesoscale task list`.
import { enumNames } from '../../../model/enum-names.ts';
import {
  MasterCall_Type,
  type Task,
  TaskState,
  TaskStatus_Reason,
} from '../../../model/generated/messages.ts';
import { isTerminal } from '../../../model/task-state.ts';
import { jsonValue } from '../../../wire/json.ts';
import { types } from '../../../wire/types.ts';
import type { FlagValues } from '../../flags/flag.ts';
import { amountText, type QuantitiesOf, quantitiesOf, sizeUnitOf } from '../amounts.ts';
import { Cluster } from '../connection/cluster.ts';
import { allAgentsOf, awaitedText, frameworkNames, namesOfAgents } from '../connection/things.ts';
import { ageColumn } from '../output/age-column.ts';
import type { Column, Listing } from '../output/listing.ts';
import { presentList } from '../output/present.ts';
import { momentText } from '../times.ts';
import type { TASK_LIST_FLAGS } from './flags.ts';

type Values = FlagValues<typeof TASK_LIST_FLAGS>;

interface Row {
  readonly task: Task;
  readonly framework: string;
  readonly host: string;
  readonly amounts: ReturnType<QuantitiesOf>;
}

const stateName = enumNames(TaskState);
const reasonName = enumNames(TaskStatus_Reason);

const columns = (nowMs: number): readonly Column<Row>[] => [
  { title: 'ID', text: ({ task }) => task.task_id.value },
  { title: 'STATE', text: ({ task }) => stateName(task.state) ?? '' },
  { title: 'FRAMEWORK', text: ({ framework }) => framework },
  { title: 'AGENT', text: ({ host }) => host },
  amountColumn('CPUS', 'cpus'),
  amountColumn('MEM', 'mem'),
  amountColumn('DISK', 'disk', true),
  amountColumn('GPUS', 'gpus', true),
  ageColumn(
    nowMs,
    ({ task }) => startMs(task),
    ({ task }) => endMs(task),
  ),
  { title: 'NAME', text: ({ task }) => task.name, isWide: true },
  { title: 'ROLE', text: ({ task }) => roleOf(task), isWide: true },
  { title: 'FRAMEWORK ID', text: ({ task }) => task.framework_id.value, isWide: true },
  { title: 'AGENT ID', text: ({ task }) => task.agent_id.value, isWide: true },
  { title: 'LABELS', text: labelsOf, isWide: true },
  {
    title: 'ENDED',
    text: ({ task }) => momentText(endMs(task), nowMs) ?? '',
    order: ({ task }) => endMs(task),
    isWide: true,
  },
  { title: 'REASON', text: ({ task }) => reasonOf(task), isWide: true },
  {
    title: 'MESSAGE',
    text: ({ task: { statuses = [] } }) => statuses.at(-1)?.message ?? '',
    isWide: true,
  },
];

function amountColumn(title: string, name: string, isWide = false): Column<Row> {
  return {
    title,
    text: ({ amounts }) => amountText(name, amounts[name]),
    order: ({ amounts }) => amounts[name] ?? 0,
    sizeUnit: sizeUnitOf(name),
    isRight: true,
    isWide,
  };
}

export async function listTasks(values: Values): Promise<void> {
  const cluster = await Cluster.of(values);
  const amountsOf = await quantitiesOf();
  await presentList(values, () => listing(cluster, values, amountsOf));
}

async function listing(
  cluster: Cluster,
  { all, framework, agent }: Values,
  amountsOf: QuantitiesOf,
): Promise<Listing<Row>> {
  const [{ get_tasks }, frameworks, known] = await Promise.all([
    cluster.master({ type: MasterCall_Type.GET_TASKS }),
    frameworkNames(cluster),
    allAgentsOf(cluster, { totals_only: true }),
  ]);
  const { tasks = [], unreachable_tasks = [], completed_tasks = [] } = get_tasks ?? {};
  const agents = namesOfAgents(known);
  const ofFramework = framework === undefined ? undefined : frameworks.named(framework);
  const onAgent = agent === undefined ? undefined : agents.named(agent);
  const rows = [...tasks, ...unreachable_tasks, ...(all ? completed_tasks : [])]
    .filter(
      ({ framework_id, agent_id }) =>
        (ofFramework ?? framework_id.value) === framework_id.value &&
        (onAgent ?? agent_id.value) === agent_id.value,
    )
    .map((task) => ({
      task,
      framework: frameworks.nameOf(task.framework_id.value),
      host: agents.nameOf(task.agent_id.value),
      amounts: amountsOf(task.resources),
    }));
  return {
    rows,
    columns: columns(Date.now()),
    nameOf: ({ task }) => task.task_id.value,
    jsonOf: ({ task }) => jsonValue(types.Task, task),
    note: awaitedText(known),
    none: all ? 'no tasks' : 'no tasks run; --all shows those that have ended',
  };
}

const roleOf = ({ resources = [] }: Task): string =>
  resources.find(({ allocation_info }) => allocation_info?.role !== undefined)?.allocation_info
    ?.role ?? '';

/** Of the last status; `COMMAND_EXECUTOR_FAILED`, as filters take it. */
function reasonOf({ statuses = [] }: Task): string {
  const { reason } = statuses.at(-1) ?? {};
  return reason === undefined ? '' : (reasonName(reason)?.replace(/^REASON_/, '') ?? '');
}

const labelsOf = ({ task }: Row): string =>
  (task.labels?.labels ?? [])
    .map(({ key, value }) => (value === undefined ? key : `${key}=${value}`))
    .join(',');

/** When the status was made that ended it; undefined where it runs. */
const endMs = ({ state, statuses = [] }: Task): number | undefined => {
  const seconds = isTerminal(state) ? statuses.at(-1)?.timestamp : undefined;
  return seconds === undefined ? undefined : seconds * 1000;
};

/** When its first status was made. */
const startMs = ({ statuses = [] }: Task): number | undefined => {
  const seconds = statuses[0]?.timestamp;
  return seconds === undefined ? undefined : seconds * 1000;
};
