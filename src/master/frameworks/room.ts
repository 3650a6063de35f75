// Bounds of all frameworks together: their number, bytes and roles. Frameworks that have subscribed
// to this master have one share of them; frameworks that agents tell of, and that have not
// subscribed, have another. So no agent can take the places of frameworks that subscribe. Nor can a
// principal take those of others: a part of all is left to these.
import { frameworkRoles } from '../../model/capabilities.ts';
import type { FrameworkInfo, OfferConstraints } from '../../model/generated/messages.ts';
import { type AgentId, frameworkId } from '../../model/ids.ts';
import { parsePid } from '../../model/pid.ts';
import { treeSize } from '../../model/role.ts';
import { MAX_KNOWN_ROLES, rolesRoomError } from '../roles/room.ts';
import type { MasterState } from '../state.ts';
import {
  MAX_FRAMEWORK_ROLES,
  MAX_FRAMEWORK_TREE,
  MAX_FRAMEWORKS,
  MAX_ROLES,
  MAX_TOLD_FRAMEWORKS,
  MAX_TREE,
} from '../validation/count.ts';
import { frameworkBytes, growthError, MAX_FRAMEWORKS_BYTES } from '../validation/size.ts';
import type { Sums } from './framework-sums.ts';
import { isDisputed } from './owners.ts';

/** Why a framework may not subscribe with, or change to, this description. */
export function subscriberError(
  state: MasterState,
  info: FrameworkInfo,
  constraints: OfferConstraints | undefined,
): string | undefined {
  const roles = frameworkRoles(info);
  const tree = treeSize(roles, MAX_FRAMEWORK_TREE);
  if (tree > MAX_FRAMEWORK_TREE) {
    return `'FrameworkInfo.roles' with all roles above them are more than ${MAX_FRAMEWORK_TREE}`;
  }
  const noRoom = rolesRoomError(state, roles, MAX_KNOWN_ROLES);
  if (noRoom !== undefined) {
    return noRoom;
  }
  const registered = state.frameworks.registered.get(frameworkId(info.id?.value ?? ''));
  const known = registered?.state === 'recovered' ? undefined : registered;
  const sum = state.frameworks.sums.subscribed;
  if (known === undefined && sum.frameworks >= MAX_FRAMEWORKS) {
    return `There are ${MAX_FRAMEWORKS} frameworks already, which is as many as may be`;
  }
  const more = {
    roles: roles.length - (known?.roles.size ?? 0),
    tree: tree - (known?.treeSize ?? 0),
    bytes: frameworkBytes(info, constraints) - (known?.bytes ?? 0),
  };
  return (
    overflow(sum, more) ??
    principalOverflow(state, info.principal, {
      ...more,
      frameworks: known === undefined ? 1 : 0,
    }) ??
    (registered && growthError(state.agents.registered.values(), registered, info))
  );
}

/** The part of the places of frameworks that one principal may have. */
const PRINCIPAL_SHARE = 3 / 4;

function principalOverflow(
  state: MasterState,
  principal: string | undefined,
  more: Sums,
): string | undefined {
  // Where nobody says who he is there are no others.
  if (principal === undefined) {
    return undefined;
  }
  const own = state.frameworks.sums.subscribedBy(principal);
  const most = Math.floor(MAX_FRAMEWORKS * PRINCIPAL_SHARE);
  return more.frameworks > 0 && own.frameworks >= most
    ? `Principal '${principal}' has ${most} frameworks already, which is as many as it may have`
    : overflow(own, more, PRINCIPAL_SHARE, ` of principal '${principal}'`);
}

/**
 * Which bound `more` would break. A sum that is beyond a bound already is no error, only what adds
 * to it.
 */
