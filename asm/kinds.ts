// Kinds: everything that distinguishes one resource from another but its amount. The host compares
// the fields and gives each distinct combination a number; here is a row of facts for each.
//
//   name u32 | flags u32 | role u32 | unused u32 | unit f64 | unused f64
//
// `role` is the role of the innermost reservation, `unit` the thousandths of one copy of a solid
// kind.
import {
  BAD_AMOUNT,
  BAD_HANDLE,
  BAD_KIND,
  MAX_AMOUNT,
  MAX_KINDS,
  MAX_NAMES,
  OK,
  RESERVED,
  REVOCABLE,
  SOLID,
  TOO_MANY,
  TYPE_MASK,
  TYPE_SCALAR,
  TYPE_SET,
} from './constants';
import { CHECKED, slot, tableBase, tableCount, tablePush } from './memory';
import { SLOT_KINDS, SLOT_KINDS_FREE, SLOT_NAMES, SLOT_NAMES_FREE } from './slots';
import { widenVectors } from './vectors';

// @ts-ignore: decorator
@inline
export const KIND_SIZE: usize = 32;
// @ts-ignore: decorator
@inline
export const NAME_SIZE: usize = 16;

// @ts-ignore: decorator
@inline
export function kindCount(): u32 {
  return tableCount(SLOT_KINDS);
}
// @ts-ignore: decorator
@inline
function kindAt(kind: u32): usize {
  if (CHECKED) {
    assert(kind < kindCount(), 'no such kind');
  }
  return tableBase(SLOT_KINDS) + <usize>kind * KIND_SIZE;
}
// @ts-ignore: decorator
@inline
export function kindName(kind: u32): u32 {
  return load<u32>(kindAt(kind));
}
// @ts-ignore: decorator
@inline
export function kindFlags(kind: u32): u32 {
  return load<u32>(kindAt(kind), 4);
}
// @ts-ignore: decorator
@inline
export function kindRole(kind: u32): u32 {
  return load<u32>(kindAt(kind), 8);
}
// @ts-ignore: decorator
@inline
export function kindUnit(kind: u32): f64 {
  return load<f64>(kindAt(kind), 16);
}
// @ts-ignore: decorator
@inline
export function nameCount(): u32 {
  return tableCount(SLOT_NAMES);
}
// @ts-ignore: decorator
@inline
export function nameExcluded(name: u32): bool {
  return load<u32>(nameAt(name)) != 0;
}

/** Amount that one unit of `amount` of the kind counts for, in thousandths. */
// @ts-ignore: decorator
@inline
export function isScalar(flags: u32): bool {
  return (flags & TYPE_MASK) == TYPE_SCALAR;
}

/** True for scalars that quotas count: neither reserved nor revocable. */
// @ts-ignore: decorator
@inline
export function isPlainScalar(flags: u32): bool {
  return isScalar(flags) && (flags & (RESERVED | REVOCABLE)) == 0;
}

/**
 * Set in the record of a name or a kind whose number is free; the next free one is chained in it.
 */
const FREE: u32 = 0x80000000;

// @ts-ignore: decorator
@inline
function nameAt(name: u32): usize {
  if (CHECKED) {
    assert(name < nameCount(), 'no such name');
  }
  return tableBase(SLOT_NAMES) + <usize>name * NAME_SIZE;
}

export function addName(excluded: u32): i32 {
  const head = load<u32>(slot(SLOT_NAMES_FREE));
  if (head != 0) {
    store<u32>(slot(SLOT_NAMES_FREE), load<u32>(nameAt(head - 1), 4));
    store<u32>(nameAt(head - 1), excluded & ~FREE);
    return <i32>(head - 1);
  }
  if (nameCount() >= <u32>MAX_NAMES) {
    return -TOO_MANY;
  }
  const index = tablePush(SLOT_NAMES, NAME_SIZE);
  store<u32>(nameAt(index), excluded & ~FREE);
  widenVectors(index + 1);
  return <i32>index;
}

export function dropNameRecord(name: u32): i32 {
  if (load<u32>(nameAt(name)) == FREE) {
    return BAD_HANDLE;
  }
  store<u32>(nameAt(name), FREE);
  store<u32>(nameAt(name), load<u32>(slot(SLOT_NAMES_FREE)), 4);
  store<u32>(slot(SLOT_NAMES_FREE), name + 1);
  return OK;
}

/** False for a number that was dropped. */
// @ts-ignore: decorator
@inline
export function isLiveKind(kind: u32): bool {
  return load<u32>(kindAt(kind), 4) != FREE;
}

export function dropKindRecord(kind: u32): void {
  if (CHECKED) {
    assert(isLiveKind(kind), 'a kind dropped twice');
  }
  store<u32>(kindAt(kind), FREE, 4);
  store<u32>(kindAt(kind), load<u32>(slot(SLOT_KINDS_FREE)), 8);
  store<u32>(slot(SLOT_KINDS_FREE), kind + 1);
}

/** `role` is one that exists, or 0. */
export function addKindRecord(name: u32, flags: u32, role: u32, unit: f64): i32 {
  const head = load<u32>(slot(SLOT_KINDS_FREE));
  if (head == 0 && kindCount() >= <u32>MAX_KINDS) {
    return -TOO_MANY;
  }
  if (
    name >= nameCount() ||
    load<u32>(nameAt(name)) == FREE ||
    (flags & TYPE_MASK) > <u32>TYPE_SET ||
    flags > 255
  ) {
    return -BAD_KIND;
  }
  if ((flags & SOLID) != 0) {
    if (!(unit > 0) || unit > MAX_AMOUNT || floor(unit) != unit) {
      return -BAD_AMOUNT;
    }
  }
  let kind: u32;
  if (head != 0) {
    kind = head - 1;
    store<u32>(slot(SLOT_KINDS_FREE), load<u32>(kindAt(kind), 8));
  } else {
    kind = tablePush(SLOT_KINDS, KIND_SIZE);
  }
  const at = kindAt(kind);
  store<u32>(at, name);
  store<u32>(at, flags, 4);
  store<u32>(at, role, 8);
  store<f64>(at, (flags & SOLID) != 0 ? unit : 1, 16);
  return <i32>kind;
}
