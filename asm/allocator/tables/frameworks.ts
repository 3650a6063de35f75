// Frameworks, and their leaves: a leaf is one framework in one role. Leaves compete, are offered
// resources, refuse them, and are excluded. A leaf exists while the framework is subscribed to the
// role or holds something of it.
import {
  BAD_AMOUNT,
  BAD_ARGUMENT,
  BAD_HANDLE,
  BAD_STATE,
  EXISTS,
  FRAMEWORK_GPU,
  FRAMEWORK_MULTI_ROLE,
  FRAMEWORK_REFINEMENT,
  FRAMEWORK_REGION_AWARE,
  FRAMEWORK_REVOCABLE,
  FRAMEWORK_SHARED,
  MAX_FRAMEWORKS,
  MAX_RANK,
  OK,
  REFINED,
  REVOCABLE,
  SHARED,
  TOO_MANY,
} from '../../constants';
import { nameCount } from '../../kinds';
import {
  alloc,
  CHECKED,
  free,
  resizeZeroed,
  slot,
  tableBase,
  tableCount,
  tablePush,
} from '../../memory';
import {
  SLOT_ACTIVE_LEAVES,
  SLOT_FRAMEWORK_FREE,
  SLOT_FRAMEWORKS,
  SLOT_IO,
  SLOT_IO_SIZE,
  SLOT_LEAF_FREE,
  SLOT_LEAVES,
  SLOT_OWN_MINIMUMS,
  SLOT_ROLES,
} from '../../slots';
import { joinGroup, leaveGroup } from './groups';
import { dropNode, NODE_LEAF, newNode, setNodeRank } from './nodes';
import { changeActive, trackFramework, untrackFramework } from './role-competition';
import {
  firstLeaf as firstLeafOfRole,
  frameworkGroup,
  ownMinimums,
  roleAt,
  roleDepth,
  roleExists,
  setOwnMinimums,
} from './roles';
import { IS_HIERARCHICAL, IS_MULTI_ROLE, LACKS_GPU, LACKS_REGION } from './traits';

// Framework: flags u32 | capabilities u32 | rank u32 | first leaf + 1 u32 | unused u32 |
//            next free u32 | holdings from before it was known u32 | -
// @ts-ignore: decorator
@inline
export const FRAMEWORK_SIZE: usize = 32;
export const FRAMEWORK_KNOWN: u32 = 1;
export const FRAMEWORK_ACTIVE: u32 = 2;
export const FRAMEWORK_USED: u32 = 4;

// Leaf: framework u32 | role u32 | flags u32 | node u32 | traits u32 | strip u32 | minimum u32 |
//       first filter + 1 u32 | filters u32 | next of framework + 1 u32 | next of role + 1 u32 |
//       excluded agents u32 | holdings u32 |
//       previous of framework + 1 u32 | previous of role + 1 u32 | unused u32
// @ts-ignore: decorator
@inline
export const LEAF_SIZE: usize = 64;
export const LEAF_EXISTS: u32 = 1;
/** Takes part in the competition. */
export const LEAF_ACTIVE: u32 = 2;
export const LEAF_SUBSCRIBED: u32 = 4;
export const LEAF_SUPPRESSED: u32 = 8;

// @ts-ignore: decorator
@inline
function frameworkAt(framework: u32): usize {
  if (CHECKED) {
    assert(framework < tableCount(SLOT_FRAMEWORKS), 'no such framework');
  }
  return tableBase(SLOT_FRAMEWORKS) + <usize>framework * FRAMEWORK_SIZE;
}
// @ts-ignore: decorator
@inline
export function frameworkFlags(framework: u32): u32 {
  return load<u32>(frameworkAt(framework));
}
// @ts-ignore: decorator
@inline
export function setFrameworkFlags(framework: u32, flags: u32): void {
  store<u32>(frameworkAt(framework), flags);
}
// @ts-ignore: decorator
@inline
export function firstLeafOf(framework: u32): u32 {
  return load<u32>(frameworkAt(framework), 12);
}

