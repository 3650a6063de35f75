// The export that tells what every role has: one pass over all agents adds up what is used, what is
// on offer and what is reserved, by role and name, and finds which frameworks use something in
// which of their roles. It changes nothing.
//
// There is a sum for each role and name that has any. Between the firsts of roles and the sums is,
// for each leaf, whether it uses something, a u8.
//
//   sum:  role u32 | name u32 | pieces u32 | next + 1 u32 | used f64 | offered f64 | reserved f64 |
//         idle f64 | left f64 | next of the agent + 1 u32 | -
//
// `pieces` is 1 for what is counted by pieces (numbers of ranges, items of sets), each of which is
// a thousand thousandths; a name may be of both kinds. `left` is what tasks leave of a reservation
// on the agent that is looked at; sums that have some are chained, in any order.
import { RESERVED, SHARED } from '../../constants';
import { isScalar, kindFlags, kindName, kindRole } from '../../kinds';
import { tableCount } from '../../memory';
import { find, ITEM_SIZE, ioReserve, itemAmount, itemKind, rowCount, rowItems } from '../../rows';
import { SLOT_AGENTS, SLOT_LEAVES, SLOT_ROLES } from '../../slots';
import { AGENT_COMPLEX, agentExists, agentFlags } from '../tables/agents';
import { ENTRY_SIZE, entriesOf, entryCount, entryFlags, entryTotal } from '../tables/entries';
import { leafFramework, leafRole } from '../tables/frameworks';
import {
  firstHolding,
  holdingCount,
  holdingItems,
  holdingLeaf,
  holdingRole,
  nextHolding,
  usedRow,
} from '../tables/holdings';
import { roleParent } from '../tables/roles';
import { amountOf, HEAD, indexOf, sumAt } from './sum-chains';

// @ts-ignore: decorator
@inline
const SUM_SIZE: usize = 64;

// @ts-ignore: decorator
@inline
const USED: usize = 16;

// @ts-ignore: decorator
@inline
const OFFERED: usize = 24;

// @ts-ignore: decorator
@inline
const RESERVED_TOTAL: usize = 32;

// @ts-ignore: decorator
@inline
const IDLE: usize = 40;

// @ts-ignore: decorator
@inline
const LEFT: usize = 48;

// @ts-ignore: decorator
@inline
const OF_AGENT: usize = 56;

/** Ends the chain of an agent's sums, in which 0 stands for none. */
const LAST: u32 = 0xffffffff;

/**
 * Writes sums of all roles, each with those below it: `sums u32 | users u32`, then for each role
 * and name that has any `role u32 | name u32 | pieces u32 | - | used f64 | offered f64 | reserved
 * f64 | idle f64 | - | - | - | -`, then `framework u32 | role u32` for each role in which a
 * framework that takes part uses something. Answers how many sums there are. What is idle of a
 * reservation is what no task uses of it. A shared volume counts once for each framework, role and
 * agent that has it, and once an agent where it is reserved.
 */
export function readRoles(): i32 {
  const leaves = tableCount(SLOT_LEAVES);
  const marks = HEAD + ((<usize>tableCount(SLOT_ROLES)) << 2);
  const base = (marks + leaves + 7) & ~7;
  memory.fill(ioReserve(base), 0, base);
  const agents = tableCount(SLOT_AGENTS);
  for (let agent: u32 = 0; agent < agents; agent++) {
    if (agentExists(agent)) {
      addAgent(base, marks, agent);
    }
  }
  return answer(base, marks, leaves);
}

/** Moves the sums to their place behind the head, and the users behind them. */
function answer(base: usize, marks: usize, leaves: u32): i32 {
  const sums = load<u32>(ioReserve(0));
  const end = base + <usize>sums * SUM_SIZE;
  let users: u32 = 0;
  for (let leaf: u32 = 0; leaf < leaves; leaf++) {
    if (load<u8>(ioReserve(0) + marks + leaf) != 0) {
      const at = ioReserve(end + ((<usize>(users + 1)) << 3)) + end + ((<usize>users) << 3);
      store<u32>(at, leafFramework(leaf));
      store<u32>(at, leafRole(leaf), 4);
      users++;
    }
  }
  const io = ioReserve(0);
  memory.copy(io + HEAD, io + base, <usize>sums * SUM_SIZE + ((<usize>users) << 3));
  store<u32>(io, users, 4);
  return <i32>sums;
}

