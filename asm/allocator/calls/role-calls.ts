// The exports about roles that need more than the table of roles. addKind is among them: a role
// counts the kinds that are reserved for it, so that it can be dropped without a look at all kinds.
import { BAD_HANDLE, BAD_STATE, OK } from '../../constants';
import { addKindRecord } from '../../kinds';
import { hasOrphans } from '../filters/orphan-filters';
import { countKindOfRole, freeRole, isUnusedRole, roleExists } from '../tables/roles';

/** A new kind; answers its number, or minus a status. */
export function addKind(name: u32, flags: u32, role: u32, unit: f64): i32 {
  if (role != 0 && !roleExists(role)) {
    return -BAD_HANDLE;
  }
  const kind = addKindRecord(name, flags, role, unit);
  if (kind >= 0) {
    countKindOfRole(role, 1);
  }
  return kind;
}

/**
 * Forgets a role that nothing refers to, orphan filters included. The caller knows that no
 * framework which is not introduced, and so has no leaf, holds anything in the role.
 */
export function dropRole(role: u32): i32 {
  if (!roleExists(role)) {
    return BAD_HANDLE;
  }
  if (!isUnusedRole(role) || hasOrphans(role)) {
    return BAD_STATE;
  }
  freeRole(role);
  return OK;
}
