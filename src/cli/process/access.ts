// Creates the authorizer for --acls.
import { aclAuthorizer, parseAcls } from '../../security/acls.ts';
import { type Authorizer, permissive } from '../../security/authorizer.ts';
import { fromText } from '../flags/written.ts';

/** Without ACLs everything is allowed, as in Mesos. Throws FlagError. */
export function authorizerOf(acls: unknown): Authorizer {
  return acls === undefined ? permissive : fromText('acls', () => aclAuthorizer(parseAcls(acls)));
}
