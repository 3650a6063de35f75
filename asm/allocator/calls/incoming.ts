// Lists that the host has written to the exchange buffer.
import { BAD_HANDLE, MAX_AMOUNT, OK } from '../../constants';
import { isScalar, kindFlags, kindName, kindUnit } from '../../kinds';
import { slot } from '../../memory';
import {
  ITEM_SIZE,
  itemAmount,
  itemKind,
  readItems,
  readStatus,
  rowClear,
  rowCount,
  rowItems,
  scratch,
} from '../../rows';
import { SLOT_IO } from '../../slots';
import { valueOf } from '../../vectors';
import { agentExists } from '../tables/agents';
import { frameworkExists } from '../tables/frameworks';
import { roleExists } from '../tables/roles';

// @ts-ignore: decorator
@inline
export function io(): usize {
  return load<usize>(slot(SLOT_IO));
}

/** The list in the buffer as scratch row 0; false with the reason in readStatus(). */
export function readList(count: u32): usize {
  rowClear(scratch(0));
  return readItems(io(), count, scratch(0));
}

/** Why `readHeld` has answered nothing. */
let heldStatus: i32 = OK;

/**
 * The opening of every call about a list that a framework holds in a role on an agent: the list in
 * the buffer as scratch row 0, with something in it. 0 where the call is at its end, and
 * `whyNotHeld()` is its answer: a handle or the list is bad, or it is empty (OK).
 */
export function readHeld(agent: u32, framework: u32, role: u32, count: u32): usize {
  if (!agentExists(agent) || !frameworkExists(framework) || !roleExists(role)) {
    heldStatus = BAD_HANDLE;
    return 0;
  }
  if (readList(count) == 0) {
    heldStatus = readStatus();
    return 0;
  }
  heldStatus = OK;
  return rowCount(scratch(0)) == 0 ? 0 : scratch(0);
}

export function whyNotHeld(): i32 {
  return heldStatus;
}

/** True when a sum over the cluster can take the row's scalars and stay a whole number. */
export function fitsCluster(row: usize, sum: u32): bool {
  // Each name's sum is checked with the amounts of all names in the row: the bound is far, and
  // names need not be told apart.
  let all: f64 = 0;
  for (let i: u32 = 0; i < rowCount(row); i++) {
    const item = rowItems(row) + <usize>i * ITEM_SIZE;
    const kind = itemKind(item);
    if (isScalar(kindFlags(kind))) {
      all += itemAmount(item) * kindUnit(kind);
    }
  }
  for (let i: u32 = 0; i < rowCount(row); i++) {
    const kind = itemKind(rowItems(row) + <usize>i * ITEM_SIZE);
    if (isScalar(kindFlags(kind)) && all + valueOf(sum, kindName(kind)) > MAX_AMOUNT) {
      return false;
    }
  }
  return true;
}
