// Files of secrets, lists and limits as somebody's editor, copy or script has left them: with a few
// bytes or values changed. Each is taken as what it says, or refused with a reason that shows no
// secret, and then what was in force before stays.
import { isUtf8 } from 'node:buffer';
import { FlagError } from '../../src/cli/flags/faults.ts';
import { rateLimitsOf } from '../../src/cli/master/rate-limits.ts';
import { aclsFile, credentialsFile } from '../../src/cli/process/access.ts';
import { Credentials } from '../../src/http/server/credentials.ts';
import { aclAuthorizer, parseAcls } from '../../src/security/acls.ts';
import { ExchangedAuthorizer } from '../../src/security/exchanged-authorizer.ts';
import type { JsonAcls } from '../oracle/authorizer.ts';
import { must, shown } from '../security/breach.ts';
import { compare } from '../security/list-search.ts';
import { changed, randomAcls } from '../security/random-acls.ts';
import { Chance } from '../simulation/chance.ts';

const FILES = 60;
/** Characters of a reason, whatever it quotes. */
const MAX_REASON = 4_000;
/** Bytes. More would make a principal of a secret: principals are told. */
const MOST_TAKEN = 6;
const PRINCIPALS = ['ops', 'web', 'batch'];
const SECRETS = PRINCIPALS.map((name) => `long-secret-of-${name}`);
const JSON_BYTES = Buffer.from('{}[]",:\\ \n\té0-n');

/** Throws a Breach. The same seed changes the same. */
export function searchFiles(seed: number): void {
  const chance = new Chance(seed);
  for (let i = 0; i < FILES; i++) {
    chance.pick([searchCredentials, searchAcls, searchLimits])(chance);
  }
}

function searchCredentials(chance: Chance): void {
  const list = PRINCIPALS.map((principal, i) => ({ principal, secret: SECRETS[i] ?? '' }));
  const text = chance.of(0.5)
    ? list.map(({ principal, secret }) => `${principal} ${secret}\n`).join('')
    : JSON.stringify(
        chance.of(0.5) ? changed(chance, { credentials: list }) : { credentials: list },
      );
  const bytes = meddled(chance, Buffer.from(text));
  const before = [{ principal: 'before', secret: 'it was' }];
  const credentials = new Credentials(before);
  const [file] = credentialsFile('credentials', 'FILE', credentials);
  const outcome = taken(bytes, () => file?.take(bytes));
  for (const line of outcome.lines) {
    const told = SECRETS.find((secret) => line.includes(secret));
    must(told === undefined, () => `${line} shows a secret of ${bytes.toString('latin1')}`);
  }
  const expected = outcome.isTaken ? meant(bytes.toString()) : new Map([['before', 'it was']]);
  for (const name of new Set(['before', ...PRINCIPALS, ...expected.keys()])) {
    const secret = credentials.secretOf(name);
    must(
      secret === expected.get(name) && secret !== '',
      () => `the secret of ${name} is ${secret} by ${bytes.toString('latin1')}`,
    );
  }
}

/** What a file of credentials says, if it says anything at all. */
function meant(text: string): ReadonlyMap<string, string> {
  const entries: { principal: string; secret?: string | null }[] = /^\s*\{/.test(text)
    ? JSON.parse(text).credentials
    : text.split('\n').flatMap((line) => {
        const [principal, secret = ''] = line.split(/[ \t\r]+/).filter((word) => word !== '');
        return principal === undefined ? [] : [{ principal, secret }];
      });
  return new Map(
    entries.flatMap(({ principal, secret }) =>
      typeof secret === 'string' && secret !== '' ? [[principal, secret] as const] : [],
    ),
  );
}

function searchAcls(chance: Chance): void {
  const acls = randomAcls(chance, undefined, 0.1);
  const text = JSON.stringify(chance.of(0.5) ? changed(chance, acls) : acls);
  const bytes = meddled(chance, Buffer.from(text));
  // Before, it was the lists of nobody.
  const closed = { permissive: false } as JsonAcls;
  const authorizer = new ExchangedAuthorizer(aclAuthorizer(parseAcls(closed)));
  const [file] = aclsFile('FILE', authorizer);
  const { isTaken } = taken(bytes, () => file?.take(bytes));
  compare(chance, isTaken ? JSON.parse(bytes.toString()) : closed, authorizer);
}

function searchLimits(chance: Chance): void {
  const limits = {
    limits: PRINCIPALS.map((principal) => ({ principal, qps: chance.int(0, 9) / 4, capacity: 9 })),
    aggregate_default_qps: chance.int(1, 9),
  };
  const value = JSON.parse(JSON.stringify(changed(chance, limits)));
  taken(value, () => {
    const read = rateLimitsOf(value);
    for (const limit of [...(read?.byPrincipal.values() ?? []), read?.others]) {
      const isLimit = limit === undefined || (limit.qps > 0 && Number.isFinite(limit.qps));
      must(isLimit, () => `${shown(value)} is a limit of ${shown(limit)}`);
    }
    return [];
  });
}

/** Whether it was taken, and what was said. */
function taken(
  what: Buffer | object,
  take: () => readonly string[] | undefined,
): { readonly isTaken: boolean; readonly lines: readonly string[] } {
  const text = () => (Buffer.isBuffer(what) ? what.toString('latin1') : shown(what));
  let lines: readonly string[];
  try {
    lines = take() ?? [];
  } catch (error) {
    const isReason = error instanceof FlagError && error.message.length < MAX_REASON;
    must(isReason, () => `${text()} is refused by ${error}`);
    return { isTaken: false, lines: [error.message] };
  }
  must(!Buffer.isBuffer(what) || isUtf8(what), () => `${text()} is taken, and is not UTF-8`);
  return { isTaken: true, lines };
}

/** Some of the bytes changed, left out, twice, or cut off; or none. */
function meddled(chance: Chance, whole: Buffer): Buffer {
  let bytes = whole;
  for (let i = chance.int(0, 2); i > 0; i--) {
    const at = chance.int(0, bytes.length);
    const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)];
    const byte = chance.of(0.3) ? chance.int(0, 255) : chance.pick([...JSON_BYTES]);
    const parts = chance.pick([
      [head],
      [head, Buffer.from([byte]), tail],
      [head, Buffer.from([byte]), tail.subarray(1)],
      [head, tail.subarray(chance.int(1, MOST_TAKEN))],
      [head, tail.subarray(0, chance.int(1, 2 * MOST_TAKEN)), tail],
    ]);
    bytes = Buffer.concat(parts);
  }
  return bytes;
}
