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
@inline
export function io(): usize {
  return load<usize>(slot(SLOT_IO));
}

/** The list in the buffer as scratch row 0; false with the reason in readStatus(). */
export function readList(count: u32): usize {
  rowClear(scratch(0));
  return readItems(io(), count, scratch(0));
}

/** True when a sum over the cluster can take the row's scalars and stay a whole number. */
export function fitsCluster(row: usize, sum: u32): bool {
  // Each against all of the row: names are not told apart, for there is room enough.
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
