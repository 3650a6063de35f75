// Sets of whole numbers as sorted, separate, inclusive ranges: ports, and set items by their
// number. A block is never changed once made, and counts the records that refer to it.
//
//   refs u32 | count u32 | amount f64 (how many numbers) | count × (begin f64, end f64)
//
// Address 0 is the empty set.
import { alloc, allocZeroed, CHECKED, free, slot } from './memory';
import { SLOT_SETS } from './slots';

// @ts-ignore: decorator
@inline
const HEAD: usize = 16;

// @ts-ignore: decorator
@inline
export function rangeCount(set: usize): u32 {
  return set == 0 ? 0 : load<u32>(set, 4);
}
// @ts-ignore: decorator
@inline
export function rangeAmount(set: usize): f64 {
  return set == 0 ? 0 : load<f64>(set, 8);
}
// @ts-ignore: decorator
@inline
export function rangeBegin(set: usize, index: u32): f64 {
  if (CHECKED) {
    assert(index < rangeCount(set), 'no such range');
  }
  return load<f64>(set + HEAD + ((<usize>index) << 4));
}
// @ts-ignore: decorator
@inline
export function rangeEnd(set: usize, index: u32): f64 {
  if (CHECKED) {
    assert(index < rangeCount(set), 'no such range');
  }
  return load<f64>(set + HEAD + ((<usize>index) << 4), 8);
}

function make(capacity: u32): usize {
  const set = alloc(HEAD + ((<usize>capacity) << 4));
  store<u32>(set, 1);
  store<u32>(set, 0, 4);
  store<f64>(set, 0, 8);
  return set;
}

// @ts-ignore: decorator
@inline
export function retain(set: usize): usize {
  if (CHECKED) {
    assert(set == 0 || load<u32>(set) != 0, 'a set that nothing refers to');
  }
  if (set != 0) {
    store<u32>(set, load<u32>(set) + 1);
  }
  return set;
}

export function release(set: usize): void {
  if (set == 0) {
    return;
  }
  if (CHECKED) {
    assert(load<u32>(set) != 0, 'a set that nothing refers to');
  }
  const refs = load<u32>(set) - 1;
  if (refs != 0) {
    store<u32>(set, refs);
  } else {
    free(set, HEAD + ((<usize>load<u32>(set, 4)) << 4));
  }
}

/** Gives a set made with room for `capacity` ranges its exact size; the empty set becomes 0. */
function fit(set: usize, capacity: u32): usize {
  const count = load<u32>(set, 4);
  if (count == capacity) {
    return set;
  }
  const size = HEAD + ((<usize>count) << 4);
  let exact: usize = 0;
  if (count != 0) {
    exact = alloc(size);
    memory.copy(exact, set, size);
  }
  free(set, HEAD + ((<usize>capacity) << 4));
  return exact;
}

/** Appends to a set under construction; ranges come in order, touching ones become one. */
function push(set: usize, begin: f64, end: f64): void {
  const count = load<u32>(set, 4);
  if (CHECKED) {
    assert(begin <= end, 'a range that ends before it begins');
    assert(count == 0 || rangeEnd(set, count - 1) < begin, 'ranges out of order');
  }
  store<f64>(set, load<f64>(set, 8) + (end - begin + 1), 8);
  if (count != 0) {
    const last = set + HEAD + ((<usize>(count - 1)) << 4);
    if (load<f64>(last, 8) + 1 == begin) {
      store<f64>(last, end, 8);
      return;
    }
  }
  const at = set + HEAD + ((<usize>count) << 4);
  store<f64>(at, begin);
  store<f64>(at, end, 8);
  store<u32>(set, count + 1, 4);
}

/** A set of one range. */
export function single(begin: f64, end: f64): usize {
  const set = make(1);
  push(set, begin, end);
  return set;
}

/**
 * Builds a set from `count` ranges at `at`, in any order, overlapping or not. They must be valid.
 */
export function build(at: usize, count: u32): usize {
  if (count == 0) {
    return 0;
  }
  let sorted = true;
  for (let i: u32 = 1; i < count; i++) {
    const here = at + ((<usize>i) << 4);
    if (load<f64>(here) <= load<f64>(here - 8)) {
      sorted = false;
      break;
    }
  }
  if (sorted) {
    const set = make(count);
    for (let i: u32 = 0; i < count; i++) {
      const here = at + ((<usize>i) << 4);
      push(set, load<f64>(here), load<f64>(here, 8));
    }
    return fit(set, count);
  }
  const middle = count >> 1;
  if (middle == 0) {
    return single(load<f64>(at), load<f64>(at, 8));
  }
  const left = build(at, middle);
  const right = build(at + ((<usize>middle) << 4), count - middle);
  const whole = union(left, right);
  release(left);
  release(right);
  return whole;
}

