// Offers of a trial: a run over one agent whose offers count for their leaves while it lasts, and are then
// taken back. The agent's own books know nothing of them.
import { SHARED } from '../constants';
import { kindFlags } from '../kinds';
import { slot, tableBase, tableClear, tableCount, tablePush } from '../memory';
import {
  ITEM_SIZE,
  copyItems,
  freeItems,
  itemKind,
  rowCount,
  rowItems,
  rowSubtractAll,
} from '../rows';
import {
  SLOT_CANDIDATES,
  SLOT_LOANED_WEIGHTS,
  SLOT_LOANS,
  SLOT_ROLES,
  SLOT_RUN,
  SLOT_SEED,
  SLOT_UNWEIGHED,
} from '../slots';
import { countLoan } from './books';
import { runCandidates } from './cycle';
import { settleTouched, touch } from './groups';
import { setNodeWeight } from './nodes';
import { roleNode, weighNode } from './roles';
import { Run, Visit } from './run-state';

// Loan: leaf u32 | items u32 | count u32 | -
// @ts-ignore: decorator
@inline const LOAN_SIZE: usize = 16;

// @ts-ignore: decorator
@inline function loanAt(index: u32): usize {
  return tableBase(SLOT_LOANS) + <usize>index * LOAN_SIZE;
}

/** An offer of a trial. */
export function lend(leaf: u32, offer: usize): void {
  const count = rowCount(offer);
  countLoan(Visit.agent, leaf, rowItems(offer), count, 1);
  const to = loanAt(tablePush(SLOT_LOANS, LOAN_SIZE));
  store<u32>(to, leaf);
  store<usize>(to, copyItems(rowItems(offer), count), 4);
  store<u32>(to, count, 8);
}

/** Takes what is lent out of what is free; shared volumes always are. */
export function takeLoans(row: usize): void {
  for (let i: u32 = 0; i < tableCount(SLOT_LOANS); i++) {
    const items = load<usize>(loanAt(i), 4);
    for (let j: u32 = 0; j < load<u32>(loanAt(i), 8); j++) {
      const item = items + <usize>j * ITEM_SIZE;
      if ((kindFlags(itemKind(item)) & SHARED) == 0) rowSubtractAll(row, item, 1);
    }
  }
}

/** Counts and shares are as before the trial. */
function returnLoans(agent: u32): void {
  for (let i = tableCount(SLOT_LOANS); i > 0; i--) {
    const loan = loanAt(i - 1);
    const items = load<usize>(loan, 4);
    const count = load<u32>(loan, 8);
    countLoan(agent, load<u32>(loan), items, count, -1);
    freeItems(items, count);
  }
  tableClear(SLOT_LOANS);
}

/** Nodes take the weights that a run would give them, see weighNodes(). */
function lendWeights(): void {
  if (load<u32>(slot(SLOT_UNWEIGHED)) == 0) return;
  const count = tableCount(SLOT_ROLES);
  for (let role: u32 = 1; role < count; role++) {
    if (!weighNode(role)) continue;
    const index = tablePush(SLOT_LOANED_WEIGHTS, 4);
    store<u32>(tableBase(SLOT_LOANED_WEIGHTS) + (<usize>index << 2), roleNode(role) - 1);
  }
}

function returnWeights(): void {
  const count = tableCount(SLOT_LOANED_WEIGHTS);
  for (let i: u32 = 0; i < count; i++) {
    const node = load<u32>(tableBase(SLOT_LOANED_WEIGHTS) + (<usize>i << 2));
    setNodeWeight(node, NaN);
    touch(node);
  }
  tableClear(SLOT_LOANED_WEIGHTS);
}

/** What a run over the agent alone would do: how many other leaves it offers something first, if not to this. */
export abstract class Trial {
  static isOffered: bool = false;
  static others: u32 = 0;
}

export function tryRun(agent: u32, leaf: u32): void {
  const seed = slot(SLOT_SEED);
  const s0 = load<u64>(seed);
  const s1 = load<u64>(seed, 8);
  const s2 = load<u64>(seed, 16);
  const s3 = load<u64>(seed, 24);
  const run = load<u32>(slot(SLOT_RUN));
  tableClear(SLOT_CANDIDATES);
  const index = tablePush(SLOT_CANDIDATES, 4);
  store<u32>(tableBase(SLOT_CANDIDATES) + (<usize>index << 2), agent);
  lendWeights();
  Run.trial = true;
  runCandidates(false);
  Run.trial = false;
  readLoans(leaf);
  returnLoans(agent);
  returnWeights();
  settleTouched();
  store<u32>(slot(SLOT_RUN), run);
  store<u64>(seed, s0);
  store<u64>(seed, s1, 8);
  store<u64>(seed, s2, 16);
  store<u64>(seed, s3, 24);
}

function readLoans(leaf: u32): void {
  Trial.isOffered = false;
  Trial.others = 0;
  const count = tableCount(SLOT_LOANS);
  for (let i: u32 = 0; i < count; i++) {
    const to = load<u32>(loanAt(i));
    if (to == leaf) {
      Trial.isOffered = true;
      return;
    }
    let isKnown = false;
    for (let j: u32 = 0; j < i && !isKnown; j++) isKnown = load<u32>(loanAt(j)) == to;
    if (!isKnown) Trial.others++;
  }
}