function overflow(
  sum: Sums,
  more: Omit<Sums, 'frameworks'>,
  share = 1,
  ofWhom = '',
): string | undefined {
  const mostRoles = Math.floor(MAX_ROLES * share);
  const mostTree = Math.floor(MAX_TREE * share);
  const mostBytes = Math.floor(MAX_FRAMEWORKS_BYTES * share);
  if (more.roles > 0 && sum.roles + more.roles > mostRoles) {
    return `All frameworks${ofWhom} together would have more than ${mostRoles} roles`;
  }
  if (more.tree > 0 && sum.tree + more.tree > mostTree) {
    return `All frameworks${ofWhom} together would have more than ${mostTree} roles, those above theirs included`;
  }
  return more.bytes > 0 && sum.bytes + more.bytes > mostBytes
    ? `All frameworks' infos and constraints${ofWhom} together would have more than ${mostBytes} bytes`
    : undefined;
}

/**
 * Why an agent cannot register again with these frameworks: too many of them are unknown to the
 * master, or have too many roles, alone or with what agents have told of before. The agent may get
 * in later: frameworks that have subscribed by then are known.
 */
export function toldError(
  state: MasterState,
  agent: AgentId,
  pid: string,
  frameworks: readonly FrameworkInfo[],
): string | undefined {
  if (frameworks.length > MAX_FRAMEWORKS) {
    return `It has ${frameworks.length} frameworks, which is more than ${MAX_FRAMEWORKS}`;
  }
  const { registered, completed } = state.frameworks;
  const more = { frameworks: 0, roles: 0, tree: 0, bytes: 0 };
  const roles = new Set<string>();
  let all = 0;
  for (const info of frameworks) {
    const id = frameworkId(info.id?.value ?? '');
    const own = frameworkRoles(info);
    all += own.length;
    if (own.length > MAX_FRAMEWORK_ROLES || all > MAX_ROLES) {
      return `Framework ${id} has too many roles, alone or with those before it`;
    }
    if ((registered.has(id) || completed.has(id)) && !isDisputed(state, info)) {
      continue;
    }
    more.frameworks++;
    for (const role of own) {
      roles.add(role);
    }
    more.roles += own.length;
    more.tree += treeSize(own, MAX_FRAMEWORK_TREE);
    more.bytes += frameworkBytes(info, undefined);
    if (more.frameworks > MAX_TOLD_FRAMEWORKS || more.tree > MAX_FRAMEWORK_TREE) {
      return (
        `More than ${MAX_TOLD_FRAMEWORKS} of its frameworks are not known here, or those have more than` +
        ` ${MAX_FRAMEWORK_TREE} roles, those above theirs included`
      );
    }
  }
  if (more.frameworks === 0) {
    return undefined;
  }
  const noRoom = rolesRoomError(state, [...roles]);
  if (noRoom !== undefined) {
    return noRoom;
  }
  const { agents } = state;
  const isKnown =
    agents.registered.has(agent) || agents.recovered.has(agent) || agents.unreachable.has(agent);
  const { told } = state.frameworks.sums;
  if (isKnown) {
    return toldOverflow(told, more, 1, 'Agents');
  }
  const ip = parsePid(pid)?.host;
  const there = state.frameworks.sums.toldBy(ip);
  return (
    toldOverflow(told, more, STRANGERS_SHARE, 'Agents that are not known here') ??
    toldOverflow(there, more, STRANGERS_OF_ADDRESS_SHARE, `Agents at ${ip} that are not known here`)
  );
}

/**
 * Parts of what agents may tell that unknown agents may tell: all of them together, and those at
 * one address.
 */
const STRANGERS_SHARE = 1 / 2;
const STRANGERS_OF_ADDRESS_SHARE = 1 / 4;

function toldOverflow(sum: Sums, more: Sums, share: number, who: string): string | undefined {
  const most = Math.floor(MAX_FRAMEWORKS * share);
  return sum.frameworks + more.frameworks > most
    ? `${who} would tell of more than ${most} frameworks that have not subscribed yet`
    : overflow(sum, more, share);
}
