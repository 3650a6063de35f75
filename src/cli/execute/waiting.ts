// Explains why a command still waits for its offer: compares what it needs with what the master's
// agents have.
import type { SchedulerCore } from '../../core/interface.ts';
import type { Matcher } from '../../core/matcher.ts';
import { closestName } from '../../model/closest-name.ts';
import type {
  MasterResponse_GetAgents_Agent as Agent,
  QuotaConfig,
  Resource,
  TaskInfo,
} from '../../model/generated/messages.ts';
import { reservationRole, withoutAllocation } from '../../model/resource-format.ts';
import { isInSubtree } from '../../model/role.ts';
import { executorResources, placeOn } from './placement.ts';

export interface Wish {
  readonly tasks: readonly TaskInfo[];
  readonly isGroup: boolean;
  /** The role of the offers. */
  readonly role: string;
  /** Whether agents with GPUs are offered to the framework. */
  readonly takesGpus: boolean;
}

type Core = Pick<SchedulerCore, 'algebra'> & { readonly matcher: Matcher };

const STANDARD_NAMES = ['cpus', 'mem', 'disk', 'gpus', 'ports'];

/** What an offer lacks, such as `cpus: 8 needed, 4 there`. */
export function shortage(wish: Wish, resources: readonly Resource[], core: Core): string {
  const lacking = lacks(wish, resources, core);
  const names = [...STANDARD_NAMES, ...resources.map(({ name }) => name)];
  const meant = (name: string) => {
    const close = names.includes(name) ? undefined : closestName(name, names);
    return close === undefined ? '' : ` (did you mean ${close}?)`;
  };
  return lacking.length > 0
    ? lacking
        .map(({ name, needed, there }) => `${name}: ${needed} needed, ${there} there${meant(name)}`)
        .join('; ')
    : 'its ranges, sets, disks or reservations are not those that are asked for';
}

/** What the master tells of its cluster. */
export interface Cluster {
  readonly agents: readonly Agent[];
  readonly quotas: readonly QuotaConfig[];
}

/** One sentence about the whole cluster. */
export function whyWaiting({ agents, quotas }: Cluster, wish: Wish, core: Core): string {
  return overQuota(quotas, wish, core) ?? whyNoAgent(agents, wish, core);
}

/** A role gets no more than its own limits and those of its ancestors. */
function overQuota(
  quotas: readonly QuotaConfig[],
  wish: Wish,
  { algebra }: Core,
): string | undefined {
  const needed = algebra.quantities(needs(wish));
  for (const { role, limits = {} } of quotas.filter(({ role }) => isInSubtree(wish.role, role))) {
    for (const [name, { value }] of Object.entries(limits)) {
      const amount = needed[name] ?? 0;
      if (amount > value) {
        return `no offer can be enough: the quota of role '${role}' limits ${name} to ${value}, and ${amount} are needed`;
      }
    }
  }
  return undefined;
}

function whyNoAgent(agents: readonly Agent[], wish: Wish, core: Core): string {
  if (agents.length === 0) {
    return 'no agent is registered at the master';
  }
  const ready = agents.filter(({ active, deactivated }) => active && deactivated !== true);
  if (ready.length === 0) {
    return `none of the ${agents.length} agents is connected and active`;
  }
  const open = ready.filter((agent) => wish.takesGpus || !hasGpus(agent));
  if (open.length === 0) {
    return (
      'all agents have GPUs, and those are offered to frameworks with the capability' +
      ' GPU_RESOURCES only (--framework_capabilities=GPU_RESOURCES)'
    );
  }
  const large = open.filter((agent) =>
    fits(wish, agent, usable(agent.total_resources, wish), core),
  );
  if (large.length === 0) {
    return `no agent is large enough; ${closest(open, wish, core)}`;
  }
  const free = large.filter((agent) => fits(wish, agent, unused(agent, wish, core), core));
  const of = (some: readonly Agent[]) => `${some.length} of ${agents.length} agents`;
  return free.length === 0
    ? `${of(large)} would be large enough, but what they have is used by other tasks or offered to` +
        ` others; ${closest(large, wish, core, (agent) => unused(agent, wish, core))}`
    : `${of(free)} have room that is not offered to role '${wish.role}': quotas, filters of the` +
        ' master or maintenance may hold it back';
}

const hasGpus = ({ total_resources = [] }: Agent) =>
  total_resources.some(({ name }) => name === 'gpus');

/** Without resources that are reserved for other roles, or revocable. */
const usable = (resources: readonly Resource[] | undefined, { role }: Wish): Resource[] =>
  (resources ?? []).map(withoutAllocation).filter((resource) => {
    const owner = reservationRole(resource);
    return resource.revocable === undefined && (owner === '*' || isInSubtree(role, owner));
  });

function unused(agent: Agent, wish: Wish, core: Core): Resource[] {
  const pool = core.algebra.pool((agent.total_resources ?? []).map(withoutAllocation));
  try {
    for (const list of [agent.allocated_resources, agent.offered_resources]) {
      for (const resource of list ?? []) {
        pool.take([withoutAllocation(resource)]);
      }
    }
    return usable(pool.resources(), wish);
  } finally {
    pool.free();
  }
}

function fits(wish: Wish, agent: Agent, resources: Resource[], core: Core): boolean {
  const { hostname } = agent.agent_info;
  const offer = { hostname, agent_id: { value: '' }, resources };
  return placeOn(offer, wish.tasks, wish.isGroup, core) !== undefined;
}

const needs = ({ tasks, isGroup }: Wish): Resource[] => [
  ...tasks.flatMap(({ resources = [] }) => resources),
  ...(isGroup ? executorResources : []),
];

interface Lack {
  readonly name: string;
  readonly needed: number;
  readonly there: number;
}

function lacks(wish: Wish, resources: readonly Resource[], core: Core): Lack[] {
  const { algebra } = core;
  const needed = algebra.quantities(needs(wish));
  const there = algebra.quantities(usable(resources, wish));
  return Object.entries(needed)
    .map(([name, amount]) => ({ name, needed: amount, there: there[name] ?? 0 }))
    .filter((lack) => lack.needed > lack.there);
}

/** The agent that lacks least, and what it lacks. */
function closest(
  agents: readonly Agent[],
  wish: Wish,
  core: Core,
  resourcesOf = (agent: Agent): readonly Resource[] => agent.total_resources ?? [],
): string {
  const [best] = agents
    .map((agent) => ({ agent, lacking: lacks(wish, resourcesOf(agent), core) }))
    .sort((a, b) => a.lacking.length - b.lacking.length || share(b.lacking) - share(a.lacking));
  return best === undefined
    ? ''
    : `closest is ${addressOf(best.agent)} (${shortage(wish, resourcesOf(best.agent), core)})`;
}

/** Several agents may be on one host. */
const addressOf = ({ agent_info: { hostname, port } }: Agent) =>
  port === undefined ? hostname : `${hostname}:${port}`;

/** How much of the lacking resources the agent has, as a fraction. */
const share = (lacking: readonly Lack[]) =>
  Math.min(1, ...lacking.map(({ needed, there }) => there / needed));
