// Shrinking: which part of what is free may be offered, under guarantees, limits and headroom. A
// kind that is handed out whole is offered whole or not at all.
import { REVOCABLE } from '../../constants';
import { retain } from '../../intervals';
import {
  isPlainScalar,
  isScalar,
  kindFlags,
  kindName,
  kindRole,
  kindUnit,
  nameCount,
} from '../../kinds';
import { slot, tableCount } from '../../memory';
import {
  ITEM_SIZE,
  itemAmount,
  itemKind,
  itemSet,
  rowAdd,
  rowAddAll,
  rowClear,
  rowCount,
  rowItems,
  rowPush,
  rowSubtractAll,
  scratch,
} from '../../rows';
import {
  SLOT_AVAILABLE_HEADROOM,
  SLOT_GUARANTEE_LEFT,
  SLOT_HEADROOM_LEFT,
  SLOT_LIMIT_LEFT,
  SLOT_QUOTA_ROLES,
  SLOT_REQUIRED_HEADROOM,
} from '../../slots';
import { addValue, setValue, valueOf } from '../../vectors';
import { limitOf, NO_LIMIT } from '../tables/role-quotas';
import { consumedOf, guaranteesOf, ROLE_LIMITS, ROLE_QUOTA, roleFlags } from '../tables/roles';
import {
  anything,
  checkHeadroom,
  checkStarved,
  chop,
  fillHeadroomLeft,
  fillLimits,
} from './quotas';
import { Run, Visit } from './run-state';

/** The fair-share offer under limits and headroom, in scratch 7. */
export function shrinkFair(row: usize, role: u32): usize {
  const offer = scratch(7);
  rowClear(offer);
  const hasLimits = (roleFlags(role) & ROLE_LIMITS) != 0;
  const limits = load<u32>(slot(SLOT_LIMIT_LEFT));
  const headroom = load<u32>(slot(SLOT_HEADROOM_LEFT));
  if (hasLimits) {
    fillLimits(role, limits);
  }
  if (Run.headroomNeeded) {
    fillHeadroomLeft(headroom);
  }
  for (let i: u32 = 0; i < rowCount(row); i++) {
    const item = rowItems(row) + <usize>i * ITEM_SIZE;
    if (isPlainScalar(kindFlags(itemKind(item)))) {
      continue;
    }
    rowPush(offer, itemKind(item), retain(itemSet(item)), itemAmount(item));
  }
  for (let i: u32 = 0; i < rowCount(row); i++) {
    const item = rowItems(row) + <usize>i * ITEM_SIZE;
    const kind = itemKind(item);
    if (!isPlainScalar(kindFlags(kind))) {
      continue;
    }
    let amount = itemAmount(item);
    if (hasLimits && limitOf(role, kindName(kind)) != NO_LIMIT) {
      amount = chop(kind, amount, limits);
    }
    if (Run.headroomNeeded && amount > 0) {
      amount = chop(kind, amount, headroom);
    }
    rowAdd(offer, kind, 0, amount);
  }
  return offer;
}

/**
 * A fair-share offer that nothing shrinks, in scratch 7: kinds that quotas count come last there,
 * as in one that is shrunk.
 */
export function inFairOrder(row: usize): usize {
  const offer = scratch(7);
  rowClear(offer);
  for (let plain = 0; plain < 2; plain++) {
    for (let i: u32 = 0; i < rowCount(row); i++) {
      const item = rowItems(row) + <usize>i * ITEM_SIZE;
      if (<i32>isPlainScalar(kindFlags(itemKind(item))) != plain) {
        continue;
      }
      rowPush(offer, itemKind(item), retain(itemSet(item)), itemAmount(item));
    }
  }
  return offer;
}

/**
 * The offer of the guarantee stage in scratch 7, what meets the guarantee in scratch 1, the rest in
 * 2.
 */
