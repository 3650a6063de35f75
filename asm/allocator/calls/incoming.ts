// Lists that the host has written to the exchange buffer.
import { MAX_AMOUNT } from '../../constants';
import { isScalar, kindFlags, kindName, kindUnit } from '../../kinds';
import { slot } from '../../memory';
import {
  ITEM_SIZE,
  itemAmount,
  itemKind,
  readItems,
  rowClear,
  rowCount,
  rowItems,
  scratch,
} from '../../rows';
import { SLOT_IO } from '../../slots';
import { valueOf } from '../../vectors';

// @ts-ignore: decorator
@inline export function io(): usize {
  return load<usize>(slot(SLOT_IO));
}

/** The list in the buffer as scratch row 0; false with the reason in readStatus(). */
export function readList(count: u32): usize {
  rowClear(scratch(0));
  return readItems(io(), count, scratch(0));
}

/** True when a sum over the cluster can take the row's scalars and stay a whole number. */
export function fitsCluster(row: usize, sum: u32): bool {
  for (let i: u32 = 0; i < rowCount(row); i++) {
    const item = rowItems(row) + <usize>i * ITEM_SIZE;
    const kind = itemKind(item);
    if (!isScalar(kindFlags(kind))) continue;
    // Each item against the sum so far, with room for all items of the list.
    const amount = itemAmount(item) * kindUnit(kind);
    if (amount * <f64>rowCount(row) + valueOf(sum, kindName(kind)) > MAX_AMOUNT) return false;
  }
  return true;
}
