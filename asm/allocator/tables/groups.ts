// Groups: a group is a set of competing siblings (the frameworks of a role, the children of a
// role). It is a tournament tree over 16-byte keys: its first member is read off, and a change
// costs log2(size) comparisons.
//
//   group:  capacity u32 | size u32 | keys u32 | tree u32 | members u32 | free slots u32 |
//           version u32 | -
//   key:    share f64 | count 40 bits, rank 24 bits    (a share is never negative: its bits order)
//   member: node u32 | owner u32 | vector u32 | next free slot + 1 u32
//   tree:   2 × capacity slots, the winner of each pairing: the lower half pairs, the upper slots
//
// What a visit needs of the first member stands in one place, its member record.
//
// A node's share counts only what the cluster has (shares.ts): when the cluster's totals change,
// every group is stale, and is brought up to date when it is next looked at.
import { alloc, allocZeroed, CHECKED, free, slot, tableBase, tablePushWord } from '../../memory';
import { SLOT_TOTALS_VERSION, SLOT_TOUCHED } from '../../slots';
import { nodeAt, nodeGroup, nodeOwner, nodeVector } from './nodes';
import { refreshShare, weighShare } from './shares';

// @ts-ignore: decorator
@inline
const MEMBER_SIZE: usize = 16;

const INFINITE: u64 = 0xffffffffffffffff;

export function newGroup(): usize {
  const group = allocZeroed(32);
  store<u32>(group, 2);
  allocate(group, 2);
  return group;
}

function allocate(group: usize, capacity: u32): void {
  const keys = alloc(<usize>capacity * 16);
  memory.fill(keys, 0xff, <usize>capacity * 16);
  const tree = alloc(<usize>capacity * 8);
  const members = allocZeroed(<usize>capacity * MEMBER_SIZE);
  for (let i: u32 = 0; i < capacity; i++) {
    store<u32>(members + <usize>i * MEMBER_SIZE, i + 1 < capacity ? i + 2 : 0, 12);
    store<u32>(tree + ((<usize>(capacity + i)) << 2), i);
  }
  store<u32>(group, capacity);
  store<usize>(group, keys, 8);
  store<usize>(group, tree, 12);
  store<usize>(group, members, 16);
  store<u32>(group, 1, 20);
  rebuild(group);
}

/** Gives an empty group's memory back. */
export function freeGroup(group: usize): void {
  if (CHECKED) {
    assert(groupSize(group) == 0, 'a group with members');
  }
  const capacity = <usize>load<u32>(group);
  free(load<usize>(group, 8), capacity * 16);
  free(load<usize>(group, 12), capacity * 8);
  free(load<usize>(group, 16), capacity * MEMBER_SIZE);
  free(group, 32);
}

// @ts-ignore: decorator
@inline
export function groupSize(group: usize): u32 {
  return load<u32>(group, 4);
}
// @ts-ignore: decorator
@inline
function keyAt(group: usize, at: u32): usize {
  if (CHECKED) {
    assert(at < load<u32>(group), 'no such slot of the group');
  }
  return load<usize>(group, 8) + ((<usize>at) << 4);
}
// @ts-ignore: decorator
@inline
function memberRecord(group: usize, at: u32): usize {
  if (CHECKED) {
    assert(at < load<u32>(group), 'no such slot of the group');
  }
  return load<usize>(group, 16) + <usize>at * MEMBER_SIZE;
}
// @ts-ignore: decorator
@inline
export function memberAt(group: usize, at: u32): u32 {
  return load<u32>(memberRecord(group, at));
}
/** The vector of the node in a slot. */
// @ts-ignore: decorator
@inline
export function memberVector(group: usize, at: u32): u32 {
  return load<u32>(memberRecord(group, at), 8);
}
/** The owner of the node in a slot. */
// @ts-ignore: decorator
@inline
export function memberOwner(group: usize, at: u32): u32 {
  return load<u32>(memberRecord(group, at), 4);
}

// @ts-ignore: decorator
@inline
function winner(keys: usize, a: u32, b: u32): u32 {
  const ka = keys + ((<usize>a) << 4);
  const kb = keys + ((<usize>b) << 4);
  const sa = load<u64>(ka);
  const sb = load<u64>(kb);
  const second = <i32>(load<u64>(kb, 8) < load<u64>(ka, 8));
  return select<u32>(b, a, <i32>(sb < sa) | (<i32>(sb == sa) & second));
}

