// Nodes: what competes with siblings - a framework in a role, a role, or the virtual leaf of a role
// that has frameworks and competing children. A node has a vector of what it holds, from which its
// share follows (shares.ts); its place among its siblings is kept by its group (groups.ts).
//
// Node: share f64 | weight f64 | count u64 | rank u32 | vector u32 | group u32 | slot + 1 u32 |
//       kind u32 | owner u32 | touched u32 | benched u32
import { CHECKED, slot, tableBase, tableCount, tablePush } from '../../memory';
import { SLOT_NODE_FREE, SLOT_NODES } from '../../slots';
import { dropVector, newVector } from '../../vectors';
import { leaveGroup, touch } from './groups';

// @ts-ignore: decorator
@inline
export const NODE_SIZE: usize = 64;
export const NODE_LEAF: u32 = 1;
export const NODE_ROLE: u32 = 2;
/** The virtual leaf of a role that competes with its own children. */
export const NODE_OWN: u32 = 3;

// @ts-ignore: decorator
@inline
export function nodeAt(node: u32): usize {
  if (CHECKED) {
    assert(node < tableCount(SLOT_NODES), 'no such node');
  }
  return tableBase(SLOT_NODES) + <usize>node * NODE_SIZE;
}
// @ts-ignore: decorator
@inline
export function nodeWeight(node: u32): f64 {
  return load<f64>(nodeAt(node), 8);
}
// @ts-ignore: decorator
@inline
export function setNodeWeight(node: u32, weight: f64): void {
  store<f64>(nodeAt(node), weight, 8);
}
// @ts-ignore: decorator
@inline
export function nodeCount(node: u32): u64 {
  return load<u64>(nodeAt(node), 16);
}
// @ts-ignore: decorator
@inline
export function setNodeCount(node: u32, count: u64): void {
  store<u64>(nodeAt(node), count, 16);
}
// @ts-ignore: decorator
@inline
export function nodeVector(node: u32): u32 {
  return load<u32>(nodeAt(node), 28);
}
// @ts-ignore: decorator
@inline
export function nodeGroup(node: u32): usize {
  return load<usize>(nodeAt(node), 32);
}
// @ts-ignore: decorator
@inline
export function nodeKind(node: u32): u32 {
  return load<u32>(nodeAt(node), 40);
}
// @ts-ignore: decorator
@inline
export function nodeOwner(node: u32): u32 {
  return load<u32>(nodeAt(node), 44);
}

export function newNode(kind: u32, owner: u32, rank: u32): u32 {
  const vector = newVector();
  const head = load<u32>(slot(SLOT_NODE_FREE));
  let node: u32;
  if (head != 0) {
    node = head - 1;
    store<u32>(slot(SLOT_NODE_FREE), load<u32>(nodeAt(node), 44));
    memory.fill(nodeAt(node), 0, NODE_SIZE);
  } else {
    node = tablePush(SLOT_NODES, NODE_SIZE);
  }
  const at = nodeAt(node);
  store<f64>(at, 1, 8);
  store<u32>(at, rank, 24);
  store<u32>(at, vector, 28);
  store<u32>(at, kind, 40);
  store<u32>(at, owner, 44);
  return node;
}

export function dropNode(node: u32): void {
  if (CHECKED) {
    assert(nodeKind(node) != 0, 'a node dropped twice');
  }
  leaveGroup(node);
  dropVector(nodeVector(node));
  const at = nodeAt(node);
  store<u32>(at, 0, 40);
  store<u32>(at, load<u32>(slot(SLOT_NODE_FREE)), 44);
  store<u32>(slot(SLOT_NODE_FREE), node + 1);
}

export function setNodeRank(node: u32, rank: u32): void {
  store<u32>(nodeAt(node), rank, 24);
  touch(node);
}
