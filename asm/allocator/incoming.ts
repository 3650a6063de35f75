// Lists that come in through the exchange buffer.
import { slot } from '../memory';
import { readItems, rowClear, scratch } from '../rows';
import { SLOT_IO } from '../slots';

// @ts-ignore: decorator
@inline export function io(): usize {
  return load<usize>(slot(SLOT_IO));
}

/** The list in the buffer as scratch row 0; false with the reason in readStatus(). */
export function readList(count: u32): usize {
  rowClear(scratch(0));
  return readItems(io(), count, scratch(0));
}