/** True for a number that the host was given and has not dropped. */
export function frameworkExists(framework: u32): bool {
  return (
    framework < tableCount(SLOT_FRAMEWORKS) && (frameworkFlags(framework) & FRAMEWORK_USED) != 0
  );
}
export function frameworkKnown(framework: u32): bool {
  return (
    framework < tableCount(SLOT_FRAMEWORKS) && (frameworkFlags(framework) & FRAMEWORK_KNOWN) != 0
  );
}

// @ts-ignore: decorator
@inline
export function leafAt(leaf: u32): usize {
  if (CHECKED) {
    assert(leaf < tableCount(SLOT_LEAVES), 'no such leaf');
  }
  return tableBase(SLOT_LEAVES) + <usize>leaf * LEAF_SIZE;
}
// @ts-ignore: decorator
@inline
export function leafFramework(leaf: u32): u32 {
  return load<u32>(leafAt(leaf));
}
// @ts-ignore: decorator
@inline
export function leafRole(leaf: u32): u32 {
  return load<u32>(leafAt(leaf), 4);
}
// @ts-ignore: decorator
@inline
export function leafFlags(leaf: u32): u32 {
  return load<u32>(leafAt(leaf), 8);
}
// @ts-ignore: decorator
@inline
export function setLeafFlags(leaf: u32, flags: u32): void {
  store<u32>(leafAt(leaf), flags, 8);
}
// @ts-ignore: decorator
@inline
export function leafNode(leaf: u32): u32 {
  return load<u32>(leafAt(leaf), 12);
}
// @ts-ignore: decorator
@inline
export function leafTraits(leaf: u32): u32 {
  return load<u32>(leafAt(leaf), 16);
}
/** Bits of kinds that the framework cannot take. */
// @ts-ignore: decorator
@inline
export function leafStrip(leaf: u32): u32 {
  return load<u32>(leafAt(leaf), 20);
}
/** 0: the cluster's minimum; otherwise the address of the leaf's own. */
// @ts-ignore: decorator
@inline
export function leafMinimum(leaf: u32): usize {
  return load<usize>(leafAt(leaf), 24);
}
// @ts-ignore: decorator
@inline
export function leafFilters(leaf: u32): u32 {
  return load<u32>(leafAt(leaf), 32);
}

/** The leaf of a framework in a role, plus one; 0 when there is none. */
export function findLeaf(framework: u32, role: u32): u32 {
  // The framework's leaves and the role's, in step: either may have thousands, and hardly both.
  let own = firstLeafOf(framework);
  let other = firstLeafOfRole(role);
  while (own != 0 && other != 0) {
    if (leafRole(own - 1) == role) {
      return own;
    }
    if (leafFramework(other - 1) == framework) {
      return other;
    }
    own = load<u32>(leafAt(own - 1), 36);
    other = load<u32>(leafAt(other - 1), 40);
  }
  return 0;
}

/** A number for a framework id, known to the allocator or not (its tasks may be seen first). */
export function newFramework(rank: u32): i32 {
  if (tableCount(SLOT_ROLES) == 0) {
    return -BAD_STATE;
  }
  if (rank > <u32>MAX_RANK) {
    return -BAD_ARGUMENT;
  }
  const head = load<u32>(slot(SLOT_FRAMEWORK_FREE));
  let framework: u32;
  if (head != 0) {
    framework = head - 1;
    store<u32>(slot(SLOT_FRAMEWORK_FREE), load<u32>(frameworkAt(framework), 20));
    memory.fill(frameworkAt(framework), 0, FRAMEWORK_SIZE);
  } else {
    if (tableCount(SLOT_FRAMEWORKS) >= <u32>MAX_FRAMEWORKS) {
      return -TOO_MANY;
    }
    framework = tablePush(SLOT_FRAMEWORKS, FRAMEWORK_SIZE);
  }
  store<u32>(frameworkAt(framework), FRAMEWORK_USED);
  store<u32>(frameworkAt(framework), rank, 8);
  return <i32>framework;
}

