// Rows: short lists of (kind, amount), the module's form of a list of resources. A row's head stays
// where it is, its items move when it grows.
//
//   head:  items address u32 | count u32 | capacity u32 | unused u32
//   item:  kind u32 | set u32 | amount f64
//
// `amount` is thousandths for scalars, copies for solid and shared kinds, and how many numbers the
// set has for ranges and sets; `set` is an intervals block. A kind occurs once. Items are in the
// order in which Apache Mesos keeps them: a new item goes to the end, and the last item takes the
// place of one that becomes empty.
import {
  BAD_AMOUNT,
  BAD_KIND,
  BAD_RANGE,
  MAX_AMOUNT,
  MAX_ITEMS,
  MAX_RANGES,
  OK,
} from './constants';
import {
  build,
  difference,
  equalSets,
  includes,
  rangeAmount,
  rangeBegin,
  rangeCount,
  rangeEnd,
  release,
  retain,
  share,
  union,
} from './intervals';
import { isLiveKind, isScalar, kindCount, kindFlags } from './kinds';
import { alloc, arrayAppend, arrayFree, arrayRemove, CHECKED, free, resize, slot } from './memory';
import { SLOT_IO, SLOT_IO_SIZE, SLOT_IO_USED, SLOT_SCRATCH } from './slots';

// @ts-ignore: decorator
@inline
export const ITEM_SIZE: usize = 16;

// @ts-ignore: decorator
@inline
export function rowItems(row: usize): usize {
  return load<usize>(row);
}
// @ts-ignore: decorator
@inline
export function rowCount(row: usize): u32 {
  return load<u32>(row, 4);
}
// @ts-ignore: decorator
@inline
export function itemKind(item: usize): u32 {
  return load<u32>(item);
}
// @ts-ignore: decorator
@inline
export function itemSet(item: usize): usize {
  return load<usize>(item, 4);
}
// @ts-ignore: decorator
@inline
export function itemAmount(item: usize): f64 {
  return load<f64>(item, 8);
}

/** How many rows there are for the use of a single call. */
export const SCRATCH_ROWS: i32 = 9;

/** One of the rows for the use of a single call. */
// @ts-ignore: decorator
@inline
export function scratch(index: i32): usize {
  if (CHECKED) {
    assert(index >= 0 && index < SCRATCH_ROWS, 'no such scratch row');
  }
  return slot(SLOT_SCRATCH + index * 2);
}

export function find(items: usize, count: u32, kind: u32): usize {
  const end = items + <usize>count * ITEM_SIZE;
  for (let item = items; item < end; item += ITEM_SIZE) {
    if (load<u32>(item) == kind) {
      return item;
    }
  }
  return 0;
}

export function rowClear(row: usize): void {
  const count = rowCount(row);
  const items = rowItems(row);
  for (let i: u32 = 0; i < count; i++) {
    release(itemSet(items + <usize>i * ITEM_SIZE));
  }
  store<u32>(row, 0, 4);
}

export function rowFree(row: usize): void {
  rowClear(row);
  arrayFree(row, 0, 4, 8, ITEM_SIZE);
}

/** Appends an item as it is; the reference to `set` becomes the row's. */
export function rowPush(row: usize, kind: u32, set: usize, amount: f64): void {
  if (CHECKED) {
    assert(
      isLiveKind(kind) && isScalar(kindFlags(kind)) == (set == 0),
      'a kind with the wrong value',
    );
    assert(amount > 0, 'an item of nothing');
  }
  const item = arrayAppend(row, 0, 4, 8, ITEM_SIZE);
  store<u32>(item, kind);
  store<usize>(item, set, 4);
  store<f64>(item, amount, 8);
}

export function rowAdd(row: usize, kind: u32, set: usize, amount: f64): void {
  if (amount <= 0) {
    return;
  }
  const item = find(rowItems(row), rowCount(row), kind);
  if (item == 0) {
    rowPush(row, kind, retain(set), amount);
  } else if (set == 0) {
    store<f64>(item, itemAmount(item) + amount, 8);
  } else {
    const whole = union(itemSet(item), set);
    release(itemSet(item));
    store<usize>(item, whole, 4);
    store<f64>(item, rangeAmount(whole), 8);
  }
}

function rowRemove(row: usize, item: usize): void {
  release(itemSet(item));
  arrayRemove(row, 0, 4, item, ITEM_SIZE);
}

