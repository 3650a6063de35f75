// The exports that work on lists of resources: sums, comparisons, conversions, rows that the host
// holds by number (pools), and ledgers made of such rows.
import {
  BAD_AMOUNT,
  BAD_ARGUMENT,
  BAD_HANDLE,
  BAD_RANGE,
  MAX_AMOUNT,
  NOT_CONTAINED,
  OK,
  SHARED,
  STILL_SHARED,
} from './constants';
import { difference, includes, rangeAmount, release } from './intervals';
import { isScalar, kindFlags, kindName, kindUnit, nameCount } from './kinds';
import { slot, tableBase, tableCount, tablePush } from './memory';
import {
  find,
  ITEM_SIZE,
  ioReserve,
  isInBuffer,
  itemAmount,
  itemKind,
  itemSet,
  readItems,
  readStatus,
  rowAdd,
  rowAddAll,
  rowClear,
  rowContains,
  rowCopy,
  rowCount,
  rowEqual,
  rowFree,
  rowItems,
  rowPush,
  rowSubtractAll,
  scratch,
  writeItems,
} from './rows';
import { SLOT_IO, SLOT_ROW_FREE, SLOT_ROWS } from './slots';

// @ts-ignore: decorator
@inline
export const ROW_SIZE: usize = 16;

/** A list in scratch row `index` from the buffer; 0 when it is not valid. */
function read(at: usize, count: u32, index: i32): usize {
  rowClear(scratch(index));
  return readItems(at, count, scratch(index));
}

// @ts-ignore: decorator
@inline
function io(): usize {
  return load<usize>(slot(SLOT_IO));
}

function answer(row: usize): i32 {
  writeItems(rowItems(row), rowCount(row), 0);
  return <i32>rowCount(row);
}

function overflows(row: usize): bool {
  for (let i: u32 = 0; i < rowCount(row); i++) {
    if (itemAmount(rowItems(row) + <usize>i * ITEM_SIZE) > MAX_AMOUNT) {
      return true;
    }
  }
  return false;
}

/** The sum of two lists; answers how many items are in the buffer, or minus a status. */
export function listAdd(left: u32, right: u32): i32 {
  let at = read(io(), left, 0);
  if (at == 0 || readItems(at, right, scratch(0)) == 0) {
    return -readStatus();
  }
  if (overflows(scratch(0))) {
    return -BAD_AMOUNT;
  }
  return answer(scratch(0));
}

export function listSubtract(left: u32, right: u32): i32 {
  let at = read(io(), left, 0);
  if (at == 0 || read(at, right, 1) == 0) {
    return -readStatus();
  }
  rowSubtractAll(scratch(0), rowItems(scratch(1)), rowCount(scratch(1)));
  return answer(scratch(0));
}

/** Whether the left list contains the right one: 1 or 0, or minus a status. */
export function listContains(left: u32, right: u32): i32 {
  let at = read(io(), left, 0);
  if (at == 0 || read(at, right, 1) == 0) {
    return -readStatus();
  }
  return rowContains(scratch(0), scratch(1)) ? 1 : 0;
}

export function listEqual(left: u32, right: u32): i32 {
  let at = read(io(), left, 0);
  if (at == 0 || read(at, right, 1) == 0) {
    return -readStatus();
  }
  return rowEqual(scratch(0), scratch(1)) ? 1 : 0;
}

/**
 * Totals by name in thousandths (numbers counted once each, shared volumes once): an f64 a name.
 */
export function listQuantities(count: u32): i32 {
  if (read(io(), count, 0) == 0) {
    return -readStatus();
  }
  const names = nameCount();
  const out = ioReserve(<usize>names * 8);
  memory.fill(out, 0, <usize>names * 8);
  const row = scratch(0);
  for (let i: u32 = 0; i < rowCount(row); i++) {
    const item = rowItems(row) + <usize>i * ITEM_SIZE;
    const flags = kindFlags(itemKind(item));
    if (!isScalar(flags)) {
      continue;
    }
    const at = out + ((<usize>kindName(itemKind(item))) << 3);
    const copies = (flags & SHARED) != 0 ? 1 : itemAmount(item);
    store<f64>(at, load<f64>(at) + copies * kindUnit(itemKind(item)));
  }
  return <i32>names;
}

