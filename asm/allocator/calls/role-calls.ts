// The exports about roles that need more than the table of roles.
import { BAD_HANDLE, BAD_STATE, OK } from '../../constants';
import { hasOrphans } from '../filters/orphan-filters';
import { freeRole, isUnusedRole, roleExists } from '../tables/roles';

/**
 * Forgets a role that nothing speaks of, refusals included. The caller knows that no framework
 * without a leaf (it is not introduced) holds anything of it.
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
