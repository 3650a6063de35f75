// Which task goes on which offer: tasks in their order, each on the best offer that has room for
// it. Nothing is kept between calls; request.ts says how the host writes tasks and offers down.
import {
  BAD_ARGUMENT,
  MATCH_FREE,
  MATCH_GROUP_FULL,
  MATCH_NOT_ALLOWED,
  MATCH_SKIPPED,
  MATCH_TOO_LARGE,
  OK,
} from '../constants';
import {
  clearBit,
  columnAt,
  counterAt,
  detailAt,
  dimensions,
  direction,
  f64At,
  firstLimitAt,
  firstNeedAt,
  firstTokenAt,
  hasBit,
  holderAt,
  LIMIT,
  leftAt,
  limitAt,
  maskAt,
  NEED,
  NONE,
  needAt,
  offers,
  placeAt,
  plainAt,
  readRequest,
  SKIP,
  taskMaskAt,
  tasks,
  taskTokenAt,
  tokenDimensionAt,
  tokens,
  u32At,
  usedAt,
  weightAt,
} from './request';

// @ts-ignore: decorator
@inline
const FREE: u32 = MATCH_FREE;

/**
 * Places what can be placed. BAD_ARGUMENT, and nothing done, when the block does not hold together.
 */
export function matchRun(size: u32): i32 {
  if (!readRequest(size)) {
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

/** Puts the task on the offer: takes what it needs, and counts it for its limits. */
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

/**
 * Takes numbers of free choice: first numbers that no task of the request names, then the lowest
 * tokens.
 */
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
