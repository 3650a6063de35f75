// A run: who is offered what, now.
//
//   1. candidates, in order or shuffled
//   2. the guarantee stage: agents × top-level roles whose guarantee is not met × frameworks
//   3. the fair-share stage: agents (shuffled anew) × all roles × frameworks
//
// Within the visit of an agent the order of roles and frameworks is that of its beginning: whoever has
// had a turn is parked, and the keys of those who got something change when the visit ends.
//
// Variables of this file live no longer than one call; everything that lasts is in memory.
import {
  RESERVED,
  REVOCABLE,
  SHARED,
  SOLID,
} from '../constants';
import { retain } from '../intervals';
import { isScalar, kindFlags, kindName, kindRole, kindUnit, nameCount } from '../kinds';
import { slot, tableAppend, tableBase, tableClear, tableCount, tablePush } from '../memory';
import {
  ITEM_SIZE,
  copyItems,
  freeItems,
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
} from '../rows';
import {
  SLOT_ACTIVE_LEAVES,
  SLOT_AVAILABLE_HEADROOM,
  SLOT_CANDIDATES,
  SLOT_CLUSTER_MIN,
  SLOT_COMPLEX_AGENTS,
  SLOT_GUARANTEE_LEFT,
  SLOT_HEADROOM_LEFT,
  SLOT_LIMIT_LEFT,
  SLOT_OFFERS,
  SLOT_OPTIONS,
  SLOT_OWN_MINIMUMS,
  SLOT_PARKED,
  SLOT_QUOTA_ROLES,
  SLOT_REQUIRED_HEADROOM,
  SLOT_REVOCABLE_FREE,
  SLOT_RUN,
  SLOT_STARVED,
  SLOT_TOTALS,
  SLOT_WAITING,
} from '../slots';
import { addValue, clearVector, setValue, valueOf, vectorAt } from '../vectors';
import {
  AGENT_COMPLEX,
  AGENT_HAS_SHARED,
  AGENT_ORDERED,
  ENTRY_SIZE,
  OPTION_RANDOM_FRAMEWORKS,
  OPTION_RANDOM_ROLES,
  agentAt,
  agentFlags,
  collectFree,
  freeAmount,
  holdingCount,
  holdingItems,
  newHolding,
  quieten,
} from './agents';
import { book, heldInAll } from './books';
import {
  MANY_FILTERS,
  excludedBits,
  excludedWords,
  filtersOn,
  hiddenBits,
  hiddenWords,
  hide,
  isExcluded,
  isHidden,
  isRefused,
} from './filters';
import {
  leafAt,
  leafFilters,
  leafMinimum,
  leafNode,
  leafRole,
  leafStrip,
  leafTraits,
} from './frameworks';
import {
  NODE_OWN,
  benchNode,
  firstSlot,
  freshen,
  goesBefore,
  groupSize,
  isEmptySlot,
  memberAt,
  nodeCount,
  nodeKind,
  nodeOwner,
  nodeVector,
  nodeWeight,
  park,
  putBack,
  rekey,
  setNodeCount,
  settleTouched,
  unbenchNode,
} from './groups';
import { randomUnit, shuffle } from './generator';
import { prepareRandomRoles, randomRole, randomSlot, resetRandom } from './random';
import {
  NO_LIMIT,
  ROLE_GUARANTEES,
  ROLE_LIMITS,
  ROLE_QUOTA,
  ROLE_STARVED,
  activeFrameworks,
  childGroup,
  competingChildren,
  consumedOf,
  frameworkGroup,
  guaranteesOf,
  heldPlainOf,
  heldReservedOf,
  isWithin,
  limitOf,
  ownMinimums,
  ownNode,
  reservedOf,
  roleDepth,
  roleFlags,
  roleNode,
  roleParent,
  setRoleFlags,
  trackedFrameworks,
  weighNodes,
} from './roles';

// Offer: leaf u32 | agent u32 | items u32 | count u32 | earlier offer of the agent + 1 u32 | owned u32
// @ts-ignore: decorator
@inline export const OFFER_SIZE: usize = 24;

const HARD: i32 = 0;
/** Refused because of quota or headroom, which may be otherwise in the next run. */
const SOFT: i32 = 1;
const OFFERED: i32 = 2;

// Of the run.
let limited = false;
let headroomNeeded = false;
let noneForPlain = false;
let clusterMinimum: usize = 0;
let ownMinimumsExist = false;
let randomRoles = false;
let randomFrameworks = false;
let runNumber: u32 = 0;

// Of the visit.
let theAgent: u32 = 0;
let free: usize = 0;
let plain = false;
let denies: u32 = 0;
let bits = false;
let filters: u32 = 0;
let exclusions = false;
let guaranteeStage = false;
let soft = false;
/** Something was offered, be it as a part of an earlier offer of the run. */
let gave = false;
/** Whether the cluster's minimum is met by what is there for the role at hand. */
let minimumMet = false;

// --- Minimum allocatable ---

/** In units and item after item, as Mesos counts: the rounding of the differences is part of the rule. */
function meets(minimum: usize, row: usize): bool {
  if (rowCount(row) == 0) return false;
  if (minimum == 0) return true;
  const alternatives = load<u32>(minimum, 4);
  if (alternatives == 0) return true;
  let at = minimum + 8;
  for (let i: u32 = 0; i < alternatives; i++) {
    const names = load<u32>(at);
    at += 8;
    let met = true;
    for (let j: u32 = 0; j < names; j++) {
      if (met && !hasUnits(row, load<u32>(at), load<f64>(at, 8))) met = false;
      at += 16;
    }
    if (met) return true;
  }
  return false;
}

