// Roles in the competition: a role has a node while frameworks are tracked under it or below it,
// and its node is in a group while some of these are active. A role with frameworks and competing
// children has a second node, a virtual leaf among its children, that stands for its frameworks.
import { BAD_AMOUNT, BAD_HANDLE, OK } from '../../constants';
import { CHECKED, slot, tableCount } from '../../memory';
import { SLOT_ROLES, SLOT_UNWEIGHED } from '../../slots';
import { copyVector } from '../../vectors';
import { joinGroup, leaveGroup, touch } from './groups';
import {
  dropNode,
  NODE_OWN,
  NODE_ROLE,
  newNode,
  nodeCount,
  nodeVector,
  nodeWeight,
  setNodeCount,
  setNodeWeight,
} from './nodes';
import {
  activeFrameworks,
  childGroup,
  competingChildren,
  ownNode,
  roleAt,
  roleExists,
  roleNode,
  roleParent,
  roleWeight,
  trackedFrameworks,
} from './roles';

function subtreeActive(role: u32): u32 {
  return load<u32>(roleAt(role), 84);
}

function makeNode(role: u32): void {
  if (CHECKED) {
    assert(role != 0 && roleNode(role) == 0, 'a role that competes already');
  }
  const parent = roleParent(role);
  if (parent != 0) {
    if (roleNode(parent) == 0) {
      makeNode(parent);
    } else if (competingChildren(parent) == 0) {
      makeVirtual(parent, true);
    }
  }
  const node = newNode(NODE_ROLE, role, load<u32>(roleAt(role), 12));
  store<u32>(roleAt(role), node + 1, 28);
  store<u32>(roleAt(parent), competingChildren(parent) + 1, 36);
  // Its weight is read when its share is first computed, which is in the next run.
  setNodeWeight(node, NaN);
  store<u32>(slot(SLOT_UNWEIGHED), 1);
}

/**
 * Makes the virtual leaf of a role; with a copy of what the role holds if its frameworks competed
 * through the role's own node until now.
 */
function makeVirtual(role: u32, copy: bool): void {
  if (CHECKED) {
    assert(ownNode(role) == 0, 'a second virtual leaf');
  }
  const own = newNode(NODE_OWN, role, load<u32>(roleAt(role), 16));
  store<u32>(roleAt(role), own + 1, 32);
  if (copy) {
    const node = roleNode(role) - 1;
    copyVector(nodeVector(own), nodeVector(node));
    setNodeCount(own, nodeCount(node));
  }
  if (activeFrameworks(role) > 0) {
    joinGroup(childGroup(role), own);
  }
}

function dropRoleNode(role: u32): void {
  const parent = roleParent(role);
  if (CHECKED) {
    assert(activeFrameworks(role) == 0, 'a role whose frameworks compete');
    assert(competingChildren(parent) != 0, 'a competing child that is not counted');
  }
  dropNode(roleNode(role) - 1);
  store<u32>(roleAt(role), 0, 28);
  const left = competingChildren(parent) - 1;
  store<u32>(roleAt(parent), left, 36);
  if (parent == 0 || left != 0) {
    return;
  }
  if (trackedFrameworks(parent) == 0) {
    dropRoleNode(parent);
  } else {
    dropVirtual(parent);
  }
}

function dropVirtual(role: u32): void {
  dropNode(ownNode(role) - 1);
  store<u32>(roleAt(role), 0, 32);
}

/** A framework is tracked under the role from now on. */
export function trackFramework(role: u32): void {
  const tracked = trackedFrameworks(role);
  if (CHECKED) {
    assert(roleExists(role), 'a role that was dropped');
  }
  store<u32>(roleAt(role), tracked + 1, 20);
  if (tracked != 0) {
    return;
  }
  if (roleNode(role) == 0) {
    makeNode(role);
  } else {
    makeVirtual(role, false);
  }
}

export function untrackFramework(role: u32): void {
  if (CHECKED) {
    assert(trackedFrameworks(role) != 0, 'no framework is tracked');
  }
  const left = trackedFrameworks(role) - 1;
  store<u32>(roleAt(role), left, 20);
  if (left != 0) {
    return;
  }
  if (competingChildren(role) > 0) {
    dropVirtual(role);
  } else {
    dropRoleNode(role);
  }
}

/** Counts a framework of the role that enters (or leaves, -1) the competition. */
export function changeActive(role: u32, change: i32): void {
  if (CHECKED) {
    assert(change > 0 || activeFrameworks(role) != 0, 'an active framework that is not counted');
  }
  const own = activeFrameworks(role) + change;
  store<u32>(roleAt(role), own, 24);
  if (ownNode(role) != 0) {
    if (change > 0 && own == 1) {
      joinGroup(childGroup(role), ownNode(role) - 1);
    } else if (own == 0) {
      leaveGroup(ownNode(role) - 1);
    }
  }
  for (let at = role; at != 0; at = roleParent(at)) {
    if (CHECKED) {
      assert(change > 0 || subtreeActive(at) != 0, 'an active framework that is not counted below');
    }
    const active = subtreeActive(at) + change;
    store<u32>(roleAt(at), active, 84);
    if (change > 0 && active == 1) {
      joinGroup(childGroup(roleParent(at)), roleNode(at) - 1);
    } else if (active == 0) {
      leaveGroup(roleNode(at) - 1);
    }
  }
}

/** Nodes take the weight of their role when a run first looks at them, and keep it. */
export function weighNodes(): void {
  if (load<u32>(slot(SLOT_UNWEIGHED)) == 0) {
    return;
  }
  store<u32>(slot(SLOT_UNWEIGHED), 0);
  const count = tableCount(SLOT_ROLES);
  for (let role: u32 = 1; role < count; role++) {
    weighNode(role);
  }
}

/** True when the role has a node, and that had no weight before. */
export function weighNode(role: u32): bool {
  if (roleNode(role) == 0) {
    return false;
  }
  const node = roleNode(role) - 1;
  if (!isNaN(nodeWeight(node))) {
    return false;
  }
  setNodeWeight(node, roleWeight(role));
  touch(node);
  return true;
}

export function setWeight(role: u32, weight: f64): i32 {
  if (!roleExists(role)) {
    return BAD_HANDLE;
  }
  if (!(weight > 0) || weight == Infinity) {
    return BAD_AMOUNT;
  }
  store<f64>(roleAt(role), weight, 48);
  // As in Mesos, a role with children only keeps the weight that its node took first.
  if (roleNode(role) != 0 && trackedFrameworks(role) != 0) {
    setNodeWeight(roleNode(role) - 1, weight);
    touch(roleNode(role) - 1);
  }
  return OK;
}
