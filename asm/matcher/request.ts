// The block of a request: what lies where in it, and whether it holds together. The host asks for
// the block with `matchReserve`, writes it in full, and calls `matchRun` (matcher.ts), which writes
// the answers at its end.
//
// The block, one part after the other; N offers, T tasks, D dimensions, W = words of N bits:
//
//   header     u32[16]    offers, tasks, dimensions, masks, tokens, columns, counters, needs,
//                         task tokens, limits, direction (1: most used first, 0: least used),
//                         5 unused
//   left       f64[D][N]  what an offer has of a dimension: thousandths, or how many numbers
//   weight     f64[D][N]  what one unit of it adds to the use of the offer
//   plain      f64[D][N]  how many of the numbers are no token
//   used       f64[N]     use of the offer so far
//   needs      {amount f64, dimension u32, any u32}[]    `any`: numbers of the task's free choice;
//                         a task has one need of a dimension at most
//   masks of tasks u32[T] (NONE: all offers; SKIP: not to be placed)
//   first need, token, limit of a task  u32[T + 1] each
//   tokens of tasks  u32[]
//   limits     {column u32, counter u32, most u32, counts u32}[]
//              most = NONE: spread evenly, FREE: no bound; counts: a task placed here is counted
//   token dimensions u32[] (NONE: an item of a set)
//   masks      u32[][W]   offers a task may go on
//   holders    u32[tokens][W]   offers that have a token; tokens of one dimension ascend
//   column sizes u32[]    how many values there are
//   columns    u32[][N]   value of an offer (NONE: it has none)
//   counters   u32[]      tasks by value, for each group and column
//   places     i32[T]     offer, or why not
//   details    u32[T]     dimension, D + token, or index of the limit that stood in the way
import { MATCH_HEADER_WORDS, MATCH_NONE, MATCH_SKIP } from '../constants';
import { alloc, CHECKED, free, slot } from '../memory';
import { SLOT_MATCH, SLOT_MATCH_SIZE } from '../slots';

// @ts-ignore: decorator
@inline
export const NONE: u32 = MATCH_NONE;
// @ts-ignore: decorator
@inline
export const SKIP: u32 = MATCH_SKIP;

// The request in hand: counts, and where its parts begin. Globals, because they mean nothing
// between calls.
export let offers: u32 = 0;
export let tasks: u32 = 0;
export let dimensions: u32 = 0;
let masks: u32 = 0;
export let tokens: u32 = 0;
let columns: u32 = 0;
let counters: u32 = 0;
export let needs: u32 = 0;
let taskTokens: u32 = 0;
let limits: u32 = 0;
export let direction: f64 = 1;
let words: u32 = 0;
export let leftAt: usize = 0;
export let weightAt: usize = 0;
export let plainAt: usize = 0;
export let usedAt: usize = 0;
export let needAt: usize = 0;
export let taskMaskAt: usize = 0;
export let firstNeedAt: usize = 0;
export let firstTokenAt: usize = 0;
export let firstLimitAt: usize = 0;
export let taskTokenAt: usize = 0;
export let limitAt: usize = 0;
export let tokenDimensionAt: usize = 0;
export let maskAt: usize = 0;
export let holderAt: usize = 0;
export let columnSizeAt: usize = 0;
export let columnAt: usize = 0;
export let counterAt: usize = 0;
export let placeAt: usize = 0;
export let detailAt: usize = 0;

const HEADER: usize = MATCH_HEADER_WORDS * 4;
export const NEED: usize = 16;
export const LIMIT: usize = 16;
/** No count of a request may be larger: products of two of them stay far from overflow. */
const MAX_COUNT: u32 = 1 << 24;
const MAX_BLOCK: u64 = 1 << 31;

/** A block for a request, its address; its content is undefined. 0 when it is too big. */
export function matchReserve(size: u32): usize {
  if (<u64>size > MAX_BLOCK) {
    return 0;
  }
  const have = load<usize>(slot(SLOT_MATCH_SIZE));
  if (<usize>size > have) {
    free(load<usize>(slot(SLOT_MATCH)), have);
    store<usize>(slot(SLOT_MATCH), alloc(size));
    store<usize>(slot(SLOT_MATCH_SIZE), size);
  }
  return load<usize>(slot(SLOT_MATCH));
}

