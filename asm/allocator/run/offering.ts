// One offer: the checks of a leaf in the order in which Mesos makes them, and the allocation of
// what passes them.
import {
  EXPLAIN_CAPABILITY,
  EXPLAIN_CONSTRAINT,
  EXPLAIN_OFFERED,
  EXPLAIN_QUOTA_LIMIT,
  EXPLAIN_REFUSED,
  EXPLAIN_TOO_SMALL,
  OFFER_WORDS,
  RESERVED,
} from '../../constants';
import { retain } from '../../intervals';
import { kindFlags, kindRole } from '../../kinds';
import { CHECKED, tableAppend, tableBase, tableClear, tableCount } from '../../memory';
import {
  copyItems,
  freeItems,
  ITEM_SIZE,
  itemAmount,
  itemKind,
  itemSet,
  rowAddAll,
  rowClear,
  rowCount,
  rowItems,
  rowPush,
  scratch,
} from '../../rows';
import { SLOT_OFFERS } from '../../slots';
import { isRefused } from '../filters/filters';
import { hide } from '../filters/hidden';
import { isExcluded, isHidden } from '../filters/leaf-bits';
import { book } from '../tables/accounting';
import { collectFree } from '../tables/agent-totals';
import { AGENT_HAS_SHARED, AGENT_ORDERED, agentAt, agentFlags } from '../tables/agents';
import { leafFilters, leafMinimum, leafRole, leafStrip, leafTraits } from '../tables/frameworks';
import { holdingCount, holdingItems } from '../tables/holdings';
import { isWithin, ROLE_LIMITS, roleFlags } from '../tables/roles';
import { lend, takeLoans } from './loans';
import { meets, meetsFair } from './minimums';
import { HELD_BACK, NOT_OFFERED, OFFERED, Run, Visit } from './run-state';
import { consume, inFairOrder, shrinkFair, shrinkGuaranteed } from './shrink';

// Offer: leaf u32 | agent u32 | items u32 | count u32 | earlier offer of the agent + 1 u32 |
//        owned u32: the items are the offer's own, not those of a holding
// @ts-ignore: decorator
@inline
export const OFFER_SIZE: usize = OFFER_WORDS * 4;

/** Collects what is free on the agent now, in `Visit.free`; false when nothing is. */
export function look(): bool {
  Visit.free = collectFree(Visit.agent);
  if (Run.trial) {
    takeLoans(Visit.free);
  }
  if (rowCount(Visit.free) == 0) {
    return false;
  }
  // The bits are made only when the next leaf is looked at: after an offer often too little is left
  // for any.
  Visit.bitsDue = Visit.hasBits;
  return true;
}

/** The part of what is free that a role may have: unreserved, or reserved for it or an ancestor. */
export function forRole(role: u32): usize {
  if (Visit.plain) {
    return Visit.free;
  }
  const row = scratch(5);
  rowClear(row);
  for (let i: u32 = 0; i < rowCount(Visit.free); i++) {
    const item = rowItems(Visit.free) + <usize>i * ITEM_SIZE;
    const kind = itemKind(item);
    if ((kindFlags(kind) & RESERVED) != 0 && !isWithin(role, kindRole(kind))) {
      continue;
    }
    rowPush(row, kind, retain(itemSet(item)), itemAmount(item));
  }
  return row;
}

/** The part of a row that a leaf's framework can take, by its capabilities. */
function forLeaf(row: usize, leaf: u32): usize {
  if (Visit.plain) {
    return row;
  }
  const strip = leafStrip(leaf);
  const stripped = scratch(6);
  rowClear(stripped);
  for (let i: u32 = 0; i < rowCount(row); i++) {
    const item = rowItems(row) + <usize>i * ITEM_SIZE;
    if ((kindFlags(itemKind(item)) & strip) != 0) {
      continue;
    }
    rowPush(stripped, itemKind(item), retain(itemSet(item)), itemAmount(item));
  }
  return stripped;
}

/** Makes the hidden bits of the agent those of what is free now, if they are not. */
// @ts-ignore: decorator
@inline
export function rightBits(): void {
  if (!Visit.bitsDue) {
    return;
  }
  hide(Visit.agent, Visit.free);
  Visit.bitsDue = false;
}

/**
 * The checks of one leaf against what is there for its role, in Mesos's order; when they pass, the
 * offer is the row `Visit.offer`. Answers EXPLAIN_OFFERED or why not. `Visit.shrunk` tells whether
 * quota or headroom mattered: then the next run may answer otherwise.
 */
