// Checks of leaves and roles: which exist, which take part, and in which groups their nodes are.
import { checkFiltersOfLeaf } from '../allocator/filters/filter-lists';
import { excludedBits, excludedWords, leafExclusions } from '../allocator/filters/leaf-bits';
import { agentExists } from '../allocator/tables/agents';
import {
  FRAMEWORK_SIZE,
  findLeaf,
  frameworkExists,
  LEAF_ACTIVE,
  LEAF_EXISTS,
  LEAF_SIZE,
  leafAt,
  leafFlags,
  leafFramework,
  leafMinimum,
  leafNode,
  leafRole,
} from '../allocator/tables/frameworks';
import { checkGroup, groupSize } from '../allocator/tables/groups';
import { firstHolding, holdingLeaf, nextHolding } from '../allocator/tables/holdings';
import {
  NODE_LEAF,
  NODE_OWN,
  NODE_ROLE,
  NODE_SIZE,
  nodeGroup,
  nodeKind,
  nodeOwner,
} from '../allocator/tables/nodes';
import {
  activeFrameworks,
  childGroup,
  competingChildren,
  frameworkGroup,
  kindsOfRole,
  ownMinimums,
  ownNode,
  ROLE_QUOTA,
  ROLE_SIZE,
  ROLE_STARVED,
  roleExists,
  roleFlags,
  roleNode,
  trackedFrameworks,
} from '../allocator/tables/roles';
import { isLiveKind, kindCount, kindRole } from '../kinds';
import { checkFreeNumbers, slot, tableCount } from '../memory';
import {
  SLOT_ACTIVE_LEAVES,
  SLOT_AGENTS,
  SLOT_FRAMEWORK_FREE,
  SLOT_FRAMEWORKS,
  SLOT_LEAF_FREE,
  SLOT_LEAVES,
  SLOT_NODE_FREE,
  SLOT_NODES,
  SLOT_OWN_MINIMUMS,
  SLOT_QUOTA_ROLES,
  SLOT_ROLES,
  SLOT_ROLES_FREE,
} from '../slots';

function isActive(leaf: u32): bool {
  if (leaf >> 5 >= load<u32>(slot(SLOT_ACTIVE_LEAVES + 1))) {
    return false;
  }
  const word = load<u32>(load<usize>(slot(SLOT_ACTIVE_LEAVES)) + ((<usize>(leaf >> 5)) << 2));
  return ((word >> (leaf & 31)) & 1) != 0;
}

function checkLeaf(leaf: u32): void {
  const framework = leafFramework(leaf);
  const role = leafRole(leaf);
  const node = leafNode(leaf);
  assert(findLeaf(framework, role) == leaf + 1, 'two leaves of a framework in a role');
  assert(nodeKind(node) == NODE_LEAF && nodeOwner(node) == leaf, 'the node of another leaf');
  const active = (leafFlags(leaf) & LEAF_ACTIVE) != 0;
  assert(nodeGroup(node) == (active ? frameworkGroup(role) : 0), 'a leaf in another group');
  assert(isActive(leaf) == active, 'a leaf with a wrong bit');
  checkFiltersOfLeaf(leaf);
  let holdings: u32 = 0;
  let exclusions: u32 = 0;
  for (let agent: u32 = 0; agent < tableCount(SLOT_AGENTS); agent++) {
    if (!agentExists(agent)) {
      continue;
    }
    if (leaf >> 5 < excludedWords(agent)) {
      const word = load<u32>(excludedBits(agent) + ((<usize>(leaf >> 5)) << 2));
      exclusions += (word >> (leaf & 31)) & 1;
    }
    for (let at = firstHolding(agent); at != 0; at = nextHolding(at)) {
      if (holdingLeaf(at) == leaf + 1) {
        holdings++;
      }
    }
  }
  assert(holdings == load<u32>(leafAt(leaf), 48), 'holdings of a leaf that are not counted');
  assert(exclusions == leafExclusions(leaf), 'exclusions of a leaf that are not counted');
}