/**
 * Applies conversions one after another to the row: each takes `consumed` out and puts `converted`
 * in. The buffer holds, from `at`, the pairs of lists, and before each pair
 *
 *   consumed u32 | converted u32 | flags u32 | unused u32
 *
 * Flag 1 refuses (where `checks`) a conversion after which a copy of what was consumed remains.
 */
export function convertRow(row: usize, at: usize, conversions: u32, checks: bool): i32 {
  for (let i: u32 = 0; i < conversions; i++) {
    if (!isInBuffer(at, 16)) {
      return BAD_RANGE;
    }
    const consumed = load<u32>(at);
    const converted = load<u32>(at, 4);
    const flags = load<u32>(at, 8);
    at = read(at + 16, consumed, 6);
    if (at == 0) {
      return readStatus();
    }
    at = read(at, converted, 7);
    if (at == 0) {
      return readStatus();
    }
    if (!rowContains(row, scratch(6))) {
      return NOT_CONTAINED;
    }
    rowSubtractAll(row, rowItems(scratch(6)), rowCount(scratch(6)));
    rowAddAll(row, rowItems(scratch(7)), rowCount(scratch(7)));
    if (overflows(row)) {
      return BAD_AMOUNT;
    }
    if (checks && (flags & 1) != 0) {
      for (let j: u32 = 0; j < rowCount(scratch(6)); j++) {
        const kind = itemKind(rowItems(scratch(6)) + <usize>j * ITEM_SIZE);
        if (find(rowItems(row), rowCount(row), kind) != 0) {
          return STILL_SHARED;
        }
      }
    }
  }
  return OK;
}

/** Converts a list; answers how many items are in the buffer, or minus a status. */
export function listConvert(count: u32, conversions: u32): i32 {
  const at = read(io(), count, 0);
  if (at == 0) {
    return -readStatus();
  }
  const status = convertRow(scratch(0), at, conversions, true);
  return status != OK ? -status : answer(scratch(0));
}

// --- Rows held by the host ---

function rowAt(handle: u32): usize {
  if (handle >= tableCount(SLOT_ROWS)) {
    return 0;
  }
  const row = tableBase(SLOT_ROWS) + <usize>handle * ROW_SIZE;
  return load<u32>(row, 12) == 1 ? row : 0;
}

/** A new row from the list in the buffer; answers its handle, or minus a status. */
export function rowMake(count: u32): i32 {
  if (read(io(), count, 0) == 0) {
    return -readStatus();
  }
  let handle: u32;
  const head = load<u32>(slot(SLOT_ROW_FREE));
  if (head != 0) {
    handle = head - 1;
    const row = tableBase(SLOT_ROWS) + <usize>handle * ROW_SIZE;
    store<u32>(slot(SLOT_ROW_FREE), load<u32>(row, 4));
    store<u32>(row, 0, 4);
  } else {
    handle = tablePush(SLOT_ROWS, ROW_SIZE);
  }
  const row = tableBase(SLOT_ROWS) + <usize>handle * ROW_SIZE;
  store<u32>(row, 1, 12);
  rowCopy(row, scratch(0));
  return <i32>handle;
}

export function rowDrop(handle: u32): i32 {
  const row = rowAt(handle);
  if (row == 0) {
    return BAD_HANDLE;
  }
  rowFree(row);
  store<u32>(row, 0, 12);
  store<u32>(row, load<u32>(slot(SLOT_ROW_FREE)), 4);
  store<u32>(slot(SLOT_ROW_FREE), handle + 1);
  return OK;
}

/** Writes the row to the buffer; answers how many items, or minus a status. */
export function rowRead(handle: u32): i32 {
  const row = rowAt(handle);
  return row == 0 ? -BAD_HANDLE : answer(row);
}

/** Replaces the row's content by the list in the buffer. */
export function rowWrite(handle: u32, count: u32): i32 {
  const row = rowAt(handle);
  if (row == 0) {
    return BAD_HANDLE;
  }
  if (read(io(), count, 0) == 0) {
    return readStatus();
  }
  rowCopy(row, scratch(0));
  return OK;
}

