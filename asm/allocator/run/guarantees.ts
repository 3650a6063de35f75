// The guarantee stage of a run: top-level roles whose guarantee is not met wait in a heap, the
// least share first. A role leaves the heap for good when its guarantee is met, and for the rest of
// a visit when it had its turn.
import { CHECKED, tableBase, tableClear, tableCount, tablePushWord, tableWord } from '../../memory';
import { SLOT_QUOTA_ROLES, SLOT_WAITING } from '../../slots';
import { goesBefore, settleTouched } from '../tables/groups';
import { nodeWeight } from '../tables/nodes';
import {
  activeFrameworks,
  ROLE_GUARANTEES,
  roleFlags,
  roleNode,
  trackedFrameworks,
} from '../tables/roles';
import { randomUnit } from './generator';
import { isSatisfied } from './quotas';
import { Run } from './run-state';
import { enter, visitRole } from './visit';

/** Fills the table of waiting roles, whose guarantee is not met; answers how many they are. */
export function guaranteeRoles(): u32 {
  tableClear(SLOT_WAITING);
  const count = tableCount(SLOT_QUOTA_ROLES);
  for (let i: u32 = 0; i < count; i++) {
    const role = tableWord(SLOT_QUOTA_ROLES, i);
    if ((roleFlags(role) & ROLE_GUARANTEES) == 0) {
      continue;
    }
    if (activeFrameworks(role) == 0 || trackedFrameworks(role) == 0 || isSatisfied(role)) {
      continue;
    }
    tablePushWord(SLOT_WAITING, role);
  }
  return tableCount(SLOT_WAITING);
}

// @ts-ignore: decorator
@inline
function waitingAt(index: u32): usize {
  if (CHECKED) {
    assert(index < tableCount(SLOT_WAITING), 'no such waiting role');
  }
  return tableBase(SLOT_WAITING) + ((<usize>index) << 2);
}

export function siftDown(index: u32, count: u32): void {
  const role = load<u32>(waitingAt(index));
  for (;;) {
    let child = index * 2 + 1;
    if (child >= count) {
      break;
    }
    let other = load<u32>(waitingAt(child));
    if (child + 1 < count) {
      const right = load<u32>(waitingAt(child + 1));
      if (goesBefore(roleNode(right) - 1, roleNode(other) - 1)) {
        child++;
        other = right;
      }
    }
    if (!goesBefore(roleNode(other) - 1, roleNode(role) - 1)) {
      break;
    }
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
    if (!goesBefore(roleNode(role) - 1, roleNode(other) - 1)) {
      break;
    }
    store<u32>(waitingAt(index), other);
    index = parent;
  }
  store<u32>(waitingAt(index), role);
}

/** One of the waiting roles by the chances of their weights. */
function randomWaiting(count: u32): u32 {
  let sum: f64 = 0;
  for (let i: u32 = 0; i < count; i++) {
    sum += nodeWeight(roleNode(load<u32>(waitingAt(i))) - 1);
  }
  let aim = randomUnit() * sum;
  for (let i: u32 = 0; i + 1 < count; i++) {
    const weight = nodeWeight(roleNode(load<u32>(waitingAt(i))) - 1);
    if (aim < weight) {
      return i;
    }
    aim -= weight;
  }
  return count - 1;
}

/** Visits an agent for the waiting roles; answers how many still wait. */
export function visitGuaranteed(agent: u32, waiting: u32): u32 {
  if (!enter(agent)) {
    return waiting;
  }
  // Popped roles collect behind the heap: [heap | had their turn].
  let heap = waiting;
  let left = true;
  while (heap != 0 && left) {
    const first = Run.randomRoles ? randomWaiting(heap) : 0;
    const role = load<u32>(waitingAt(first));
    heap--;
    const last = load<u32>(waitingAt(heap));
    store<u32>(waitingAt(heap), role);
    if (heap != first) {
      store<u32>(waitingAt(first), last);
    }
    if (heap != 0 && !Run.randomRoles) {
      siftDown(0, heap);
    }
    left = visitRole(role);
  }
  settleTouched();
  // Roles that still wait return to the heap under their new keys.
  let kept = heap;
  for (let i = heap; i < waiting; i++) {
    const role = load<u32>(waitingAt(i));
    if (isSatisfied(role)) {
      continue;
    }
    store<u32>(waitingAt(kept), role);
    if (!Run.randomRoles) {
      siftUp(kept);
    }
    kept++;
  }
  return kept;
}