function hasUnits(row: usize, name: u32, units: f64): bool {
  let missing = units;
  const items = rowItems(row);
  const end = items + <usize>rowCount(row) * ITEM_SIZE;
  for (let item = items; item < end && missing > 0; item += ITEM_SIZE) {
    const kind = itemKind(item);
    if (kindName(kind) != name) continue;
    const flags = kindFlags(kind);
    if (!isScalar(flags)) {
      missing -= itemAmount(item);
    } else if ((flags & SOLID) != 0) {
      const copies = (flags & SHARED) != 0 ? 1 : itemAmount(item);
      for (let copy: f64 = 0; copy < copies; copy += 1) missing -= kindUnit(kind) / 1000;
    } else {
      missing -= itemAmount(item) / 1000;
    }
  }
  return missing <= 0;
}

// --- Quota and headroom ---

// @ts-ignore: decorator
@inline function isPlainScalar(flags: u32): bool {
  return isScalar(flags) && (flags & (RESERVED | REVOCABLE)) == 0;
}

function prepareQuotas(): void {
  const names = nameCount();
  const required = load<u32>(slot(SLOT_REQUIRED_HEADROOM));
  const available = load<u32>(slot(SLOT_AVAILABLE_HEADROOM));
  const count = tableCount(SLOT_QUOTA_ROLES);
  limited = false;
  clearVector(required);
  for (let i: u32 = 0; i < count; i++) {
    const role = load<u32>(tableBase(SLOT_QUOTA_ROLES) + (<usize>i << 2));
    if ((roleFlags(role) & ROLE_LIMITS) != 0) limited = true;
    const consumed = consumedOf(role);
    for (let name: u32 = 0; name < names; name++) {
      const used = valueOf(heldPlainOf(role), name) + valueOf(reservedOf(role), name);
      setValue(consumed, name, used);
      addValue(required, name, max<f64>(valueOf(guaranteesOf(role), name) - used, 0));
    }
  }
  headroomNeeded = anything(required);
  for (let name: u32 = 0; name < names; name++) {
    let left = valueOf(load<u32>(slot(SLOT_TOTALS)), name) - valueOf(heldInAll(), name);
    left = max<f64>(left, 0);
    const idle = max<f64>(valueOf(reservedOf(0), name) - valueOf(heldReservedOf(0), name), 0);
    left = max<f64>(left - idle, 0);
    setValue(available, name, max<f64>(left - valueOf(load<u32>(slot(SLOT_REVOCABLE_FREE)), name), 0));
  }
}

function anything(vector: u32): bool {
  const names = nameCount();
  for (let name: u32 = 0; name < names; name++) {
    if (valueOf(vector, name) > 0) return true;
  }
  return false;
}

function isSatisfied(role: u32): bool {
  const names = nameCount();
  const guarantees = vectorAt(guaranteesOf(role));
  const consumed = vectorAt(consumedOf(role));
  for (let at: usize = 0; at < <usize>names << 3; at += 8) {
    if (load<f64>(guarantees + at) > load<f64>(consumed + at)) return false;
  }
  return true;
}

/**
 * True when no alternative of the cluster's minimum can be met by plain scalars of which only `left` may
 * be given; a negative amount in `left` means no bound.
 */
function cannotMeet(left: u32): bool {
  if (clusterMinimum == 0) return false;
  const alternatives = load<u32>(clusterMinimum, 4);
  if (alternatives == 0) return false;
  let at = clusterMinimum + 8;
  for (let i: u32 = 0; i < alternatives; i++) {
    const names = load<u32>(at);
    at += 8;
    let blocked = false;
    for (let j: u32 = 0; j < names; j++) {
      const have = valueOf(left, load<u32>(at));
      if (have >= 0 && have / 1000 < load<f64>(at, 8) - 0.0005) blocked = true;
      at += 16;
    }
    if (!blocked) return false;
  }
  return true;
}

/** Notes whether a role has reached limits that leave plain agents nothing for it. */
function checkStarved(role: u32): void {
  const flags = roleFlags(role);
  if ((flags & ROLE_LIMITS) == 0) return;
  let starved = false;
  if (ownMinimums(role) == 0) {
    const left = load<u32>(slot(SLOT_LIMIT_LEFT));
    const names = nameCount();
    for (let name: u32 = 0; name < names; name++) {
      const limit = limitOf(role, name);
      setValue(left, name, limit == NO_LIMIT ? -1 : max<f64>(limit - valueOf(consumedOf(role), name), 0));
    }
    starved = cannotMeet(left);
  }
  setRoleFlags(role, starved ? flags | ROLE_STARVED : flags & ~ROLE_STARVED);
  // Without agents that take the long way such a role need not even be looked at in this run.
  if (!starved || load<u32>(slot(SLOT_COMPLEX_AGENTS)) != 0) return;
  if (roleNode(role) == 0 || !benchNode(selfNode(role))) return;
  const node = selfNode(role);
  const index = tablePush(SLOT_STARVED, 4);
  store<u32>(tableBase(SLOT_STARVED) + (<usize>index << 2), node);
}

/** Notes whether the headroom leaves plain agents nothing for anyone. */
function checkHeadroom(): void {
  noneForPlain = false;
  if (!headroomNeeded || ownMinimumsExist) return;
  const left = load<u32>(slot(SLOT_HEADROOM_LEFT));
  fillHeadroomLeft(left);
  noneForPlain = cannotMeet(left);
}

