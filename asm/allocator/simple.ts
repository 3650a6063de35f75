// The common visit at full speed.
import { SOLID } from '../constants';
import { isScalar, kindUnit } from '../kinds';
import { tableAppend, tableBase } from '../memory';
import { ITEM_SIZE } from '../rows';
import { SLOT_OFFERS } from '../slots';
import { vectorAt } from '../vectors';
import { AGENT_COMPLEX, AGENT_ORDERED, agentAt } from './agents';
import { ENTRY_SIZE, freeAmount } from './entries';
import { holdingItems, newHolding } from './holdings';
import { setEmpty } from './quiet';
import { heldInAll } from './books';
import { isExcluded, mayBeHidden } from './filters';
import { leafAt } from './frameworks';
import {
  NODE_OWN,
  firstSlot,
  freshen,
  groupSize,
  isEmptySlot,
  memberAt,
  nodeCount,
  nodeKind,
  nodeOwner,
  nodeVector,
  rekey,
  setNodeCount,
  unsettle,
} from './groups';
import { entriesMeet } from './minimums';
import { OFFER_SIZE } from './offering';
import {
  ROLE_QUOTA,
  childGroup,
  competingChildren,
  frameworkGroup,
  heldPlainOf,
  ownNode,
  roleFlags,
  roleNode,
  roleParent,
} from './roles';
import { drawRole, drawSlot } from './random';
import { Run } from './run-state';

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
 * The common case at full speed: a plain agent whose whole free part goes to whoever is first, with no quota
 * and no refusal in the way. False when it is not that case; then nothing has changed.
 */
export function visitSimple(agent: u32): bool {
  const record = agentAt(agent);
  if ((load<u32>(record) & (AGENT_COMPLEX | AGENT_ORDERED)) != 0) return false;
  const role = Run.randomRoles ? drawRole() : nextRole();
  if (role == 0) return false;
  if ((roleFlags(role) & ROLE_QUOTA) != 0) return false;
  const group = frameworkGroup(role);
  if (!Run.randomFrameworks) freshen(group);
  const first = Run.randomFrameworks ? drawSlot(group) : firstSlot(group);
  if (isEmptySlot(group, first)) return false;
  const leafNumber = nodeOwner(memberAt(group, first));
  const leaf = leafAt(leafNumber);
  // Its traits suit the agent, and it has no minimum of its own.
  if ((load<u32>(leaf, 16) & load<u32>(record, 4)) != 0 || load<usize>(leaf, 24) != 0) return false;
  if (load<u32>(record, 92) == Run.number && load<u32>(record, 88) != 0) return false;
  const framework = load<u32>(leaf);
  for (let at = load<usize>(record, 20); at != 0; at = load<usize>(at)) {
    if (load<u32>(at, 4) == framework && load<u32>(at, 8) == role) return false;
  }
  if (load<u32>(record, 52) != 0 && isExcluded(agent, leafNumber)) return false;
  if (load<u32>(record, 28) != 0 && load<u32>(leaf, 32) != 0 && mayBeHidden(agent, leafNumber)) {
    return false;
  }
  const entries = load<usize>(record, 8);
  const count = load<u32>(record, 12);
  const end = entries + <usize>count * ENTRY_SIZE;
  if (!entriesMeet(entries, end) || !anythingFree(entries, end)) return false;

  const holding = newHolding(agent, framework, role, leafNumber + 1, count);
  store<u32>(leaf, load<u32>(leaf, 48) + 1, 48);
  const leafHeld = vectorAt(nodeVector(load<u32>(leaf, 12)));
  const allHeld = vectorAt(heldInAll());
  const treeHeld = vectorAt(nodeVector(roleNode(role) - 1));
  const plainHeld = vectorAt(heldPlainOf(role));
  const above = roleParent(role) != 0 || ownNode(role) != 0;
  const begin = holdingItems(holding);
  let item = begin;
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
    store<f64>(treeHeld + at, load<f64>(treeHeld + at) + held);
    store<f64>(plainHeld + at, load<f64>(plainHeld + at) + held);
    if (above) countAbove(role, at, held);
  }
  const kinds = <u32>((item - begin) / ITEM_SIZE);
  store<u32>(holding, kinds, 16);
  advance(load<u32>(leaf, 12), Run.randomFrameworks);
  if (ownNode(role) != 0) advance(ownNode(role) - 1, Run.randomRoles);
  for (let r = role; r != 0; r = roleParent(r)) advance(roleNode(r) - 1, Run.randomRoles);

  const index = tableAppend(SLOT_OFFERS, OFFER_SIZE);
  const to = tableBase(SLOT_OFFERS) + <usize>index * OFFER_SIZE;
  store<u32>(to, leafNumber);
  store<u32>(to, agent, 4);
  store<usize>(to, holdingItems(holding), 8);
  store<u32>(to, kinds, 12);
  store<u64>(to, 0, 16);
  store<u32>(record, index + 1, 88);
  store<u32>(record, Run.number, 92);
  setEmpty(agent);
  return true;
}

/** Without a minimum an agent with nothing free has to be told apart. */
function anythingFree(entries: usize, end: usize): bool {
  if (Run.clusterMinimum != 0 && load<u32>(Run.clusterMinimum, 4) != 0) return true;
  for (let entry = entries; entry < end; entry += ENTRY_SIZE) {
    if (freeAmount(entry) > 0) return true;
  }
  return false;
}

/** Counts an amount for the virtual leaf of a role and for its ancestors. */
function countAbove(role: u32, at: usize, held: f64): void {
  if (ownNode(role) != 0) {
    const own = vectorAt(nodeVector(ownNode(role) - 1)) + at;
    store<f64>(own, load<f64>(own) + held);
  }
  for (let r = roleParent(role); r != 0; r = roleParent(r)) {
    const tree = vectorAt(nodeVector(roleNode(r) - 1)) + at;
    store<f64>(tree, load<f64>(tree) + held);
    const plain = vectorAt(heldPlainOf(r)) + at;
    store<f64>(plain, load<f64>(plain) + held);
  }
}

/** One more allocation for a node, and its new place, where places matter. */
// @ts-ignore: decorator
@inline function advance(node: u32, drawn: bool): void {
  setNodeCount(node, nodeCount(node) + 1);
  if (drawn) unsettle(node);
  else rekey(node);
}
