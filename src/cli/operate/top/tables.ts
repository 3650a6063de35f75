// The tables of `mesoscale top`, as they are read: tasks, agents and roles, each with what it is
// sorted by.

import { BYTES_PER_MEGABYTE, roundedBytes } from '../../../model/bytes.ts';
import {
  type MasterResponse_GetAgents_Agent as Agent,
  MasterCall_Type,
  type Task,
} from '../../../model/generated/messages.ts';
import { counted } from '../../counted.ts';
import { stateOf } from '../agent/list.ts';
import { amountText, type QuantitiesOf } from '../amounts.ts';
import type { Cluster } from '../connection/cluster.ts';
import { agentId, agentsOf, frameworkNames } from '../connection/things.ts';
import type { TextColumn } from '../output/table-text.ts';
import { ageText } from '../times.ts';
import type { Machine, MachineReader } from './machines.ts';
import { containerKey, MOST_AGENTS, type UsageReader, type Use } from './usage.ts';
import type { Sort, View } from './view.ts';

export interface Line {
  cells(): readonly string[];
  /** Greater ones first. */
  readonly keys: Readonly<Record<Sort, number>>;
}

export interface TopTable {
  readonly columns: readonly TextColumn[];
  readonly lines: readonly Line[];
  /** What there is, and how it is known. */
  readonly note: string;
}

/** What all tables are made with. */
export interface Means {
  readonly cluster: Cluster;
  readonly amountsOf: QuantitiesOf;
  readonly usage: UsageReader;
  readonly machines: MachineReader;
}

const NS_PER_MS = 1_000_000n;
const fine = new Intl.NumberFormat('en', {
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
  useGrouping: false,
});

const right = (title: string): TextColumn => ({ title, isRight: true });

/** Those that are shown, in their order. */
export function shownLines(
  lines: readonly Line[],
  { sort, isReversed, from }: View,
  rows: number,
): readonly Line[] {
  const sign = isReversed ? -1 : 1;
  return lines
    .toSorted((one, other) => sign * (other.keys[sort] - one.keys[sort]))
    .slice(from, from + rows);
}

export function readTable(means: Means, view: View, rows: number): Promise<TopTable> {
  switch (view.name) {
    case 'tasks':
      return tasksTable(means, view, rows);
    case 'agents':
      return agentsTable(means, view, rows);
    case 'roles':
      return rolesTable(means);
    default:
      return view.name satisfies never;
  }
}

async function tasksTable(
  { cluster, amountsOf, usage }: Means,
  view: View,
  rows: number,
): Promise<TopTable> {
  const [{ get_tasks }, agents, frameworks] = await Promise.all([
    cluster.master({ type: MasterCall_Type.GET_TASKS }),
    agentsOf(cluster, { totals_only: true }),
    frameworkNames(cluster),
  ]);
  const nowMs = Date.now();
  const known = new Map(agents.map((agent) => [agentId(agent), agent]));
  const tasks = (get_tasks?.tasks ?? []).map((task) => ({
    task,
    keys: keysOf(amountsOf(task.resources), startMs(task)),
  }));
  const busy = new Set(tasks.map(({ task }) => task.agent_id.value));
  const isWhole = busy.size <= MOST_AGENTS;
  const asked = isWhole
    ? busy
    : new Set(
        shownLines(
          tasks.map(({ task, keys }) => ({ keys, cells: () => [task.agent_id.value] })),
          view,
          rows,
        ).flatMap(({ cells }) => cells()),
      );
  const { uses, silent } = await usage.read([...asked].flatMap((id) => known.get(id) ?? []));
  const lines = tasks.map(({ task, keys }): Line => {
    const use = useOf(task, uses);
    return {
      keys: isWhole
        ? { ...keys, cpus: use?.cpus ?? keys.cpus, mem: megabytesOf(use) ?? keys.mem }
        : keys,
      cells: () => [
        task.task_id.value,
        frameworks.nameOf(task.framework_id.value),
        known.get(task.agent_id.value)?.agent_info.hostname ?? task.agent_id.value,
        amountText('cpus', keys.cpus),
        use?.cpus === undefined ? '' : fine.format(use.cpus),
        amountText('mem', keys.mem),
        use?.memBytes === undefined ? '' : roundedBytes(use.memBytes),
        ageText(nowMs, startMs(task)),
      ],
    };
  });
  return {
    columns: [
      ...[{ title: 'TASK' }, { title: 'FRAMEWORK' }, { title: 'AGENT' }],
      ...[right('CPUS'), right('USED'), right('MEM'), right('USED'), right('AGE')],
    ],
    lines,
    note:
      `${counted(tasks.length, 'task')} on ${counted(busy.size, 'agent')}, ` +
      (isWhole ? 'by what they use' : `by what is allocated; use of the rows shown`) +
      (silent === 0 ? '' : `; ${counted(silent, 'agent')} not heard`),
  };
}