function rebuild(group: usize): void {
  const keys = load<usize>(group, 8);
  const tree = load<usize>(group, 12);
  for (let i = load<u32>(group) - 1; i > 0; i--) {
    const pair = tree + ((<usize>i) << 3);
    store<u32>(tree + ((<usize>i) << 2), winner(keys, load<u32>(pair), load<u32>(pair, 4)));
  }
}

/**
 * Plays the games on the way from a slot with this key to the top again. The winner so far stays in
 * registers: a level then waits for a comparison only, not for what the level below has stored. The
 * first game is a branch: a member that was just given something mostly loses it, and then the way
 * up is known before the new share is.
 */
// @ts-ignore: decorator
@inline
function climb(group: usize, at: u32, share: u64, order: u64): void {
  const keys = load<usize>(group, 8);
  const tree = load<usize>(group, 12);
  let i = load<u32>(group) + at;
  let best = load<u32>(tree + ((<usize>(i ^ 1)) << 2));
  const beside = keys + ((<usize>best) << 4);
  let bestShare = load<u64>(beside);
  let bestOrder = load<u64>(beside, 8);
  if (share < bestShare || (share == bestShare && order < bestOrder)) {
    best = at;
    bestShare = share;
    bestOrder = order;
  }
  i >>= 1;
  store<u32>(tree + ((<usize>i) << 2), best);
  for (; i > 1; i >>= 1) {
    const other = load<u32>(tree + ((<usize>(i ^ 1)) << 2));
    const key = keys + ((<usize>other) << 4);
    const otherShare = load<u64>(key);
    const otherOrder = load<u64>(key, 8);
    const wins =
      <i32>(otherShare < bestShare) |
      (<i32>(otherShare == bestShare) & <i32>(otherOrder < bestOrder));
    best = select<u32>(other, best, wins);
    bestShare = select<u64>(otherShare, bestShare, wins);
    bestOrder = select<u64>(otherOrder, bestOrder, wins);
    store<u32>(tree + ((<usize>(i >> 1)) << 2), best);
  }
}

function replay(group: usize, at: u32): void {
  const key = keyAt(group, at);
  climb(group, at, load<u64>(key), load<u64>(key, 8));
}

/**
 * The slot of the winner of a pairing; the first pairing is 1, those of pairing i are 2i and 2i +
 * 1.
 */
// @ts-ignore: decorator
@inline
export function pairedSlot(group: usize, pairing: u32): u32 {
  if (CHECKED) {
    assert(pairing != 0 && pairing < load<u32>(group) * 2, 'no such pairing');
  }
  return load<u32>(load<usize>(group, 12) + ((<usize>pairing) << 2));
}

/** True when the key of slot `a` goes before that of slot `b`. */
// @ts-ignore: decorator
@inline
export function goesFirst(group: usize, a: u32, b: u32): bool {
  return winner(load<usize>(group, 8), b, a) == a;
}

/** The slot of the first member; its key tells whether there is one. */
// @ts-ignore: decorator
@inline
export function firstSlot(group: usize): u32 {
  return load<u32>(load<usize>(group, 12), 4);
}
// @ts-ignore: decorator
@inline
export function isEmptySlot(group: usize, at: u32): bool {
  return load<u64>(keyAt(group, at)) == INFINITE;
}

function writeKey(group: usize, at: u32, node: u32): void {
  const key = keyAt(group, at);
  const record = nodeAt(node);
  store<f64>(key, load<f64>(record));
  store<u64>(key, (load<u64>(record, 16) << 24) | load<u32>(record, 24), 8);
}

/** Lets a slot lose every game until putBack(). */
export function park(group: usize, at: u32): void {
  store<u64>(keyAt(group, at), INFINITE);
  store<u64>(keyAt(group, at), INFINITE, 8);
  replay(group, at);
}

export function putBack(group: usize, at: u32): void {
  if (load<u32>(nodeAt(memberAt(group, at)), 52) != 0) {
    return;
  }
  writeKey(group, at, memberAt(group, at));
  replay(group, at);
}