export function rowHas(handle: u32, count: u32): i32 {
  const row = rowAt(handle);
  if (row == 0) {
    return -BAD_HANDLE;
  }
  if (read(io(), count, 0) == 0) {
    return -readStatus();
  }
  return rowContains(row, scratch(0)) ? 1 : 0;
}

/** Adds the list in the buffer to the row. */
export function rowPut(handle: u32, count: u32): i32 {
  const row = rowAt(handle);
  if (row == 0) {
    return BAD_HANDLE;
  }
  if (read(io(), count, 0) == 0) {
    return readStatus();
  }
  const part = scratch(0);
  for (let i: u32 = 0; i < rowCount(part); i++) {
    const item = rowItems(part) + <usize>i * ITEM_SIZE;
    const found = find(rowItems(row), rowCount(row), itemKind(item));
    if (found != 0 && itemAmount(found) + itemAmount(item) > MAX_AMOUNT) {
      return BAD_AMOUNT;
    }
  }
  rowAddAll(row, rowItems(part), rowCount(part));
  return OK;
}

/** Takes the list in the buffer out of the row, or nothing if the row has not all of it. */
export function rowTake(handle: u32, count: u32): i32 {
  const row = rowAt(handle);
  if (row == 0) {
    return BAD_HANDLE;
  }
  if (read(io(), count, 0) == 0) {
    return readStatus();
  }
  if (!rowContains(row, scratch(0))) {
    return NOT_CONTAINED;
  }
  rowSubtractAll(row, rowItems(scratch(0)), rowCount(scratch(0)));
  return OK;
}

/** Takes out of the row what it has of the list in the buffer. */
export function rowReduce(handle: u32, count: u32): i32 {
  const row = rowAt(handle);
  if (row == 0) {
    return BAD_HANDLE;
  }
  if (read(io(), count, 0) == 0) {
    return readStatus();
  }
  rowSubtractAll(row, rowItems(scratch(0)), rowCount(scratch(0)));
  return OK;
}

/** How many items the row has, or minus a status. */
export function rowSize(handle: u32): i32 {
  const row = rowAt(handle);
  return row == 0 ? -BAD_HANDLE : <i32>rowCount(row);
}

/** Applies the conversions in the buffer to the row, all or none. */
export function rowConvert(handle: u32, conversions: u32): i32 {
  const row = rowAt(handle);
  if (row == 0) {
    return BAD_HANDLE;
  }
  rowCopy(scratch(2), row);
  const status = convertRow(scratch(2), io(), conversions, true);
  if (status != OK) {
    return status;
  }
  rowCopy(row, scratch(2));
  return OK;
}

// --- Ledgers: rows for the total, for all that is used, and one for each holder ---

/** What is free of one item of the total; shared volumes always are. Writes it to scratch row 3. */
function pushFree(item: usize, used: usize): void {
  const kind = itemKind(item);
  const taken = find(rowItems(used), rowCount(used), kind);
  const row = scratch(3);
  if (taken == 0 || (kindFlags(kind) & SHARED) != 0) {
    rowAdd(row, kind, itemSet(item), itemAmount(item));
  } else if (itemSet(item) == 0) {
    rowAdd(row, kind, 0, itemAmount(item) - itemAmount(taken));
  } else {
    const left = difference(itemSet(item), itemSet(taken));
    if (left != 0) {
      rowPush(row, kind, left, rangeAmount(left));
    }
  }
}

function free(total: usize, used: usize): usize {
  rowClear(scratch(3));
  for (let i: u32 = 0; i < rowCount(total); i++) {
    pushFree(rowItems(total) + <usize>i * ITEM_SIZE, used);
  }
  return scratch(3);
}

/** Writes what is free to the buffer; answers how many items, or minus a status. */
export function ledgerFree(total: u32, used: u32): i32 {
  const t = rowAt(total);
  const u = rowAt(used);
  if (t == 0 || u == 0) {
    return -BAD_HANDLE;
  }
  return answer(free(t, u));
}

/**
 * Lets the holder use the list in the buffer, if all of it is free (of a shared volume: if it is
 * there).
 */
