// Roles: the tree of roles, and what of each is counted. Their places in the competition are in
// role-competition.ts, guarantees and limits in role-quotas.ts. The host drops roles that nothing
// refers to any more.
import {
  BAD_ARGUMENT,
  BAD_HANDLE,
  BAD_STATE,
  MAX_RANK,
  MAX_ROLES,
  OK,
  TOO_MANY,
} from '../../constants';
import { nameCount } from '../../kinds';
import { CHECKED, slot, tableBase, tableCount, tablePush } from '../../memory';
import { SLOT_ROLES, SLOT_ROLES_FREE } from '../../slots';
import { addValue, dropVector, newVector, valueOf } from '../../vectors';
import { freeGroup, newGroup } from './groups';
import { setNodeRank } from './nodes';

// Role: parent u32 | depth u32 | flags u32 | rank u32 | rank of the virtual leaf u32 |
//       tracked frameworks u32 | active frameworks u32 | node + 1 u32 | own node + 1 u32 |
//       competing children u32 | group of frameworks u32 | group of children u32 | weight f64 |
//       vectors (u32 each): guarantees, limits, consumed, reserved, held reserved, held plain,
//       used plain | active frameworks in the subtree u32 | first leaf + 1 u32 |
//       leaves with their own minimum u32 |
//       children u32, competing or not; in a free record the next free one |
//       kinds reserved for it u32
// Depth 0 marks a free record.
// @ts-ignore: decorator
@inline
export const ROLE_SIZE: usize = 112;

export const ROLE_QUOTA: u32 = 1;
export const ROLE_GUARANTEES: u32 = 2;
export const ROLE_LIMITS: u32 = 4;
/** Set during a run: at its limit, so that an agent without reservations has nothing for it. */
export const ROLE_STARVED: u32 = 8;

// @ts-ignore: decorator
@inline
export function roleAt(role: u32): usize {
  if (CHECKED) {
    assert(role < tableCount(SLOT_ROLES), 'no such role');
  }
  return tableBase(SLOT_ROLES) + <usize>role * ROLE_SIZE;
}
// @ts-ignore: decorator
@inline
export function roleExists(role: u32): bool {
  return (
    role != 0 &&
    role < tableCount(SLOT_ROLES) &&
    load<u32>(tableBase(SLOT_ROLES) + <usize>role * ROLE_SIZE, 4) != 0
  );
}
// @ts-ignore: decorator
@inline
export function roleParent(role: u32): u32 {
  return load<u32>(roleAt(role));
}
// @ts-ignore: decorator
@inline
export function roleDepth(role: u32): u32 {
  return load<u32>(roleAt(role), 4);
}
// @ts-ignore: decorator
@inline
export function roleFlags(role: u32): u32 {
  return load<u32>(roleAt(role), 8);
}
// @ts-ignore: decorator
@inline
export function setRoleFlags(role: u32, flags: u32): void {
  store<u32>(roleAt(role), flags, 8);
}
// @ts-ignore: decorator
@inline
export function trackedFrameworks(role: u32): u32 {
  return load<u32>(roleAt(role), 20);
}
// @ts-ignore: decorator
@inline
export function activeFrameworks(role: u32): u32 {
  return load<u32>(roleAt(role), 24);
}
// @ts-ignore: decorator
@inline
export function roleNode(role: u32): u32 {
  return load<u32>(roleAt(role), 28);
}
// @ts-ignore: decorator
@inline
export function ownNode(role: u32): u32 {
  return load<u32>(roleAt(role), 32);
}
// @ts-ignore: decorator
@inline
export function competingChildren(role: u32): u32 {
  return load<u32>(roleAt(role), 36);
}
// @ts-ignore: decorator
@inline
export function frameworkGroup(role: u32): usize {
  return load<usize>(roleAt(role), 40);
}
// @ts-ignore: decorator
@inline
export function childGroup(role: u32): usize {
  return load<usize>(roleAt(role), 44);
}
// @ts-ignore: decorator
@inline
export function guaranteesOf(role: u32): u32 {
  return load<u32>(roleAt(role), 56);
}
// @ts-ignore: decorator
@inline
export function limitsOf(role: u32): u32 {
  return load<u32>(roleAt(role), 60);
}
// @ts-ignore: decorator
@inline
export function consumedOf(role: u32): u32 {
  return load<u32>(roleAt(role), 64);
}
// @ts-ignore: decorator
@inline
export function reservedOf(role: u32): u32 {
  return load<u32>(roleAt(role), 68);
}
// @ts-ignore: decorator
@inline
export function heldReservedOf(role: u32): u32 {
  return load<u32>(roleAt(role), 72);
}
// @ts-ignore: decorator
@inline
export function heldPlainOf(role: u32): u32 {
  return load<u32>(roleAt(role), 76);
}
// @ts-ignore: decorator
@inline
export function usedPlainOf(role: u32): u32 {
  return load<u32>(roleAt(role), 80);
}
// @ts-ignore: decorator
@inline
export function firstLeaf(role: u32): u32 {
  return load<u32>(roleAt(role), 88);
}
// @ts-ignore: decorator
@inline
export function ownMinimums(role: u32): u32 {
  return load<u32>(roleAt(role), 92);
}
// @ts-ignore: decorator
@inline
export function setOwnMinimums(role: u32, count: u32): void {
  store<u32>(roleAt(role), count, 92);
}