/** Reads the header and finds the parts. The size of the whole, or 0 for counts that cannot be. */
function layOut(block: usize): u64 {
  offers = load<u32>(block);
  tasks = load<u32>(block, 4);
  dimensions = load<u32>(block, 8);
  masks = load<u32>(block, 12);
  tokens = load<u32>(block, 16);
  columns = load<u32>(block, 20);
  counters = load<u32>(block, 24);
  needs = load<u32>(block, 28);
  taskTokens = load<u32>(block, 32);
  limits = load<u32>(block, 36);
  direction = load<u32>(block, 40) != 0 ? 1 : -1;
  for (let i: usize = 0; i < 40; i += 4) {
    if (load<u32>(block + i) > MAX_COUNT) {
      return 0;
    }
  }
  words = (offers + 31) >> 5;

  const perDimension = <u64>dimensions * <u64>offers * 8;
  let at: u64 = HEADER;
  const left = at;
  const weight = left + perDimension;
  const plain = weight + perDimension;
  const used = plain + perDimension;
  const need = used + <u64>offers * 8;
  const taskMask = need + <u64>needs * NEED;
  const firstNeed = taskMask + <u64>tasks * 4;
  const firstToken = firstNeed + (<u64>tasks + 1) * 4;
  const firstLimit = firstToken + (<u64>tasks + 1) * 4;
  const taskToken = firstLimit + (<u64>tasks + 1) * 4;
  const limit = taskToken + <u64>taskTokens * 4;
  const tokenDimension = limit + <u64>limits * LIMIT;
  const mask = tokenDimension + <u64>tokens * 4;
  const holder = mask + <u64>masks * <u64>words * 4;
  const columnSize = holder + <u64>tokens * <u64>words * 4;
  const column = columnSize + <u64>columns * 4;
  const counter = column + <u64>columns * <u64>offers * 4;
  const place = counter + <u64>counters * 4;
  const detail = place + <u64>tasks * 4;
  at = detail + <u64>tasks * 4;
  if (at > MAX_BLOCK) {
    return 0;
  }

  leftAt = block + <usize>left;
  weightAt = block + <usize>weight;
  plainAt = block + <usize>plain;
  usedAt = block + <usize>used;
  needAt = block + <usize>need;
  taskMaskAt = block + <usize>taskMask;
  firstNeedAt = block + <usize>firstNeed;
  firstTokenAt = block + <usize>firstToken;
  firstLimitAt = block + <usize>firstLimit;
  taskTokenAt = block + <usize>taskToken;
  limitAt = block + <usize>limit;
  tokenDimensionAt = block + <usize>tokenDimension;
  maskAt = block + <usize>mask;
  holderAt = block + <usize>holder;
  columnSizeAt = block + <usize>columnSize;
  columnAt = block + <usize>column;
  counterAt = block + <usize>counter;
  placeAt = block + <usize>place;
  detailAt = block + <usize>detail;
  return at;
}

/** True when that many bytes lie in the request, behind its header. */
function isInRequest(at: usize, size: usize): bool {
  return at >= leftAt && at + size <= detailAt + <usize>tasks * 4;
}

// @ts-ignore: decorator
@inline
export function u32At(base: usize, index: u32): u32 {
  if (CHECKED) {
    assert(isInRequest(base + ((<usize>index) << 2), 4), 'a number beyond the request');
  }
  return load<u32>(base + ((<usize>index) << 2));
}

// @ts-ignore: decorator
@inline
export function f64At(base: usize, index: u32): f64 {
  if (CHECKED) {
    assert(isInRequest(base + ((<usize>index) << 3), 8), 'an amount beyond the request');
  }
  return load<f64>(base + ((<usize>index) << 3));
}