export function weigh(leaf: u32, role: u32, row: usize): i32 {
  Visit.shrunk = false;
  if (CHECKED) {
    assert(leafRole(leaf) == role, 'a leaf of another role');
  }
  if (Visit.exclusions && isExcluded(Visit.agent, leaf)) {
    return EXPLAIN_CONSTRAINT;
  }
  if ((leafTraits(leaf) & Visit.denies) != 0) {
    return EXPLAIN_CAPABILITY;
  }
  const minimum = leafMinimum(leaf);
  if (minimum == 0 ? !Visit.minimumMet : !meets(minimum, row)) {
    return EXPLAIN_TOO_SMALL;
  }
  if (Visit.hasBits) {
    rightBits();
    if (isHidden(Visit.agent, leaf)) {
      return EXPLAIN_REFUSED;
    }
  }
  let offer = forLeaf(row, leaf);
  if (Visit.guaranteeStage) {
    Visit.shrunk = true;
    offer = shrinkGuaranteed(offer, role);
    if (offer == 0) {
      return EXPLAIN_QUOTA_LIMIT;
    }
  } else if (Run.headroomNeeded || (Run.limited && (roleFlags(role) & ROLE_LIMITS) != 0)) {
    Visit.shrunk = true;
    offer = shrinkFair(offer, role);
  }
  if (Visit.shrunk || !Visit.plain) {
    const least = minimum == 0 ? Run.clusterMinimum : minimum;
    if (!(Visit.guaranteeStage ? meets(least, offer) : meetsFair(least, offer))) {
      return Visit.shrunk ? EXPLAIN_QUOTA_LIMIT : EXPLAIN_CAPABILITY;
    }
  }
  if (Visit.filters != 0 && leafFilters(leaf) != 0 && (Visit.shrunk || !Visit.hasBits)) {
    if (isRefused(Visit.agent, leaf, rowItems(offer), rowCount(offer))) {
      return EXPLAIN_REFUSED;
    }
  }
  if (!Visit.shrunk && (agentFlags(Visit.agent) & AGENT_ORDERED) != 0) {
    offer = inFairOrder(offer);
  }
  Visit.offer = offer;
  return EXPLAIN_OFFERED;
}

/** Offers the agent's resources to a leaf if every check passes. */
export function tryLeaf(leaf: u32, role: u32, row: usize): i32 {
  if (weigh(leaf, role, row) != EXPLAIN_OFFERED) {
    return Visit.shrunk ? HELD_BACK : NOT_OFFERED;
  }
  consume(role, Visit.offer);
  if (Run.trial) {
    lend(Visit.agent, leaf, Visit.offer);
  } else {
    give(leaf, Visit.offer);
  }
  Visit.gave = true;
  return OFFERED;
}

/** Books an offer and puts it on the list; a second part for the same leaf joins the first. */
function give(leaf: u32, offer: usize): void {
  const count = rowCount(offer);
  if (CHECKED) {
    assert(count != 0, 'an offer of nothing');
  }
  const record = agentAt(Visit.agent);
  const earlier = load<u32>(record, 60) == Run.number ? load<u32>(record, 56) : 0;
  const holding = book(Visit.agent, leaf, rowItems(offer), count);
  for (let at = earlier; at != 0; ) {
    if (CHECKED) {
      assert(at <= tableCount(SLOT_OFFERS), 'no such offer');
    }
    const known = tableBase(SLOT_OFFERS) + <usize>(at - 1) * OFFER_SIZE;
    if (CHECKED) {
      assert(load<u32>(known, 4) == Visit.agent, 'an earlier offer of another agent');
    }
    if (load<u32>(known) == leaf) {
      const row = scratch(3);
      rowClear(row);
      rowAddAll(row, load<usize>(known, 8), load<u32>(known, 12));
      rowAddAll(row, rowItems(offer), count);
      if (load<u32>(known, 20) != 0) {
        freeItems(load<usize>(known, 8), load<u32>(known, 12));
      }
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
  store<u32>(to, Visit.agent, 4);
  store<u32>(to, count, 12);
  store<u32>(to, earlier, 16);
  // A holding made by this offer has exactly its items, and nothing touches it before the next
  // call.
  if (
    Visit.guaranteeStage ||
    holdingCount(holding) != count ||
    (agentFlags(Visit.agent) & AGENT_HAS_SHARED) != 0
  ) {
    store<usize>(to, copyItems(rowItems(offer), count), 8);
    store<u32>(to, 1, 20);
  } else if (sameAmounts(holdingItems(holding), rowItems(offer), count)) {
    store<usize>(to, holdingItems(holding), 8);
    store<u32>(to, 0, 20);
  } else {
    store<usize>(to, copyItems(rowItems(offer), count), 8);
    store<u32>(to, 1, 20);
  }
  store<u32>(record, index + 1, 56);
  store<u32>(record, Run.number, 60);
}

function sameAmounts(a: usize, b: usize, count: u32): bool {
  for (let i: u32 = 0; i < count; i++) {
    const x = a + <usize>i * ITEM_SIZE;
    const y = b + <usize>i * ITEM_SIZE;
    if (itemKind(x) != itemKind(y) || itemAmount(x) != itemAmount(y)) {
      return false;
    }
  }
  return true;
}

/** Forgets the offers of the run before. */
export function clearOffers(): void {
  const count = tableCount(SLOT_OFFERS);
  for (let i: u32 = 0; i < count; i++) {
    const at = tableBase(SLOT_OFFERS) + <usize>i * OFFER_SIZE;
    if (load<u32>(at, 20) != 0) {
      freeItems(load<usize>(at, 8), load<u32>(at, 12));
    }
  }
  tableClear(SLOT_OFFERS);
}
