// How those who call an agent authenticate: operators by credentials, executors by tokens.
import { readFileSync } from 'node:fs';
import type { Authentication } from '../../http/server/authentication.ts';
import { type AuthenticatorName, authenticationOf } from '../../http/server/authenticators.ts';
import { type Claims, signToken } from '../../http/server/json-web-token.ts';
import { systemClock } from '../../runtime/clock.ts';
import { FlagError } from '../flags/faults.ts';
import { readCredentials } from '../process/credentials.ts';
import { whyUnreadable } from '../text-file.ts';
import type { AgentFlagValues } from './options.ts';

export interface AgentAccess {
  readonly authentication: Authentication;
  /** Makes the token of an executor; undefined: executors get none. */
  readonly tokenFor: ((claims: Claims) => string) | undefined;
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
  const hasBasic = names.includes('basic');
  const { credentials, warnings } = readCredentials('http_credentials', file, {
    authenticate_http_readonly: readonly && hasBasic,
    authenticate_http_readwrite: readwrite && hasBasic,
  });
  const key = keyFile === undefined ? undefined : readKey(keyFile);
  if (names.includes('jwt') && key === undefined) {
    throw new FlagError('--http_authenticators: jwt needs --jwt_secret_key=FILE');
  }
  const jwt = key && { key, nowMs: () => systemClock.nowMs() };
  return {
    authentication: authenticationOf(
      {
        'mesos-agent-readonly': readonly,
        'mesos-agent-readwrite': readwrite,
        'mesos-agent-executor': executors,
      },
      { names, credentials, jwt },
    ),
    tokenFor: key && ((claims) => signToken(claims, key)),
    warnings,
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
  if (key.length === 0 || key.length > MAX_KEY_BYTES) {
    throw new FlagError(
      `--jwt_secret_key expects a file of 1 to ${MAX_KEY_BYTES} bytes, got '${file}' (${key.length})`,
    );
  }
  return key;
}

const MAX_KEY_BYTES = 64 * 1024;
