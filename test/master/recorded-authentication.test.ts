// The master in conversations that clients of Apache Mesos have had with Mesos's own: told what
// they said, it answers the same bytes.
import { expect, test } from 'vitest';
import { cramMd5Verifier } from '../../src/cli/process/cram-md5.ts';
import { Credentials } from '../../src/http/server/credentials.ts';
import { decodeBase64, encodeBase64 } from '../../src/wire/base64.ts';
import { decodeToMaster, encodeInternal } from '../../src/wire/libprocess.ts';
import {
  EXCHANGES,
  type Exchange,
  RECORDED_CREDENTIALS,
  RECORDED_HOSTNAME,
} from '../support/recorded-authentication.ts';
import { World } from './harness.ts';

const bytesOf = (base64: string): Uint8Array => {
  const bytes = decodeBase64(base64);
  return bytes instanceof Uint8Array ? bytes : expect.unreachable(base64);
};

/** The random number and the seconds of the challenge, if there was one. */
function challengeOf({ said }: Exchange): { nonce: string; nowMs: number } {
  const text = said.map(([, , base64]) => new TextDecoder().decode(bytesOf(base64))).join('\n');
  const [, nonce = '1', seconds = '1'] = /<(\d+)\.(\d+)@/.exec(text) ?? [];
  return { nonce, nowMs: Number(seconds) * 1_000 };
}

test.each(EXCHANGES)('$what is answered as by Mesos’s master', (exchange) => {
  const { client, said } = exchange;
  const { nonce, nowMs } = challengeOf(exchange);
  const verifier = cramMd5Verifier(new Credentials(RECORDED_CREDENTIALS));
  const world = new World({ verifier, hostname: RECORDED_HOSTNAME }, { nowMs });
  const heard: string[][] = [];
  let session = 'master';
  for (const [speaker, name, base64] of said) {
    if (speaker === 'client') {
      const message = decodeToMaster(name, bytesOf(base64)) ?? expect.unreachable(name);
      // It says the same, too: messages have one form.
      expect(encodeBase64(encodeInternal(message))).toBe(base64);
      world.dispatch({ type: 'agentMessage', from: client, to: session, message, nonce });
      for (const { from = '', to, message: answer } of world.toAgents.splice(0)) {
        expect(to).toBe(client);
        session = from;
        heard.push(['master', answer.name, encodeBase64(encodeInternal(answer))]);
      }
    }
  }
  expect(session).toMatch(/^crammd5-authenticator-session\(\d+\)$/);
  expect(heard).toEqual(said.filter(([speaker]) => speaker === 'master'));
});
