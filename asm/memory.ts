// The module's own memory: one arena that only grows, with free lists by size. Every piece of state
// lives here and nothing in Wasm globals, so that copying the memory copies the state.
//
//   0 ........ static data (header) ........ heap ........ top
//
// Blocks carry no header: the call that frees a block says how big it was.

/**
 * True in the debug build, which has assertions: `if (CHECKED) assert(…)` leaves no trace in the
 * shipped module.
 */
export const CHECKED: bool = !ASC_NO_ASSERT;

/** What freed memory is filled with in the debug build, so that its use after that shows. */
const FREED: u8 = 0xfd;

/** Fixed slots of the header, one u64 each. Other files claim theirs in slots.ts. */
// @ts-ignore: decorator
@inline
const SLOTS: i32 = 512;
const header: usize = memory.data(SLOTS * 8, 16);

/** Address of a header slot. */
// @ts-ignore: decorator
@inline
export function slot(index: i32): usize {
  if (CHECKED) {
    assert(index >= 0 && index < SLOTS, 'no such slot');
  }
  return header + ((<usize>index) << 3);
}

// Slots 0 .. 199: the arena.
// @ts-ignore: decorator
@inline
const SLOT_TOP: i32 = 0;
// @ts-ignore: decorator
@inline
const SLOT_LIVE: i32 = 1;
// Free lists: 64 small classes (16 … 1024 bytes), then large ones.
// @ts-ignore: decorator
@inline
const SLOT_SMALL: i32 = 2;
// @ts-ignore: decorator
@inline
const SLOT_LARGE: i32 = 67;

// Above 1 KiB a power of two is cut into four classes: at most a fifth of a block is lost.
// @ts-ignore: decorator
@inline
function largeClass(size: usize): i32 {
  const k = 31 - <i32>clz<u32>(<u32>(size - 1));
  return k * 4 + <i32>((size - 1 - ((<usize>1) << k)) >> (k - 2)) + 1;
}

// @ts-ignore: decorator
@inline
function largeSize(c: i32): usize {
  const k = (c - 1) >> 2;
  return ((<usize>1) << k) + ((<usize>(((c - 1) & 3) + 1)) << (k - 2));
}

// A big block that was freed (a table that has grown out of it) is cut up for small ones.
// @ts-ignore: decorator
@inline
const SLOT_CUT: i32 = 196; // address and end of what is being cut
// @ts-ignore: decorator
@inline
const SLOT_BIG: i32 = 198; // how many big blocks are free
/** The class of 64 KiB. */
const BIG_CLASS: i32 = 64;

/** Room for a small block from a big free one; 0 when there is none. */
function cut(size: usize): usize {
  const from = load<usize>(slot(SLOT_CUT));
  let at = begin(from, size);
  if (at + size > load<usize>(slot(SLOT_CUT + 1))) {
    if (load<u32>(slot(SLOT_BIG)) == 0) {
      return 0;
    }
    let c = BIG_CLASS;
    while (load<usize>(slot(SLOT_LARGE) + ((<usize>c) << 3)) == 0) {
      c++;
    }
    const list = slot(SLOT_LARGE) + ((<usize>c) << 3);
    at = load<usize>(list);
    store<usize>(list, load<usize>(at));
    store<u32>(slot(SLOT_BIG), load<u32>(slot(SLOT_BIG)) - 1);
    store<usize>(slot(SLOT_CUT + 1), at + largeSize(c));
  } else if (at != from) {
    free(from, at - from);
  }
  store<usize>(slot(SLOT_CUT), at + size);
  return at;
}

/** Memory in use up to here; the rest of the last page is untouched. */
export function memoryTop(): usize {
  const top = load<usize>(slot(SLOT_TOP));
  return top == 0 ? (__heap_base + 15) & ~15 : top;
}

/**
 * Where a block of that size may begin, from `at` on. Whole cache lines begin on one: a record of
 * 128 bytes then takes two lines, not three.
 */
// @ts-ignore: decorator
@inline
function begin(at: usize, size: usize): usize {
  return size > 1024 || (size & 63) == 0 ? (at + 63) & ~63 : at;
}

function bump(size: usize): usize {
  const top = memoryTop();
  const at = begin(top, size);
  const end = at + size;
  // The block would end beyond the last address and lie over other state: a trap is better.
  if (end < at) {
    unreachable();
  }
  const have = (<usize>memory.size()) << 16;
  if (end > have) {
    const need = <i32>((end - have + 0xffff) >> 16);
    // Growth detaches the host's views of the memory. Growing by a sixteenth at least keeps that
    // rare.
    let pages = max<i32>(need, memory.size() >> 4);
    if (memory.grow(pages) < 0) {
      pages = need;
      if (memory.grow(pages) < 0) {
        unreachable();
      }
    }
  }
  store<usize>(slot(SLOT_TOP), end);
  if (at != top) {
    free(top, at - top);
  }
  return at;
}

