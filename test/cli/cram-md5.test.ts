// CRAM-MD5 with the digests of RFC 2195 and of a session that Apache Mesos's master has accepted.
import { expect, test } from 'vitest';
import { cramMd5Prover, cramMd5Verifier } from '../../src/cli/process/cram-md5.ts';
import { Credentials } from '../../src/http/server/credentials.ts';
import { challengeOf, judgeResponse, judgeStart } from '../../src/security/cram-md5.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (data: Uint8Array | undefined) => new TextDecoder().decode(data);

const CREDENTIALS = [
  { principal: 'fw-a', secret: 'secret-f' },
  { principal: 'tim', secret: 'tanstaaftanstaaf' },
  { principal: 'with blanks in it', secret: 'x'.repeat(100) },
];
const verifier = cramMd5Verifier(new Credentials(CREDENTIALS));
const judge = { verifier, waitMs: () => 0 };

test.each([
  ['<2804045191.735391@host-a>', 'fw-a 5ad7b7fb1a2abc5fafe6d22f2875d227'],
  ['<1896.697170952@postoffice.reston.mci.net>', 'tim b913a602c7eda7a495b4e6e7334d3890'],
])('the response to %s is %s', (challenge, response) => {
  const [principal] = response.split(' ');
  const credential = CREDENTIALS.find((it) => it.principal === principal);
  expect(credential && text(cramMd5Prover(credential).responseTo(bytes(challenge)))).toBe(response);
  expect(judgeResponse(challenge, bytes(response), judge)).toEqual({
    kind: 'authenticated',
    principal,
    challenge,
  });
});

test('a principal may have spaces in it, and a secret may be longer than a block of MD5', () => {
  const [, , credential] = CREDENTIALS;
  const response = credential && cramMd5Prover(credential).responseTo(bytes('<1.2@h>'));
  expect(judgeResponse('<1.2@h>', response ?? bytes(''), judge)).toEqual({
    kind: 'authenticated',
    principal: 'with blanks in it',
    challenge: '<1.2@h>',
  });
});

test('nothing is compared while the next try has to wait', () => {
  const asked: string[] = [];
  const waitMs = (principal: string) => {
    asked.push(principal);
    return 2_001;
  };
  for (const response of ['fw-a 5ad7b7fb1a2abc5fafe6d22f2875d227', 'nobody x']) {
    const challenge = '<2804045191.735391@host-a>';
    expect(judgeResponse(challenge, bytes(response), { verifier, waitMs })).toEqual({
      kind: 'error',
      error: 'Too many wrong secrets: try again in 3 secs',
    });
  }
  expect(asked).toEqual(['fw-a', '']);
});

test.each([
  ['a digest of another challenge', 'fw-a 5ad7b7fb1a2abc5fafe6d22f2875d228'],
  ['a digest in upper case', 'fw-a 5AD7B7FB1A2ABC5FAFE6D22F2875D227'],
  ['a short digest', 'fw-a 5ad7b7fb'],
  ['no digest', 'fw-a '],
  ['an unknown principal', 'fw-b 5ad7b7fb1a2abc5fafe6d22f2875d227'],
])('%s fails, and who was claimed is known', (_, response) => {
  const challenge = '<2804045191.735391@host-a>';
  const [principal] = response.split(' ');
  expect(judgeResponse(challenge, bytes(response), judge)).toEqual({
    kind: 'failed',
    principal,
  });
});

test.each([
  ['fw-a', 'SASL(-5): bad protocol / cancel: need authentication name'],
  ['', 'SASL(-5): bad protocol / cancel: need authentication name'],
  [' 5ad7', 'SASL(-5): bad protocol / cancel: need authentication name'],
  [
    `${'p'.repeat(1_000_000)} 5ad7`,
    'SASL(-5): bad protocol / cancel: CRAM-MD5 input longer than 1024 bytes',
  ],
])('a response that is none gets the error that Cyrus SASL gives', (response, error) => {
  expect(judgeResponse('<1.2@h>', bytes(response), judge)).toEqual({ kind: 'error', error });
});

test('an attempt begins with the mechanism and without data', () => {
  const challenge = challengeOf('42', 1_700_000_000_000, 'host-a');
  expect(challenge).toBe('<42.5501285@host-a>');
  const data = new Uint8Array();
  expect(judgeStart({ mechanism: 'CRAM-MD5', data }, challenge)).toEqual({
    kind: 'challenge',
    challenge,
  });
  expect(judgeStart({ mechanism: 'PLAIN', data }, challenge)).toEqual({
    kind: 'error',
    error: "SASL(-4): no mechanism available: Couldn't find mech PLAIN",
  });
  expect(judgeStart({ mechanism: 'CRAM-MD5', data: bytes('x') }, challenge)).toEqual({
    kind: 'error',
    error: 'SASL(-5): bad protocol / cancel: Remote sent first but mech does not allow it.',
  });
});

test('a challenge that is too long to be one gets no response', () => {
  const [credential] = CREDENTIALS;
  const prover = credential && cramMd5Prover(credential);
  expect(prover?.responseTo(new Uint8Array(1_025))).toBeUndefined();
});