/**
 * Counts holdings of a framework that is not introduced: while it has any, its number is not given
 * again.
 */
export function countEarlyHolding(framework: u32, change: i32): void {
  store<u32>(frameworkAt(framework), load<u32>(frameworkAt(framework), 24) + change, 24);
}

/** Frees the number of a framework that is not known and holds nothing. */
export function dropFramework(framework: u32): i32 {
  if (!frameworkExists(framework) || frameworkKnown(framework)) {
    return BAD_HANDLE;
  }
  if (load<u32>(frameworkAt(framework), 24) != 0) {
    return BAD_STATE;
  }
  store<u32>(frameworkAt(framework), 0);
  store<u32>(frameworkAt(framework), load<u32>(slot(SLOT_FRAMEWORK_FREE)), 20);
  store<u32>(slot(SLOT_FRAMEWORK_FREE), framework + 1);
  return OK;
}

export function setFrameworkRank(framework: u32, rank: u32): i32 {
  if (!frameworkExists(framework)) {
    return BAD_HANDLE;
  }
  if (rank > <u32>MAX_RANK) {
    return BAD_ARGUMENT;
  }
  store<u32>(frameworkAt(framework), rank, 8);
  for (let leaf = firstLeafOf(framework); leaf != 0; leaf = load<u32>(leafAt(leaf - 1), 36)) {
    setNodeRank(leafNode(leaf - 1), rank);
  }
  return OK;
}

function traitsOf(capabilities: u32, role: u32): u32 {
  return (
    ((capabilities & FRAMEWORK_GPU) != 0 ? 0 : LACKS_GPU) |
    ((capabilities & FRAMEWORK_REGION_AWARE) != 0 ? 0 : LACKS_REGION) |
    ((capabilities & FRAMEWORK_MULTI_ROLE) != 0 ? IS_MULTI_ROLE : 0) |
    (roleDepth(role) > 1 ? IS_HIERARCHICAL : 0)
  );
}

function stripOf(capabilities: u32): u32 {
  return (
    ((capabilities & FRAMEWORK_SHARED) != 0 ? 0 : SHARED) |
    ((capabilities & FRAMEWORK_REVOCABLE) != 0 ? 0 : REVOCABLE) |
    ((capabilities & FRAMEWORK_REFINEMENT) != 0 ? 0 : REFINED)
  );
}

export function setCapabilities(framework: u32, capabilities: u32): void {
  store<u32>(frameworkAt(framework), capabilities, 4);
  for (let leaf = firstLeafOf(framework); leaf != 0; leaf = load<u32>(leafAt(leaf - 1), 36)) {
    store<u32>(leafAt(leaf - 1), traitsOf(capabilities, leafRole(leaf - 1)), 16);
    store<u32>(leafAt(leaf - 1), stripOf(capabilities), 20);
  }
}

/** Tracks the framework under the role: an inactive leaf, which counts for the role from now on. */
export function newLeaf(framework: u32, role: u32): u32 {
  const head = load<u32>(slot(SLOT_LEAF_FREE));
  let leaf: u32;
  if (head != 0) {
    leaf = head - 1;
    store<u32>(slot(SLOT_LEAF_FREE), load<u32>(leafAt(leaf), 36));
    memory.fill(leafAt(leaf), 0, LEAF_SIZE);
  } else {
    leaf = tablePush(SLOT_LEAVES, LEAF_SIZE);
  }
  trackFramework(role);
  const node = newNode(NODE_LEAF, leaf, load<u32>(frameworkAt(framework), 8));
  const capabilities = load<u32>(frameworkAt(framework), 4);
  const at = leafAt(leaf);
  store<u32>(at, framework);
  store<u32>(at, role, 4);
  store<u32>(at, LEAF_EXISTS, 8);
  store<u32>(at, node, 12);
  store<u32>(at, traitsOf(capabilities, role), 16);
  store<u32>(at, stripOf(capabilities), 20);
  link(frameworkAt(framework) + 12, leaf, 0);
  link(roleAt(role) + 88, leaf, 4);
  return leaf;
}

