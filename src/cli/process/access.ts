// Creates the authorizer for --acls, and says how files of lists and credentials are read again.
import type { Credentials } from '../../http/server/credentials.ts';
import { repeatedKey } from '../../model/repeated-key.ts';
import { aclAuthorizer, parseAcls } from '../../security/acls.ts';
import { type Authorizer, permissive } from '../../security/authorizer.ts';
import type { ExchangedAuthorizer } from '../../security/exchanged-authorizer.ts';
import { FlagError } from '../flags/faults.ts';
import { fromText } from '../flags/written.ts';
import { textOf, whyUnreadable } from '../text-file.ts';
import type { AccessFile } from './access-files.ts';
import { credentialsIn } from './credentials.ts';
import { SHARED_FLAGS } from './shared-flags.ts';

/** Throws FlagError where certificates are to say who a client is, and none is asked for. */
export function refuseUnasked(
  flag: string,
  names: readonly string[],
  tls: { readonly ssl_enabled: boolean; readonly ssl_require_client_cert: boolean },
): void {
  if (names.includes('certificate') && !(tls.ssl_enabled && tls.ssl_require_client_cert)) {
    throw new FlagError(`--${flag}: certificate needs --ssl_enabled and --ssl_require_client_cert`);
  }
}

/** Without ACLs everything is allowed, as in Mesos. Throws FlagError. */
export function authorizerOf(acls: unknown): Authorizer {
  return acls === undefined ? permissive : fromText('acls', () => aclAuthorizer(parseAcls(acls)));
}

/** The file of --acls, where it names one. */
export function aclsFile(
  path: string | undefined,
  authorizer: ExchangedAuthorizer,
): readonly AccessFile[] {
  const take = (content: Buffer) => {
    authorizer.exchange(authorizerOf(jsonOf(path ?? '', textIn('acls', path, content))));
    return [];
  };
  return path === undefined ? [] : [{ flag: 'acls', path, take }];
}

function jsonOf(path: string, text: string): unknown {
  const value = SHARED_FLAGS.acls.parse(text.trimEnd());
  if (value === undefined) {
    throw new FlagError(`--acls expects JSON, got the file ${path}, which holds none`);
  }
  const repeated = repeatedKey(text);
  if (repeated !== undefined) {
    throw new FlagError(`--acls: an object in ${path} has the key '${repeated}' twice`);
  }
  return value;
}

/** The file of credentials that are in use, where there is one. */
export function credentialsFile(
  flag: 'credentials' | 'http_credentials',
  path: string | undefined,
  credentials: Credentials,
): readonly AccessFile[] {
  const take = (content: Buffer) => {
    const read = credentialsIn(flag, path ?? '', textIn(flag, path, content));
    credentials.exchange(read.credentials);
    return read.warnings;
  };
  return path === undefined ? [] : [{ flag, path, take }];
}

function textIn(flag: string, path = '', content: Buffer): string {
  try {
    return textOf(content);
  } catch (error) {
    const why = whyUnreadable(error);
    throw new FlagError(`--${flag} names a file that cannot be read: ${path} (${why})`);
  }
}