function fillHeadroomLeft(left: u32): void {
  const names = nameCount();
  const required = load<u32>(slot(SLOT_REQUIRED_HEADROOM));
  const available = load<u32>(slot(SLOT_AVAILABLE_HEADROOM));
  for (let name: u32 = 0; name < names; name++) {
    setValue(left, name, max<f64>(valueOf(available, name) - valueOf(required, name), 0));
  }
}

/** What of an amount (or of copies of a solid kind) fits into what is left of its name. */
function chop(kind: u32, amount: f64, left: u32): f64 {
  const name = kindName(kind);
  const have = valueOf(left, name);
  if ((kindFlags(kind) & SOLID) == 0) {
    const fits = min<f64>(amount, have);
    setValue(left, name, have - fits);
    return fits;
  }
  const copies = min<f64>(amount, floor(have / kindUnit(kind)));
  setValue(left, name, have - copies * kindUnit(kind));
  return copies;
}

// --- One offer ---

/** What is there for a role: unreserved, or reserved for it or for an ancestor. */
function forRole(role: u32): usize {
  if (plain) return free;
  const row = scratch(5);
  rowClear(row);
  for (let i: u32 = 0; i < rowCount(free); i++) {
    const item = rowItems(free) + <usize>i * ITEM_SIZE;
    const kind = itemKind(item);
    if ((kindFlags(kind) & RESERVED) != 0 && !isWithin(role, kindRole(kind))) continue;
    rowPush(row, kind, retain(itemSet(item)), itemAmount(item));
  }
  return row;
}

/** Less what the framework cannot take. */
function forLeaf(row: usize, leaf: u32): usize {
  if (plain) return row;
  const strip = leafStrip(leaf);
  const stripped = scratch(6);
  rowClear(stripped);
  for (let i: u32 = 0; i < rowCount(row); i++) {
    const item = rowItems(row) + <usize>i * ITEM_SIZE;
    if ((kindFlags(itemKind(item)) & strip) != 0) continue;
    rowPush(stripped, itemKind(item), retain(itemSet(item)), itemAmount(item));
  }
  return stripped;
}

/** The fair-share offer under limits and headroom, in scratch 7. */
function shrinkFair(row: usize, role: u32): usize {
  const offer = scratch(7);
  rowClear(offer);
  const hasLimits = (roleFlags(role) & ROLE_LIMITS) != 0;
  const limits = load<u32>(slot(SLOT_LIMIT_LEFT));
  const headroom = load<u32>(slot(SLOT_HEADROOM_LEFT));
  if (hasLimits) fillLimits(role, limits);
  if (headroomNeeded) fillHeadroomLeft(headroom);
  for (let i: u32 = 0; i < rowCount(row); i++) {
    const item = rowItems(row) + <usize>i * ITEM_SIZE;
    if (isPlainScalar(kindFlags(itemKind(item)))) continue;
    rowPush(offer, itemKind(item), retain(itemSet(item)), itemAmount(item));
  }
  for (let i: u32 = 0; i < rowCount(row); i++) {
    const item = rowItems(row) + <usize>i * ITEM_SIZE;
    const kind = itemKind(item);
    if (!isPlainScalar(kindFlags(kind))) continue;
    let amount = itemAmount(item);
    if (hasLimits && limitOf(role, kindName(kind)) != NO_LIMIT) amount = chop(kind, amount, limits);
    if (headroomNeeded && amount > 0) amount = chop(kind, amount, headroom);
    rowAdd(offer, kind, 0, amount);
  }
  return offer;
}

function fillLimits(role: u32, left: u32): void {
  const names = nameCount();
  for (let name: u32 = 0; name < names; name++) {
    const limit = limitOf(role, name);
    setValue(left, name, limit == NO_LIMIT ? 0 : max<f64>(limit - valueOf(consumedOf(role), name), 0));
  }
}

/** The offer of the guarantee stage in scratch 7, what meets the guarantee in scratch 1, the rest in 2. */
function shrinkGuaranteed(row: usize, role: u32): usize {
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
    if (!isPlainScalar(kindFlags(kind))) continue;
    rowPush(further, kind, 0, itemAmount(item));
    rowAdd(guaranteed, kind, 0, chop(kind, itemAmount(item), missing));
  }
  if (rowCount(guaranteed) == 0) return 0;
  rowSubtractAll(further, rowItems(guaranteed), rowCount(guaranteed));
  rowAddAll(offer, rowItems(guaranteed), rowCount(guaranteed));
  for (let i: u32 = 0; i < rowCount(row); i++) {
    const item = rowItems(row) + <usize>i * ITEM_SIZE;
    const kind = itemKind(item);
    const flags = kindFlags(kind);
    if (isPlainScalar(flags)) continue;
    // Reservations of ancestors wait for the fair-share stage, unless they are no scalars or revocable.
    if (isScalar(flags) && (flags & REVOCABLE) == 0 && kindRole(kind) != role) continue;
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
  if (headroomNeeded) fillHeadroomLeft(headroom);
  let kept: u32 = 0;
  for (let i: u32 = 0; i < rowCount(further); i++) {
    const item = rowItems(further) + <usize>i * ITEM_SIZE;
    const kind = itemKind(item);
    let amount = itemAmount(item);
    if (hasLimits && limitOf(role, kindName(kind)) != NO_LIMIT) amount = chop(kind, amount, limits);
    if (headroomNeeded && amount > 0) amount = chop(kind, amount, headroom);
    if (amount <= 0) continue;
    rowAdd(offer, kind, 0, amount);
    const to = rowItems(further) + <usize>kept * ITEM_SIZE;
    store<u32>(to, kind);
    store<usize>(to, 0, 4);
    store<f64>(to, amount, 8);
    kept++;
  }
  store<u32>(further, kept, 4);
}

