// `mesoscale agent show`.
import { formatAttributes } from '../../../model/attribute-text.ts';
import { formatDuration } from '../../../model/duration.ts';
import { enumNames } from '../../../model/enum-names.ts';
import {
  type MasterResponse_GetAgents_Agent as Agent,
  AgentInfo_Capability_Type,
  type Task,
  TaskState,
  type VersionInfo,
} from '../../../model/generated/messages.ts';
import {
  isPersistentVolume,
  reservedByRole,
  toReservationLists,
} from '../../../model/resource-format.ts';
import { formatResources } from '../../../model/resource-text.ts';
import { amountText, type QuantitiesOf, quantitiesOf } from '../amounts.ts';
import { builtText } from '../built-text.ts';
import { Cluster } from '../connection/cluster.ts';
import { agentJson, type PerhapsMissing } from '../connection/missing-agents.ts';
import {
  agentId,
  allAgentsOf,
  anyAgentNamed,
  frameworkNames,
  idOrPid,
  tasksOf,
} from '../connection/things.ts';
import { outcomeOf } from '../outcome.ts';
import { type Fact, factsText, right, type Section, section } from '../output/facts-text.ts';
import { presentOne } from '../output/present.ts';
import { momentText, msOf } from '../times.ts';
import type { Asked } from '../verb.ts';
import type { AGENT_SHOW_FLAGS } from './flags.ts';
import { stateOf } from './list.ts';

interface Known {
  readonly agent: Agent;
  readonly tasks: readonly Task[];
  readonly amountsOf: QuantitiesOf;
  frameworkName(id: string): string;
}

export async function showAgent({ words, values }: Asked<typeof AGENT_SHOW_FLAGS>): Promise<void> {
  const cluster = await Cluster.of(values);
  const amountsOf = await quantitiesOf();
  await presentOne(values, async () => {
    const agent = anyAgentNamed(await allAgentsOf(cluster), words[0] ?? '');
    const [all, names, built] = await Promise.all([
      tasksOf(cluster),
      frameworkNames(cluster),
      values.output === 'wide' ? builtOf(cluster, agent, values.timeout) : '',
    ]);
    const tasks = all.filter(({ agent_id }) => agent_id.value === agentId(agent));
    const known = { agent, tasks, amountsOf, frameworkName: names.nameOf };
    return {
      name: idOrPid(agent),
      json: agentJson(agent),
      text: (screen, isWide) => factsText(factsOf(agent, isWide, built), sectionsOf(known), screen),
    };
  });
}

/** An agent that does not answer is shown without it, and soon. */
const MOST_WAIT_MS = 2_000;

/**
 * By whom it was built, which no master tells: the agent itself is asked, at an endpoint that is
 * open to all, and gets no secret. Empty where it does not say so.
 */
async function builtOf(cluster: Cluster, { pid = '' }: Agent, timeoutMs: number): Promise<string> {
  const address = pid.slice(pid.indexOf('@') + 1);
  if (address === '') {
    return '';
  }
  const limitMs = Math.min(timeoutMs || MOST_WAIT_MS, MOST_WAIT_MS);
  try {
    const client = cluster.clientOf({ address, timeoutMs: limitMs, credential: undefined });
    return builtText(textsIn(await client.get('/version')));
  } catch (error) {
    // Throws what is a bug of ours, and no answer of another server.
    outcomeOf(error);
    return '';
  }
}

function textsIn(answer: unknown): Omit<VersionInfo, 'version'> {
  const { build_date, build_user } = (answer ?? {}) as Readonly<Record<string, unknown>>;
  return {
    ...(typeof build_date === 'string' && { build_date }),
    ...(typeof build_user === 'string' && { build_user }),
  };
}

const capabilityName = enumNames(AgentInfo_Capability_Type);
const stateName = enumNames(TaskState);