/** Forgets a leaf that is inactive, holds nothing and has no filters. */
export function dropLeaf(leaf: u32): void {
  if (CHECKED) {
    assert((leafFlags(leaf) & LEAF_EXISTS) != 0, 'a leaf dropped twice');
    assert((leafFlags(leaf) & LEAF_ACTIVE) == 0 && leafFilters(leaf) == 0, 'a leaf in use');
    assert(load<u32>(leafAt(leaf), 48) == 0, 'a leaf that holds something');
  }
  const framework = leafFramework(leaf);
  const role = leafRole(leaf);
  unlink(frameworkAt(framework) + 12, leaf, 0);
  unlink(roleAt(role) + 88, leaf, 4);
  clearMinimum(leaf);
  dropNode(leafNode(leaf));
  untrackFramework(role);
  store<u32>(leafAt(leaf), 0, 8);
  store<u32>(leafAt(leaf), load<u32>(slot(SLOT_LEAF_FREE)), 36);
  store<u32>(slot(SLOT_LEAF_FREE), leaf + 1);
}

/** Puts a leaf before the others of its framework (`list` 0) or of its role (`list` 4). */
function link(head: usize, leaf: u32, list: usize): void {
  const next = load<u32>(head);
  const at = leafAt(leaf) + list;
  store<u32>(at, next, 36);
  store<u32>(at, 0, 52);
  if (next != 0) {
    store<u32>(leafAt(next - 1) + list, leaf + 1, 52);
  }
  store<u32>(head, leaf + 1);
}

function unlink(head: usize, leaf: u32, list: usize): void {
  const at = leafAt(leaf) + list;
  const next = load<u32>(at, 36);
  const before = load<u32>(at, 52);
  if (CHECKED) {
    const to = before == 0 ? load<u32>(head) : load<u32>(leafAt(before - 1) + list, 36);
    assert(to == leaf + 1, 'a leaf that its list does not have');
  }
  if (next != 0) {
    store<u32>(leafAt(next - 1) + list, before, 52);
  }
  if (before == 0) {
    store<u32>(head, next);
  } else {
    store<u32>(leafAt(before - 1) + list, next, 36);
  }
}

// --- Taking part ---

/** Sets the bit that says whether a leaf takes part. */
function setActiveBit(leaf: u32, on: bool): void {
  const word = leaf >> 5;
  const have = load<u32>(slot(SLOT_ACTIVE_LEAVES + 1));
  if (word >= have) {
    let next: u32 = have == 0 ? 8 : have << 1;
    while (next <= word) {
      next <<= 1;
    }
    const bits = load<usize>(slot(SLOT_ACTIVE_LEAVES));
    const to = resizeZeroed(bits, (<usize>have) << 2, (<usize>next) << 2);
    store<usize>(slot(SLOT_ACTIVE_LEAVES), to);
    store<u32>(slot(SLOT_ACTIVE_LEAVES + 1), next);
  }
  const at = load<usize>(slot(SLOT_ACTIVE_LEAVES)) + ((<usize>word) << 2);
  const bit: u32 = 1 << (leaf & 31);
  store<u32>(at, on ? load<u32>(at) | bit : load<u32>(at) & ~bit);
}

export function activateLeaf(leaf: u32): void {
  const flags = leafFlags(leaf);
  if ((flags & LEAF_ACTIVE) != 0) {
    return;
  }
  setLeafFlags(leaf, flags | LEAF_ACTIVE);
  joinGroup(frameworkGroup(leafRole(leaf)), leafNode(leaf));
  setActiveBit(leaf, true);
  changeActive(leafRole(leaf), 1);
  countMinimum(leaf, 1);
}

