// How those who call an agent authenticate: operators by credentials, executors by tokens.
import { readFileSync } from 'node:fs';
import type { Authentication } from '../../http/server/authentication.ts';
import { type AuthenticatorName, authenticationOf } from '../../http/server/authenticators.ts';
import { Credentials } from '../../http/server/credentials.ts';
import type { Claims } from '../../http/server/json-web-token.ts';
import { TokenKeys } from '../../http/server/token-keys.ts';
import { systemClock } from '../../runtime/clock.ts';
import { FlagError } from '../flags/faults.ts';
import { credentialsFile, refuseUnasked } from '../process/access.ts';
import type { AccessFile } from '../process/access-files.ts';
import { readCredentials } from '../process/credentials.ts';
import { whyUnreadable } from '../text-file.ts';
import type { AgentFlagValues } from './options.ts';

export interface AgentAccess {
  readonly authentication: Authentication;
  /** Makes the token of an executor; undefined: executors get none. */
  readonly tokenFor: ((claims: Claims) => string) | undefined;
  /** What can be exchanged while the agent runs. */
  readonly files: readonly AccessFile[];
  /** Lines for the log. */
  readonly warnings: readonly string[];
}

/** Throws FlagError. */
export function agentAccess(values: AgentFlagValues): AgentAccess {
  const {
    authenticate_http_readonly: readonly,
    authenticate_http_readwrite: readwrite,
    authenticate_http_executors: executors,
    http_credentials: file,
    jwt_secret_key: keyFile,
  } = values;
  if (executors && keyFile === undefined) {
    throw new FlagError('--authenticate_http_executors needs --jwt_secret_key=FILE');
  }
  const names = namesOf(values);
  refuseUnasked('http_authenticators', names, values);
  const hasBasic = names.includes('basic');
  const read = readCredentials('http_credentials', file, {
    authenticate_http_readonly: readonly && hasBasic,
    authenticate_http_readwrite: readwrite && hasBasic,
  });
  const credentials = new Credentials(read.credentials);
  const keys = keyFile === undefined ? undefined : new TokenKeys(readKey(keyFile));
  if (names.includes('jwt') && keys === undefined) {
    throw new FlagError('--http_authenticators: jwt needs --jwt_secret_key=FILE');
  }
  const jwt = keys && { keys, nowMs: () => systemClock.nowMs() };
  return {
    authentication: authenticationOf(
      {
        'mesos-agent-readonly': readonly,
        'mesos-agent-readwrite': readwrite,
        'mesos-agent-executor': executors,
      },
      { names, credentials, jwt },
    ),
    tokenFor: keys && ((claims) => keys.sign(claims)),
    files: [
      ...credentialsFile('http_credentials', file, credentials),
      ...(keys === undefined || keyFile === undefined ? [] : [keyOf(keyFile, keys)]),
    ],
    warnings: read.warnings,
  };
}

/**
 * As in Mesos, executors that must authenticate bring tokens into all realms, unless the flag says
 * otherwise.
 */
function namesOf(values: AgentFlagValues): readonly AuthenticatorName[] {
  const named = values.http_authenticators as readonly AuthenticatorName[] | undefined;
  return named ?? (values.authenticate_http_executors ? ['basic', 'jwt'] : ['basic']);
}

/** All bytes of the file are the key, a line's end too, as in Mesos. */
function readKey(file: string): Uint8Array {
  let key: Uint8Array;
  try {
    key = readFileSync(file);
  } catch (error) {
    throw new FlagError(
      `--jwt_secret_key names a file that cannot be read: ${file} (${whyUnreadable(error)})`,
    );
  }
  return checkedKey(file, key);
}

function checkedKey(file: string, key: Uint8Array): Uint8Array {
  if (key.length === 0 || key.length > MAX_KEY_BYTES) {
    throw new FlagError(
      `--jwt_secret_key expects a file of 1 to ${MAX_KEY_BYTES} bytes, got '${file}' (${key.length})`,
    );
  }
  return key;
}

/** New executors get tokens of the new key. */
const keyOf = (path: string, keys: TokenKeys): AccessFile => ({
  flag: 'jwt_secret_key',
  path,
  take: (content) => {
    keys.exchange(checkedKey(path, content));
    return [];
  },
});

const MAX_KEY_BYTES = 64 * 1024;