/** Offers the agent's resources to a leaf if every check passes. */
function tryLeaf(leaf: u32, role: u32, row: usize): i32 {
  if (exclusions && isExcluded(theAgent, leaf)) return HARD;
  if ((leafTraits(leaf) & denies) != 0) return HARD;
  const minimum = leafMinimum(leaf);
  if (minimum == 0 ? !minimumMet : !meets(minimum, row)) return HARD;
  if (bits && isHidden(theAgent, leaf)) return HARD;
  let offer = forLeaf(row, leaf);
  let shrunk = false;
  if (guaranteeStage) {
    offer = shrinkGuaranteed(offer, role);
    if (offer == 0) return SOFT;
    shrunk = true;
  } else if (headroomNeeded || (limited && (roleFlags(role) & ROLE_LIMITS) != 0)) {
    offer = shrinkFair(offer, role);
    shrunk = true;
  }
  if (shrunk || !plain) {
    if (!meets(minimum == 0 ? clusterMinimum : minimum, offer)) return shrunk ? SOFT : HARD;
  }
  if (filters != 0 && leafFilters(leaf) != 0 && (shrunk || !bits)) {
    if (isRefused(theAgent, leaf, rowItems(offer), rowCount(offer))) return shrunk ? SOFT : HARD;
  }
  consume(role, offer);
  give(leaf, offer);
  gave = true;
  return OFFERED;
}

/** Takes an offer off quotas and headroom. */
function consume(role: u32, offer: usize): void {
  const quota = (roleFlags(role) & ROLE_QUOTA) != 0;
  if (!quota && !headroomNeeded && tableCount(SLOT_QUOTA_ROLES) == 0) return;
  const available = load<u32>(slot(SLOT_AVAILABLE_HEADROOM));
  if (guaranteeStage) {
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
    headroomNeeded = anything(required);
  } else {
    for (let i: u32 = 0; i < rowCount(offer); i++) {
      const item = rowItems(offer) + <usize>i * ITEM_SIZE;
      if (!isPlainScalar(kindFlags(itemKind(item)))) continue;
      const amount = itemAmount(item) * kindUnit(itemKind(item));
      if (quota) addValue(consumedOf(role), kindName(itemKind(item)), amount);
      addValue(available, kindName(itemKind(item)), -amount);
    }
  }
  checkStarved(role);
  checkHeadroom();
}

/** Books an offer and puts it on the list; a second part for the same leaf joins the first. */
function give(leaf: u32, offer: usize): void {
  const count = rowCount(offer);
  const record = agentAt(theAgent);
  const earlier = load<u32>(record, 92) == runNumber ? load<u32>(record, 88) : 0;
  const holding = book(theAgent, leaf, rowItems(offer), count);
  for (let at = earlier; at != 0; ) {
    const known = tableBase(SLOT_OFFERS) + <usize>(at - 1) * OFFER_SIZE;
    if (load<u32>(known) == leaf) {
      const row = scratch(3);
      rowClear(row);
      rowAddAll(row, load<usize>(known, 8), load<u32>(known, 12));
      rowAddAll(row, rowItems(offer), count);
      if (load<u32>(known, 20) != 0) freeItems(load<usize>(known, 8), load<u32>(known, 12));
      store<usize>(known, copyItems(rowItems(row), rowCount(row)), 8);
      store<u32>(known, rowCount(row), 12);
      store<u32>(known, 1, 20);
      return;
    }
    at = load<u32>(known, 16);
  }
  const index = tableAppend(SLOT_OFFERS, OFFER_SIZE);
  const to = tableBase(SLOT_OFFERS) + <usize>index * OFFER_SIZE;
  store<u32>(to, leaf);
  store<u32>(to, theAgent, 4);
  store<u32>(to, count, 12);
  store<u32>(to, earlier, 16);
  // A holding made by this offer has exactly its items, and nothing touches it before the next call.
  if (guaranteeStage || holdingCount(holding) != count || (agentFlags(theAgent) & AGENT_HAS_SHARED) != 0) {
    store<usize>(to, copyItems(rowItems(offer), count), 8);
    store<u32>(to, 1, 20);
  } else if (sameAmounts(holdingItems(holding), rowItems(offer), count)) {
    store<usize>(to, holdingItems(holding), 8);
    store<u32>(to, 0, 20);
  } else {
    store<usize>(to, copyItems(rowItems(offer), count), 8);
    store<u32>(to, 1, 20);
  }
  store<u32>(record, index + 1, 88);
  store<u32>(record, runNumber, 92);
}

function sameAmounts(a: usize, b: usize, count: u32): bool {
  for (let i: u32 = 0; i < count; i++) {
    const x = a + <usize>i * ITEM_SIZE;
    const y = b + <usize>i * ITEM_SIZE;
    if (itemKind(x) != itemKind(y) || itemAmount(x) != itemAmount(y)) return false;
  }
  return true;
}

/** Forgets the offers of the run before. */
export function clearOffers(): void {
  const count = tableCount(SLOT_OFFERS);
  for (let i: u32 = 0; i < count; i++) {
    const at = tableBase(SLOT_OFFERS) + <usize>i * OFFER_SIZE;
    if (load<u32>(at, 20) != 0) freeItems(load<usize>(at, 8), load<u32>(at, 12));
  }
  tableClear(SLOT_OFFERS);
}

// --- The visit of an agent ---

