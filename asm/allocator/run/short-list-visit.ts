// The visit of an agent that few leaves may be offered: bits tell which those are, and they are put
// in order. The other way (visit.ts) would park every leaf that refused the agent, one after
// another, before it comes to them.
import { CHECKED, slot } from '../../memory';
import { rowCount } from '../../rows';
import { SLOT_ACTIVE_LEAVES } from '../../slots';
import { excludedBits, excludedWords, hiddenBits, hiddenWords } from '../filters/leaf-bits';
import { leafNode, leafRole, leafTraits } from '../tables/frameworks';
import { freshen, goesBefore } from '../tables/groups';
import {
  childGroup,
  frameworkGroup,
  ownNode,
  ROLE_STARVED,
  roleDepth,
  roleFlags,
  roleNode,
  roleParent,
} from '../tables/roles';
import { meets } from './minimums';
import { forRole, look, rightBits, tryLeaf } from './offering';
import { selfNode } from './quotas';
import { HELD_BACK, OFFERED, Run, Visit } from './run-state';

/** At most so many leaves are looked at one by one rather than through the tournament. */
export const SHORT_LIST: u32 = 48;

/** The leaves of the short list, a u32 each. */
const LIST: usize = memory.data(48 * 4, 16);

/**
 * Lists the leaves that no bit and no trait keeps from the agent; answers how many they are, or
 * SHORT_LIST + 1 when they are more.
 */
export function makeShortList(): u32 {
  if (Visit.hasBits) {
    rightBits();
  }
  const active = load<usize>(slot(SLOT_ACTIVE_LEAVES));
  const words = load<u32>(slot(SLOT_ACTIVE_LEAVES + 1));
  const hidden = Visit.hasBits ? hiddenBits(Visit.agent) : 0;
  const hiddenCount = Visit.hasBits ? hiddenWords(Visit.agent) : 0;
  const excluded = excludedBits(Visit.agent);
  const excludedCount = excludedWords(Visit.agent);
  let count: u32 = 0;
  for (let word: u32 = 0; word < words; word++) {
    let open = load<u32>(active + ((<usize>word) << 2));
    if (open == 0) {
      continue;
    }
    if (word < hiddenCount) {
      open &= ~load<u32>(hidden + ((<usize>word) << 2));
    }
    if (word < excludedCount) {
      open &= ~load<u32>(excluded + ((<usize>word) << 2));
    }
    while (open != 0) {
      const leaf = (word << 5) + <u32>ctz<u32>(open);
      open &= open - 1;
      if ((leafTraits(leaf) & Visit.denies) != 0) {
        continue;
      }
      if (count == SHORT_LIST) {
        return SHORT_LIST + 1;
      }
      store<u32>(LIST + ((<usize>count) << 2), leaf);
      count++;
    }
  }
  return count;
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

/**
 * Offers to the first `count` leaves of the list in their order; false when the agent has nothing
 * left.
 */
export function visitShortList(count: u32): bool {
  if (CHECKED) {
    assert(count <= SHORT_LIST, 'more leaves than the list holds');
  }
  let left = count;
  while (left != 0) {
    let role = leafRole(load<u32>(LIST));
    for (let i: u32 = 1; i < left; i++) {
      const other = leafRole(load<u32>(LIST + ((<usize>i) << 2)));
      if (other != role && roleBefore(other, role)) {
        role = other;
      }
    }
    const group = frameworkGroup(role);
    freshen(group);
    let row = forRole(role);
    let open = rowCount(row) != 0;
    if (Visit.plain && (roleFlags(role) & ROLE_STARVED) != 0) {
      Visit.heldBack = true;
      open = false;
    }
    Visit.minimumMet = open && meets(Run.clusterMinimum, row);
    // Leaves of this role leave the list one by one, whether or not there is anything for them.
    for (;;) {
      let best: u32 = 0xffffffff;
      for (let i: u32 = 0; i < left; i++) {
        const leaf = load<u32>(LIST + ((<usize>i) << 2));
        if (leafRole(leaf) != role) {
          continue;
        }
        if (best == 0xffffffff) {
          best = i;
        } else if (goesBefore(leafNode(leaf), leafNode(load<u32>(LIST + ((<usize>best) << 2))))) {
          best = i;
        }
      }
      if (best == 0xffffffff) {
        break;
      }
      const leaf = load<u32>(LIST + ((<usize>best) << 2));
      left--;
      store<u32>(LIST + ((<usize>best) << 2), load<u32>(LIST + ((<usize>left) << 2)));
      if (!open) {
        continue;
      }
      const result = tryLeaf(leaf, role, row);
      if (result == HELD_BACK) {
        Visit.heldBack = true;
      }
      if (result != OFFERED) {
        continue;
      }
      if (!look()) {
        return false;
      }
      row = forRole(role);
      open = rowCount(row) != 0;
      Visit.minimumMet = open && meets(Run.clusterMinimum, row);
    }
  }
  return true;
}