/** Makes the root, role 0. */
export function makeRoot(): void {
  if (tableCount(SLOT_ROLES) != 0) {
    return;
  }
  tablePush(SLOT_ROLES, ROLE_SIZE);
  fill(0);
}

function fill(role: u32): void {
  for (let offset: usize = 56; offset < 84; offset += 4) {
    const vector = newVector();
    store<u32>(roleAt(role) + offset, vector);
  }
  const frameworks = newGroup();
  store<usize>(roleAt(role), frameworks, 40);
  const children = newGroup();
  store<usize>(roleAt(role), children, 44);
  store<f64>(roleAt(role), 1, 48);
}

/** A new role under `parent` (0: top level); answers its number, or minus a status. */
export function addRole(parent: u32, rank: u32, ownRank: u32): i32 {
  const count = tableCount(SLOT_ROLES);
  if (count == 0) {
    return -BAD_STATE;
  }
  const head = load<u32>(slot(SLOT_ROLES_FREE));
  if (head == 0 && count >= <u32>MAX_ROLES) {
    return -TOO_MANY;
  }
  if (rank > <u32>MAX_RANK || ownRank > <u32>MAX_RANK) {
    return -BAD_ARGUMENT;
  }
  if (parent != 0 && !roleExists(parent)) {
    return -BAD_HANDLE;
  }
  let role: u32;
  if (head != 0) {
    role = head - 1;
    store<u32>(slot(SLOT_ROLES_FREE), load<u32>(roleAt(role), 96));
    memory.fill(roleAt(role), 0, ROLE_SIZE);
  } else {
    role = tablePush(SLOT_ROLES, ROLE_SIZE);
  }
  store<u32>(roleAt(parent), load<u32>(roleAt(parent), 96) + 1, 96);
  fill(role);
  const at = roleAt(role);
  store<u32>(at, parent);
  store<u32>(at, roleDepth(parent) + 1, 4);
  store<u32>(at, rank, 12);
  store<u32>(at, ownRank, 16);
  return <i32>role;
}

/** True when no framework, child, quota, weight, reservation or kind refers to the role. */
export function isUnusedRole(role: u32): bool {
  const at = roleAt(role);
  if (roleNode(role) != 0 || trackedFrameworks(role) != 0 || load<u32>(at, 96) != 0) {
    return false;
  }
  if (roleFlags(role) != 0 || load<f64>(at, 48) != 1) {
    return false;
  }
  for (let name: u32 = 0; name < nameCount(); name++) {
    if (valueOf(reservedOf(role), name) != 0) {
      return false;
    }
  }
  return kindsOfRole(role) == 0;
}

/** How many kinds have their innermost reservation for the role. */
export function kindsOfRole(role: u32): u32 {
  return load<u32>(roleAt(role), 100);
}

/** One more kind, or one less (-1). The role 0 is that of kinds without a reservation. */
export function countKindOfRole(role: u32, change: i32): void {
  if (role != 0) {
    if (CHECKED) {
      assert(change > 0 || kindsOfRole(role) != 0, 'a kind of the role that is not counted');
    }
    store<u32>(roleAt(role), kindsOfRole(role) + change, 100);
  }
}

/** Frees the number of an unused role. */
export function freeRole(role: u32): void {
  const at = roleAt(role);
  if (CHECKED) {
    assert(role != 0 && isUnusedRole(role), 'a role in use');
  }
  for (let offset: usize = 56; offset < 84; offset += 4) {
    dropVector(load<u32>(at + offset));
  }
  freeGroup(frameworkGroup(role));
  freeGroup(childGroup(role));
  const parent = roleAt(roleParent(role));
  store<u32>(parent, load<u32>(parent, 96) - 1, 96);
  store<u32>(at, 0, 4);
  store<u32>(at, load<u32>(slot(SLOT_ROLES_FREE)), 96);
  store<u32>(slot(SLOT_ROLES_FREE), role + 1);
}

/** Ranks order siblings; the host gives them anew when there is no room between two. */
export function setRoleRank(role: u32, rank: u32, ownRank: u32): i32 {
  if (!roleExists(role)) {
    return BAD_HANDLE;
  }
  if (rank > <u32>MAX_RANK || ownRank > <u32>MAX_RANK) {
    return BAD_ARGUMENT;
  }
  const at = roleAt(role);
  store<u32>(at, rank, 12);
  store<u32>(at, ownRank, 16);
  if (roleNode(role) != 0) {
    setNodeRank(roleNode(role) - 1, rank);
  }
  if (ownNode(role) != 0) {
    setNodeRank(ownNode(role) - 1, ownRank);
  }
  return OK;
}

/** True when `role` is `ancestor` or below it. */
// @ts-ignore: decorator
@inline
export function isWithin(role: u32, ancestor: u32): bool {
  if (role == ancestor) {
    return true;
  }
  const depth = roleDepth(ancestor);
  let at = role;
  while (roleDepth(at) > depth) {
    at = roleParent(at);
  }
  return at == ancestor;
}

/** The weight that the host has set; the role's node may not have taken it yet. */
export function roleWeight(role: u32): f64 {
  return load<f64>(roleAt(role), 48);
}

/** Adds to a vector of the role and of every ancestor, the root included. */
export function addUp(role: u32, offset: usize, name: u32, amount: f64): void {
  for (let at = role; ; at = roleParent(at)) {
    addValue(load<u32>(roleAt(at) + offset), name, amount);
    if (at == 0) {
      break;
    }
  }
}

export const OFFSET_RESERVED: usize = 68;