/** Takes a member out of the competition until unbenchNode(); false when it is out anyway. */
export function benchNode(node: u32): bool {
  const record = nodeAt(node);
  const position = load<u32>(record, 36);
  if (position == 0 || load<u32>(record, 52) != 0) {
    return false;
  }
  store<u32>(record, 1, 52);
  park(load<usize>(record, 32), position - 1);
  return true;
}

export function unbenchNode(node: u32): void {
  const record = nodeAt(node);
  store<u32>(record, 0, 52);
  const position = load<u32>(record, 36);
  if (position == 0) {
    return;
  }
  const group = load<usize>(record, 32);
  refreshShare(record);
  writeKey(group, position - 1, node);
  replay(group, position - 1);
}

function isStale(group: usize): bool {
  return load<u32>(group, 24) != load<u32>(slot(SLOT_TOTALS_VERSION));
}

/** Brings every share of a group up to date with the cluster's totals. */
export function freshen(group: usize): void {
  if (!isStale(group)) {
    return;
  }
  const capacity = load<u32>(group);
  for (let at: u32 = 0; at < capacity; at++) {
    if (isEmptySlot(group, at)) {
      continue;
    }
    const node = memberAt(group, at);
    refreshShare(nodeAt(node));
    writeKey(group, at, node);
  }
  rebuild(group);
  store<u32>(group, load<u32>(slot(SLOT_TOTALS_VERSION)), 24);
}

/** Puts a node into a group where it takes part from now on. */
export function joinGroup(group: usize, node: u32): void {
  if (CHECKED) {
    assert(nodeGroup(node) == 0, 'a node in two groups');
  }
  if (load<u32>(group, 20) == 0) {
    grow(group);
  }
  const at = load<u32>(group, 20) - 1;
  const member = memberRecord(group, at);
  store<u32>(group, load<u32>(member, 12), 20);
  store<u32>(member, node);
  store<u32>(member, nodeOwner(node), 4);
  store<u32>(member, nodeVector(node), 8);
  store<u32>(group, groupSize(group) + 1, 4);
  // The share of a node that was the only member was not kept up to date.
  if (groupSize(group) == 2) {
    store<u32>(group, 0, 24);
  }
  const record = nodeAt(node);
  store<usize>(record, group, 32);
  store<u32>(record, at + 1, 36);
  refreshShare(record);
  writeKey(group, at, node);
  replay(group, at);
}

export function leaveGroup(node: u32): void {
  const record = nodeAt(node);
  const position = load<u32>(record, 36);
  if (position == 0) {
    return;
  }
  const group = load<usize>(record, 32);
  const at = position - 1;
  park(group, at);
  store<u32>(memberRecord(group, at), load<u32>(group, 20), 12);
  store<u32>(group, position, 20);
  store<u32>(group, groupSize(group) - 1, 4);
  store<u32>(record, 0, 36);
  store<usize>(record, 0, 32);
}

function grow(group: usize): void {
  const capacity = load<u32>(group);
  const keys = load<usize>(group, 8);
  const tree = load<usize>(group, 12);
  const members = load<usize>(group, 16);
  allocate(group, capacity << 1);
  memory.copy(load<usize>(group, 8), keys, <usize>capacity * 16);
  memory.copy(load<usize>(group, 16), members, <usize>capacity * MEMBER_SIZE);
  // Every old slot is taken; the chain of free ones starts behind them.
  store<u32>(group, capacity + 1, 20);
  free(keys, <usize>capacity * 16);
  free(tree, <usize>capacity * 8);
  free(members, <usize>capacity * MEMBER_SIZE);
  rebuild(group);
}

// --- Changes ---

/** Notes that a node's share or count changed; keys follow in settleTouched(). */
export function touch(node: u32): void {
  const record = nodeAt(node);
  if (load<u32>(record, 48) != 0) {
    return;
  }
  store<u32>(record, 1, 48);
  tablePushWord(SLOT_TOUCHED, node);
}

/** Brings the key of one node up to date; not while members of its group are parked. */
export function rekey(node: u32): void {
  const record = nodeAt(node);
  const position = load<u32>(record, 36);
  const group = load<usize>(record, 32);
  if (position == 0 || groupSize(group) == 1 || isStale(group)) {
    return;
  }
  refreshShare(record);
  writeKey(group, position - 1, node);
  replay(group, position - 1);
}

/**
 * One more allocation for the member in a slot, and its new place; not while members are parked.
 */