export function ledgerTake(total: u32, used: u32, holder: u32, count: u32): i32 {
  const t = rowAt(total);
  const u = rowAt(used);
  const h = rowAt(holder);
  if (t == 0 || u == 0 || h == 0) {
    return BAD_HANDLE;
  }
  if (t == u || t == h || u == h) {
    return BAD_ARGUMENT;
  }
  if (read(io(), count, 0) == 0) {
    return readStatus();
  }
  const part = scratch(0);
  for (let i: u32 = 0; i < rowCount(part); i++) {
    const item = rowItems(part) + <usize>i * ITEM_SIZE;
    const kind = itemKind(item);
    const whole = find(rowItems(t), rowCount(t), kind);
    if (whole == 0) {
      return NOT_CONTAINED;
    }
    if ((kindFlags(kind) & SHARED) != 0) {
      continue;
    }
    const taken = find(rowItems(u), rowCount(u), kind);
    if (itemSet(item) == 0) {
      const have = itemAmount(whole) - (taken == 0 ? 0 : itemAmount(taken));
      if (have < itemAmount(item)) {
        return NOT_CONTAINED;
      }
    } else {
      const left = difference(itemSet(whole), taken == 0 ? 0 : itemSet(taken));
      const fits = includes(left, itemSet(item));
      release(left);
      if (!fits) {
        return NOT_CONTAINED;
      }
    }
  }
  rowAddAll(u, rowItems(part), rowCount(part));
  rowAddAll(h, rowItems(part), rowCount(part));
  return OK;
}

/** The holder gives the list in the buffer back; refused if it has not all of it. */
export function ledgerGive(used: u32, holder: u32, count: u32): i32 {
  const u = rowAt(used);
  const h = rowAt(holder);
  if (u == 0 || h == 0) {
    return BAD_HANDLE;
  }
  if (u == h) {
    return BAD_ARGUMENT;
  }
  if (read(io(), count, 0) == 0) {
    return readStatus();
  }
  if (!rowContains(h, scratch(0))) {
    return NOT_CONTAINED;
  }
  rowSubtractAll(h, rowItems(scratch(0)), rowCount(scratch(0)));
  rowSubtractAll(u, rowItems(scratch(0)), rowCount(scratch(0)));
  return OK;
}

/** The holder gives back all it has, and its row is dropped. */
export function ledgerRelease(used: u32, holder: u32): i32 {
  const u = rowAt(used);
  const h = rowAt(holder);
  if (u == 0 || h == 0) {
    return BAD_HANDLE;
  }
  if (u == h) {
    return BAD_ARGUMENT;
  }
  rowSubtractAll(u, rowItems(h), rowCount(h));
  return rowDrop(holder);
}

/** Converts the total; refused if what is used would no longer be part of it. */
export function ledgerConvert(total: u32, used: u32, conversions: u32): i32 {
  const t = rowAt(total);
  const u = rowAt(used);
  if (t == 0 || u == 0) {
    return BAD_HANDLE;
  }
  if (t == u) {
    return BAD_ARGUMENT;
  }
  rowCopy(scratch(2), t);
  const status = convertRow(scratch(2), io(), conversions, true);
  if (status != OK) {
    return status;
  }
  const next = scratch(2);
  for (let i: u32 = 0; i < rowCount(u); i++) {
    const item = rowItems(u) + <usize>i * ITEM_SIZE;
    const kind = itemKind(item);
    const before = find(rowItems(t), rowCount(t), kind);
    if (before == 0) {
      continue;
    }
    const after = find(rowItems(next), rowCount(next), kind);
    if (after == 0) {
      return NOT_CONTAINED;
    }
    if (itemSet(item) == 0) {
      if ((kindFlags(kind) & SHARED) != 0) {
        continue;
      }
      if (itemAmount(after) < min(itemAmount(item), itemAmount(before))) {
        return NOT_CONTAINED;
      }
    } else if (
      includes(itemSet(before), itemSet(item)) &&
      !includes(itemSet(after), itemSet(item))
    ) {
      return NOT_CONTAINED;
    }
  }
  rowCopy(t, next);
  return OK;
}