function parkMember(group: usize, at: u32): void {
  park(group, at);
  const index = tableAppend(SLOT_PARKED, 8);
  const to = tableBase(SLOT_PARKED) + (<usize>index << 3);
  store<usize>(to, group);
  store<u32>(to, at, 4);
}

function unparkTo(mark: u32): void {
  const list = tableBase(SLOT_PARKED);
  for (let i = tableCount(SLOT_PARKED); i > mark; i--) {
    const at = list + (<usize>(i - 1) << 3);
    putBack(load<usize>(at), load<u32>(at, 4));
  }
  store<u32>(slot(SLOT_PARKED + 1), mark);
}

/** What is free on the agent now; false when that is nothing. */
function look(): bool {
  free = collectFree(theAgent);
  if (rowCount(free) == 0) return false;
  if (bits) hide(theAgent, free);
  return true;
}

/** Offers to the frameworks of a role in their order; false when the agent has nothing left. */
function visitRole(role: u32): bool {
  const group = frameworkGroup(role);
  if (groupSize(group) == 0) return true;
  let row = forRole(role);
  if (rowCount(row) == 0) return true;
  minimumMet = meets(clusterMinimum, row);
  if (!minimumMet && ownMinimums(role) == 0) return true;
  freshen(group);
  const mark = tableCount(SLOT_PARKED);
  let left = true;
  for (;;) {
    const at = randomFrameworks ? randomSlot(group) : firstSlot(group);
    if (isEmptySlot(group, at)) break;
    if (guaranteeStage && isSatisfied(role)) break;
    const result = tryLeaf(nodeOwner(memberAt(group, at)), role, row);
    if (result == OFFERED) {
      if (!look()) {
        left = false;
        break;
      }
      row = forRole(role);
      if (rowCount(row) == 0) break;
      minimumMet = meets(clusterMinimum, row);
    } else if (result == SOFT) {
      soft = true;
    }
    parkMember(group, at);
  }
  unparkTo(mark);
  return left;
}

/** Visits the children of a role in their order; false when the agent has nothing left. */
function visitChildren(parent: u32): bool {
  const group = childGroup(parent);
  if (groupSize(group) == 0) return true;
  freshen(group);
  const mark = tableCount(SLOT_PARKED);
  let left = true;
  for (;;) {
    const at = firstSlot(group);
    if (isEmptySlot(group, at)) break;
    const node = memberAt(group, at);
    const role = nodeOwner(node);
    if (nodeKind(node) != NODE_OWN && competingChildren(role) > 0) {
      left = visitChildren(role);
    } else if (plain && (roleFlags(role) & ROLE_STARVED) != 0) {
      soft = true;
    } else {
      left = visitRole(role);
    }
    if (!left) break;
    parkMember(group, at);
  }
  unparkTo(mark);
  return left;
}

/** At most so many leaves are looked at one by one rather than through the tournament. */
const FEW: u32 = 48;

/**
 * The leaves that nothing hides from the agent, if they are few: their number, or more than FEW. They are
 * left in the buffer of candidates' leaves.
 */
function countOpen(): u32 {
  const active = load<usize>(slot(SLOT_ACTIVE_LEAVES));
  const words = load<u32>(slot(SLOT_ACTIVE_LEAVES + 1));
  const hidden = bits ? hiddenBits(theAgent) : 0;
  const hiddenCount = bits ? hiddenWords(theAgent) : 0;
  const excluded = excludedBits(theAgent);
  const excludedCount = excludedWords(theAgent);
  let count: u32 = 0;
  for (let word: u32 = 0; word < words; word++) {
    let open = load<u32>(active + (<usize>word << 2));
    if (open == 0) continue;
    if (word < hiddenCount) open &= ~load<u32>(hidden + (<usize>word << 2));
    if (word < excludedCount) open &= ~load<u32>(excluded + (<usize>word << 2));
    while (open != 0) {
      if (count == FEW) return FEW + 1;
      store<u32>(OPEN + (<usize>count << 2), (word << 5) + <u32>ctz<u32>(open));
      open &= open - 1;
      count++;
    }
  }
  return count;
}

const OPEN: usize = memory.data(48 * 4, 16);

/** The node with which a role itself takes part in the competition. */
// @ts-ignore: decorator
@inline function selfNode(role: u32): u32 {
  return (ownNode(role) != 0 ? ownNode(role) : roleNode(role)) - 1;
}

/** True when role `a` is visited before role `b`: compared where their branches part. */
function roleBefore(a: u32, b: u32): bool {
  let x = selfNode(a);
  let y = selfNode(b);
  let p = ownNode(a) != 0 ? a : roleParent(a);
  let q = ownNode(b) != 0 ? b : roleParent(b);
  while (p != q) {
    if (roleDepth(p) >= roleDepth(q)) {
      x = roleNode(p) - 1;
      p = roleParent(p);
    } else {
      y = roleNode(q) - 1;
      q = roleParent(q);
    }
  }
  freshen(childGroup(p));
  return goesBefore(x, y);
}