function factsOf(agent: PerhapsMissing, isWide: boolean, built: string): readonly Fact[] {
  const {
    missing,
    agent_info,
    pid,
    version,
    capabilities = [],
    registered_time,
    reregistered_time,
  } = agent;
  const total = toReservationLists(agent.total_resources);
  const domain = agent_info.domain?.fault_domain;
  const registeredMs = msOf(registered_time);
  // Of one that has not come back both times may be told, and are one.
  const backMs = msOf(reregistered_time);
  return [
    ['ID', agentId(agent)],
    ['Host', agent_info.hostname],
    ['Address', pid?.replace(/^[^@]*@/, '')],
    ['State', stateOf(agent)],
    ['Since', momentText(msOf(missing?.since), Date.now())],
    ['Why', missing?.why],
    ['Drain', drainText(agent)],
    ['Version', version && `${version}${built}`],
    ['Region', domain?.region.name],
    ['Zone', domain?.zone.name],
    ['Attributes', formatAttributes(agent_info.attributes ?? [])],
    ['Other', formatResources(total.filter(({ scalar }) => scalar === undefined))],
    ['Registered', momentText(registeredMs, Date.now())],
    ['Came back', backMs === registeredMs ? undefined : momentText(backMs, Date.now())],
    [
      'Capabilities',
      isWide ? capabilities.map(({ type }) => capabilityName(type) ?? '').join(', ') : undefined,
    ],
    ['All of it', isWide ? formatResources(total) : undefined],
    ['Allocated', isWide ? formatResources(agent.allocated_resources ?? []) : undefined],
    ['Offered', isWide ? formatResources(agent.offered_resources ?? []) : undefined],
  ];
}

function drainText({ drain_info, estimated_drain_start_time }: Agent): string | undefined {
  if (drain_info === undefined) {
    return undefined;
  }
  const { max_grace_period, mark_gone } = drain_info.config;
  const grace = max_grace_period?.nanoseconds;
  return [
    momentText(msOf(estimated_drain_start_time), Date.now()),
    grace === undefined ? undefined : `tasks end within ${formatDuration(Number(grace) / 1e6)}`,
    mark_gone ? 'marked gone when it is drained' : undefined,
  ]
    .filter(Boolean)
    .join(', ');
}

function sectionsOf({ agent, tasks, amountsOf, frameworkName }: Known): readonly Section[] {
  const total = toReservationLists(agent.total_resources);
  const amounts = [total, agent.allocated_resources, agent.offered_resources].map(amountsOf);
  const volumes = total.filter(isPersistentVolume);
  const reserved = reservedByRole(total.filter((each) => !isPersistentVolume(each)));
  return [
    section(
      'Resources',
      ['NAME', right('TOTAL'), right('ALLOCATED'), right('OFFERED')],
      Object.keys(amounts[0] ?? {}).map((name) => [
        name,
        ...amounts.map((each) => amountText(name, each[name] ?? 0)),
      ]),
    ),
    section(
      'Reservations',
      ['ROLE', 'RESOURCES'],
      [...reserved].map(([role, resources]) => [
        role,
        formatResources(resources.map(({ reservations: _, ...bare }) => bare)),
      ]),
    ),
    section(
      'Volumes',
      ['ID', 'ROLE', right('SIZE'), 'PATH'],
      volumes.map(({ disk, scalar, reservations = [] }) => [
        disk?.persistence?.id ?? '',
        reservations.at(-1)?.role ?? '',
        amountText('disk', scalar?.value),
        disk?.volume?.container_path ?? '',
      ]),
    ),
    section(
      'Tasks',
      ['ID', 'STATE', 'FRAMEWORK', right('CPUS'), right('MEM'), 'NAME'],
      tasks.map(({ task_id, state, framework_id, resources, name }) => {
        const { cpus, mem } = amountsOf(resources);
        return [
          task_id.value,
          stateName(state) ?? '',
          frameworkName(framework_id.value),
          amountText('cpus', cpus),
          amountText('mem', mem),
          name,
        ];
      }),
    ),
  ];
}
