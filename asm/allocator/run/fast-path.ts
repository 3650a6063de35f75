// The fast path: all that is free on a plain agent goes to the framework that is first, in one
// step. Most visits of a busy cluster are of this kind; all others are left to visit.ts.
import { SOLID } from '../../constants';
import { isScalar, kindUnit } from '../../kinds';
import { CHECKED, slot, tableAppend, tableBase } from '../../memory';
import { ITEM_SIZE } from '../../rows';
import { SLOT_OFFERS, SLOT_TALLY } from '../../slots';
import { vectorAt } from '../../vectors';
import { MANY_FILTERS, mayBeHidden } from '../filters/filters';
import { isSeen } from '../filters/hidden';
import { isExcluded } from '../filters/leaf-bits';
import { AGENT_COMPLEX, AGENT_ORDERED, agentAt } from '../tables/agents';
import { ENTRY_SIZE, freeAmount } from '../tables/entries';
import { leafAt } from '../tables/frameworks';
import {
  advanceMember,
  firstSlot,
  freshen,
  groupSize,
  isEmptySlot,
  memberAt,
  memberOwner,
  memberVector,
  rekey,
  unsettle,
} from '../tables/groups';
import { holdingItems, newHolding } from '../tables/holdings';
import { setEmpty } from '../tables/idle-agents';
import { NODE_OWN, nodeCount, nodeKind, nodeOwner, setNodeCount } from '../tables/nodes';
import {
  childGroup,
  competingChildren,
  frameworkGroup,
  ownNode,
  ROLE_QUOTA,
  roleFlags,
  roleNode,
  roleParent,
} from '../tables/roles';
import { firstOpen, NO_SLOT } from './first-open';
import { entriesMeet } from './minimums';
import { OFFER_SIZE } from './offering';
import { drawRole, drawSlot } from './random-sorter';
import { Run } from './run-state';
import { settleName } from './single-role-batch';

/** The role whose frameworks are next, going down from the top; 0 when no framework takes part. */
function nextRole(): u32 {
  let parent: u32 = 0;
  let role: u32 = 0;
  while (role == 0) {
    const group = childGroup(parent);
    if (groupSize(group) == 0) {
      return 0;
    }
    freshen(group);
    const at = firstSlot(group);
    if (isEmptySlot(group, at)) {
      return 0;
    }
    const node = memberAt(group, at);
    parent = nodeOwner(node);
    if (nodeKind(node) == NODE_OWN || competingChildren(parent) == 0) {
      role = parent;
    }
  }
  return role;
}

/**
 * Offers the whole free part of a plain agent to the first leaf, where no quota and no refusal is
 * in the way. False when something is; then nothing has changed.
 */
export function visitFast(agent: u32): bool {
  const record = agentAt(agent);
  if ((load<u32>(record) & (AGENT_COMPLEX | AGENT_ORDERED)) != 0) {
    return false;
  }
  let role = Run.randomRoles ? drawRole() : Run.singleRole;
  let group = Run.singleGroup;
  if (Run.singleRole == 0) {
    if (!Run.randomRoles) {
      role = nextRole();
    }
    if (role == 0 || (roleFlags(role) & ROLE_QUOTA) != 0) {
      return false;
    }
    group = frameworkGroup(role);
    if (!Run.randomFrameworks) {
      freshen(group);
    }
  }
  let first = Run.randomFrameworks ? drawSlot(group) : firstSlot(group);
  if (isEmptySlot(group, first)) {
    return false;
  }
  if (mayBeClosed(agent, record, memberOwner(group, first))) {
    if (Run.randomFrameworks || !knowsClosed(agent, record)) {
      return false;
    }
    first = firstOpen(group, agent, load<u32>(record, 4));
    if (first == NO_SLOT) {
      return false;
    }
  }
  const leafNumber = memberOwner(group, first);
  const leaf = leafAt(leafNumber);
  // A leaf with a minimum of its own is left to visit.ts.
  if (load<usize>(leaf, 24) != 0) {
    return false;
  }
  // An agent of which something has been offered in this run is left to visit.ts.
  if (load<u32>(record, 60) == Run.number) {
    return false;
  }
  const framework = load<u32>(leaf);
  for (let at = load<usize>(record, 20); at != 0; at = load<usize>(at)) {
    if (load<u32>(at, 4) == framework && load<u32>(at, 8) == role) {
      return false;
    }
  }
  const entries = load<usize>(record, 8);
  const count = load<u32>(record, 12);
  const end = entries + <usize>count * ENTRY_SIZE;
  if (!entriesMeet(entries, end) || !anythingFree(entries, end)) {
    return false;
  }

  const holding = newHolding(agent, framework, role, leafNumber + 1, count);
  store<u32>(leaf, load<u32>(leaf, 48) + 1, 48);
  takeAll(entries, end, holding, memberVector(group, first));
  if (Run.singleRole != 0) {
    Run.given++;
  } else {
    for (let entry = entries; entry < end; entry += ENTRY_SIZE) {
      settleName(role, (<usize>(load<u32>(entry, 4) >> 16)) << 3);
    }
    if (ownNode(role) != 0) {
      advance(ownNode(role) - 1, Run.randomRoles);
    }
    for (let r = role; r != 0; r = roleParent(r)) {
      advance(roleNode(r) - 1, Run.randomRoles);
    }
  }
  if (Run.randomFrameworks) {
    advance(memberAt(group, first), true);
  } else {
    advanceMember(group, first);
  }

  const index = tableAppend(SLOT_OFFERS, OFFER_SIZE);
  const to = tableBase(SLOT_OFFERS) + <usize>index * OFFER_SIZE;
  store<u32>(to, leafNumber);
  store<u32>(to, agent, 4);
  store<usize>(to, holdingItems(holding), 8);
  store<u32>(to, load<u32>(holding, 16), 12);
  store<u64>(to, 0, 16);
  store<u32>(record, index + 1, 56);
  store<u32>(record, Run.number, 60);
  setEmpty(agent);
  return true;
}

