// The files of --credentials and --http_credentials. Their content never shows in a message.
import type { Credential } from '../../http/server/credentials.ts';
import { closestName } from '../../model/closest-name.ts';
import { repeatedKey } from '../../model/repeated-key.ts';
import { FlagError, readEach } from '../flags/faults.ts';
import { readTextFile, whyUnreadable } from '../text-file.ts';

const FORM = '{"credentials": [{"principal": …, "secret": …}]}';

export interface CredentialsFile {
  readonly credentials: readonly Credential[];
  /** Lines for the log. */
  readonly warnings: readonly string[];
}

/**
 * Throws FlagError about all faults. `required` has the flags that need credentials, and whether
 * they are set.
 *
 * A principal may have no secret, or an empty one, as in Mesos. There it can be used with an empty
 * password; here it cannot be used at all: something left out of a file must not give access.
 */
export function readCredentials(
  flag: string,
  file: string | undefined,
  required: Readonly<Record<string, boolean>>,
): CredentialsFile {
  if (file === undefined) {
    const asking = Object.keys(required).filter((name) => required[name]);
    readEach(asking, (name) => {
      throw new FlagError(`--${name} needs --${flag}=FILE`);
    });
    return { credentials: [], warnings: [] };
  }
  return credentialsIn(flag, file, read(flag, file));
}

/** The credentials in the text of the file. Throws FlagError. */
export function credentialsIn(flag: string, file: string, text: string): CredentialsFile {
  const list = isLines(text) ? linesOf(flag, file, text) : listOf(flag, file, text);
  const credentials: Credential[] = [];
  const secrets = new Map<string, string | undefined>();
  const warnings: string[] = [];
  const entries = readEach([...list.entries()], ([index, entry]) =>
    requireEntry(flag, file, index, entry),
  );
  for (const { principal, secret } of entries) {
    if (secrets.has(principal) && secrets.get(principal) !== secret) {
      throw new FlagError(`--${flag}: '${file}' gives the principal '${principal}' two secrets`);
    }
    secrets.set(principal, secret);
    if (secret === undefined) {
      warnings.push(
        `--${flag}: principal '${principal}' has no secret in '${file}' and cannot authenticate`,
      );
    } else {
      credentials.push({ principal, secret });
    }
  }
  return { credentials, warnings };
}

/** The one credential in a file: an object, or two words. Throws FlagError. */
export function readCredential(flag: string, file: string | undefined): Credential | undefined {
  if (file === undefined) {
    return undefined;
  }
  const text = read(flag, file);
  const words = text.trim().split(/\s+/);
  const value =
    words.length === 2 && isLines(text)
      ? { principal: words[0], secret: words[1] }
      : (parse(text) as { principal?: unknown; secret?: unknown } | null | undefined);
  const { principal, secret } = value ?? {};
  const other = otherField(value ?? {}, ['principal', 'secret']);
  const isGood = typeof principal === 'string' && typeof secret === 'string' && secret !== '';
  if (!isGood || principal === '' || other !== undefined || repeatedKey(text) !== undefined) {
    throw new FlagError(
      `--${flag} expects a file that holds {"principal": …, "secret": …}, or the two with a space ` +
        `between them, got '${file}'${other === undefined ? '' : `, which has ${other}`}`,
    );
  }
  return { principal, secret };
}

/**
 * Whether the file has the older form, a principal and its secret in each line. A text that looks
 * like JSON is meant to be JSON.
 */
const isLines = (text: string) => !/^\s*([[{]|$)/.test(text) && parse(text) === undefined;

/** The error has the number of the faulty line, and not its text. */
function linesOf(flag: string, file: string, text: string): unknown[] {
  return text.split('\n').flatMap((line, index) => {
    const words = line.split(/[ \t\r]+/).filter((word) => word !== '');
    const [principal, secret] = words;
    if (words.length !== 0 && words.length !== 2) {
      throw new FlagError(
        `--${flag} expects a file that holds ${FORM}, or a principal and its secret in each line, ` +
          `got '${file}', whose line ${index + 1} has not two words`,
      );
    }
    return words.length === 0 ? [] : { principal, secret };
  });
}

function listOf(flag: string, file: string, text: string): unknown[] {
  const value = parse(text) as { credentials?: unknown } | null | undefined;
  const list = value?.credentials;
  if (!Array.isArray(list)) {
    throw new FlagError(`--${flag} expects a file that holds ${FORM}, got '${file}'`);
  }
  const other = otherField(value ?? {}, ['credentials']);
  if (other !== undefined) {
    throw new FlagError(
      `--${flag} expects a file that holds ${FORM}, got '${file}', which has ${other}`,
    );
  }
  if (repeatedKey(text) !== undefined) {
    // The key is not shown: it may be a secret in the wrong place.
    throw new FlagError(`--${flag}: an object in '${file}' has a key twice`);
  }
  return list;
}

/** The error has the number of the faulty entry, and not its text. */
function requireEntry(
  flag: string,
  file: string,
  index: number,
  entry: unknown,
): Partial<Credential> & Pick<Credential, 'principal'> {
  const { principal, secret } = (entry ?? {}) as Partial<Record<keyof Credential, unknown>>;
  const refuse = (what: string) =>
    new FlagError(
      `--${flag} expects a file that holds ${FORM}, got '${file}', whose entry ${index + 1} ${what}`,
    );
  const other = otherField(entry ?? {}, ['principal', 'secret']);
  if (other !== undefined) {
    throw refuse(`has ${other}`);
  }
  if (typeof principal !== 'string') {
    throw refuse('has no principal that is a text');
  }
  if (principal === '' || principal.includes(':')) {
    // In HTTP basic authentication the name ends at the first colon.
    throw refuse('has a principal that is empty or has a colon in it');
  }
  if (secret === undefined || secret === null || secret === '') {
    return { principal };
  }
  // Half a character is the same as any other in UTF-8.
  if (typeof secret !== 'string' || !secret.isWellFormed()) {
    throw refuse('has a secret that is no text');
  }
  return { principal, secret };
}

/**
 * An unknown field is named if it is a misspelling of a known one; otherwise it may be a secret.
 */
function otherField(value: object, known: readonly string[]): string | undefined {
  const other = Object.keys(value).find((key) => !known.includes(key));
  const meant = other === undefined ? undefined : closestName(other, known);
  if (other === undefined) {
    return undefined;
  }
  return meant === undefined
    ? `a field besides ${known.join(' and ')}`
    : `the unknown field '${other}' (did you mean '${meant}'?)`;
}

function read(flag: string, file: string): string {
  try {
    return readTextFile(file);
  } catch (error) {
    const why = whyUnreadable(error);
    throw new FlagError(`--${flag} names a file that cannot be read: ${file} (${why})`);
  }
}

/** Undefined where the text is no JSON. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
