// Capabilities and facts as the bits that the module knows, and comparisons that tell whether they
// have changed. The module knows neither attributes nor names of regions.
import {
  AgentInfo_Capability_Type as AgentCapability,
  type Attribute,
  FrameworkInfo_Capability_Type as FrameworkCapability,
} from '../model/generated/messages.ts';
import {
  AGENT_ACTIVE,
  AGENT_FLAT_ROLES,
  AGENT_REMOTE,
  AGENT_SINGLE_ROLE,
  AGENT_WHITELISTED,
  FRAMEWORK_GPU,
  FRAMEWORK_MULTI_ROLE,
  FRAMEWORK_REFINEMENT,
  FRAMEWORK_REGION_AWARE,
  FRAMEWORK_REVOCABLE,
  FRAMEWORK_SHARED,
} from './constants.ts';
import type { AgentFacts } from './interface.ts';
import { CoreError } from './module.ts';

const FRAMEWORK_BITS = new Map<number, number>([
  [FrameworkCapability.MULTI_ROLE, FRAMEWORK_MULTI_ROLE],
  [FrameworkCapability.GPU_RESOURCES, FRAMEWORK_GPU],
  [FrameworkCapability.REGION_AWARE, FRAMEWORK_REGION_AWARE],
  [FrameworkCapability.SHARED_RESOURCES, FRAMEWORK_SHARED],
  [FrameworkCapability.REVOCABLE_RESOURCES, FRAMEWORK_REVOCABLE],
  [FrameworkCapability.RESERVATION_REFINEMENT, FRAMEWORK_REFINEMENT],
]);

export function capabilityBits(capabilities: readonly FrameworkCapability[]): number {
  let bits = 0;
  for (const capability of capabilities) {
    bits |= FRAMEWORK_BITS.get(capability) ?? 0;
  }
  return bits;
}

/** The flags of an agent; `region` is the master's own. */
export function agentFlags(agent: {
  readonly facts: AgentFacts;
  readonly capabilities: readonly AgentCapability[];
  readonly active: boolean;
  readonly whitelisted: boolean;
  readonly region: string | undefined;
}): number {
  const { facts, capabilities, region } = agent;
  return (
    (agent.active ? AGENT_ACTIVE : 0) |
    (agent.whitelisted ? AGENT_WHITELISTED : 0) |
    (capabilities.includes(AgentCapability.MULTI_ROLE) ? 0 : AGENT_SINGLE_ROLE) |
    (capabilities.includes(AgentCapability.HIERARCHICAL_ROLE) ? 0 : AGENT_FLAT_ROLES) |
    (isRemote(facts, region) ? AGENT_REMOTE : 0)
  );
}

/** Whether the agent is in another region than the master's, which is `region`. */
export const isRemote = (facts: AgentFacts, region: string | undefined) =>
  facts.region !== undefined && region !== undefined && facts.region !== region;

/** Each role once and sorted, so that the order in a message decides nothing. */
export function sortedRoles(roles: readonly string[]): string[] {
  return [...new Set(roles)].sort();
}

export function sameSet<T>(left: readonly T[], right: readonly T[]): boolean {
  const a = new Set(left);
  const b = new Set(right);
  return a.size === b.size && a.isSubsetOf(b);
}

/**
 * Whether each attribute of one list is in the other, and the lists have the same length: Mesos
 * compares them so.
 */
export function sameAttributes(left: readonly Attribute[], right: readonly Attribute[]): boolean {
  if (left.length !== right.length) {
    return false;
  }
  if (left === right || left.length === 0) {
    return true;
  }
  const texts = (all: readonly Attribute[]) => all.map((one) => JSON.stringify(one));
  return sameSet(texts(left), texts(right));
}

export function sameFacts(left: AgentFacts, right: AgentFacts): boolean {
  return (
    left.hostname === right.hostname &&
    left.region === right.region &&
    left.zone === right.zone &&
    sameAttributes(left.attributes, right.attributes)
  );
}

/**
 * The roles that a call is about: those it names, or all of the framework's roles where it names
 * none.
 */
export function rolesMeant(own: readonly string[], named: readonly string[]): readonly string[] {
  const foreign = named.find((role) => !own.includes(role));
  if (foreign !== undefined) {
    throw new CoreError('BAD_ARGUMENT', `not subscribed to ${foreign}`);
  }
  return named.length === 0 ? own : named;
}