/** Takes an amount out of the row; more than the row has is ignored. */
export function rowSubtract(row: usize, kind: u32, set: usize, amount: f64): void {
  if (amount <= 0) {
    return;
  }
  const item = find(rowItems(row), rowCount(row), kind);
  if (item == 0) {
    return;
  }
  if (set == 0) {
    const left = itemAmount(item) - amount;
    if (left <= 0) {
      rowRemove(row, item);
    } else {
      store<f64>(item, left, 8);
    }
  } else {
    const left = difference(itemSet(item), set);
    if (left == 0) {
      rowRemove(row, item);
    } else {
      release(itemSet(item));
      store<usize>(item, left, 4);
      store<f64>(item, rangeAmount(left), 8);
    }
  }
}

export function rowAddAll(row: usize, items: usize, count: u32): void {
  if (CHECKED) {
    assert(count == 0 || items != rowItems(row), 'a row that is changed by itself');
  }
  for (let i: u32 = 0; i < count; i++) {
    const item = items + <usize>i * ITEM_SIZE;
    rowAdd(row, itemKind(item), itemSet(item), itemAmount(item));
  }
}

/**
 * Makes the row a copy of another. The items of a row differ in kind, so none has to be searched
 * for.
 */
export function rowCopy(row: usize, from: usize): void {
  if (CHECKED) {
    assert(row != from, 'a row that is cleared before it is copied');
  }
  rowClear(row);
  for (let i: u32 = 0; i < rowCount(from); i++) {
    const item = rowItems(from) + <usize>i * ITEM_SIZE;
    rowPush(row, itemKind(item), retain(itemSet(item)), itemAmount(item));
  }
}

export function rowSubtractAll(row: usize, items: usize, count: u32): void {
  if (CHECKED) {
    assert(count == 0 || items != rowItems(row), 'a row that is changed by itself');
  }
  for (let i: u32 = 0; i < count; i++) {
    const item = items + <usize>i * ITEM_SIZE;
    rowSubtract(row, itemKind(item), itemSet(item), itemAmount(item));
  }
}

/** True when every item of `part` is contained in the item of the same kind of `whole`. */
export function containsItems(whole: usize, wholeCount: u32, part: usize, partCount: u32): bool {
  for (let i: u32 = 0; i < partCount; i++) {
    const item = part + <usize>i * ITEM_SIZE;
    const found = find(whole, wholeCount, itemKind(item));
    if (found == 0) {
      return false;
    }
    if (itemSet(item) == 0) {
      if (itemAmount(found) < itemAmount(item)) {
        return false;
      }
    } else if (!includes(itemSet(found), itemSet(item))) {
      return false;
    }
  }
  return true;
}

// @ts-ignore: decorator
@inline
export function rowContains(whole: usize, part: usize): bool {
  return containsItems(rowItems(whole), rowCount(whole), rowItems(part), rowCount(part));
}

export function rowEqual(left: usize, right: usize): bool {
  if (rowCount(left) != rowCount(right)) {
    return false;
  }
  for (let i: u32 = 0; i < rowCount(left); i++) {
    const item = rowItems(left) + <usize>i * ITEM_SIZE;
    const found = find(rowItems(right), rowCount(right), itemKind(item));
    if (found == 0 || itemAmount(found) != itemAmount(item)) {
      return false;
    }
    if (!equalSets(itemSet(found), itemSet(item))) {
      return false;
    }
  }
  return true;
}

// --- The exchange buffer: how the host and the module hand each other lists. ---
//
// A list is a sequence of items, each `kind u32 | ranges u32 | amount f64`, followed by that many
// `begin f64 | end f64`. Calls read their lists one after another from the start of the buffer.

/** Makes the buffer at least that big (its content is kept) and answers its address. */
export function ioReserve(size: usize): usize {
  const have = load<usize>(slot(SLOT_IO_SIZE));
  if (size > have) {
    // The capacity is a power of two, and none beyond that fits in 32 bits.
    if (size > 0x80000000) {
      unreachable();
    }
    let next: usize = have == 0 ? 65536 : have;
    while (next < size) {
      next <<= 1;
    }
    store<usize>(slot(SLOT_IO), resize(load<usize>(slot(SLOT_IO)), have, have, next));
    store<usize>(slot(SLOT_IO_SIZE), next);
  }
  return load<usize>(slot(SLOT_IO));
}

/** Clears the exchange buffer: the same state is the same bytes then, whatever was read of it. */
export function ioClear(): void {
  const size = load<usize>(slot(SLOT_IO_SIZE));
  if (size != 0) {
    memory.fill(load<usize>(slot(SLOT_IO)), 0, size);
  }
}

