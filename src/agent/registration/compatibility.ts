// Whether an agent may go on under the id of the one that was checkpointed in its work directory.
import { formatAttributes } from '../../model/attribute-text.ts';
import { sameMessage } from '../../model/equality.ts';
import type { AgentInfo, Attribute, DomainInfo, Resource } from '../../model/generated/messages.ts';
import { resourcesText } from '../../model/resource-label.ts';
import { formatResources } from '../../model/resource-text.ts';
import type { AgentState } from '../state.ts';

/** Why the agent may not go on, by the reconfiguration policy, in words for the operator. */
export const incompatibility = (agent: AgentState, before: AgentInfo): string | undefined =>
  incompatibilityBy(agent.options.reconfigurationPolicy, agent, before);

/** The strictest policy under which the agent may go on; undefined when there is none. */
export const mildestPolicy = (agent: AgentState, before: AgentInfo): Policy | undefined =>
  (['equal', 'additive', 'any'] as const).find(
    (policy) => incompatibilityBy(policy, agent, before) === undefined,
  );

type Policy = AgentState['options']['reconfigurationPolicy'];

function incompatibilityBy(
  policy: Policy,
  agent: AgentState,
  before: AgentInfo,
): string | undefined {
  switch (policy) {
    case 'equal':
      return differenceOf(agent, before);
    case 'additive':
      return reductionOf(agent, before);
    case 'any':
      return renamed(agent, before);
  }
}

/** How the host name has changed: a master refuses an agent that registers again under another. */
const renamed = ({ info }: AgentState, before: AgentInfo) =>
  info.hostname === before.hostname
    ? undefined
    : `the host name was ${before.hostname} and is ${info.hostname} (--hostname sets it)`;

/** All that has changed since the checkpoint, whether or not a policy allows it. */
export function differenceOf(agent: AgentState, before: AgentInfo): string | undefined {
  const { info } = agent;
  const { resources, attributes } = before;
  return joined([
    renamed(agent, before),
    agent.core.algebra.equal(info.resources ?? [], resources ?? [])
      ? undefined
      : `its resources differ: ${resourceChange(resources, info.resources)}`,
    sameMessage(info.attributes ?? [], attributes ?? [])
      ? undefined
      : `its attributes differ: ${changed(formatAttributes, attributes, info.attributes)}`,
    sameMessage(info.domain, before.domain) ? undefined : domainChange(agent, before),
  ]);
}

/** All that the agent had at the checkpoint and has no more. */
function reductionOf(agent: AgentState, before: AgentInfo): string | undefined {
  const { info } = agent;
  const { resources, attributes } = before;
  const has = (attribute: Attribute) =>
    (info.attributes ?? []).some((own) => sameMessage(own, attribute));
  const change = changed(formatAttributes, attributes, info.attributes);
  return joined([
    renamed(agent, before),
    agent.core.algebra.contains(info.resources ?? [], resources ?? [])
      ? undefined
      : `it has fewer resources than before: ${resourceChange(resources, info.resources)}`,
    (attributes ?? []).every(has) ? undefined : `an attribute is missing or has changed: ${change}`,
    before.domain === undefined || sameMessage(info.domain, before.domain)
      ? undefined
      : domainChange(agent, before),
  ]);
}

/** One text of all changes; undefined where there is none. */
function joined(changes: readonly (string | undefined)[]): string | undefined {
  const found = changes.filter((change) => change !== undefined);
  return found.length === 0 ? undefined : found.join(', and ');
}

function changed<T>(
  textOf: (items: readonly T[]) => string,
  before: readonly T[] = [],
  now: readonly T[] = [],
): string {
  return `they were ${textOf(before) || 'none'} and are ${textOf(now) || 'none'}`;
}

/**
 * The change of resources in the form of flags, or in full where that form does not show it (a
 * disk, say).
 */
function resourceChange(before: readonly Resource[] = [], now: readonly Resource[] = []): string {
  const isShown = formatResources(before) !== formatResources(now);
  return changed(isShown ? formatResources : resourcesText, before, now);
}

const domainChange = ({ info }: AgentState, before: AgentInfo) =>
  `its domain was ${domainText(before.domain)} and is ${domainText(info.domain)}`;

function domainText(domain: DomainInfo | undefined): string {
  const fault = domain?.fault_domain;
  return fault === undefined ? 'none' : `${fault.region.name}/${fault.zone.name}`;
}