export function shrinkGuaranteed(row: usize, role: u32): usize {
  const offer = scratch(7);
  const guaranteed = scratch(1);
  const further = scratch(2);
  rowClear(offer);
  rowClear(guaranteed);
  rowClear(further);
  const missing = load<u32>(slot(SLOT_GUARANTEE_LEFT));
  const names = nameCount();
  for (let name: u32 = 0; name < names; name++) {
    const left = valueOf(guaranteesOf(role), name) - valueOf(consumedOf(role), name);
    setValue(missing, name, max<f64>(left, 0));
  }
  for (let i: u32 = 0; i < rowCount(row); i++) {
    const item = rowItems(row) + <usize>i * ITEM_SIZE;
    const kind = itemKind(item);
    if (!isPlainScalar(kindFlags(kind))) {
      continue;
    }
    rowPush(further, kind, 0, itemAmount(item));
    rowAdd(guaranteed, kind, 0, chop(kind, itemAmount(item), missing));
  }
  if (rowCount(guaranteed) == 0) {
    return 0;
  }
  rowSubtractAll(further, rowItems(guaranteed), rowCount(guaranteed));
  rowAddAll(offer, rowItems(guaranteed), rowCount(guaranteed));
  for (let i: u32 = 0; i < rowCount(row); i++) {
    const item = rowItems(row) + <usize>i * ITEM_SIZE;
    const kind = itemKind(item);
    const flags = kindFlags(kind);
    if (isPlainScalar(flags)) {
      continue;
    }
    // Reservations of ancestors wait for the fair-share stage, unless they are no scalars or
    // revocable.
    if (isScalar(flags) && (flags & REVOCABLE) == 0 && kindRole(kind) != role) {
      continue;
    }
    rowPush(offer, kind, retain(itemSet(item)), itemAmount(item));
  }
  addFurther(offer, guaranteed, further, role);
  return offer;
}

/** Beyond the guarantee a framework gets what limits and headroom leave. Rewrites `further`. */
function addFurther(offer: usize, guaranteed: usize, further: usize, role: u32): void {
  const hasLimits = (roleFlags(role) & ROLE_LIMITS) != 0;
  const limits = load<u32>(slot(SLOT_LIMIT_LEFT));
  const headroom = load<u32>(slot(SLOT_HEADROOM_LEFT));
  if (hasLimits) {
    fillLimits(role, limits);
    for (let i: u32 = 0; i < rowCount(guaranteed); i++) {
      const item = rowItems(guaranteed) + <usize>i * ITEM_SIZE;
      addValue(limits, kindName(itemKind(item)), -itemAmount(item) * kindUnit(itemKind(item)));
    }
  }
  if (Run.headroomNeeded) {
    fillHeadroomLeft(headroom);
  }
  let kept: u32 = 0;
  for (let i: u32 = 0; i < rowCount(further); i++) {
    const item = rowItems(further) + <usize>i * ITEM_SIZE;
    const kind = itemKind(item);
    let amount = itemAmount(item);
    if (hasLimits && limitOf(role, kindName(kind)) != NO_LIMIT) {
      amount = chop(kind, amount, limits);
    }
    if (Run.headroomNeeded && amount > 0) {
      amount = chop(kind, amount, headroom);
    }
    if (amount <= 0) {
      continue;
    }
    rowAdd(offer, kind, 0, amount);
    const to = rowItems(further) + <usize>kept * ITEM_SIZE;
    store<u32>(to, kind);
    store<usize>(to, 0, 4);
    store<f64>(to, amount, 8);
    kept++;
  }
  store<u32>(further, kept, 4);
}

/** Counts an offer against quotas and headroom. */
export function consume(role: u32, offer: usize): void {
  const quota = (roleFlags(role) & ROLE_QUOTA) != 0;
  if (!quota && !Run.headroomNeeded && tableCount(SLOT_QUOTA_ROLES) == 0) {
    return;
  }
  const available = load<u32>(slot(SLOT_AVAILABLE_HEADROOM));
  if (Visit.guaranteeStage) {
    const required = load<u32>(slot(SLOT_REQUIRED_HEADROOM));
    const guaranteed = scratch(1);
    const further = scratch(2);
    for (let i: u32 = 0; i < rowCount(guaranteed); i++) {
      const item = rowItems(guaranteed) + <usize>i * ITEM_SIZE;
      const amount = itemAmount(item) * kindUnit(itemKind(item));
      addValue(consumedOf(role), kindName(itemKind(item)), amount);
      addValue(required, kindName(itemKind(item)), -amount);
      addValue(available, kindName(itemKind(item)), -amount);
    }
    for (let i: u32 = 0; i < rowCount(further); i++) {
      const item = rowItems(further) + <usize>i * ITEM_SIZE;
      const amount = itemAmount(item) * kindUnit(itemKind(item));
      addValue(consumedOf(role), kindName(itemKind(item)), amount);
      addValue(available, kindName(itemKind(item)), -amount);
    }
    Run.headroomNeeded = anything(required);
  } else {
    for (let i: u32 = 0; i < rowCount(offer); i++) {
      const item = rowItems(offer) + <usize>i * ITEM_SIZE;
      if (!isPlainScalar(kindFlags(itemKind(item)))) {
        continue;
      }
      const amount = itemAmount(item) * kindUnit(itemKind(item));
      if (quota) {
        addValue(consumedOf(role), kindName(itemKind(item)), amount);
      }
      addValue(available, kindName(itemKind(item)), -amount);
    }
  }
  checkStarved(role);
  checkHeadroom();
}
