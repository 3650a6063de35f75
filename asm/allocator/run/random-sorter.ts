// The random sorters: a framework's chance, instead of its share, decides when it is offered
// something. A role's chance is the product, level by level, of its branch's part of the weights of
// all siblings that have active frameworks; frameworks of one role have equal chances.
import { CHECKED, tableBase, tableClear, tableCount, tablePush } from '../../memory';
import { SLOT_RANDOM } from '../../slots';
import { firstSlot, isEmptySlot, memberAt } from '../tables/groups';
import { NODE_OWN, nodeKind, nodeOwner, nodeWeight } from '../tables/nodes';
import { childGroup, competingChildren } from '../tables/roles';
import { randomBelow, randomUnit } from './generator';

// Record: role u32 | - u32 | chance f64
// Roles that had their turn in a visit are at the end of the table.
// @ts-ignore: decorator
@inline
const SIZE: usize = 16;

let chances: f64 = 0;
let left: f64 = 0;

// The draw of the fast path. Where the fast path gives up, the visit goes on with it: a second draw
// would put the frameworks of roles with refusals at a disadvantage.
let drawnAim: f64 = -1;
let drawnGroup: usize = 0;
let drawnSlot: u32 = 0;

function spread(parent: u32, part: f64): void {
  const group = childGroup(parent);
  const capacity = load<u32>(group);
  let sum: f64 = 0;
  for (let at: u32 = 0; at < capacity; at++) {
    if (!isEmptySlot(group, at)) {
      sum += nodeWeight(memberAt(group, at));
    }
  }
  for (let at: u32 = 0; at < capacity; at++) {
    if (isEmptySlot(group, at)) {
      continue;
    }
    const node = memberAt(group, at);
    const chance = (part * nodeWeight(node)) / sum;
    if (CHECKED) {
      assert(chance >= 0 && chance <= part * 1.000001, 'no chance');
    }
    const role = nodeOwner(node);
    if (nodeKind(node) != NODE_OWN && competingChildren(role) > 0) {
      spread(role, chance);
    } else {
      const index = tablePush(SLOT_RANDOM, SIZE);
      const record = tableBase(SLOT_RANDOM) + <usize>index * SIZE;
      store<u32>(record, role);
      store<f64>(record, chance, 8);
      chances += chance;
    }
  }
}

/** Works the chances out for one run. */
export function prepareRandomRoles(): void {
  tableClear(SLOT_RANDOM);
  chances = 0;
  spread(0, 1);
  left = chances;
}

/** The place in the table, among the first `count`, where the aim falls. */
function indexOf(aim: f64, count: u32): u32 {
  if (CHECKED) {
    assert(count != 0 && count <= tableCount(SLOT_RANDOM), 'no roles to draw from');
  }
  const base = tableBase(SLOT_RANDOM);
  let index: u32 = 0;
  while (index + 1 < count) {
    const chance = load<f64>(base + <usize>index * SIZE, 8);
    if (aim < chance) {
      break;
    }
    aim -= chance;
    index++;
  }
  return index;
}

/** The role that randomRole(0) will answer; 0 when there is none. */
export function drawRole(): u32 {
  const count = tableCount(SLOT_RANDOM);
  if (count == 0) {
    return 0;
  }
  drawnAim = randomUnit() * left;
  return load<u32>(tableBase(SLOT_RANDOM) + <usize>indexOf(drawnAim, count) * SIZE);
}

/** The slot that randomSlot() will answer next for the group. */
export function drawSlot(group: usize): u32 {
  drawnSlot = randomSlot(group);
  drawnGroup = group;
  return drawnSlot;
}

/** Forgets the draw: the fast path has used it, or the visit is over. */
export function forgetDrawn(): void {
  drawnAim = -1;
  drawnGroup = 0;
}

/** The next role of a visit in which `picked` had their turn; 0 when there is none. */
export function randomRole(picked: u32): u32 {
  if (CHECKED) {
    assert(picked <= tableCount(SLOT_RANDOM), 'more roles had their turn than there are');
  }
  const count = tableCount(SLOT_RANDOM) - picked;
  if (count == 0) {
    return 0;
  }
  const base = tableBase(SLOT_RANDOM);
  const aim = drawnAim >= 0 ? drawnAim : randomUnit() * left;
  drawnAim = -1;
  const index = indexOf(aim, count);
  const one = base + <usize>index * SIZE;
  const last = base + <usize>(count - 1) * SIZE;
  const role = load<u32>(one);
  const chance = load<f64>(one, 8);
  memory.copy(one, last, SIZE);
  store<u32>(last, role);
  store<f64>(last, chance, 8);
  left -= chance;
  return role;
}

/** The next visit starts with all roles again. */
export function resetRandom(): void {
  left = chances;
}

/**
 * The slot of some member of a group that has not had its turn; an empty slot when there is none.
 */
export function randomSlot(group: usize): u32 {
  const first = firstSlot(group);
  if (isEmptySlot(group, first)) {
    return first;
  }
  if (drawnGroup == group) {
    drawnGroup = 0;
    if (!isEmptySlot(group, drawnSlot)) {
      return drawnSlot;
    }
  }
  const capacity = load<u32>(group);
  for (let tries = 0; tries < 64; tries++) {
    const at = randomBelow(capacity);
    if (!isEmptySlot(group, at)) {
      return at;
    }
  }
  // Few members are left: the next one after a random slot.
  let at = randomBelow(capacity);
  while (isEmptySlot(group, at)) {
    at = at + 1 == capacity ? 0 : at + 1;
  }
  return at;
}
