// Guarantees, limits and headroom during a run: what each role has consumed, how much is held back
// for guarantees that are not met, and which roles are "starved": they are so near to their limits
// that even the smallest offer would go beyond them, so the run passes them over.
import { SOLID } from '../../constants';
import { kindFlags, kindName, kindUnit, nameCount } from '../../kinds';
import { CHECKED, slot, tableClear, tableCount, tablePushWord, tableWord } from '../../memory';
import {
  SLOT_AVAILABLE_HEADROOM,
  SLOT_COMPLEX_AGENTS,
  SLOT_HEADROOM_LEFT,
  SLOT_LIMIT_LEFT,
  SLOT_QUOTA_ROLES,
  SLOT_REQUIRED_HEADROOM,
  SLOT_REVOCABLE_FREE,
  SLOT_STARVED,
  SLOT_TOTALS,
} from '../../slots';
import { addValue, clearVector, setValue, valueOf, vectorAt } from '../../vectors';
import { heldInAll } from '../tables/accounting';
import { benchNode, unbenchNode } from '../tables/groups';
import { limitOf, NO_LIMIT } from '../tables/role-quotas';
import {
  competingChildren,
  consumedOf,
  guaranteesOf,
  heldPlainOf,
  heldReservedOf,
  ownMinimums,
  ownNode,
  ROLE_LIMITS,
  ROLE_STARVED,
  reservedOf,
  roleFlags,
  roleNode,
  setRoleFlags,
} from '../tables/roles';
import { Run } from './run-state';

// --- Quota and headroom ---

export function prepareQuotas(): void {
  const names = nameCount();
  const required = load<u32>(slot(SLOT_REQUIRED_HEADROOM));
  const available = load<u32>(slot(SLOT_AVAILABLE_HEADROOM));
  const count = tableCount(SLOT_QUOTA_ROLES);
  Run.limited = false;
  clearVector(required);
  for (let i: u32 = 0; i < count; i++) {
    const role = tableWord(SLOT_QUOTA_ROLES, i);
    if ((roleFlags(role) & ROLE_LIMITS) != 0) {
      Run.limited = true;
    }
    const consumed = consumedOf(role);
    for (let name: u32 = 0; name < names; name++) {
      const used = valueOf(heldPlainOf(role), name) + valueOf(reservedOf(role), name);
      setValue(consumed, name, used);
      addValue(required, name, max<f64>(valueOf(guaranteesOf(role), name) - used, 0));
    }
  }
  Run.headroomNeeded = anything(required);
  for (let name: u32 = 0; name < names; name++) {
    let left = valueOf(load<u32>(slot(SLOT_TOTALS)), name) - valueOf(heldInAll(), name);
    left = max<f64>(left, 0);
    const idle = max<f64>(valueOf(reservedOf(0), name) - valueOf(heldReservedOf(0), name), 0);
    left = max<f64>(left - idle, 0);
    setValue(
      available,
      name,
      max<f64>(left - valueOf(load<u32>(slot(SLOT_REVOCABLE_FREE)), name), 0),
    );
  }
}

export function anything(vector: u32): bool {
  const names = nameCount();
  for (let name: u32 = 0; name < names; name++) {
    if (valueOf(vector, name) > 0) {
      return true;
    }
  }
  return false;
}

export function isSatisfied(role: u32): bool {
  const names = nameCount();
  const guarantees = vectorAt(guaranteesOf(role));
  const consumed = vectorAt(consumedOf(role));
  for (let at: usize = 0; at < (<usize>names) << 3; at += 8) {
    if (load<f64>(guarantees + at) > load<f64>(consumed + at)) {
      return false;
    }
  }
  return true;
}

/**
 * True when no alternative of the cluster's minimum can be met by plain scalars of which only
 * `left` may be given; a negative amount in `left` means no bound.
 */
function cannotMeet(left: u32): bool {
  if (Run.clusterMinimum == 0) {
    return false;
  }
  const alternatives = load<u32>(Run.clusterMinimum, 4);
  if (alternatives == 0) {
    return false;
  }
  let at = Run.clusterMinimum + 8;
  for (let i: u32 = 0; i < alternatives; i++) {
    const names = load<u32>(at);
    at += 8;
    let blocked = false;
    for (let j: u32 = 0; j < names; j++) {
      const have = valueOf(left, load<u32>(at));
      if (have >= 0 && have / 1000 < load<f64>(at, 8) - 0.0005) {
        blocked = true;
      }
      at += 16;
    }
    if (!blocked) {
      return false;
    }
  }
  return true;
}

