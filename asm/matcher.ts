// Which task goes on which offer: tasks in their order, each on the best offer that has room for
// it. Nothing is kept between calls. The host lays a request out in one block (below), calls
// `matchRun`, and reads the answers at the end of the block.
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
//   needs      {amount f64, dimension u32, any u32}[]    `any`: numbers of the task's free choice
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
import {
  BAD_ARGUMENT,
  MATCH_FREE,
  MATCH_GROUP_FULL,
  MATCH_HEADER_WORDS,
  MATCH_NONE,
  MATCH_NOT_ALLOWED,
  MATCH_SKIP,
  MATCH_SKIPPED,
  MATCH_TOO_LARGE,
  OK,
} from './constants';
import { alloc, free, slot } from './memory';
import { SLOT_MATCH, SLOT_MATCH_SIZE } from './slots';

// @ts-ignore: decorator
@inline
const NONE: u32 = MATCH_NONE;
// @ts-ignore: decorator
@inline
const SKIP: u32 = MATCH_SKIP;
// @ts-ignore: decorator
@inline
const FREE: u32 = MATCH_FREE;

// The request in hand: counts, and where its parts begin. Globals, because they mean nothing
// between calls.
let offers: u32 = 0;
let tasks: u32 = 0;
let dimensions: u32 = 0;
let masks: u32 = 0;
let tokens: u32 = 0;
let columns: u32 = 0;
let counters: u32 = 0;
let needs: u32 = 0;
let taskTokens: u32 = 0;
let limits: u32 = 0;
let direction: f64 = 1;
let words: u32 = 0;
let leftAt: usize = 0;
let weightAt: usize = 0;
let plainAt: usize = 0;
let usedAt: usize = 0;
let needAt: usize = 0;
let taskMaskAt: usize = 0;
let firstNeedAt: usize = 0;
let firstTokenAt: usize = 0;
let firstLimitAt: usize = 0;
let taskTokenAt: usize = 0;
let limitAt: usize = 0;
let tokenDimensionAt: usize = 0;
let maskAt: usize = 0;
let holderAt: usize = 0;
let columnSizeAt: usize = 0;
let columnAt: usize = 0;
let counterAt: usize = 0;
let placeAt: usize = 0;
let detailAt: usize = 0;

const HEADER: usize = MATCH_HEADER_WORDS * 4;
const NEED: usize = 16;
const LIMIT: usize = 16;
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

// @ts-ignore: decorator
@inline
function u32At(base: usize, index: u32): u32 {
  return load<u32>(base + ((<usize>index) << 2));
}

// @ts-ignore: decorator
@inline
function f64At(base: usize, index: u32): f64 {
  return load<f64>(base + ((<usize>index) << 3));
}

// @ts-ignore: decorator
@inline
function hasBit(base: usize, row: u32, offer: u32): bool {
  return ((u32At(base, row * words + (offer >> 5)) >> (offer & 31)) & 1) != 0;
}

