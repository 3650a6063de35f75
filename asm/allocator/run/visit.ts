// The visit of an agent: roles and their frameworks are gone through in the order that they have
// when the visit begins. A leaf or role that had its turn is parked. The keys of leaves and roles
// that were offered something change when the visit ends.
import { slot, tableAppend, tableBase, tableCount } from '../../memory';
import { rowCount } from '../../rows';
import { SLOT_PARKED, SLOT_STARVED } from '../../slots';
import { filtersOn } from '../filters/filter-lists';
import { MANY_FILTERS } from '../filters/filters';
import { excludedWords } from '../filters/leaf-bits';
import { AGENT_COMPLEX, agentAt, agentFlags } from '../tables/agents';
import {
  firstSlot,
  freshen,
  groupSize,
  isEmptySlot,
  memberAt,
  park,
  putBack,
  settleTouched,
} from '../tables/groups';
import { markIdle, setEmpty } from '../tables/idle-agents';
import { NODE_OWN, nodeKind, nodeOwner } from '../tables/nodes';
import {
  childGroup,
  competingChildren,
  frameworkGroup,
  ownMinimums,
  ROLE_STARVED,
  roleFlags,
} from '../tables/roles';
import { meets } from './minimums';
import { forRole, look, tryLeaf } from './offering';
import { isSatisfied } from './quotas';
import { randomRole, randomSlot, resetRandom } from './random-sorter';
import { HELD_BACK, OFFERED, Run, Visit } from './run-state';
import { makeShortList, SHORT_LIST, visitShortList } from './short-list-visit';

function parkMember(group: usize, at: u32): void {
  park(group, at);
  const index = tableAppend(SLOT_PARKED, 8);
  const to = tableBase(SLOT_PARKED) + ((<usize>index) << 3);
  store<usize>(to, group);
  store<u32>(to, at, 4);
}

function unparkTo(mark: u32): void {
  const list = tableBase(SLOT_PARKED);
  for (let i = tableCount(SLOT_PARKED); i > mark; i--) {
    const at = list + ((<usize>(i - 1)) << 3);
    putBack(load<usize>(at), load<u32>(at, 4));
  }
  store<u32>(slot(SLOT_PARKED + 1), mark);
}

/** Offers to the frameworks of a role in their order; false when the agent has nothing left. */
export function visitRole(role: u32): bool {
  const group = frameworkGroup(role);
  if (groupSize(group) == 0) {
    return true;
  }
  let row = forRole(role);
  if (rowCount(row) == 0) {
    return true;
  }
  Visit.minimumMet = meets(Run.clusterMinimum, row);
  if (!Visit.minimumMet && ownMinimums(role) == 0) {
    return true;
  }
  if (!Run.randomFrameworks) {
    freshen(group);
  }
  const mark = tableCount(SLOT_PARKED);
  let left = true;
  for (;;) {
    const at = Run.randomFrameworks ? randomSlot(group) : firstSlot(group);
    if (isEmptySlot(group, at)) {
      break;
    }
    if (Visit.guaranteeStage && isSatisfied(role)) {
      break;
    }
    const result = tryLeaf(nodeOwner(memberAt(group, at)), role, row);
    if (result == OFFERED) {
      if (!look()) {
        left = false;
        break;
      }
      row = forRole(role);
      if (rowCount(row) == 0) {
        break;
      }
      Visit.minimumMet = meets(Run.clusterMinimum, row);
    } else if (result == HELD_BACK) {
      Visit.heldBack = true;
    }
    parkMember(group, at);
  }
  unparkTo(mark);
  return left;
}

/** Visits the children of a role in their order; false when the agent has nothing left. */
function visitChildren(parent: u32): bool {
  const group = childGroup(parent);
  if (groupSize(group) == 0) {
    return true;
  }
  freshen(group);
  const mark = tableCount(SLOT_PARKED);
  let left = true;
  for (;;) {
    const at = firstSlot(group);
    if (isEmptySlot(group, at)) {
      break;
    }
    const node = memberAt(group, at);
    const role = nodeOwner(node);
    if (nodeKind(node) != NODE_OWN && competingChildren(role) > 0) {
      left = visitChildren(role);
    } else if (Visit.plain && (roleFlags(role) & ROLE_STARVED) != 0) {
      Visit.heldBack = true;
    } else {
      left = visitRole(role);
    }
    if (!left) {
      break;
    }
    parkMember(group, at);
  }
  unparkTo(mark);
  return left;
}

/** Sets up the visit of an agent; false when there is nothing to offer. */
export function enter(agent: u32): bool {
  Visit.agent = agent;
  const flags = agentFlags(agent);
  Visit.plain = (flags & AGENT_COMPLEX) == 0;
  Visit.denies = load<u32>(agentAt(agent), 4);
  Visit.filters = filtersOn(agent);
  Visit.hasBits = Visit.filters >= MANY_FILTERS;
  Visit.exclusions = excludedWords(agent) != 0;
  // Roles that are benched because of their limits may be back in the next run.
  Visit.heldBack = tableCount(SLOT_STARVED) != 0;
  if (!look()) {
    if (!Run.trial) {
      setEmpty(agent);
    }
    return false;
  }
  if (Visit.plain && !Run.ownMinimumsExist && !meets(Run.clusterMinimum, Visit.free)) {
    if (!Run.trial) {
      markIdle(agent);
    }
    return false;
  }
  return true;
}

export function visitFair(agent: u32): void {
  Visit.gave = false;
  if (Run.noneForPlain && (agentFlags(agent) & AGENT_COMPLEX) == 0) {
    return;
  }
  if (!enter(agent)) {
    return;
  }
  let left: bool;
  if (Run.randomRoles) {
    left = visitRandomRoles();
  } else if (Visit.hasBits || Visit.exclusions || Visit.denies != 0) {
    const open = makeShortList();
    left = open > SHORT_LIST || Run.randomFrameworks ? visitChildren(0) : visitShortList(open);
  } else {
    left = visitChildren(0);
  }
  settleTouched();
  // A trial leaves no traces.
  if (Run.trial) {
    return;
  }
  if (!left) {
    setEmpty(agent);
  } else if (!Visit.heldBack && !Visit.gave) {
    markIdle(agent);
  }
}

function visitRandomRoles(): bool {
  let picked: u32 = 0;
  for (;;) {
    const role = randomRole(picked);
    if (role == 0) {
      break;
    }
    picked++;
    if (Visit.plain && (roleFlags(role) & ROLE_STARVED) != 0) {
      Visit.heldBack = true;
    } else if (!visitRole(role)) {
      resetRandom();
      return false;
    }
  }
  resetRandom();
  return true;
}