function isWhole(value: f64): bool {
  return value >= 0 && value <= MAX_AMOUNT && floor(value) == value;
}

/**
 * Reads `count` items at `at` into the row. Answers the address after them, or 0 with the reason in
 * `readStatus()`; the row then holds some of them and must be cleared.
 */
export function readItems(at: usize, count: u32, row: usize): usize {
  if (count > <u32>MAX_ITEMS) {
    return fail(BAD_AMOUNT);
  }
  const limit = load<usize>(slot(SLOT_IO)) + load<usize>(slot(SLOT_IO_SIZE));
  if (at < load<usize>(slot(SLOT_IO)) || at > limit) {
    return fail(BAD_RANGE);
  }
  for (let i: u32 = 0; i < count; i++) {
    if (at + ITEM_SIZE > limit) {
      return fail(BAD_RANGE);
    }
    const kind = load<u32>(at);
    const ranges = load<u32>(at, 4);
    const amount = load<f64>(at, 8);
    at += ITEM_SIZE;
    if (kind >= kindCount() || !isLiveKind(kind)) {
      return fail(BAD_KIND);
    }
    const flags = kindFlags(kind);
    if (isScalar(flags)) {
      if (ranges != 0) {
        return fail(BAD_RANGE);
      }
      if (!isWhole(amount)) {
        return fail(BAD_AMOUNT);
      }
      rowAdd(row, kind, 0, amount);
      const sum = find(rowItems(row), rowCount(row), kind);
      if (sum != 0 && itemAmount(sum) > MAX_AMOUNT) {
        return fail(BAD_AMOUNT);
      }
    } else {
      if (ranges > <u32>MAX_RANGES || at + <usize>ranges * 16 > limit) {
        return fail(BAD_RANGE);
      }
      for (let r: u32 = 0; r < ranges; r++) {
        const begin = load<f64>(at + ((<usize>r) << 4));
        const end = load<f64>(at + ((<usize>r) << 4), 8);
        if (!isWhole(begin) || !isWhole(end) || begin > end) {
          return fail(BAD_RANGE);
        }
      }
      const set = share(build(at, ranges));
      rowAdd(row, kind, set, rangeAmount(set));
      release(set);
      at += <usize>ranges * 16;
    }
  }
  store<i32>(slot(SLOT_IO_USED), OK);
  return at;
}

/** True when so many bytes at an address are part of the exchange buffer. */
export function isInBuffer(at: usize, bytes: usize): bool {
  const begin = load<usize>(slot(SLOT_IO));
  return at >= begin && at + bytes <= begin + load<usize>(slot(SLOT_IO_SIZE));
}

function fail(status: i32): usize {
  store<i32>(slot(SLOT_IO_USED), status);
  return 0;
}

export function readStatus(): i32 {
  return load<i32>(slot(SLOT_IO_USED));
}

/** Writes items to the buffer at `offset` and answers the offset after them. */
export function writeItems(items: usize, count: u32, offset: usize): usize {
  for (let i: u32 = 0; i < count; i++) {
    const item = items + <usize>i * ITEM_SIZE;
    offset = writeItem(itemKind(item), itemSet(item), itemAmount(item), offset);
  }
  return offset;
}

function writeItem(kind: u32, set: usize, amount: f64, offset: usize): usize {
  const ranges = rangeCount(set);
  const at = ioReserve(offset + ITEM_SIZE + <usize>ranges * 16) + offset;
  store<u32>(at, kind);
  store<u32>(at, ranges, 4);
  store<f64>(at, amount, 8);
  for (let r: u32 = 0; r < ranges; r++) {
    store<f64>(at + ITEM_SIZE + ((<usize>r) << 4), rangeBegin(set, r));
    store<f64>(at + ITEM_SIZE + ((<usize>r) << 4), rangeEnd(set, r), 8);
  }
  return offset + ITEM_SIZE + <usize>ranges * 16;
}

/** Copies items (with references) into fresh memory of exactly their size. */
export function copyItems(items: usize, count: u32): usize {
  if (count == 0) {
    return 0;
  }
  const to = alloc(<usize>count * ITEM_SIZE);
  memory.copy(to, items, <usize>count * ITEM_SIZE);
  for (let i: u32 = 0; i < count; i++) {
    retain(itemSet(to + <usize>i * ITEM_SIZE));
  }
  return to;
}

export function freeItems(items: usize, count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    release(itemSet(items + <usize>i * ITEM_SIZE));
  }
  if (count != 0) {
    free(items, <usize>count * ITEM_SIZE);
  }
}
