// Sums that are made in the exchange buffer while agents are gone through: those of one owner are a
// chain, in which each is found by two numbers.
//
//   sums u32 | - | first sum + 1 of each owner u32 | - | sums
//
//   sum:  owner u32 | u32 | u32 | next + 1 u32 | what is summed
//
// Each caller has its own size of a sum, and its own place where the sums begin.
import { SHARED } from '../../constants';
import { isScalar, kindUnit } from '../../kinds';
import { ioReserve } from '../../rows';

/** How many sums there are, and 4 bytes for an answer. */
// @ts-ignore: decorator
@inline
export const HEAD: usize = 8;

const NEXT: usize = 12;

/** A thousand thousandths. */
const PIECE: f64 = 1000;

/** Until the next sum is made. */
// @ts-ignore: decorator
@inline
export function sumAt(base: usize, size: usize, index: u32): usize {
  return ioReserve(0) + base + <usize>index * size;
}

/** Which sum of an owner is that of two numbers; a new one where there is none. */
export function indexOf(base: usize, size: usize, owner: u32, second: u32, third: u32): u32 {
  const chain = HEAD + ((<usize>owner) << 2);
  const first = load<u32>(ioReserve(0) + chain);
  let next = first;
  while (next != 0) {
    const sum = sumAt(base, size, next - 1);
    if (load<u32>(sum, 4) == second && load<u32>(sum, 8) == third) {
      return next - 1;
    }
    next = load<u32>(sum, NEXT);
  }
  const index = load<u32>(ioReserve(0));
  ioReserve(base + <usize>(index + 1) * size);
  const sum = sumAt(base, size, index);
  memory.fill(sum, 0, size);
  store<u32>(sum, owner);
  store<u32>(sum, second, 4);
  store<u32>(sum, third, 8);
  store<u32>(sum, first, NEXT);
  store<u32>(ioReserve(0) + chain, index + 1);
  store<u32>(ioReserve(0), index + 1);
  return index;
}

/** Thousandths; of a shared volume, those of one copy. */
// @ts-ignore: decorator
@inline
export function amountOf(kind: u32, flags: u32, amount: f64): f64 {
  if (!isScalar(flags)) {
    return amount * PIECE;
  }
  return ((flags & SHARED) != 0 ? 1 : amount) * kindUnit(kind);
}