// @ts-ignore: decorator
@inline
function clearBit(base: usize, row: u32, offer: u32): void {
  const at = base + ((<usize>(row * words + (offer >> 5))) << 2);
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
    if (load<u32>(need, 8) >= dimensions) {
      return false;
    }
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

/**
 * Places what can be placed. BAD_ARGUMENT, and nothing done, when the block does not hold together.
 */
export function matchRun(size: u32): i32 {
  const block = load<usize>(slot(SLOT_MATCH));
  if (block == 0 || <usize>size < HEADER || <usize>size > load<usize>(slot(SLOT_MATCH_SIZE))) {
    return BAD_ARGUMENT;
  }
  if (layOut(block) != <u64>size || !isSound()) {
    return BAD_ARGUMENT;
  }
  for (let task: u32 = 0; task < tasks; task++) {
    const at = (<usize>task) << 2;
    store<u32>(detailAt + at, NONE);
    if (u32At(taskMaskAt, task) == SKIP) {
      store<i32>(placeAt + at, MATCH_SKIPPED);
      continue;
    }
    const offer = choose(task);
    if (offer == NONE) {
      store<i32>(placeAt + at, explain(task));
    } else {
      store<i32>(placeAt + at, <i32>offer);
      put(task, offer);
    }
  }
  return OK;
}

// @ts-ignore: decorator
@inline
function isAllowed(task: u32, offer: u32): bool {
  const mask = u32At(taskMaskAt, task);
  return mask == NONE || hasBit(maskAt, mask, offer);
}

// @ts-ignore: decorator
@inline
function hasRoom(task: u32, offer: u32): bool {
  const end = u32At(firstNeedAt, task + 1);
  for (let i = u32At(firstNeedAt, task); i < end; i++) {
    const need = needAt + <usize>i * NEED;
    if (f64At(leftAt, load<u32>(need, 8) * offers + offer) < load<f64>(need)) {
      return false;
    }
  }
  const lastToken = u32At(firstTokenAt, task + 1);
  for (let i = u32At(firstTokenAt, task); i < lastToken; i++) {
    if (!hasBit(holderAt, u32At(taskTokenAt, i), offer)) {
      return false;
    }
  }
  return true;
}

/**
 * How many of the task's group are where the offer is, for the limit; NONE when there may be no
 * more.
 */
// @ts-ignore: decorator
@inline
function crowd(limit: usize, offer: u32): u32 {
  if (load<u32>(limit, 8) == FREE) {
    return 0;
  }
  const value = u32At(columnAt, load<u32>(limit) * offers + offer);
  if (value == NONE) {
    return NONE;
  }
  const count = u32At(counterAt, load<u32>(limit, 4) + value);
  const most = load<u32>(limit, 8);
  return most != NONE && count >= most ? NONE : count;
}

/**
 * The best offer: where spreading is asked for, the one with the fewest of the group beside it;
 * then the one of the best use; then the first.
 */
function choose(task: u32): u32 {
  const firstNeed = u32At(firstNeedAt, task);
  const lastNeed = u32At(firstNeedAt, task + 1);
  const firstLimit = u32At(firstLimitAt, task);
  const lastLimit = u32At(firstLimitAt, task + 1);
  let best = NONE;
  let bestCrowd: u32 = NONE;
  let bestUse: f64 = 0;
  for (let offer: u32 = 0; offer < offers; offer++) {
    if (!isAllowed(task, offer) || !hasRoom(task, offer)) {
      continue;
    }
    let crowding: u32 = 0;
    for (let i = firstLimit; i < lastLimit; i++) {
      const limit = limitAt + <usize>i * LIMIT;
      const count = crowd(limit, offer);
      if (count == NONE) {
        crowding = NONE;
        break;
      }
      if (load<u32>(limit, 8) == NONE) {
        crowding += count;
      }
    }
    if (crowding == NONE) {
      continue;
    }
    let use = f64At(usedAt, offer);
    for (let i = firstNeed; i < lastNeed; i++) {
      const need = needAt + <usize>i * NEED;
      use += load<f64>(need) * f64At(weightAt, load<u32>(need, 8) * offers + offer);
    }
    use *= direction;
    if (best == NONE || crowding < bestCrowd || (crowding == bestCrowd && use > bestUse)) {
      best = offer;
      bestCrowd = crowding;
      bestUse = use;
    }
  }
  return best;
}

/** Takes what the task needs out of the offer. */
function put(task: u32, offer: u32): void {
  const lastToken = u32At(firstTokenAt, task + 1);
  for (let i = u32At(firstTokenAt, task); i < lastToken; i++) {
    clearBit(holderAt, u32At(taskTokenAt, i), offer);
  }
  const lastNeed = u32At(firstNeedAt, task + 1);
  for (let i = u32At(firstNeedAt, task); i < lastNeed; i++) {
    const need = needAt + <usize>i * NEED;
    const dimension = load<u32>(need, 8);
    const at = (<usize>(dimension * offers + offer)) << 3;
    const amount = load<f64>(need);
    store<f64>(leftAt + at, load<f64>(leftAt + at) - amount);
    const use = usedAt + ((<usize>offer) << 3);
    store<f64>(use, load<f64>(use) + amount * load<f64>(weightAt + at));
    takeAny(dimension, offer, load<u32>(need, 12));
  }
  const lastLimit = u32At(firstLimitAt, task + 1);
  for (let i = u32At(firstLimitAt, task); i < lastLimit; i++) {
    const limit = limitAt + <usize>i * LIMIT;
    const value = u32At(columnAt, load<u32>(limit) * offers + offer);
    if (load<u32>(limit, 12) == 0 || value == NONE) {
      continue;
    }
    const at = counterAt + ((<usize>(load<u32>(limit, 4) + value)) << 2);
    store<u32>(at, load<u32>(at) + 1);
  }
}

/** Numbers of free choice: first those that no task of the request asks for by name. */
function takeAny(dimension: u32, offer: u32, any: u32): void {
  if (any == 0) {
    return;
  }
  const at = plainAt + ((<usize>(dimension * offers + offer)) << 3);
  const plain = load<f64>(at);
  const fromPlain = min<f64>(plain, <f64>any);
  store<f64>(at, plain - fromPlain);
  let rest = any - <u32>fromPlain;
  for (let k: u32 = 0; k < tokens && rest > 0; k++) {
    if (u32At(tokenDimensionAt, k) != dimension || !hasBit(holderAt, k, offer)) {
      continue;
    }
    clearBit(holderAt, k, offer);
    rest--;
  }
}

/** Why no offer will do; what stood in the way goes to the details. */
function explain(task: u32): i32 {
  let isAnyAllowed = false;
  let hasAnyRoom = false;
  for (let offer: u32 = 0; offer < offers; offer++) {
    if (!isAllowed(task, offer)) {
      continue;
    }
    isAnyAllowed = true;
    if (hasRoom(task, offer)) {
      hasAnyRoom = true;
      break;
    }
  }
  if (!isAnyAllowed) {
    return MATCH_NOT_ALLOWED;
  }
  const detail = hasAnyRoom ? blockingLimit(task) : shortest(task);
  store<u32>(detailAt + ((<usize>task) << 2), detail);
  return hasAnyRoom ? MATCH_GROUP_FULL : MATCH_TOO_LARGE;
}

/** The first limit, counted from the task's own, that some offer with room fails. */
function blockingLimit(task: u32): u32 {
  const first = u32At(firstLimitAt, task);
  const last = u32At(firstLimitAt, task + 1);
  for (let i = first; i < last; i++) {
    for (let offer: u32 = 0; offer < offers; offer++) {
      if (!isAllowed(task, offer) || !hasRoom(task, offer)) {
        continue;
      }
      if (crowd(limitAt + <usize>i * LIMIT, offer) == NONE) {
        return i - first;
      }
    }
  }
  return NONE;
}

/**
 * The dimension of which the best offer has the smallest part of what is needed, or a token that
 * no offer has.
 */
function shortest(task: u32): u32 {
  let result = NONE;
  let least: f64 = 1;
  const lastNeed = u32At(firstNeedAt, task + 1);
  for (let i = u32At(firstNeedAt, task); i < lastNeed; i++) {
    const need = needAt + <usize>i * NEED;
    const dimension = load<u32>(need, 8);
    let most: f64 = 0;
    for (let offer: u32 = 0; offer < offers; offer++) {
      if (isAllowed(task, offer)) {
        most = max<f64>(most, f64At(leftAt, dimension * offers + offer));
      }
    }
    const part = most / load<f64>(need);
    if (result == NONE || part < least) {
      result = dimension;
      least = part;
    }
  }
  if (result != NONE && least < 1) {
    return result;
  }
  const lastToken = u32At(firstTokenAt, task + 1);
  for (let i = u32At(firstTokenAt, task); i < lastToken; i++) {
    const token = u32At(taskTokenAt, i);
    let isHeld = false;
    for (let offer: u32 = 0; offer < offers && !isHeld; offer++) {
      isHeld = isAllowed(task, offer) && hasBit(holderAt, token, offer);
    }
    if (!isHeld) {
      return dimensions + token;
    }
  }
  // Each is there somewhere, but nowhere together.
  return result;
}
