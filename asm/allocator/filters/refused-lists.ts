// Refused lists, each shared by all filters that refuse the same; they are found by hash.
//
//   row:   refs u32 | count u32 | hash u32 | next in chain u32 | items
//   hash:  address of the buckets | how many | rows
import { equalSets, hashSet, release, retain } from '../../intervals';
import { alloc, allocZeroed, CHECKED, free, slot } from '../../memory';
import { ITEM_SIZE, itemAmount, itemKind, itemSet } from '../../rows';
import { SLOT_REFUSED_LISTS } from '../../slots';

export const REFUSED_HEAD: usize = 16;

function hashItems(items: usize, count: u32): u32 {
  // A sum, so that the order of items does not matter.
  let h: u32 = count;
  for (let i: u32 = 0; i < count; i++) {
    const item = items + <usize>i * ITEM_SIZE;
    const bits = reinterpret<u64>(itemAmount(item));
    let one = (itemKind(item) + 1) * 0x9e3779b1;
    one = (one ^ <u32>bits ^ <u32>(bits >> 32)) * 0x85ebca6b;
    one ^= hashSet(itemSet(item));
    h += (one ^ (one >> 13)) * 0xc2b2ae35;
  }
  return h ^ (h >> 16);
}

function sameItems(a: usize, b: usize, count: u32): bool {
  for (let i: u32 = 0; i < count; i++) {
    const item = a + <usize>i * ITEM_SIZE;
    let found = false;
    for (let j: u32 = 0; j < count; j++) {
      const other = b + <usize>j * ITEM_SIZE;
      if (itemKind(other) != itemKind(item)) {
        continue;
      }
      found = itemAmount(other) == itemAmount(item) && equalSets(itemSet(other), itemSet(item));
      break;
    }
    if (!found) {
      return false;
    }
  }
  return true;
}

function bucketOf(hash: u32): usize {
  if (CHECKED) {
    assert(
      popcnt<u32>(load<u32>(slot(SLOT_REFUSED_LISTS + 1))) == 1,
      'a number of buckets that is no power of two',
    );
  }
  return (
    load<usize>(slot(SLOT_REFUSED_LISTS)) +
    ((<usize>(hash & (load<u32>(slot(SLOT_REFUSED_LISTS + 1)) - 1))) << 2)
  );
}

function growBuckets(): void {
  const have = load<u32>(slot(SLOT_REFUSED_LISTS + 1));
  const next: u32 = have == 0 ? 64 : have << 1;
  const from = load<usize>(slot(SLOT_REFUSED_LISTS));
  store<usize>(slot(SLOT_REFUSED_LISTS), allocZeroed((<usize>next) << 2));
  store<u32>(slot(SLOT_REFUSED_LISTS + 1), next);
  for (let i: u32 = 0; i < have; i++) {
    let row = load<usize>(from + ((<usize>i) << 2));
    while (row != 0) {
      const after = load<usize>(row, 12);
      const bucket = bucketOf(load<u32>(row, 8));
      store<usize>(row, load<usize>(bucket), 12);
      store<usize>(bucket, row);
      row = after;
    }
  }
  if (have != 0) {
    free(from, (<usize>have) << 2);
  }
}

/** A reference to the refused row of these items. */
export function intern(items: usize, count: u32): usize {
  const rows = load<u32>(slot(SLOT_REFUSED_LISTS + 2));
  if (rows >= load<u32>(slot(SLOT_REFUSED_LISTS + 1))) {
    growBuckets();
  }
  const hash = hashItems(items, count);
  const bucket = bucketOf(hash);
  for (let row = load<usize>(bucket); row != 0; row = load<usize>(row, 12)) {
    if (load<u32>(row, 8) != hash || load<u32>(row, 4) != count) {
      continue;
    }
    if (!sameItems(items, row + REFUSED_HEAD, count)) {
      continue;
    }
    store<u32>(row, load<u32>(row) + 1);
    return row;
  }
  const row = alloc(REFUSED_HEAD + <usize>count * ITEM_SIZE);
  store<u32>(row, 1);
  store<u32>(row, count, 4);
  store<u32>(row, hash, 8);
  store<usize>(row, load<usize>(bucket), 12);
  store<usize>(bucket, row);
  memory.copy(row + REFUSED_HEAD, items, <usize>count * ITEM_SIZE);
  for (let i: u32 = 0; i < count; i++) {
    retain(itemSet(row + REFUSED_HEAD + <usize>i * ITEM_SIZE));
  }
  store<u32>(slot(SLOT_REFUSED_LISTS + 2), rows + 1);
  return row;
}

export function forget(row: usize): void {
  if (CHECKED) {
    assert(load<u32>(row) != 0, 'a refused list that nothing refers to');
  }
  const refs = load<u32>(row) - 1;
  store<u32>(row, refs);
  if (refs != 0) {
    return;
  }
  let link = bucketOf(load<u32>(row, 8));
  while (load<usize>(link) != row) {
    if (CHECKED) {
      assert(load<usize>(link) != 0, 'a refused list that its bucket does not have');
    }
    link = load<usize>(link) + 12;
  }
  store<usize>(link, load<usize>(row, 12));
  const count = load<u32>(row, 4);
  for (let i: u32 = 0; i < count; i++) {
    release(itemSet(row + REFUSED_HEAD + <usize>i * ITEM_SIZE));
  }
  free(row, REFUSED_HEAD + <usize>count * ITEM_SIZE);
  store<u32>(slot(SLOT_REFUSED_LISTS + 2), load<u32>(slot(SLOT_REFUSED_LISTS + 2)) - 1);
}
