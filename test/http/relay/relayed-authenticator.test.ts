// How an agent takes its master's word for who asks, and nobody else's.
import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { vouch } from '../../../src/http/relay/relay-token.ts';
import { withRelayed } from '../../../src/http/relay/relayed-authenticator.ts';
import { BasicAuthenticator } from '../../../src/http/server/authentication.ts';
import { Credentials } from '../../../src/http/server/credentials.ts';
import { signToken } from '../../../src/http/server/json-web-token.ts';
import { KEY } from './agents.ts';

const SECOND = 1_000;
const NOW_MS = 1_700_000_000_000;
const OPS = { value: 'ops', claims: { team: 'x' } };

/** An agent that is known by the key, at some time. */
function agent({ known = true, nowMs = NOW_MS } = {}) {
  const basic = new BasicAuthenticator(
    'mesos-agent-readonly',
    new Credentials([{ principal: 'p', secret: 's' }]),
  );
  const authentication = withRelayed(
    { 'mesos-agent-readonly': basic, 'mesos-agent-executor': basic },
    { knownBy: () => (known ? { id: 'S1', key: KEY } : undefined), nowMs: () => nowMs },
  );
  return (authorization?: string) =>
    authentication['mesos-agent-readonly']?.authenticate(authorization);
}

const token = vouch(OPS, { key: KEY, agent: 'S1', nowMs: NOW_MS });
const CHALLENGE = 'Basic realm="mesos-agent-readonly"';

describe('the word of a master', () => {
  test('says who asks, for a minute', () => {
    expect(agent()(token)).toEqual({ principal: OPS });
    expect(agent({ nowMs: NOW_MS + 60 * SECOND })(token)).toEqual({ principal: OPS });
    expect(agent({ nowMs: NOW_MS + 61 * SECOND })(token)).toMatchObject({
      why: expect.stringContaining('Token has expired'),
    });
    // A clock that is behind would make it longer.
    expect(agent({ nowMs: NOW_MS - SECOND })(token)).toMatchObject({
      why: 'the word of a master: it is not one of the next 60 seconds',
    });
  });

  const parts = token.slice('Relayed '.length).split('.');
  const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const exp = Math.floor(NOW_MS / SECOND) + 30;
  const principal = JSON.stringify({ value: 'root' });
  const unsigned = `${encoded({ alg: 'none' })}.${encoded({ aud: 'S1', exp, principal })}.`;
  const otherwise = `${encoded({ alg: 'HS512' })}.${encoded({ aud: 'S1', exp, principal })}`;
  test.each([
    ['of another key', vouch(OPS, { key: KEY.map((it) => it + 1), agent: 'S1', nowMs: NOW_MS })],
    ['for another agent', vouch(OPS, { key: KEY, agent: 'S2', nowMs: NOW_MS })],
    ['for no agent', `Relayed ${signToken({ exp, principal }, KEY)}`],
    ['without an end', `Relayed ${signToken({ aud: 'S1', principal }, KEY)}`],
    ['with a far end', `Relayed ${signToken({ aud: 'S1', exp: exp + 3_600, principal }, KEY)}`],
    ['about nobody', `Relayed ${signToken({ aud: 'S1', exp }, KEY)}`],
    ['without a signature', `Relayed ${unsigned}`],
    [
      'with another algorithm',
      `Relayed ${otherwise}.${createHmac('sha512', KEY).update(otherwise).digest('base64url')}`,
    ],
    [
      'that is changed',
      `Relayed ${parts[0]}.${encoded({ aud: 'S1', exp, principal })}.${parts[2]}`,
    ],
    ['that is empty', 'Relayed '],
    ['that is long', `Relayed ${'a'.repeat(20_000)}`],
    ['of three dots', 'Relayed ...'],
  ])('%s is not believed', (_, authorization) => {
    expect(agent()(authorization)).toEqual({
      challenge: CHALLENGE,
      why: expect.stringContaining('the word of a master: '),
    });
  });

  test('is no word where the agent has not authenticated', () => {
    expect(agent({ known: false })(token)).toMatchObject({
      why: 'the word of a master: this agent has not authenticated with its master',
    });
  });

  test('is no token of an executor, nor the other way round', () => {
    const authentication = withRelayed(
      { 'mesos-agent-executor': new BasicAuthenticator('mesos-agent-executor', new Credentials()) },
      { knownBy: () => ({ id: 'S1', key: KEY }), nowMs: () => NOW_MS },
    );
    expect(authentication['mesos-agent-executor']?.authenticate(token)).toHaveProperty('challenge');
    expect(agent()(token.replace('Relayed', 'Bearer'))).toHaveProperty('challenge');
  });

  test('leaves all others as they are', () => {
    const basic = `Basic ${Buffer.from('p:s').toString('base64')}`;
    expect(agent()(basic)).toEqual({ principal: { value: 'p' } });
    expect(agent()()).toMatchObject({ challenge: CHALLENGE });
    expect(withRelayed({}, { knownBy: () => undefined, nowMs: () => 0 })).toEqual({});
  });
});