/** A block of at least `size` bytes, aligned to 16; its content is undefined. */
export function alloc(size: usize): usize {
  if (CHECKED) {
    assert(size != 0, 'a block without size');
  }
  if (size <= 1024) {
    const units = (size + 15) >> 4;
    const list = slot(SLOT_SMALL) + (units << 3);
    const head = load<usize>(list);
    if (head != 0) {
      store<usize>(list, load<usize>(head));
      return head;
    }
    const at = cut(units << 4);
    return at != 0 ? at : bump(units << 4);
  }
  const c = largeClass(size);
  const list = slot(SLOT_LARGE) + ((<usize>c) << 3);
  const head = load<usize>(list);
  if (head != 0) {
    store<usize>(list, load<usize>(head));
    if (c >= BIG_CLASS) {
      store<u32>(slot(SLOT_BIG), load<u32>(slot(SLOT_BIG)) - 1);
    }
    return head;
  }
  return bump(largeSize(c));
}

export function allocZeroed(size: usize): usize {
  const at = alloc(size);
  memory.fill(at, 0, size);
  return at;
}

/** Gives a block back; `size` is what it was asked with. */
export function free(at: usize, size: usize): void {
  if (at == 0) {
    return;
  }
  if (CHECKED) {
    assert(size != 0 && (at & 15) == 0, 'no block of this arena');
    assert(at >= __heap_base && at + size <= memoryTop(), 'a block beyond the heap');
    memory.fill(at, FREED, size);
  }
  let list = slot(SLOT_SMALL) + (((size + 15) >> 4) << 3);
  if (size > 1024) {
    const c = largeClass(size);
    list = slot(SLOT_LARGE) + ((<usize>c) << 3);
    if (c >= BIG_CLASS) {
      store<u32>(slot(SLOT_BIG), load<u32>(slot(SLOT_BIG)) + 1);
    }
  }
  store<usize>(at, load<usize>(list));
  store<usize>(list, at);
}

/** Moves a block of `used` bytes to one of `next` bytes. */
export function resize(at: usize, size: usize, used: usize, next: usize): usize {
  const to = alloc(next);
  if (at != 0) {
    memory.copy(to, at, used);
    free(at, size);
  }
  return to;
}

/** Moves a block that is used to its end to a larger one, whose new part is zero. */
export function resizeZeroed(at: usize, size: usize, next: usize): usize {
  const to = resize(at, size, size, next);
  memory.fill(to + size, 0, next - size);
  return to;
}

// An array is three u32 of a record: address, count and capacity of its items. They are named by
// their places in the record, for they need not stand together.

/**
 * Appends an item of undefined content and answers its address. Items may move with every one that
 * is appended.
 */
export function arrayAppend(
  record: usize,
  address: usize,
  count: usize,
  capacity: usize,
  itemSize: usize,
): usize {
  const have = load<u32>(record + count);
  const room = load<u32>(record + capacity);
  if (CHECKED) {
    assert(have <= room, 'more items than there is room for');
  }
  if (have == room) {
    const next: u32 = room == 0 ? 4 : room << 1;
    const items = resize(
      load<usize>(record + address),
      <usize>room * itemSize,
      <usize>have * itemSize,
      <usize>next * itemSize,
    );
    store<usize>(record + address, items);
    store<u32>(record + capacity, next);
  }
  store<u32>(record + count, have + 1);
  return load<usize>(record + address) + <usize>have * itemSize;
}

/** Removes an item; the last one takes its place. */
export function arrayRemove(
  record: usize,
  address: usize,
  count: usize,
  item: usize,
  itemSize: usize,
): void {
  const left = load<u32>(record + count) - 1;
  const last = load<usize>(record + address) + <usize>left * itemSize;
  if (CHECKED) {
    assert(item >= load<usize>(record + address) && item <= last, 'no item of the array');
  }
  if (item != last) {
    memory.copy(item, last, itemSize);
  }
  store<u32>(record + count, left);
}

/** Gives the memory of an array back; it is empty then. */
export function arrayFree(
  record: usize,
  address: usize,
  count: usize,
  capacity: usize,
  itemSize: usize,
): void {
  free(load<usize>(record + address), <usize>load<u32>(record + capacity) * itemSize);
  store<usize>(record + address, 0);
  store<u32>(record + count, 0);
  store<u32>(record + capacity, 0);
}

// A table is three header slots: base, count, capacity (in records).

// @ts-ignore: decorator
@inline
export function tableBase(table: i32): usize {
  if (CHECKED) {
    assert(
      load<u32>(slot(table + 1)) <= load<u32>(slot(table + 2)),
      'more records than there is room for',
    );
  }
  return load<usize>(slot(table));
}
// @ts-ignore: decorator
@inline
export function tableCount(table: i32): u32 {
  return load<u32>(slot(table + 1));
}