/** That of its container; what shares the container of an executor is not told apart. */
function useOf({ statuses = [] }: Task, uses: ReadonlyMap<string, Use>): Use | undefined {
  const id = statuses.findLast(({ container_status }) => container_status?.container_id)
    ?.container_status?.container_id;
  return id === undefined ? undefined : uses.get(containerKey(id));
}

const megabytesOf = (use: Use | undefined): number | undefined =>
  use?.memBytes === undefined ? undefined : use.memBytes / BYTES_PER_MEGABYTE;

async function agentsTable(
  { cluster, amountsOf, machines }: Means,
  view: View,
  rows: number,
): Promise<TopTable> {
  const agents = (await agentsOf(cluster)).map((agent) => {
    const allocated = amountsOf(agent.allocated_resources);
    return { agent, allocated, keys: keysOf(allocated, registeredMs(agent)) };
  });
  const nowMs = Date.now();
  const known = new Map(agents.map(({ agent }) => [agentId(agent), agent]));
  const shown = shownLines(
    agents.map(({ agent, keys }) => ({ keys, cells: () => [agentId(agent)] })),
    view,
    rows,
  ).flatMap(({ cells }) => cells());
  const heard = await machines.read(shown.flatMap((id) => known.get(id) ?? []));
  const lines = agents.map(({ agent, allocated, keys }): Line => {
    const sinceMs = registeredMs(agent);
    return {
      keys,
      cells: () => {
        const total = amountsOf(agent.total_resources);
        const part = (name: string) =>
          total[name] === undefined
            ? ''
            : `${amountText(name, allocated[name] ?? 0)}/${amountText(name, total[name])}`;
        return [
          agent.agent_info.hostname,
          agentId(agent),
          stateOf(agent),
          ...['cpus', 'mem', 'disk', 'gpus'].map(part),
          ...machineCells(heard.get(agentId(agent))),
          ageText(nowMs, sinceMs),
        ];
      },
    };
  });
  return {
    columns: [
      ...[{ title: 'AGENT' }, { title: 'ID' }, { title: 'STATE' }],
      ...['CPUS', 'MEM', 'DISK', 'GPUS', 'LOAD', 'MEM FREE', 'AGE'].map(right),
    ],
    lines,
    note:
      `${counted(agents.length, 'agent')}, by what is allocated` +
      (heard.size === shown.length
        ? ''
        : `; load of ${counted(shown.length - heard.size, 'agent')} not heard`),
  };
}

/** The load of the last minute beside the machine's CPUs, and its free memory. */
const machineCells = (machine: Machine | undefined): readonly string[] => [
  machine?.load === undefined
    ? ''
    : fine.format(machine.load) + (machine.cpus === undefined ? '' : `/${machine.cpus}`),
  machine?.memFreeBytes === undefined ? '' : roundedBytes(machine.memFreeBytes),
];

async function rolesTable({ cluster, amountsOf }: Means): Promise<TopTable> {
  const { get_roles } = await cluster.master({ type: MasterCall_Type.GET_ROLES });
  const roles = get_roles?.roles ?? [];
  const lines = roles.map(({ name, weight, frameworks = [], resources }): Line => {
    const amounts = amountsOf(resources);
    return {
      keys: keysOf(amounts, undefined),
      cells: () => [
        name,
        String(weight),
        String(frameworks.length),
        ...['cpus', 'mem', 'disk', 'gpus'].map((each) => amountText(each, amounts[each])),
      ],
    };
  });
  return {
    columns: [
      { title: 'ROLE' },
      ...['WEIGHT', 'FRAMEWORKS', 'CPUS', 'MEM', 'DISK', 'GPUS'].map(right),
    ],
    lines,
    note: `${counted(roles.length, 'role')}, by what is allocated`,
  };
}

const keysOf = (
  amounts: ReturnType<QuantitiesOf>,
  sinceMs: number | undefined,
): Readonly<Record<Sort, number>> => ({
  cpus: amounts.cpus ?? 0,
  mem: amounts.mem ?? 0,
  disk: amounts.disk ?? 0,
  gpus: amounts.gpus ?? 0,
  age: sinceMs === undefined ? 0 : -sinceMs,
});

const startMs = ({ statuses = [] }: Task): number | undefined => {
  const seconds = statuses[0]?.timestamp;
  return seconds === undefined ? undefined : seconds * 1000;
};

function registeredMs({ registered_time, reregistered_time }: Agent): number | undefined {
  const time = reregistered_time ?? registered_time;
  return time === undefined ? undefined : Number(time.nanoseconds / NS_PER_MS);
}