export function checkLeaves(): void {
  let leaves: u32 = 0;
  let minimums: u32 = 0;
  for (let leaf: u32 = 0; leaf < tableCount(SLOT_LEAVES); leaf++) {
    if ((leafFlags(leaf) & LEAF_EXISTS) == 0) {
      assert(!isActive(leaf), 'a bit of no leaf');
      continue;
    }
    leaves++;
    checkLeaf(leaf);
    if ((leafFlags(leaf) & LEAF_ACTIVE) != 0 && leafMinimum(leaf) != 0) {
      minimums++;
    }
  }
  const free = checkFreeNumbers(SLOT_LEAVES, LEAF_SIZE, SLOT_LEAF_FREE, 36);
  assert(leaves + free == tableCount(SLOT_LEAVES), 'leaves that are lost');
  assert(minimums == load<u32>(slot(SLOT_OWN_MINIMUMS)), 'minimums that are not counted');
  let frameworks: u32 = 0;
  for (let framework: u32 = 0; framework < tableCount(SLOT_FRAMEWORKS); framework++) {
    if (frameworkExists(framework)) {
      frameworks++;
    }
  }
  const chain = checkFreeNumbers(SLOT_FRAMEWORKS, FRAMEWORK_SIZE, SLOT_FRAMEWORK_FREE, 20);
  assert(frameworks + chain == tableCount(SLOT_FRAMEWORKS), 'frameworks that are lost');
}

/**
 * Asserts the list of a role's leaves, and the counts of active ones and of minimums of their own.
 */
function checkLeavesOf(role: u32): void {
  let tracked: u32 = 0;
  let active: u32 = 0;
  let minimums: u32 = 0;
  for (let leaf: u32 = 0; leaf < tableCount(SLOT_LEAVES); leaf++) {
    if ((leafFlags(leaf) & LEAF_EXISTS) == 0 || leafRole(leaf) != role) {
      continue;
    }
    tracked++;
    if ((leafFlags(leaf) & LEAF_ACTIVE) == 0) {
      continue;
    }
    active++;
    if (leafMinimum(leaf) != 0) {
      minimums++;
    }
  }
  assert(tracked == trackedFrameworks(role), 'frameworks of a role that are not counted');
  assert(active == activeFrameworks(role), 'active frameworks of a role that are not counted');
  assert(active == groupSize(frameworkGroup(role)), 'active frameworks that do not compete');
  assert(minimums == ownMinimums(role), 'minimums of a role that are not counted');
}

export function checkRoles(): void {
  checkKindsOfRoles();
  let roles: u32 = 1;
  let quotas: u32 = 0;
  checkGroup(childGroup(0));
  for (let role: u32 = 1; role < tableCount(SLOT_ROLES); role++) {
    if (!roleExists(role)) {
      continue;
    }
    roles++;
    if ((roleFlags(role) & ROLE_QUOTA) != 0) {
      quotas++;
    }
    assert((roleFlags(role) & ROLE_STARVED) == 0, 'a role that is starved between runs');
    checkGroup(frameworkGroup(role));
    checkGroup(childGroup(role));
    checkLeavesOf(role);
    const competes = trackedFrameworks(role) != 0 || competingChildren(role) != 0;
    assert((roleNode(role) != 0) == competes, 'a role that should compete, or should not');
    if (roleNode(role) != 0) {
      checkNode(roleNode(role) - 1, NODE_ROLE, role);
    }
    const hasOwn = trackedFrameworks(role) != 0 && competingChildren(role) != 0;
    assert((ownNode(role) != 0) == hasOwn, 'a virtual leaf too many or too few');
    if (ownNode(role) != 0) {
      checkNode(ownNode(role) - 1, NODE_OWN, role);
    }
  }
  const free = checkFreeNumbers(SLOT_ROLES, ROLE_SIZE, SLOT_ROLES_FREE, 96);
  assert(roles + free == tableCount(SLOT_ROLES), 'roles that are lost');
  assert(quotas == tableCount(SLOT_QUOTA_ROLES), 'quotas that are not listed');
  checkFreeNumbers(SLOT_NODES, NODE_SIZE, SLOT_NODE_FREE, 44);
}

function checkNode(node: u32, kind: u32, owner: u32): void {
  assert(nodeKind(node) == kind && nodeOwner(node) == owner, 'the node of another owner');
}

/** Asserts that each live kind counts for the role of its innermost reservation, which exists. */
function checkKindsOfRoles(): void {
  let counted: u32 = 0;
  for (let role: u32 = 1; role < tableCount(SLOT_ROLES); role++) {
    if (roleExists(role)) {
      counted += kindsOfRole(role);
    }
  }
  for (let kind: u32 = 0; kind < kindCount(); kind++) {
    if (!isLiveKind(kind) || kindRole(kind) == 0) {
      continue;
    }
    assert(roleExists(kindRole(kind)), 'a kind is reserved for a role that is gone');
    assert(kindsOfRole(kindRole(kind)) > 0, 'a role does not count a kind');
    counted--;
  }
  assert(counted == 0, 'roles count other kinds than there are');
}