/**
 * Appends a record of undefined content and returns its index. Records may move with every append.
 */
export function tableAppend(table: i32, recordSize: usize): u32 {
  const count = load<u32>(slot(table + 1));
  if (count == load<u32>(slot(table + 2))) {
    tableReserve(table, recordSize, count + 1);
  }
  store<u32>(slot(table + 1), count + 1);
  return count;
}

/** Makes room for that many records. */
export function tableReserve(table: i32, recordSize: usize, records: u32): void {
  const capacity = load<u32>(slot(table + 2));
  if (capacity >= records) {
    return;
  }
  let next: u32 = capacity == 0 ? 16 : capacity << 1;
  while (next < records) {
    next <<= 1;
  }
  if (<u64>next * <u64>recordSize > 0xffff0000) {
    unreachable();
  }
  const count = load<u32>(slot(table + 1));
  const base = resize(
    tableBase(table),
    <usize>capacity * recordSize,
    <usize>count * recordSize,
    <usize>next * recordSize,
  );
  store<usize>(slot(table), base);
  store<u32>(slot(table + 2), next);
}

/** Appends a zeroed record and returns its index. */
export function tablePush(table: i32, recordSize: usize): u32 {
  const index = tableAppend(table, recordSize);
  memory.fill(tableBase(table) + <usize>index * recordSize, 0, recordSize);
  return index;
}

export function tableClear(table: i32): void {
  store<u32>(slot(table + 1), 0);
}

// A table of words has records of one u32: numbers of agents, roles or nodes.

// @ts-ignore: decorator
@inline
export function tableWord(table: i32, index: u32): u32 {
  if (CHECKED) {
    assert(index < tableCount(table), 'no such word of the table');
  }
  return load<u32>(tableBase(table) + ((<usize>index) << 2));
}

export function tablePushWord(table: i32, word: u32): void {
  const index = tableAppend(table, 4);
  store<u32>(tableBase(table) + ((<usize>index) << 2), word);
}

/** Removes a word that stands there once; the last one takes its place. */
export function tableRemoveWord(table: i32, word: u32): void {
  const base = tableBase(table);
  const last = tableCount(table) - 1;
  for (let index: u32 = 0; index <= last; index++) {
    const at = base + ((<usize>index) << 2);
    if (load<u32>(at) != word) {
      continue;
    }
    store<u32>(at, load<u32>(base + ((<usize>last) << 2)));
    store<u32>(slot(table + 1), last);
    return;
  }
  if (CHECKED) {
    assert(false, 'a word that the table does not have');
  }
}

// --- For the debug build ---

/** Asserts that the free lists hold blocks of this arena, each of its size, and end. */
export function checkArena(): void {
  const top = memoryTop();
  assert(top <= (<usize>memory.size()) << 16, 'state beyond the memory');
  const most = top >> 4;
  let blocks: usize = 0;
  for (let units: usize = 1; units <= 64; units++) {
    for (let at = load<usize>(slot(SLOT_SMALL) + (units << 3)); at != 0; at = load<usize>(at)) {
      assert((at & 15) == 0 && at >= __heap_base && at + (units << 4) <= top, 'no free block');
      assert(++blocks <= most, 'a free list without an end');
    }
  }
  let big: u32 = 0;
  for (let c = largeClass(1025); c <= largeClass(0xffff0000); c++) {
    const list = slot(SLOT_LARGE) + ((<usize>c) << 3);
    for (let at = load<usize>(list); at != 0; at = load<usize>(at)) {
      assert(
        (at & 15) == 0 && at >= __heap_base && at + largeSize(c) <= top,
        'no large free block',
      );
      assert(++blocks <= most, 'a free list without an end');
      if (c >= BIG_CLASS) {
        big++;
      }
    }
  }
  assert(big == load<u32>(slot(SLOT_BIG)), 'big blocks that are not counted');
  assert(
    load<usize>(slot(SLOT_CUT)) <= load<usize>(slot(SLOT_CUT + 1)),
    'more was cut than there is',
  );
}

/**
 * Asserts that a chain of free numbers, each plus one, ends; answers how long it is. `head` is its
 * slot, `next` where in a free record of the table the next number stands.
 */
export function checkFreeNumbers(table: i32, recordSize: usize, head: i32, next: usize): u32 {
  let length: u32 = 0;
  for (let number = load<u32>(slot(head)); number != 0; length++) {
    assert(number <= tableCount(table) && length < tableCount(table), 'no chain of free numbers');
    number = load<u32>(tableBase(table) + <usize>(number - 1) * recordSize + next);
  }
  return length;
}