export function deactivateLeaf(leaf: u32): void {
  const flags = leafFlags(leaf);
  if ((flags & LEAF_ACTIVE) == 0) {
    return;
  }
  countMinimum(leaf, -1);
  setLeafFlags(leaf, flags & ~LEAF_ACTIVE);
  leaveGroup(leafNode(leaf));
  setActiveBit(leaf, false);
  changeActive(leafRole(leaf), -1);
}

// --- Minimum allocatable ---
//
// A minimum is alternatives, each a list of amounts of which all must be there:
//   bytes u32 | alternatives u32 | per alternative: names u32 | - u32 |
//                                  per name: name u32 | - u32 | units f64

/** Counts leaves in the competition with a minimum of their own, by role and in all. */
function countMinimum(leaf: u32, change: i32): void {
  if (leafMinimum(leaf) == 0 || (leafFlags(leaf) & LEAF_ACTIVE) == 0) {
    return;
  }
  const role = leafRole(leaf);
  setOwnMinimums(role, ownMinimums(role) + change);
  store<u32>(slot(SLOT_OWN_MINIMUMS), load<u32>(slot(SLOT_OWN_MINIMUMS)) + change);
}

/** Copies the minimum in the exchange buffer; 0 when it is not well formed. */
export function readMinimum(offset: u32): usize {
  const from = load<usize>(slot(SLOT_IO)) + offset;
  const limit = load<usize>(slot(SLOT_IO)) + load<usize>(slot(SLOT_IO_SIZE));
  const alternatives = load<u32>(from, 4);
  let at = from + 8;
  for (let i: u32 = 0; i < alternatives; i++) {
    if (at + 8 > limit) {
      return 0;
    }
    const names = load<u32>(at);
    at += 8;
    for (let j: u32 = 0; j < names; j++) {
      if (at + 16 > limit) {
        return 0;
      }
      if (load<u32>(at) >= nameCount() || !(load<f64>(at, 8) >= 0)) {
        return 0;
      }
      at += 16;
    }
  }
  const bytes = at - from;
  const copy = alloc(bytes);
  memory.copy(copy, from, bytes);
  store<u32>(copy, <u32>bytes);
  return copy;
}

export function freeMinimum(minimum: usize): void {
  if (minimum != 0) {
    free(minimum, load<u32>(minimum));
  }
}

export function clearMinimum(leaf: u32): void {
  countMinimum(leaf, -1);
  freeMinimum(leafMinimum(leaf));
  store<usize>(leafAt(leaf), 0, 24);
}

/** Gives the leaf the minimum in the exchange buffer. */
export function setLeafMinimum(framework: u32, role: u32): i32 {
  if (!frameworkKnown(framework) || !roleExists(role)) {
    return BAD_HANDLE;
  }
  const leaf = findLeaf(framework, role);
  if (leaf == 0) {
    return BAD_ARGUMENT;
  }
  const minimum = readMinimum(0);
  if (minimum == 0) {
    return BAD_AMOUNT;
  }
  clearMinimum(leaf - 1);
  store<usize>(leafAt(leaf - 1), minimum, 24);
  countMinimum(leaf - 1, 1);
  return OK;
}

/** The framework is part of the cluster from now on; its roles follow with subscribe(). */
export function introduce(framework: u32, capabilities: u32): i32 {
  if (!frameworkExists(framework)) {
    return BAD_HANDLE;
  }
  if (frameworkKnown(framework)) {
    return EXISTS;
  }
  setFrameworkFlags(framework, frameworkFlags(framework) | FRAMEWORK_KNOWN | FRAMEWORK_ACTIVE);
  setCapabilities(framework, capabilities);
  return OK;
}
