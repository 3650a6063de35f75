// What a cluster has, found by what operators call it.
import {
  type MasterResponse_GetAgents_Agent as Agent,
  type MasterResponse_GetFrameworks_Framework as Framework,
  type MasterResponse_GetAgents as GetAgents,
  type MasterCall_GetAgents,
  type MasterCall_GetFrameworks,
  MasterCall_Type,
  type Task,
} from '../../../model/generated/messages.ts';
import { counted } from '../../counted.ts';
import type { Cluster } from './cluster.ts';
import { missingAgents, type PerhapsMissing } from './missing-agents.ts';
import { isPartOf, named } from './named.ts';

/** What the master is asked for of all agents: those that a word may mean, and how many of them. */
export type Wanted = MasterCall_GetAgents;

/** Ids and the names that people know. */
export interface Names {
  /** The id itself where no name is known. */
  nameOf(id: string): string;
  /** The id of what is meant. Throws CommandError. */
  named(text: string): string;
}

/** Those that a word may mean, where one is said; masters of Apache Mesos tell of all. */
export const agentsOf = async (cluster: Cluster, wanted?: Wanted): Promise<readonly Agent[]> =>
  (await told(cluster, wanted)).agents ?? [];

/** Also those that a master knows from the one before it, and that are not back yet. */
export const knownAgentsOf = async (cluster: Cluster, wanted?: Wanted): Promise<readonly Agent[]> =>
  known(await told(cluster, wanted));

async function told(cluster: Cluster, get_agents: Wanted | undefined): Promise<GetAgents> {
  const call = { type: MasterCall_Type.GET_AGENTS, ...(get_agents && { get_agents }) };
  return (await cluster.master(call)).get_agents ?? {};
}

const known = ({ agents = [], recovered_agents = [] }: GetAgents): readonly Agent[] => [
  ...agents,
  ...recovered_agents.map((agent_info) => ({ agent_info, active: false, version: '' })),
];

/** As `knownAgentsOf`, and those that are not there, of whom Apache Mesos's masters do not tell. */
export async function allAgentsOf(
  cluster: Cluster,
  wanted?: Wanted,
): Promise<readonly PerhapsMissing[]> {
  const all = await told(cluster, { ...wanted, missing: true });
  return [...known(all), ...missingAgents(all)];
}

/** Whether it is not back yet; all that are registered say since when. */
export const isRecovered = ({
  registered_time,
  reregistered_time,
  missing,
}: PerhapsMissing): boolean =>
  registered_time === undefined && reregistered_time === undefined && missing === undefined;

const MOST_TOLD = 5;

/** `2 agents have not come back yet (a, b)`; undefined where all have. */
export function awaitedText(agents: readonly Agent[]): string | undefined {
  const hosts = agents.filter(isRecovered).map(({ agent_info }) => agent_info.hostname);
  if (hosts.length === 0) {
    return undefined;
  }
  const more = hosts.length > MOST_TOLD ? ', …' : '';
  const have = hosts.length === 1 ? 'has' : 'have';
  const told = hosts.slice(0, MOST_TOLD).join(', ');
  return `${counted(hosts.length, 'agent')} ${have} not come back yet (${told}${more})`;
}

/** Those that have not ended. */
export async function tasksOf(cluster: Cluster): Promise<readonly Task[]> {
  const { get_tasks } = await cluster.master({ type: MasterCall_Type.GET_TASKS });
  return get_tasks?.tasks ?? [];
}

/** All that are registered, and those that have ended. */
export async function frameworksOf(
  cluster: Cluster,
  wanted?: MasterCall_GetFrameworks,
): Promise<readonly Framework[]> {
  const { get_frameworks } = await cluster.master({
    type: MasterCall_Type.GET_FRAMEWORKS,
    ...(wanted !== undefined && { get_frameworks: wanted }),
  });
  const { frameworks = [], completed_frameworks = [] } = get_frameworks ?? {};
  return [...frameworks, ...completed_frameworks];
}

export const agentId = ({ agent_info }: Agent): string => agent_info.id?.value ?? '';
/** Of one that was refused nothing else tells which it is. */
export const idOrPid = (agent: Agent): string => agentId(agent) || (agent.pid ?? '');
export const frameworkId = ({ framework_info }: Framework): string =>
  framework_info.id?.value ?? '';

/** By id, the beginning of one, or host name. Throws CommandError. */
export const agentNamed = <Known extends Agent>(agents: readonly Known[], text: string): Known =>
  named<Known>(agents, text, {
    kind: 'agent',
    idOf: idOrPid,
    namesOf: ({ agent_info }) => [agent_info.hostname],
    list: 'mesoscale agent list',
  });

/** As `agentNamed`; one that is there before those that are not. */
export function anyAgentNamed(all: readonly PerhapsMissing[], text: string): PerhapsMissing {
  const there = all.filter(({ missing }) => missing === undefined);
  const isKnown = there.some(
    (agent) => agent.agent_info.hostname === text || isPartOf(agentId(agent), text),
  );
  return agentNamed(isKnown ? there : all, text);
}

/** What `mesoscale execute` puts before the name that it is given. */
const EXECUTED = /^mesos-execute instance: /;

const namesOfFramework = ({ framework_info: { name } }: Framework): readonly string[] => [
  name,
  name.replace(EXECUTED, ''),
];

/** By id, the beginning of one, or name; one that runs before those that have ended. */
export function frameworkNamed(frameworks: readonly Framework[], text: string): Framework {
  const running = frameworks.filter(({ active, connected }) => active || connected);
  const known = running.some(
    (each) => frameworkId(each) === text || namesOfFramework(each).includes(text),
  )
    ? running
    : frameworks;
  return named(known, text, {
    kind: 'framework',
    idOf: frameworkId,
    namesOf: namesOfFramework,
    list: 'mesoscale framework list',
  });
}

export const agentNames = async (cluster: Cluster, wanted?: Wanted): Promise<Names> =>
  namesOfAgents(await agentsOf(cluster, { ...wanted, totals_only: true }));

/** Throws CommandError; it names what is close among all agents. */
export async function agentMeant(cluster: Cluster, text: string): Promise<Agent> {
  const some = await agentsOf(cluster, { word: text });
  return agentNamed(some.length > 0 ? some : await agentsOf(cluster), text);
}

export function namesOfAgents(agents: readonly PerhapsMissing[]): Names {
  const names = new Map(agents.map((agent) => [agentId(agent), agent.agent_info.hostname]));
  return {
    nameOf: (id) => names.get(id) || id,
    named: (text) => agentId(anyAgentNamed(agents, text)),
  };
}

export async function frameworkNames(cluster: Cluster): Promise<Names> {
  const frameworks = await frameworksOf(cluster, { infos_only: true });
  const names = new Map(frameworks.map((each) => [frameworkId(each), each.framework_info.name]));
  return {
    nameOf: (id) => names.get(id) ?? id,
    named: (text) => frameworkId(frameworkNamed(frameworks, text)),
  };
}