/** The visit when few leaves are open to the agent: they are picked in order from the list. */
function visitOpen(count: u32): bool {
  let left = count;
  while (left != 0) {
    let role = leafRole(load<u32>(OPEN));
    for (let i: u32 = 1; i < left; i++) {
      const other = leafRole(load<u32>(OPEN + (<usize>i << 2)));
      if (other != role && roleBefore(other, role)) role = other;
    }
    const group = frameworkGroup(role);
    freshen(group);
    let row = forRole(role);
    let open = rowCount(row) != 0;
    if (plain && (roleFlags(role) & ROLE_STARVED) != 0) {
      soft = true;
      open = false;
    }
    minimumMet = open && meets(clusterMinimum, row);
    // Leaves of this role leave the list one by one, whether or not there is anything for them.
    for (;;) {
      let best: u32 = 0xffffffff;
      for (let i: u32 = 0; i < left; i++) {
        const leaf = load<u32>(OPEN + (<usize>i << 2));
        if (leafRole(leaf) != role) continue;
        if (best == 0xffffffff) best = i;
        else if (goesBefore(leafNode(leaf), leafNode(load<u32>(OPEN + (<usize>best << 2))))) best = i;
      }
      if (best == 0xffffffff) break;
      const leaf = load<u32>(OPEN + (<usize>best << 2));
      left--;
      store<u32>(OPEN + (<usize>best << 2), load<u32>(OPEN + (<usize>left << 2)));
      if (!open) continue;
      const result = tryLeaf(leaf, role, row);
      if (result == SOFT) soft = true;
      if (result != OFFERED) continue;
      if (!look()) return false;
      row = forRole(role);
      open = rowCount(row) != 0;
      minimumMet = open && meets(clusterMinimum, row);
    }
  }
  return true;
}

/** Sets up the visit of an agent; false when there is nothing to offer. */
function enter(agent: u32): bool {
  theAgent = agent;
  const flags = agentFlags(agent);
  plain = (flags & AGENT_COMPLEX) == 0;
  denies = load<u32>(agentAt(agent), 4);
  filters = filtersOn(agent);
  bits = filters >= MANY_FILTERS;
  exclusions = excludedWords(agent) != 0;
  // Who is left out because of limits may be back in the next run.
  soft = tableCount(SLOT_STARVED) != 0;
  if (!look()) {
    quieten(agent);
    return false;
  }
  if (plain && !ownMinimumsExist && !meets(clusterMinimum, free)) {
    quieten(agent);
    return false;
  }
  return true;
}

function visitFair(agent: u32): void {
  gave = false;
  if (noneForPlain && (agentFlags(agent) & AGENT_COMPLEX) == 0) return;
  if (!enter(agent)) return;
  let left: bool;
  if (randomRoles) {
    left = visitRandomRoles();
  } else if (bits || exclusions) {
    const open = countOpen();
    left = open > FEW || randomFrameworks ? visitChildren(0) : visitOpen(open);
  } else {
    left = visitChildren(0);
  }
  settleTouched();
  if (!left || (!soft && !gave)) quieten(agent);
}

function visitRandomRoles(): bool {
  let picked: u32 = 0;
  for (;;) {
    const role = randomRole(picked);
    if (role == 0) break;
    picked++;
    if (plain && (roleFlags(role) & ROLE_STARVED) != 0) soft = true;
    else if (!visitRole(role)) {
      resetRandom();
      return false;
    }
  }
  resetRandom();
  return true;
}

// --- The short way ---

/** True when the free part of plain entries meets the cluster's minimum. */
function entriesMeet(entries: usize, end: usize): bool {
  const alternatives: u32 = clusterMinimum == 0 ? 0 : load<u32>(clusterMinimum, 4);
  if (alternatives == 0) return true;
  let at = clusterMinimum + 8;
  for (let i: u32 = 0; i < alternatives; i++) {
    const names = load<u32>(at);
    at += 8;
    let met = true;
    for (let j: u32 = 0; j < names; j++) {
      let missing = load<f64>(at, 8);
      for (let entry = entries; entry < end && missing > 0; entry += ENTRY_SIZE) {
        const flags = load<u32>(entry, 4);
        if (flags >> 16 != load<u32>(at)) continue;
        const amount = freeAmount(entry);
        missing -= isScalar(flags) ? amount / 1000 : amount;
      }
      if (missing > 0) met = false;
      at += 16;
    }
    if (met) return true;
  }
  return false;
}

/** The role whose frameworks are next, going down from the top; 0 when nobody takes part. */
function nextRole(): u32 {
  let parent: u32 = 0;
  let role: u32 = 0;
  while (role == 0) {
    const group = childGroup(parent);
    if (groupSize(group) == 0) return 0;
    freshen(group);
    const at = firstSlot(group);
    if (isEmptySlot(group, at)) return 0;
    const node = memberAt(group, at);
    parent = nodeOwner(node);
    if (nodeKind(node) == NODE_OWN || competingChildren(parent) == 0) role = parent;
  }
  return role;
}

/**
 * The common case at full speed: a plain agent without filters or exclusions, whose whole free part goes to
 * whoever is first, with no quota in the way. False when it is not that case; then nothing has changed.
 */