/** Notes whether a role has reached limits that leave plain agents nothing for it. */
export function checkStarved(role: u32): void {
  const flags = roleFlags(role);
  if ((flags & ROLE_LIMITS) == 0) {
    return;
  }
  let starved = false;
  if (ownMinimums(role) == 0) {
    const left = load<u32>(slot(SLOT_LIMIT_LEFT));
    const names = nameCount();
    for (let name: u32 = 0; name < names; name++) {
      const limit = limitOf(role, name);
      setValue(
        left,
        name,
        limit == NO_LIMIT ? -1 : max<f64>(limit - valueOf(consumedOf(role), name), 0),
      );
    }
    starved = cannotMeet(left);
  }
  setRoleFlags(role, starved ? flags | ROLE_STARVED : flags & ~ROLE_STARVED);
  // Where all agents are plain, this run can offer such a role nothing.
  if (!starved || load<u32>(slot(SLOT_COMPLEX_AGENTS)) != 0) {
    return;
  }
  // The limits of a role without frameworks of its own do not bind its subroles within a run.
  if (ownNode(role) == 0 && competingChildren(role) > 0) {
    return;
  }
  if (roleNode(role) == 0 || !benchNode(selfNode(role))) {
    return;
  }
  const node = selfNode(role);
  tablePushWord(SLOT_STARVED, node);
}

/** Notes whether the headroom that is held back leaves nothing of plain agents to any role. */
export function checkHeadroom(): void {
  Run.noneForPlain = false;
  if (!Run.headroomNeeded || Run.ownMinimumsExist) {
    return;
  }
  const left = load<u32>(slot(SLOT_HEADROOM_LEFT));
  fillHeadroomLeft(left);
  Run.noneForPlain = cannotMeet(left);
}

export function fillHeadroomLeft(left: u32): void {
  const names = nameCount();
  const required = load<u32>(slot(SLOT_REQUIRED_HEADROOM));
  const available = load<u32>(slot(SLOT_AVAILABLE_HEADROOM));
  for (let name: u32 = 0; name < names; name++) {
    setValue(left, name, max<f64>(valueOf(available, name) - valueOf(required, name), 0));
  }
}

export function fillLimits(role: u32, left: u32): void {
  const names = nameCount();
  for (let name: u32 = 0; name < names; name++) {
    const limit = limitOf(role, name);
    setValue(
      left,
      name,
      limit == NO_LIMIT ? 0 : max<f64>(limit - valueOf(consumedOf(role), name), 0),
    );
  }
}

/**
 * The part of an amount (or of copies of a solid kind) that fits into what is left of its name, and
 * is taken off there.
 */
export function chop(kind: u32, amount: f64, left: u32): f64 {
  const name = kindName(kind);
  const have = valueOf(left, name);
  if (CHECKED) {
    assert(amount >= 0 && have >= 0, 'less than nothing to chop');
  }
  if ((kindFlags(kind) & SOLID) == 0) {
    const fits = min<f64>(amount, have);
    setValue(left, name, have - fits);
    return fits;
  }
  const copies = min<f64>(amount, floor(have / kindUnit(kind)));
  setValue(left, name, have - copies * kindUnit(kind));
  return copies;
}

export function prepareStarved(): void {
  if (!Run.limited) {
    return;
  }
  const count = tableCount(SLOT_QUOTA_ROLES);
  for (let i: u32 = 0; i < count; i++) {
    checkStarved(tableWord(SLOT_QUOTA_ROLES, i));
  }
}

export function releaseStarved(): void {
  if (!Run.limited) {
    return;
  }
  const benched = tableCount(SLOT_STARVED);
  for (let i: u32 = 0; i < benched; i++) {
    unbenchNode(tableWord(SLOT_STARVED, i));
  }
  tableClear(SLOT_STARVED);
  const count = tableCount(SLOT_QUOTA_ROLES);
  for (let i: u32 = 0; i < count; i++) {
    const role = tableWord(SLOT_QUOTA_ROLES, i);
    setRoleFlags(role, roleFlags(role) & ~ROLE_STARVED);
  }
}

/** The node with which a role itself takes part in the competition. */
// @ts-ignore: decorator
@inline
export function selfNode(role: u32): u32 {
  if (CHECKED) {
    assert(roleNode(role) != 0, 'a role that does not compete');
  }
  return (ownNode(role) != 0 ? ownNode(role) : roleNode(role)) - 1;
}