function addAgent(base: usize, marks: usize, agent: u32): void {
  const isComplex = (agentFlags(agent) & AGENT_COMPLEX) != 0;
  let own: u32 = isComplex ? addReserved(base, agent) : LAST;
  for (let at = firstHolding(agent); at != 0; at = nextHolding(at)) {
    addHolding(base, at);
    if (rowCount(usedRow(at)) == 0) {
      continue;
    }
    if (holdingLeaf(at) != 0) {
      store<u8>(ioReserve(0) + marks + holdingLeaf(at) - 1, 1);
    }
    if (own != LAST) {
      takeOff(base, agent, at);
    }
  }
  while (own != LAST) {
    const sum = sumAt(base, SUM_SIZE, own - 1);
    const left = load<f64>(sum, LEFT);
    const next = load<u32>(sum, OF_AGENT);
    store<u32>(sum, 0, OF_AGENT);
    if (left > 0) {
      addUp(base, load<u32>(sum), load<u32>(sum, 4), load<u32>(sum, 8), IDLE, left);
    }
    own = next;
  }
}

/** Adds what is reserved on an agent; answers the first of its sums, plus one. */
function addReserved(base: usize, agent: u32): u32 {
  let own = LAST;
  const count = entryCount(agent);
  for (let i: u32 = 0; i < count; i++) {
    const entry = entriesOf(agent) + <usize>i * ENTRY_SIZE;
    const flags = entryFlags(entry);
    if ((flags & RESERVED) == 0 || entryTotal(entry) == 0) {
      continue;
    }
    const kind = load<u32>(entry);
    const role = kindRole(kind);
    const amount = amountOf(kind, flags, entryTotal(entry));
    addUp(base, role, kindName(kind), pieces(flags), RESERVED_TOTAL, amount);
    const index = indexOf(base, SUM_SIZE, role, kindName(kind), pieces(flags));
    const sum = sumAt(base, SUM_SIZE, index);
    if (load<u32>(sum, OF_AGENT) == 0) {
      store<u32>(sum, own, OF_AGENT);
      store<f64>(sum, 0, LEFT);
      own = index + 1;
    }
    store<f64>(sum, load<f64>(sum, LEFT) + amount, LEFT);
  }
  return own;
}

/** Takes off what tasks use of reservations. */
function takeOff(base: usize, agent: u32, holding: usize): void {
  const used = usedRow(holding);
  for (let i: u32 = 0; i < rowCount(used); i++) {
    const item = rowItems(used) + <usize>i * ITEM_SIZE;
    const kind = itemKind(item);
    const flags = kindFlags(kind);
    if ((flags & RESERVED) == 0 || ((flags & SHARED) != 0 && isUsedBefore(agent, holding, kind))) {
      continue;
    }
    const index = indexOf(base, SUM_SIZE, kindRole(kind), kindName(kind), pieces(flags));
    const sum = sumAt(base, SUM_SIZE, index);
    if (load<u32>(sum, OF_AGENT) != 0) {
      store<f64>(sum, load<f64>(sum, LEFT) - amountOf(kind, flags, itemAmount(item)), LEFT);
    }
  }
}

/** True when one of the holdings before this one uses the kind. */
function isUsedBefore(agent: u32, holding: usize, kind: u32): bool {
  for (let at = firstHolding(agent); at != holding; at = nextHolding(at)) {
    const used = usedRow(at);
    if (find(rowItems(used), rowCount(used), kind) != 0) {
      return true;
    }
  }
  return false;
}

/**
 * Adds what a framework holds in a role. What tasks of one that does not take part gave back stays
 * held, and is not on offer.
 */
function addHolding(base: usize, holding: usize): void {
  const role = holdingRole(holding);
  const used = usedRow(holding);
  const count = holdingCount(holding);
  for (let i: u32 = 0; i < count; i++) {
    const item = holdingItems(holding) + <usize>i * ITEM_SIZE;
    const kind = itemKind(item);
    const flags = kindFlags(kind);
    const found = find(rowItems(used), rowCount(used), kind);
    const taken = found == 0 ? 0.0 : itemAmount(found);
    const rest = itemAmount(item) - taken;
    if (taken > 0) {
      addUp(base, role, kindName(kind), pieces(flags), USED, amountOf(kind, flags, taken));
    }
    if (rest > 0 && holdingLeaf(holding) != 0) {
      addUp(base, role, kindName(kind), pieces(flags), OFFERED, amountOf(kind, flags, rest));
    }
  }
}

// @ts-ignore: decorator
@inline
function pieces(flags: u32): u32 {
  return isScalar(flags) ? 0 : 1;
}

/** Adds to a sum of the role and of all above it. */
function addUp(base: usize, role: u32, name: u32, pieces: u32, column: usize, amount: f64): void {
  for (let at = role; at != 0; at = roleParent(at)) {
    const sum = sumAt(base, SUM_SIZE, indexOf(base, SUM_SIZE, at, name, pieces));
    store<f64>(sum + column, load<f64>(sum + column) + amount);
  }
}