function visitSimple(agent: u32): bool {
  const record = agentAt(agent);
  if ((load<u32>(record) & (AGENT_COMPLEX | AGENT_ORDERED)) != 0) return false;
  // Neither filters nor exclusions.
  if ((load<u32>(record, 28) | load<u32>(record, 52)) != 0) return false;
  const role = nextRole();
  if (role == 0) return false;
  if ((roleFlags(role) & ROLE_QUOTA) != 0) return false;
  const group = frameworkGroup(role);
  freshen(group);
  const first = firstSlot(group);
  if (isEmptySlot(group, first)) return false;
  const leafNumber = nodeOwner(memberAt(group, first));
  const leaf = leafAt(leafNumber);
  // Its traits suit the agent, and it has no minimum of its own.
  if ((load<u32>(leaf, 16) & load<u32>(record, 4)) != 0 || load<usize>(leaf, 24) != 0) return false;
  if (load<u32>(record, 92) == runNumber && load<u32>(record, 88) != 0) return false;
  const framework = load<u32>(leaf);
  for (let at = load<usize>(record, 20); at != 0; at = load<usize>(at)) {
    if (load<u32>(at, 4) == framework && load<u32>(at, 8) == role) return false;
  }
  const entries = load<usize>(record, 8);
  const count = load<u32>(record, 12);
  const end = entries + <usize>count * ENTRY_SIZE;
  if (!entriesMeet(entries, end)) return false;
  let kinds: u32 = 0;
  for (let entry = entries; entry < end; entry += ENTRY_SIZE) kinds += <u32>(freeAmount(entry) > 0);
  if (kinds == 0) return false;

  const holding = newHolding(agent, framework, role, leafNumber + 1, kinds);
  store<u32>(holding, kinds, 16);
  store<u32>(leaf, load<u32>(leaf, 48) + 1, 48);
  const leafHeld = vectorAt(nodeVector(load<u32>(leaf, 12)));
  const ownHeld = ownNode(role) != 0 ? vectorAt(nodeVector(ownNode(role) - 1)) : 0;
  const allHeld = vectorAt(heldInAll());
  let item = holdingItems(holding);
  for (let entry = entries; entry < end; entry += ENTRY_SIZE) {
    const amount = freeAmount(entry);
    if (amount <= 0) continue;
    const flags = load<u32>(entry, 4);
    store<u32>(item, load<u32>(entry));
    // The reference to the free set moves to the holding.
    store<usize>(item, load<usize>(entry, 28), 4);
    store<usize>(entry, 0, 28);
    store<f64>(item, amount, 8);
    store<f64>(entry, load<f64>(entry, 16) + amount, 16);
    item += ITEM_SIZE;
    if (!isScalar(flags)) continue;
    const held = (flags & SOLID) != 0 ? amount * kindUnit(load<u32>(entry)) : amount;
    const at = <usize>(flags >> 16) << 3;
    store<f64>(leafHeld + at, load<f64>(leafHeld + at) + held);
    store<f64>(allHeld + at, load<f64>(allHeld + at) + held);
    if (ownHeld != 0) store<f64>(ownHeld + at, load<f64>(ownHeld + at) + held);
    for (let r = role; r != 0; r = roleParent(r)) {
      const treeHeld = vectorAt(nodeVector(roleNode(r) - 1)) + at;
      store<f64>(treeHeld, load<f64>(treeHeld) + held);
      const plainHeld = vectorAt(heldPlainOf(r)) + at;
      store<f64>(plainHeld, load<f64>(plainHeld) + held);
    }
  }
  advance(load<u32>(leaf, 12));
  if (ownNode(role) != 0) advance(ownNode(role) - 1);
  for (let r = role; r != 0; r = roleParent(r)) advance(roleNode(r) - 1);

  const index = tableAppend(SLOT_OFFERS, OFFER_SIZE);
  const to = tableBase(SLOT_OFFERS) + <usize>index * OFFER_SIZE;
  store<u32>(to, leafNumber);
  store<u32>(to, agent, 4);
  store<usize>(to, holdingItems(holding), 8);
  store<u32>(to, kinds, 12);
  store<u64>(to, 0, 16);
  store<u32>(record, index + 1, 88);
  store<u32>(record, runNumber, 92);
  quieten(agent);
  return true;
}

/** One more allocation for a node, and its new place. */
// @ts-ignore: decorator
@inline function advance(node: u32): void {
  setNodeCount(node, nodeCount(node) + 1);
  rekey(node);
}

// --- The guarantee stage ---

/** Roles whose guarantee is not met, in the order of the list of candidates' roles; rebuilt per run. */
function guaranteeRoles(): u32 {
  tableClear(SLOT_WAITING);
  const count = tableCount(SLOT_QUOTA_ROLES);
  for (let i: u32 = 0; i < count; i++) {
    const role = load<u32>(tableBase(SLOT_QUOTA_ROLES) + (<usize>i << 2));
    if ((roleFlags(role) & ROLE_GUARANTEES) == 0) continue;
    if (activeFrameworks(role) == 0 || trackedFrameworks(role) == 0 || isSatisfied(role)) continue;
    const index = tablePush(SLOT_WAITING, 4);
    store<u32>(tableBase(SLOT_WAITING) + (<usize>index << 2), role);
  }
  return tableCount(SLOT_WAITING);
}

// A binary heap over the waiting roles' nodes serves this stage: roles leave it for good when their
// guarantee is met, and for the rest of a visit when they had their turn.

// @ts-ignore: decorator
@inline function waitingAt(index: u32): usize {
  return tableBase(SLOT_WAITING) + (<usize>index << 2);
}

function siftDown(index: u32, count: u32): void {
  const role = load<u32>(waitingAt(index));
  for (;;) {
    let child = index * 2 + 1;
    if (child >= count) break;
    let other = load<u32>(waitingAt(child));
    if (child + 1 < count) {
      const right = load<u32>(waitingAt(child + 1));
      if (goesBefore(roleNode(right) - 1, roleNode(other) - 1)) {
        child++;
        other = right;
      }
    }
    if (!goesBefore(roleNode(other) - 1, roleNode(role) - 1)) break;
    store<u32>(waitingAt(index), other);
    index = child;
  }
  store<u32>(waitingAt(index), role);
}

function siftUp(index: u32): void {
  const role = load<u32>(waitingAt(index));
  while (index > 0) {
    const parent = (index - 1) >> 1;
    const other = load<u32>(waitingAt(parent));
    if (!goesBefore(roleNode(role) - 1, roleNode(other) - 1)) break;
    store<u32>(waitingAt(index), other);
    index = parent;
  }
  store<u32>(waitingAt(index), role);
}

