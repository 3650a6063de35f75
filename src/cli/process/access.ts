// From --acls to who may do what.
import { aclAuthorizer, parseAcls } from '../../security/acls.ts';
import { type Authorizer, permissive } from '../../security/authorizer.ts';
import { fromText } from '../flags/written.ts';

/** Without lists everybody may do everything, as in Mesos. Throws FlagError. */
export function authorizerOf(acls: unknown): Authorizer {
  return acls === undefined ? permissive : fromText('acls', () => aclAuthorizer(parseAcls(acls)));
}
