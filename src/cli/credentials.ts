// The files of --credentials and --http_credentials. What is in them stays out of every message.
import { readFileSync } from 'node:fs';
import type { Credential } from '../http/authentication.ts';
import { FlagError } from './flags/parse.ts';

const FORM = '{"credentials": [{"principal": …, "secret": …}]}';

/** `required` names the flags that make no sense without credentials, and whether they are set. */
export function readCredentials(
  flag: string,
  file: string | undefined,
  required: Readonly<Record<string, boolean>>,
): Credential[] {
  if (file === undefined) {
    const [asking] = Object.keys(required).filter((name) => required[name]);
    if (asking !== undefined) {
      throw new FlagError(`--${asking} needs --${flag}=FILE`);
    }
    return [];
  }
  const list = (parse(read(flag, file)) as { credentials?: unknown } | null)?.credentials;
  if (!Array.isArray(list) || !list.every(isCredential)) {
    throw new FlagError(`--${flag} expects a file that holds ${FORM}, got '${file}'`);
  }
  return list;
}

function isCredential(entry: unknown): entry is Credential {
  const { principal, secret } = (entry ?? {}) as Partial<Record<keyof Credential, unknown>>;
  return typeof principal === 'string' && typeof secret === 'string';
}

function read(flag: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new FlagError(`--${flag} names a file that cannot be read: ${file} (${code})`);
  }
}

/** Undefined where it is no JSON. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
