// What visits on the fast path (fast-path.ts) give away is first added up in one vector, the tally,
// and counted for the role and its ancestors from there. Where only one role takes part in a run,
// that is done once for the whole run.
import { nameCount } from '../../kinds';
import { slot } from '../../memory';
import { SLOT_TALLY } from '../../slots';
import { vectorAt } from '../../vectors';
import { heldInAll } from '../tables/accounting';
import { firstSlot, freshen, groupSize, isEmptySlot, memberAt } from '../tables/groups';
import {
  NODE_OWN,
  nodeCount,
  nodeKind,
  nodeOwner,
  nodeVector,
  setNodeCount,
} from '../tables/nodes';
import {
  childGroup,
  competingChildren,
  frameworkGroup,
  heldPlainOf,
  ownNode,
  ROLE_QUOTA,
  roleFlags,
  roleNode,
  roleParent,
} from '../tables/roles';
import { Run } from './run-state';

/** Finds out, for one run, whether only one role takes part. */
export function prepareSingleRole(): void {
  Run.singleRole = 0;
  Run.given = 0;
  let role: u32 = 0;
  do {
    const group = childGroup(role);
    if (groupSize(group) != 1 || isEmptySlot(group, firstSlot(group))) {
      return;
    }
    const node = memberAt(group, firstSlot(group));
    if (nodeKind(node) == NODE_OWN) {
      return;
    }
    role = nodeOwner(node);
  } while (competingChildren(role) != 0);
  if ((roleFlags(role) & ROLE_QUOTA) != 0) {
    return;
  }
  Run.singleRole = role;
  Run.singleGroup = frameworkGroup(role);
  if (!Run.randomFrameworks) {
    freshen(Run.singleGroup);
  }
}

/** Counts the tally for the single role. */
export function settleSingleRole(): void {
  if (Run.given == 0) {
    return;
  }
  const names = nameCount();
  for (let name: u32 = 0; name < names; name++) {
    settleName(Run.singleRole, (<usize>name) << 3);
  }
  for (let r = Run.singleRole; r != 0; r = roleParent(r)) {
    setNodeCount(roleNode(r) - 1, nodeCount(roleNode(r) - 1) + Run.given);
  }
  Run.given = 0;
}

/** Moves an amount from the tally to everything that counts it: the role, its ancestors, all. */
export function settleName(role: u32, at: usize): void {
  const tally = vectorAt(load<u32>(slot(SLOT_TALLY))) + at;
  const held = load<f64>(tally);
  if (held == 0) {
    return;
  }
  store<f64>(tally, 0);
  addAt(heldInAll(), at, held);
  if (ownNode(role) != 0) {
    addAt(nodeVector(ownNode(role) - 1), at, held);
  }
  for (let r = role; r != 0; r = roleParent(r)) {
    addAt(nodeVector(roleNode(r) - 1), at, held);
    addAt(heldPlainOf(r), at, held);
  }
}

// @ts-ignore: decorator
@inline
function addAt(vector: u32, at: usize, amount: f64): void {
  const to = vectorAt(vector) + at;
  store<f64>(to, load<f64>(to) + amount);
}