// @ts-ignore: decorator
@inline
export function hasBit(base: usize, row: u32, offer: u32): bool {
  return ((u32At(base, row * words + (offer >> 5)) >> (offer & 31)) & 1) != 0;
}

// @ts-ignore: decorator
@inline
export function clearBit(base: usize, row: u32, offer: u32): void {
  const at = base + ((<usize>(row * words + (offer >> 5))) << 2);
  if (CHECKED) {
    assert(isInRequest(at, 4), 'a bit beyond the request');
  }
  store<u32>(at, load<u32>(at) & ~((<u32>1) << (offer & 31)));
}

/** Whether the firsts of all tasks rise from 0 to the count. */
function isRising(base: usize, count: u32): bool {
  if (u32At(base, 0) != 0 || u32At(base, tasks) != count) {
    return false;
  }
  for (let t: u32 = 0; t < tasks; t++) {
    if (u32At(base, t) > u32At(base, t + 1)) {
      return false;
    }
  }
  return true;
}

/**
 * Whether no task names a dimension in two needs. Each need is compared by itself with what an
 * offer has left: together the two could take more than that.
 */
function isOneNeedADimension(): bool {
  for (let t: u32 = 0; t < tasks; t++) {
    const first = u32At(firstNeedAt, t);
    const last = u32At(firstNeedAt, t + 1);
    if (last - first > dimensions) {
      return false;
    }
    for (let i = first + 1; i < last; i++) {
      for (let j = first; j < i; j++) {
        if (dimensionOf(i) == dimensionOf(j)) {
          return false;
        }
      }
    }
  }
  return true;
}

// @ts-ignore: decorator
@inline
function dimensionOf(need: u32): u32 {
  return load<u32>(needAt + <usize>need * NEED, 8);
}

/** Whether every index in the request points at something, and every amount is one. */
function isSound(): bool {
  if (!isRising(firstNeedAt, needs)) {
    return false;
  }
  if (!isRising(firstTokenAt, taskTokens)) {
    return false;
  }
  if (!isRising(firstLimitAt, limits)) {
    return false;
  }
  for (let i: u32 = 0; i < needs; i++) {
    const need = needAt + <usize>i * NEED;
    const amount = load<f64>(need);
    if (!(amount >= 0) || !(<f64>load<u32>(need, 12) <= amount)) {
      return false;
    }
    if (dimensionOf(i) >= dimensions) {
      return false;
    }
  }
  if (!isOneNeedADimension()) {
    return false;
  }
  for (let t: u32 = 0; t < tasks; t++) {
    const mask = u32At(taskMaskAt, t);
    if (mask >= masks && mask < SKIP) {
      return false;
    }
  }
  for (let i: u32 = 0; i < taskTokens; i++) {
    if (u32At(taskTokenAt, i) >= tokens) {
      return false;
    }
  }
  for (let k: u32 = 0; k < tokens; k++) {
    const dimension = u32At(tokenDimensionAt, k);
    if (dimension >= dimensions && dimension != NONE) {
      return false;
    }
  }
  for (let i: u32 = 0; i < limits; i++) {
    const limit = limitAt + <usize>i * LIMIT;
    const column = load<u32>(limit);
    if (column >= columns) {
      return false;
    }
    const end = <u64>load<u32>(limit, 4) + <u64>u32At(columnSizeAt, column);
    if (end > <u64>counters) {
      return false;
    }
  }
  for (let c: u32 = 0; c < columns; c++) {
    const size = u32At(columnSizeAt, c);
    for (let n: u32 = 0; n < offers; n++) {
      const value = u32At(columnAt, c * offers + n);
      if (value >= size && value != NONE) {
        return false;
      }
    }
  }
  return true;
}

/** Reads the request of `size` bytes in the block; false when it does not hold together. */
export function readRequest(size: u32): bool {
  const block = load<usize>(slot(SLOT_MATCH));
  if (block == 0 || <usize>size < HEADER || <usize>size > load<usize>(slot(SLOT_MATCH_SIZE))) {
    return false;
  }
  return layOut(block) == <u64>size && isSound();
}
