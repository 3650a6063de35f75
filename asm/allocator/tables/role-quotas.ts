// Quotas of top-level roles: guarantees and limits.
import { BAD_AMOUNT, BAD_ARGUMENT, BAD_HANDLE, BAD_RANGE, MAX_AMOUNT, OK } from '../../constants';
import { nameCount } from '../../kinds';
import { slot, tablePushWord, tableRemoveWord } from '../../memory';
import { SLOT_IO, SLOT_IO_SIZE, SLOT_QUOTA_ROLES } from '../../slots';
import { setValue, valueOf } from '../../vectors';
import {
  guaranteesOf,
  limitsOf,
  ROLE_GUARANTEES,
  ROLE_LIMITS,
  ROLE_QUOTA,
  roleDepth,
  roleExists,
  roleFlags,
  setRoleFlags,
} from './roles';

/** An absent limit. */
export const NO_LIMIT: f64 = -1;

/**
 * Guarantees and limits of a top-level role from the exchange buffer: two f64 a name, thousandths;
 * a limit of -1 is none.
 */
export function setQuota(role: u32, names: u32): i32 {
  if (!roleExists(role)) {
    return BAD_HANDLE;
  }
  if (roleDepth(role) != 1 || names > nameCount()) {
    return BAD_ARGUMENT;
  }
  if (names << 4 > load<u32>(slot(SLOT_IO_SIZE))) {
    return BAD_RANGE;
  }
  const from = load<usize>(slot(SLOT_IO));
  for (let name: u32 = 0; name < names; name++) {
    const guarantee = load<f64>(from + ((<usize>name) << 4));
    const limit = load<f64>(from + ((<usize>name) << 4), 8);
    if (!(guarantee >= 0) || guarantee > MAX_AMOUNT || floor(guarantee) != guarantee) {
      return BAD_AMOUNT;
    }
    if (limit == NO_LIMIT) {
      continue;
    }
    if (!(limit >= 0) || limit > MAX_AMOUNT || floor(limit) != limit) {
      return BAD_AMOUNT;
    }
  }
  let flags: u32 = 0;
  for (let name: u32 = 0; name < nameCount(); name++) {
    const guarantee = name < names ? load<f64>(from + ((<usize>name) << 4)) : 0;
    const limit = name < names ? load<f64>(from + ((<usize>name) << 4), 8) : NO_LIMIT;
    setValue(guaranteesOf(role), name, guarantee);
    // Limits are kept one higher, so that the zero of a new name means none.
    setValue(limitsOf(role), name, limit + 1);
    if (guarantee > 0) {
      flags |= ROLE_QUOTA | ROLE_GUARANTEES;
    }
    if (limit != NO_LIMIT) {
      flags |= ROLE_QUOTA | ROLE_LIMITS;
    }
  }
  const had = (roleFlags(role) & ROLE_QUOTA) != 0;
  setRoleFlags(role, flags);
  if ((flags & ROLE_QUOTA) != 0 && !had) {
    tablePushWord(SLOT_QUOTA_ROLES, role);
  } else if ((flags & ROLE_QUOTA) == 0 && had) {
    tableRemoveWord(SLOT_QUOTA_ROLES, role);
  }
  return OK;
}

/** The limit of a name, or NO_LIMIT. */
// @ts-ignore: decorator
@inline
export function limitOf(role: u32, name: u32): f64 {
  return valueOf(limitsOf(role), name) - 1;
}