/** A new reference to the union. */
export function union(left: usize, right: usize): usize {
  if (left == 0) {
    return retain(right);
  }
  if (right == 0 || left == right) {
    return retain(left);
  }
  const n = load<u32>(left, 4);
  const m = load<u32>(right, 4);
  const set = make(n + m);
  let i: u32 = 0;
  let j: u32 = 0;
  let begin: f64 = 0;
  let end: f64 = -1;
  let open = false;
  while (i < n || j < m) {
    let b: f64;
    let e: f64;
    if (j >= m || (i < n && rangeBegin(left, i) <= rangeBegin(right, j))) {
      b = rangeBegin(left, i);
      e = rangeEnd(left, i);
      i++;
    } else {
      b = rangeBegin(right, j);
      e = rangeEnd(right, j);
      j++;
    }
    if (!open) {
      begin = b;
      end = e;
      open = true;
    } else if (b <= end + 1) {
      if (e > end) {
        end = e;
      }
    } else {
      push(set, begin, end);
      begin = b;
      end = e;
    }
  }
  if (open) {
    push(set, begin, end);
  }
  return fit(set, n + m);
}

/** A new reference to what `left` has and `right` has not. */
export function difference(left: usize, right: usize): usize {
  if (left == 0 || left == right) {
    return 0;
  }
  if (right == 0) {
    return retain(left);
  }
  const n = load<u32>(left, 4);
  const m = load<u32>(right, 4);
  const set = make(n + m);
  let j: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    let begin = rangeBegin(left, i);
    const end = rangeEnd(left, i);
    while (j < m && rangeEnd(right, j) < begin) {
      j++;
    }
    let k = j;
    while (k < m && rangeBegin(right, k) <= end) {
      if (rangeBegin(right, k) > begin) {
        push(set, begin, rangeBegin(right, k) - 1);
      }
      begin = rangeEnd(right, k) + 1;
      if (begin > end) {
        break;
      }
      k++;
    }
    if (begin <= end) {
      push(set, begin, end);
    }
  }
  return fit(set, n + m);
}

/** True when every number of `right` is in `left`. */
export function includes(left: usize, right: usize): bool {
  if (right == 0 || left == right) {
    return true;
  }
  if (left == 0) {
    return false;
  }
  const n = load<u32>(left, 4);
  const m = load<u32>(right, 4);
  let i: u32 = 0;
  for (let j: u32 = 0; j < m; j++) {
    const begin = rangeBegin(right, j);
    while (i < n && rangeEnd(left, i) < begin) {
      i++;
    }
    if (i == n || rangeBegin(left, i) > begin || rangeEnd(left, i) < rangeEnd(right, j)) {
      return false;
    }
  }
  return true;
}

export function equalSets(left: usize, right: usize): bool {
  if (left == right) {
    return true;
  }
  if (left == 0 || right == 0) {
    return false;
  }
  const n = load<u32>(left, 4);
  if (load<u32>(right, 4) != n || load<f64>(left, 8) != load<f64>(right, 8)) {
    return false;
  }
  return memory.compare(left + HEAD, right + HEAD, (<usize>n) << 4) == 0;
}

export function hashSet(set: usize): u32 {
  let h: u32 = 0x9e3779b9;
  const n = rangeCount(set);
  for (let i: u32 = 0; i < n; i++) {
    h = (h ^ <u32>(<i64>rangeBegin(set, i))) * 0x85ebca6b;
    h = (h ^ <u32>(<i64>rangeEnd(set, i))) * 0xc2b2ae35;
    h ^= h >> 15;
  }
  return h;
}

const SHARED_SETS: u32 = 256;

/**
 * The set itself or an equal one seen lately, whose block is then shared: the ports of a thousand
 * agents are mostly the same. Takes over the caller's reference.
 */
export function share(set: usize): usize {
  if (set == 0) {
    return 0;
  }
  let table = load<usize>(slot(SLOT_SETS));
  if (table == 0) {
    table = allocZeroed((<usize>SHARED_SETS) << 2);
    store<usize>(slot(SLOT_SETS), table);
  }
  const at = table + ((<usize>(hashSet(set) & (SHARED_SETS - 1))) << 2);
  const known = load<usize>(at);
  if (known != 0 && equalSets(known, set)) {
    release(set);
    return retain(known);
  }
  release(known);
  store<usize>(at, retain(set));
  return set;
}
