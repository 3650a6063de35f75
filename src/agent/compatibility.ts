// Whether an agent may go on under the id of the one that was checkpointed in its work directory.
import { sameMessage } from '../model/equality.ts';
import type { AgentInfo, Attribute } from '../model/generated/messages.ts';
import type { AgentState } from './state.ts';

/** Why not, in the words for the operator; by the reconfiguration policy. */
export function incompatibility(agent: AgentState, before: AgentInfo): string | undefined {
  const { options } = agent;
  switch (options.reconfigurationPolicy) {
    case 'equal':
      return differenceOf(agent, before);
    case 'additive':
      return reductionOf(agent, before);
    case 'any':
      return renamed(agent, before);
  }
}

/** A master knows agents by their host names, and refuses one that comes back with another. */
const renamed = ({ info }: AgentState, before: AgentInfo) =>
  info.hostname === before.hostname
    ? undefined
    : `the host name was ${before.hostname} and is ${info.hostname}`;

function differenceOf(agent: AgentState, before: AgentInfo): string | undefined {
  const { info } = agent;
  const change = renamed(agent, before);
  if (change !== undefined) {
    return change;
  }
  if (!agent.core.algebra.equal(info.resources ?? [], before.resources ?? [])) {
    return 'its resources differ';
  }
  if (!sameMessage(info.attributes ?? [], before.attributes ?? [])) {
    return 'its attributes differ';
  }
  return sameMessage(info.domain, before.domain) ? undefined : 'its domain differs';
}

function reductionOf(agent: AgentState, before: AgentInfo): string | undefined {
  const { info } = agent;
  const change = renamed(agent, before);
  if (change !== undefined) {
    return change;
  }
  if (!agent.core.algebra.contains(info.resources ?? [], before.resources ?? [])) {
    return 'it has fewer resources than before';
  }
  const has = (attribute: Attribute) =>
    (info.attributes ?? []).some((own) => sameMessage(own, attribute));
  if (!(before.attributes ?? []).every(has)) {
    return 'an attribute is missing or has changed';
  }
  return before.domain === undefined || sameMessage(info.domain, before.domain)
    ? undefined
    : 'its domain differs';
}
