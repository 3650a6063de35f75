// Tokens: which are taken, what is wrong with others, and challenges of several authenticators.
import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { authenticationOf } from '../../src/http/server/authenticators.ts';
import { Credentials } from '../../src/http/server/credentials.ts';
import { signToken, verifyToken } from '../../src/http/server/json-web-token.ts';
import { TokenKeys } from '../../src/http/server/token-keys.ts';

const key = Buffer.from('a key of some length');
const NOW_MS = 1_700_000_000_000;
const claims = { fid: 'F', eid: 'E', cid: 'C' };

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const signed = (header: unknown, payload: unknown, by: Uint8Array = key) => {
  const text = `${encoded(header)}.${encoded(payload)}`;
  return `${text}.${createHmac('sha256', by).update(text).digest('base64url')}`;
};
const HS256 = { alg: 'HS256', typ: 'JWT' };
const token = signToken(claims, key);
const [header = '', payload = '', proof = ''] = token.split('.');

test('a token of this key says what was signed', () => {
  expect(verifyToken(token, key, NOW_MS)).toEqual({ claims });
  expect(token).toBe(signed(HS256, claims));
  // That of RFC 7515, appendix A.1.
  const known =
    'eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0' +
    'dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
  const itsKey = Buffer.from(
    'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow',
    'base64url',
  );
  expect(verifyToken(known, itsKey, 1_300_819_000_000)).toEqual({
    claims: { iss: 'joe', exp: '1300819380', 'http://example.com/is_root': 'true' },
  });
});

test.each([
  ['', 'Expected 3 components in token, got 1'],
  [`${token}.x`, 'Expected 3 components in token, got 4'],
  ['.'.repeat(1_000_000), 'Expected 3 components in token, got 9 or more'],
  [`${encoded({ alg: 'none' })}.${payload}.`, "Token 'alg' value 'none' does not match"],
  [signed({ alg: 'RS256' }, claims), "Token 'alg' value 'RS256' does not match"],
  [signed({ alg: 'HS512' }, claims), 'Unsupported token algorithm: HS512'],
  [signed({ alg: 'a"\r\nb' }, claims), 'Unsupported token algorithm: a???b'],
  [signed({ typ: 'JWT' }, claims), "Failed to locate 'alg' in token JSON header"],
  [signed({ alg: 5 }, claims), "Token 'alg' field is not a string"],
  [signed({ ...HS256, typ: 1 }, claims), "Token 'typ' is not a string"],
  [signed({ ...HS256, crit: ['exp'] }, claims), "Token 'crit' field is unsupported"],
  [`!.${payload}.${proof}`, 'Failed to decode token header: it is not base64url'],
  [`${header}.${encoded([])}.${proof}`, 'Failed to decode token payload: it is no JSON object'],
  [`${header}.e30x.${proof}`, 'Failed to decode token payload: it is no JSON'],
  [`${header}.${encoded({ ...claims, cid: 'D' })}.${proof}`, 'Token signature does not match'],
  [`${header}.${payload}.`, 'Token signature does not match'],
  [`${header}.${payload}.!`, 'Failed to base64url-decode token signature'],
  [signed(HS256, claims, Buffer.from('another')), 'Token signature does not match'],
  [signed(HS256, { ...claims, exp: 1_699_999_999 }), 'Token has expired: exp(1699999999) < now'],
  [signed(HS256, { ...claims, exp: 'x' }), "JSON payload 'exp' field is not a number"],
])('%.30s is refused', (text, error) => {
  expect(verifyToken(text, key, NOW_MS)).toEqual({ error: expect.stringContaining(error) });
});

const REALM = 'mesos-agent-executor';
const authenticator = authenticationOf(
  { [REALM]: true },
  {
    names: ['basic', 'jwt'],
    credentials: new Credentials([{ principal: 'ops', secret: 'hush' }]),
    jwt: { keys: new TokenKeys(key), nowMs: () => NOW_MS },
  },
)[REALM];

const bearer = (description: string) => ({
  challenge:
    `Basic realm="${REALM}",Bearer realm="${REALM}", ` +
    `error="invalid_token", error_description="${description}"`,
  why: `another scheme than Basic, ${description}`,
});

test('where there are several ways to authenticate, each is taken, and all are told', () => {
  const ask = (authorization?: string) => authenticator?.authenticate(authorization);
  expect(ask(`Bearer ${token}`)).toEqual({ principal: { claims } });
  const basic = Buffer.from('ops:hush').toString('base64');
  expect(ask(`Basic ${basic}`)).toEqual({ principal: { value: 'ops' } });
  expect(ask()).toEqual({
    challenge: `Basic realm="${REALM}",Bearer realm="${REALM}"`,
    why: 'no credentials',
  });
  expect(ask(`Basic ${Buffer.from('ops:x').toString('base64')}`)).toMatchObject({
    why: `another secret, Scheme 'Basic' unsupported`,
    claimed: 'ops',
  });
  expect(ask('Bearer')).toEqual(bearer("Malformed 'Authorization' header"));
  expect(ask(`Bearer ${token} x`)).toEqual(bearer("Malformed 'Authorization' header"));
  expect(ask('Digest x')).toEqual(bearer("Scheme 'Digest' unsupported"));
  expect(ask(`Bearer ${signed(HS256, {})}`)).toEqual(bearer('JWT claims missing'));
  expect(ask('Bearer x.y')).toEqual(bearer('Invalid JWT: Expected 3 components in token, got 2'));
});

test('a key that is exchanged signs what is new, and tokens of the keys before stay good', () => {
  const keys = new TokenKeys(key);
  keys.exchange(Buffer.from('another'));
  expect(keys.verify(token, NOW_MS)).toEqual({ claims });
  const newer = keys.sign(claims);
  expect(verifyToken(newer, key, NOW_MS)).toEqual({ error: 'Token signature does not match' });
  expect(keys.verify(newer, NOW_MS)).toEqual({ claims });
  for (let i = 0; i < 5; i++) {
    keys.exchange(Buffer.from('another'));
  }
  expect(keys.verify(token, NOW_MS)).toEqual({ claims });
  for (const next of ['c', 'd', 'e']) {
    keys.exchange(Buffer.from(next));
  }
  expect(keys.verify(token, NOW_MS)).toEqual({ error: 'Token signature does not match' });
});