/** One of the waiting roles by the chances of their weights. */
function randomWaiting(count: u32): u32 {
  let sum: f64 = 0;
  for (let i: u32 = 0; i < count; i++) sum += nodeWeight(roleNode(load<u32>(waitingAt(i))) - 1);
  let aim = randomUnit() * sum;
  for (let i: u32 = 0; i + 1 < count; i++) {
    const weight = nodeWeight(roleNode(load<u32>(waitingAt(i))) - 1);
    if (aim < weight) return i;
    aim -= weight;
  }
  return count - 1;
}

/** Visits an agent for the waiting roles; answers how many still wait. */
function visitGuaranteed(agent: u32, waiting: u32): u32 {
  if (!enter(agent)) return waiting;
  // Popped roles collect behind the heap: [heap | had their turn].
  let heap = waiting;
  let left = true;
  while (heap != 0 && left) {
    const first = randomRoles ? randomWaiting(heap) : 0;
    const role = load<u32>(waitingAt(first));
    heap--;
    const last = load<u32>(waitingAt(heap));
    store<u32>(waitingAt(heap), role);
    if (heap != first) store<u32>(waitingAt(first), last);
    if (heap != 0 && !randomRoles) siftDown(0, heap);
    left = visitRole(role);
  }
  settleTouched();
  // Those that still wait return to the heap under their new keys.
  let kept = heap;
  for (let i = heap; i < waiting; i++) {
    const role = load<u32>(waitingAt(i));
    if (isSatisfied(role)) continue;
    store<u32>(waitingAt(kept), role);
    if (!randomRoles) siftUp(kept);
    kept++;
  }
  return kept;
}

// --- The run ---

/** Offers to everyone over the candidates, which are in the table of candidates. */
export function runCandidates(seeded: bool): void {
  const options = load<u32>(slot(SLOT_OPTIONS));
  randomRoles = (options & OPTION_RANDOM_ROLES) != 0;
  randomFrameworks = (options & OPTION_RANDOM_FRAMEWORKS) != 0;
  clusterMinimum = load<usize>(slot(SLOT_CLUSTER_MIN));
  ownMinimumsExist = load<u32>(slot(SLOT_OWN_MINIMUMS)) != 0;
  runNumber = load<u32>(slot(SLOT_RUN)) + 1;
  store<u32>(slot(SLOT_RUN), runNumber);
  const count = tableCount(SLOT_CANDIDATES);
  if (count == 0) return;
  settleTouched();
  prepareQuotas();
  if (randomRoles) prepareRandomRoles();
  if (seeded) shuffle(tableBase(SLOT_CANDIDATES), count);
  guaranteeStage = true;
  let waiting = guaranteeRoles();
  if (waiting != 0) {
    freshen(childGroup(0));
    // A single top-level role keeps no share; the heap needs none then.
    for (let i = waiting; i > 0; i--) siftDown(i - 1, waiting);
    for (let i: u32 = 0; i < count && waiting != 0; i++) {
      waiting = visitGuaranteed(candidate(i), waiting);
    }
  }
  guaranteeStage = false;
  if (seeded) shuffle(tableBase(SLOT_CANDIDATES), count);
  prepareStarved();
  checkHeadroom();
  const short = !headroomNeeded && !randomRoles && !randomFrameworks;
  for (let i: u32 = 0; i < count; i++) {
    if (seeded && (i & (AHEAD - 1)) == 0) fetchAhead(i, min(i + AHEAD, count));
    const agent = candidate(i);
    if (!short || !visitSimple(agent)) visitFair(agent);
  }
  releaseStarved();
}

/** So many shuffled agents are touched together before they are visited. */
const AHEAD: u32 = 32;
const touched: usize = memory.data(8, 8);

/**
 * Loads what the visits of some agents will need, all at once: the misses of a shuffled order then overlap
 * instead of waiting for each other.
 */
function fetchAhead(from: u32, to: u32): void {
  let sum: u32 = 0;
  for (let i = from; i < to; i++) {
    const record = agentAt(candidate(i));
    sum += load<u32>(record) + load<u32>(record, 64);
  }
  for (let i = from; i < to; i++) {
    const record = agentAt(candidate(i));
    const entries = load<usize>(record, 8);
    const spare = load<usize>(record, 104);
    sum += load<u32>(entries) + load<u32>(entries, 64) + load<u32>(spare) + load<u32>(spare, 64);
  }
  store<u32>(touched, sum);
}

// @ts-ignore: decorator
@inline function candidate(index: u32): u32 {
  return load<u32>(tableBase(SLOT_CANDIDATES) + (<usize>index << 2));
}

function prepareStarved(): void {
  if (!limited) return;
  const count = tableCount(SLOT_QUOTA_ROLES);
  for (let i: u32 = 0; i < count; i++) {
    checkStarved(load<u32>(tableBase(SLOT_QUOTA_ROLES) + (<usize>i << 2)));
  }
}

function releaseStarved(): void {
  if (!limited) return;
  const benched = tableCount(SLOT_STARVED);
  for (let i: u32 = 0; i < benched; i++) {
    unbenchNode(load<u32>(tableBase(SLOT_STARVED) + (<usize>i << 2)));
  }
  tableClear(SLOT_STARVED);
  const count = tableCount(SLOT_QUOTA_ROLES);
  for (let i: u32 = 0; i < count; i++) {
    const role = load<u32>(tableBase(SLOT_QUOTA_ROLES) + (<usize>i << 2));
    setRoleFlags(role, roleFlags(role) & ~ROLE_STARVED);
  }
}
