// The heap of filters by their ends: the filter that ends next is at its top. A filter knows its
// place in the heap, so that it can leave from anywhere.
import { CHECKED, slot, tableBase, tableCount, tablePush } from '../../memory';
import { SLOT_HEAP } from '../../slots';
import { endOf, filterAt } from './filter-lists';

// @ts-ignore: decorator
@inline
function heapAt(index: u32): usize {
  if (CHECKED) {
    assert(index < tableCount(SLOT_HEAP), 'no such place in the heap');
  }
  return tableBase(SLOT_HEAP) + ((<usize>index) << 2);
}

/** The filter that ends next; there must be one. */
// @ts-ignore: decorator
@inline
export function nextToEnd(): u32 {
  return load<u32>(heapAt(0));
}

/** How many filters there are. */
// @ts-ignore: decorator
@inline
export function filterCount(): u32 {
  return tableCount(SLOT_HEAP);
}

function place(index: u32, filter: u32): void {
  store<u32>(heapAt(index), filter);
  store<u32>(filterAt(filter), index, 12);
}

function up(index: u32, filter: u32): void {
  const end = endOf(filter);
  while (index > 0) {
    const parent = (index - 1) >> 1;
    const other = load<u32>(heapAt(parent));
    if (endOf(other) <= end) {
      break;
    }
    place(index, other);
    index = parent;
  }
  place(index, filter);
}

function down(index: u32, filter: u32): void {
  const count = tableCount(SLOT_HEAP);
  const end = endOf(filter);
  for (;;) {
    let child = index * 2 + 1;
    if (child >= count) {
      break;
    }
    if (
      child + 1 < count &&
      endOf(load<u32>(heapAt(child + 1))) < endOf(load<u32>(heapAt(child)))
    ) {
      child++;
    }
    const other = load<u32>(heapAt(child));
    if (endOf(other) >= end) {
      break;
    }
    place(index, other);
    index = child;
  }
  place(index, filter);
}

export function enterHeap(filter: u32): void {
  up(tablePush(SLOT_HEAP, 4), filter);
}

export function leaveHeap(filter: u32): void {
  const index = load<u32>(filterAt(filter), 12);
  if (CHECKED) {
    assert(load<u32>(heapAt(index)) == filter, 'a filter that the heap does not have');
  }
  const last = tableCount(SLOT_HEAP) - 1;
  const moved = load<u32>(heapAt(last));
  store<u32>(slot(SLOT_HEAP + 1), last);
  if (moved == filter) {
    return;
  }
  if (index > 0 && endOf(load<u32>(heapAt((index - 1) >> 1))) > endOf(moved)) {
    up(index, moved);
  } else {
    down(index, moved);
  }
}

// --- For the debug build ---

/** Asserts that the heap is in order and that each filter knows its place in it. */
export function checkHeap(): void {
  for (let index: u32 = 0; index < filterCount(); index++) {
    const filter = load<u32>(heapAt(index));
    assert(load<u32>(filterAt(filter), 12) == index, 'a filter in another place of the heap');
    const parent = load<u32>(heapAt(index == 0 ? 0 : (index - 1) >> 1));
    assert(endOf(parent) <= endOf(filter), 'a heap out of order');
    const refused = load<usize>(filterAt(filter), 8);
    assert(load<u32>(refused) != 0, 'a refused list that nothing refers to');
  }
}
