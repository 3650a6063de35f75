// Vectors: one f64 of thousandths for each resource name. They all lie in one table, so that a new
// name can widen every one of them at once. Addresses are not stable across newVector() and
// widenVectors().
import { alloc, CHECKED, free, slot } from './memory';
import { SLOT_VECTOR_FREE, SLOT_VECTOR_WIDTH, SLOT_VECTORS } from './slots';

// @ts-ignore: decorator
@inline
const FIRST_WIDTH: u32 = 8;

// @ts-ignore: decorator
@inline
function width(): u32 {
  return load<u32>(slot(SLOT_VECTOR_WIDTH));
}

// @ts-ignore: decorator
@inline
export function vectorAt(index: u32): usize {
  if (CHECKED) {
    assert(index < load<u32>(slot(SLOT_VECTORS + 1)), 'no such vector');
  }
  return load<usize>(slot(SLOT_VECTORS)) + <usize>index * ((<usize>width()) << 3);
}

function moveTo(nextWidth: u32, nextCapacity: u32): void {
  const have = width();
  const count = load<u32>(slot(SLOT_VECTORS + 1));
  const capacity = load<u32>(slot(SLOT_VECTORS + 2));
  const base = load<usize>(slot(SLOT_VECTORS));
  const to = alloc(<usize>nextCapacity * ((<usize>nextWidth) << 3));
  for (let i: u32 = 0; i < count; i++) {
    const target = to + <usize>i * ((<usize>nextWidth) << 3);
    memory.copy(target, base + <usize>i * ((<usize>have) << 3), (<usize>have) << 3);
    memory.fill(target + ((<usize>have) << 3), 0, (<usize>(nextWidth - have)) << 3);
  }
  if (capacity != 0) {
    free(base, <usize>capacity * ((<usize>have) << 3));
  }
  store<usize>(slot(SLOT_VECTORS), to);
  store<u32>(slot(SLOT_VECTORS + 2), nextCapacity);
  store<u32>(slot(SLOT_VECTOR_WIDTH), nextWidth);
}

/** Makes room for that many names. */
export function widenVectors(names: u32): void {
  let next = width();
  if (next == 0) {
    store<u32>(slot(SLOT_VECTOR_WIDTH), FIRST_WIDTH);
    next = FIRST_WIDTH;
  }
  if (names <= next) {
    return;
  }
  while (next < names) {
    next <<= 1;
  }
  const capacity = load<u32>(slot(SLOT_VECTORS + 2));
  if (capacity == 0) {
    store<u32>(slot(SLOT_VECTOR_WIDTH), next);
  } else {
    moveTo(next, capacity);
  }
}

/** A new vector of zeros. */
export function newVector(): u32 {
  if (width() == 0) {
    widenVectors(1);
  }
  const head = load<u32>(slot(SLOT_VECTOR_FREE));
  if (head != 0) {
    const index = head - 1;
    const at = vectorAt(index);
    store<u32>(slot(SLOT_VECTOR_FREE), load<u32>(at));
    memory.fill(at, 0, (<usize>width()) << 3);
    return index;
  }
  const count = load<u32>(slot(SLOT_VECTORS + 1));
  if (count == load<u32>(slot(SLOT_VECTORS + 2))) {
    moveTo(width(), count == 0 ? 16 : count << 1);
  }
  store<u32>(slot(SLOT_VECTORS + 1), count + 1);
  memory.fill(vectorAt(count), 0, (<usize>width()) << 3);
  return count;
}

export function dropVector(index: u32): void {
  if (CHECKED) {
    assert(index + 1 != load<u32>(slot(SLOT_VECTOR_FREE)), 'a vector dropped twice');
  }
  store<u32>(vectorAt(index), load<u32>(slot(SLOT_VECTOR_FREE)));
  store<u32>(slot(SLOT_VECTOR_FREE), index + 1);
}

export function clearVector(index: u32): void {
  memory.fill(vectorAt(index), 0, (<usize>width()) << 3);
}

export function copyVector(to: u32, from: u32): void {
  memory.copy(vectorAt(to), vectorAt(from), (<usize>width()) << 3);
}

// @ts-ignore: decorator
@inline
export function valueOf(vector: u32, name: u32): f64 {
  if (CHECKED) {
    assert(name < width(), 'a name beyond the vector');
  }
  return load<f64>(vectorAt(vector) + ((<usize>name) << 3));
}

// @ts-ignore: decorator
@inline
export function setValue(vector: u32, name: u32, value: f64): void {
  if (CHECKED) {
    assert(name < width(), 'a name beyond the vector');
  }
  store<f64>(vectorAt(vector) + ((<usize>name) << 3), value);
}

/** Adds, never going below zero. */
// @ts-ignore: decorator
@inline
export function addValue(vector: u32, name: u32, amount: f64): void {
  if (CHECKED) {
    assert(name < width(), 'a name beyond the vector');
  }
  const at = vectorAt(vector) + ((<usize>name) << 3);
  store<f64>(at, max<f64>(load<f64>(at) + amount, 0));
}
