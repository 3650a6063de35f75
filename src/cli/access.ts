// From --acls to who may do what.
import { TextError } from '../model/value-text.ts';
import { aclAuthorizer, parseAcls } from '../security/acls.ts';
import { type Authorizer, permissive } from '../security/authorizer.ts';
import { FlagError } from './flags/parse.ts';

/** Without lists everybody may do everything, as in Mesos. Throws FlagError. */
export function authorizerOf(acls: unknown): Authorizer {
  if (acls === undefined) {
    return permissive;
  }
  try {
    return aclAuthorizer(parseAcls(acls));
  } catch (error) {
    if (error instanceof TextError) {
      throw new FlagError(`--acls: ${error.message}`);
    }
    throw error;
  }
}