export function advanceMember(group: usize, at: u32): void {
  const member = memberRecord(group, at);
  const record = nodeAt(load<u32>(member));
  const count = load<u64>(record, 16) + 1;
  store<u64>(record, count, 16);
  if (groupSize(group) == 1 || isStale(group)) {
    return;
  }
  const share = weighShare(record, load<u32>(member, 8));
  const order = (count << 24) | load<u32>(record, 24);
  const key = keyAt(group, at);
  store<u64>(key, share);
  store<u64>(key, order, 8);
  climb(group, at, share, order);
}

/** The order in a node's group is out of date until freshen() makes it anew. */
export function unsettle(node: u32): void {
  const group = load<usize>(nodeAt(node), 32);
  if (group != 0) {
    store<u32>(group, 0, 24);
  }
}

/** Brings the keys of all touched nodes up to date. */
export function settleTouched(): void {
  const count = load<u32>(slot(SLOT_TOUCHED + 1));
  if (count == 0) {
    return;
  }
  const list = tableBase(SLOT_TOUCHED);
  for (let i: u32 = 0; i < count; i++) {
    const node = load<u32>(list + ((<usize>i) << 2));
    const record = nodeAt(node);
    store<u32>(record, 0, 48);
    const position = load<u32>(record, 36);
    if (position == 0 || load<u32>(record, 52) != 0) {
      continue;
    }
    const group = load<usize>(record, 32);
    // A node that is the only member is first, whatever its share.
    if (groupSize(group) == 1 || isStale(group)) {
      continue;
    }
    refreshShare(record);
    writeKey(group, position - 1, node);
    replay(group, position - 1);
  }
  store<u32>(slot(SLOT_TOUCHED + 1), 0);
}

/**
 * True when `a` goes before `b`; both are members of one fresh group. Keys are compared, not nodes:
 * within a visit keys keep the order of its beginning.
 */
export function goesBefore(a: u32, b: u32): bool {
  const group = nodeGroup(a);
  const ka = keyAt(group, load<u32>(nodeAt(a), 36) - 1);
  const kb = keyAt(group, load<u32>(nodeAt(b), 36) - 1);
  const sa = load<u64>(ka);
  const sb = load<u64>(kb);
  return sa < sb || (sa == sb && load<u64>(ka, 8) < load<u64>(kb, 8));
}

// --- For the debug build ---

/**
 * Asserts that a group is a tournament of its members, and that keys that are not out of date are
 * their nodes'.
 */
export function checkGroup(group: usize): void {
  const capacity = load<u32>(group);
  let members: u32 = 0;
  let free: u32 = 0;
  for (let at = load<u32>(group, 20); at != 0; at = load<u32>(memberRecord(group, at - 1), 12)) {
    assert(isEmptySlot(group, at - 1), 'a free slot with a key');
    assert(++free <= capacity, 'free slots without an end');
  }
  for (let at: u32 = 0; at < capacity; at++) {
    if (isEmptySlot(group, at)) {
      continue;
    }
    members++;
    const record = nodeAt(memberAt(group, at));
    assert(load<usize>(record, 32) == group && load<u32>(record, 36) == at + 1, 'no member');
    assert(memberVector(group, at) == load<u32>(record, 28), 'the vector of another node');
    assert(memberOwner(group, at) == load<u32>(record, 44), 'the owner of another node');
    if (isStale(group) || groupSize(group) == 1 || load<u32>(record, 48) != 0) {
      continue;
    }
    const order = (load<u64>(record, 16) << 24) | load<u32>(record, 24);
    assert(load<u64>(keyAt(group, at)) == load<u64>(record), 'a key with another share');
    assert(load<u64>(keyAt(group, at), 8) == order, 'a key with another count or rank');
  }
  assert(members == groupSize(group) && members + free == capacity, 'slots that are lost');
  const keys = load<usize>(group, 8);
  for (let pairing: u32 = 1; pairing < capacity; pairing++) {
    const first = pairedSlot(group, pairing << 1);
    const second = pairedSlot(group, (pairing << 1) + 1);
    const won = pairedSlot(group, pairing);
    assert(won == first || won == second, 'a winner that did not play');
    assert(won == winner(keys, first, second) || !goesFirst(group, first, second), 'no winner');
  }
}
