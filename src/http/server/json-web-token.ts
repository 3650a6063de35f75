// JSON web tokens (RFC 7519) that are signed with HMAC-SHA256, and no others. The order of checks
// and the texts are those of Mesos.
import { createHmac, timingSafeEqual } from 'node:crypto';

/** What a token says, as texts: numbers and the like as their JSON. */
export type Claims = Readonly<Record<string, string>>;

/** An error is a clause for the client, which has sent all that is in it. */
export type Verified = { readonly claims: Claims } | { readonly error: string };

const ALGORITHM = 'HS256';
/** Characters of a client's text in an error. */
const MAX_SHOWN = 100;

const invalid = (error: string): Verified => ({ error });
const shown = (text: string) => text.slice(0, MAX_SHOWN).replace(/[^\x20-\x7e]|["\\]/g, '?');

const signature = (signed: string, key: Uint8Array) =>
  createHmac('sha256', key).update(signed).digest();

/**
 * A token that says this. Where that has no `exp` it never expires: nor do executors that have one.
 */
export function signToken(
  claims: Readonly<Record<string, string | number>>,
  key: Uint8Array,
): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: ALGORITHM, typ: 'JWT' })}.${part(claims)}`;
  return `${signed}.${signature(signed, key).toString('base64url')}`;
}

export function verifyToken(token: string, key: Uint8Array, nowMs: number): Verified {
  const parts = token.split('.', MAX_PARTS);
  const [header = '', payload = '', proof = ''] = parts;
  if (parts.length !== 3) {
    const count = parts.length < MAX_PARTS ? parts.length : `${MAX_PARTS - 1} or more`;
    return invalid(`Expected 3 components in token, got ${count}`);
  }
  const wrong = headerError(header);
  if (wrong !== undefined) {
    return invalid(wrong);
  }
  const claims = objectIn(payload);
  if (typeof claims === 'string') {
    return invalid(`Failed to decode token payload: ${claims}`);
  }
  const late = expiryError(claims.exp, nowMs);
  if (late !== undefined) {
    return invalid(late);
  }
  if (!BASE64_URL.test(proof)) {
    return invalid('Failed to base64url-decode token signature: it has other characters');
  }
  const given = Buffer.from(proof, 'base64url');
  const expected = signature(`${header}.${payload}`, key);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    return invalid('Token signature does not match');
  }
  return {
    claims: Object.fromEntries(
      Object.entries(claims).map(([name, value]) => [
        name,
        typeof value === 'string' ? value : JSON.stringify(value),
      ]),
    ),
  };
}

/** More parts than a token has: others are not counted. */
const MAX_PARTS = 10;
const BASE64_URL = /^[\w-]*={0,2}$/;

function headerError(part: string): string | undefined {
  const header = objectIn(part);
  if (typeof header === 'string') {
    return `Failed to decode token header: ${header}`;
  }
  const { typ, alg, crit } = header;
  if (typ !== undefined && typeof typ !== 'string') {
    return "Token 'typ' is not a string";
  }
  if (alg === undefined) {
    return "Failed to locate 'alg' in token JSON header";
  }
  if (typeof alg !== 'string') {
    return "Token 'alg' field is not a string";
  }
  if (!['none', ALGORITHM, 'RS256'].includes(alg)) {
    return `Unsupported token algorithm: ${shown(alg)}`;
  }
  // It would name extensions that have to be understood, of which there are none.
  if (crit !== undefined) {
    return "Token 'crit' field is unsupported";
  }
  return alg === ALGORITHM
    ? undefined
    : `Token 'alg' value '${alg}' does not match, expected '${ALGORITHM}'`;
}

function expiryError(exp: unknown, nowMs: number): string | undefined {
  if (exp === undefined) {
    return undefined;
  }
  if (typeof exp !== 'number') {
    return "JSON payload 'exp' field is not a number";
  }
  const now = Math.floor(nowMs / 1_000);
  return Math.trunc(exp) < now
    ? `Token has expired: exp(${Math.trunc(exp)}) < now(${now})`
    : undefined;
}

/** The object in a part of a token, or why there is none. */
function objectIn(part: string): Readonly<Record<string, unknown>> | string {
  if (!BASE64_URL.test(part)) {
    return 'it is not base64url';
  }
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Readonly<Record<string, unknown>>) : 'it is no JSON object';
  } catch {
    return 'it is no JSON';
  }
}