/** False when no trait, constraint or filter keeps the agent from the leaf; true when one may. */
// @ts-ignore: decorator
@inline
function mayBeClosed(agent: u32, record: usize, leaf: u32): bool {
  const leafRecord = leafAt(leaf);
  if ((load<u32>(leafRecord, 16) & load<u32>(record, 4)) != 0) {
    return true;
  }
  if (load<u32>(record, 52) != 0 && isExcluded(agent, leaf)) {
    return true;
  }
  return load<u32>(record, 28) != 0 && load<u32>(leafRecord, 32) != 0 && mayBeHidden(agent, leaf);
}

/**
 * True when bits alone tell which leaves may be offered the agent, without a walk over its filters.
 */
function knowsClosed(agent: u32, record: usize): bool {
  const filters = load<u32>(record, 28);
  return filters == 0 || (filters >= MANY_FILTERS && isSeen(agent));
}

/**
 * Moves all that is free of an agent to a new holding, and counts it for the leaf and in the tally.
 */
// @ts-ignore: decorator
@inline
function takeAll(entries: usize, end: usize, holding: usize, vector: u32): void {
  const leafHeld = vectorAt(vector);
  const tally = vectorAt(load<u32>(slot(SLOT_TALLY)));
  const begin = holdingItems(holding);
  let item = begin;
  for (let entry = entries; entry < end; entry += ENTRY_SIZE) {
    const amount = freeAmount(entry);
    if (amount <= 0) {
      continue;
    }
    const flags = load<u32>(entry, 4);
    // The reference to the free set moves to the holding, with the kind before it.
    store<u32>(item, load<u32>(entry));
    store<usize>(item, load<usize>(entry, 28), 4);
    store<usize>(entry, 0, 28);
    store<f64>(item, amount, 8);
    store<f64>(entry, load<f64>(entry, 16) + amount, 16);
    item += ITEM_SIZE;
    if (!isScalar(flags)) {
      continue;
    }
    if (CHECKED) {
      assert(isScalar(flags) && amount > 0, 'a plain entry of another type');
    }
    const held = (flags & SOLID) != 0 ? amount * kindUnit(load<u32>(entry)) : amount;
    const at = (<usize>(flags >> 16)) << 3;
    store<f64>(leafHeld + at, load<f64>(leafHeld + at) + held);
    store<f64>(tally + at, load<f64>(tally + at) + held);
  }
  store<u32>(holding, <u32>((item - begin) / ITEM_SIZE), 16);
}

/**
 * Whether anything is free: without a cluster minimum, an agent with nothing free would be offered
 * too.
 */
function anythingFree(entries: usize, end: usize): bool {
  if (Run.clusterMinimum != 0 && load<u32>(Run.clusterMinimum, 4) != 0) {
    return true;
  }
  for (let entry = entries; entry < end; entry += ENTRY_SIZE) {
    if (freeAmount(entry) > 0) {
      return true;
    }
  }
  return false;
}

/** One more allocation for a node, and its new place, where places matter. */
// @ts-ignore: decorator
@inline
function advance(node: u32, drawn: bool): void {
  setNodeCount(node, nodeCount(node) + 1);
  if (drawn) {
    unsettle(node);
  } else {
    rekey(node);
  }
}
