// Loans: the offers of a trial (trial.ts). They count for their leaves while the trial lasts and
// are then taken back; they are no holdings of the agent.
import { SHARED } from '../../constants';
import { kindFlags } from '../../kinds';
import { CHECKED, tableBase, tableClear, tableCount, tablePush } from '../../memory';
import {
  copyItems,
  freeItems,
  ITEM_SIZE,
  itemKind,
  rowAddAll,
  rowClear,
  rowCount,
  rowItems,
  rowSubtractAll,
  scratch,
  writeItems,
} from '../../rows';
import { SLOT_LOANS } from '../../slots';
import { countLoan } from '../tables/accounting';

// Loan: leaf u32 | items u32 | count u32 | -
// @ts-ignore: decorator
@inline
const LOAN_SIZE: usize = 16;

// @ts-ignore: decorator
@inline
function loanAt(index: u32): usize {
  if (CHECKED) {
    assert(index < tableCount(SLOT_LOANS), 'no such loan');
  }
  return tableBase(SLOT_LOANS) + <usize>index * LOAN_SIZE;
}

/** Lends an offer to a leaf. */
export function lend(agent: u32, leaf: u32, offer: usize): void {
  const count = rowCount(offer);
  countLoan(agent, leaf, rowItems(offer), count, 1);
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
      if ((kindFlags(itemKind(item)) & SHARED) == 0) {
        rowSubtractAll(row, item, 1);
      }
    }
  }
}

/** Counts and shares are as before the trial. */
export function returnLoans(agent: u32): void {
  for (let i = tableCount(SLOT_LOANS); i > 0; i--) {
    const loan = loanAt(i - 1);
    const items = load<usize>(loan, 4);
    const count = load<u32>(loan, 8);
    countLoan(agent, load<u32>(loan), items, count, -1);
    freeItems(items, count);
  }
  tableClear(SLOT_LOANS);
}

/** True when something is lent to the leaf. */
export function isLentTo(leaf: u32): bool {
  for (let i: u32 = 0; i < tableCount(SLOT_LOANS); i++) {
    if (load<u32>(loanAt(i)) == leaf) {
      return true;
    }
  }
  return false;
}

/** How many leaves something is lent to. */
export function countBorrowers(): u32 {
  let borrowers: u32 = 0;
  for (let i: u32 = 0; i < tableCount(SLOT_LOANS); i++) {
    let isKnown = false;
    for (let j: u32 = 0; j < i && !isKnown; j++) {
      isKnown = load<u32>(loanAt(j)) == load<u32>(loanAt(i));
    }
    if (!isKnown) {
      borrowers++;
    }
  }
  return borrowers;
}

/** Writes what is lent to the leaf to the exchange buffer, from byte 8 on: how many items. */
export function writeLoans(leaf: u32): u32 {
  const row = scratch(3);
  rowClear(row);
  for (let i: u32 = 0; i < tableCount(SLOT_LOANS); i++) {
    if (load<u32>(loanAt(i)) == leaf) {
      rowAddAll(row, load<usize>(loanAt(i), 4), load<u32>(loanAt(i), 8));
    }
  }
  writeItems(rowItems(row), rowCount(row), 8);
  return rowCount(row);
}
