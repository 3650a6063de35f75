// The agent in a conversation that Apache Mesos's agent has had with its master: told what the
// master said, it answers the same bytes.
import { expect, test } from 'vitest';
import { cramMd5Prover } from '../../src/cli/process/cram-md5.ts';
import { decodeBase64, encodeBase64 } from '../../src/wire/base64.ts';
import { decodeToAgent, encodeInternal } from '../../src/wire/libprocess.ts';
import { EXCHANGES, RECORDED_CREDENTIALS } from '../support/recorded-authentication.ts';
import { MASTER, World } from './harness.ts';

const SESSION = 'crammd5-authenticator-session(1)@10.0.0.1:5050';
const AUTHENTICATEE = 'crammd5-authenticatee(1)';
const [credential] = RECORDED_CREDENTIALS;

/** With the secret of the agent: those of its end are in all that it says. */
const [accepted] = EXCHANGES;

test('Mesos’s master is answered as by Mesos’s agent', () => {
  const { client = '', said = [] } = accepted ?? {};
  const prover = cramMd5Prover(credential ?? expect.unreachable());
  const pid = `slave(1)@${client.replace(`${AUTHENTICATEE}@`, '')}`;
  const world = new World({ prover, pid });
  world.start();
  world.send({ type: 'masterDetected', master: MASTER });
  world.pass(1_000);
  const spoken: string[][] = [];
  const listen = () => {
    for (const { from, message } of world.take('sendToMaster')) {
      expect(from).toBe(message.name === 'RegisterAgentMessage' ? undefined : AUTHENTICATEE);
      spoken.push([message.name, encodeBase64(encodeInternal(message))]);
    }
  };
  listen();
  for (const [speaker, name, base64] of said) {
    if (speaker === 'master') {
      const bytes = decodeBase64(base64);
      const message = bytes instanceof Uint8Array ? decodeToAgent(name, bytes) : undefined;
      world.send({
        type: 'masterMessage',
        from: SESSION,
        to: AUTHENTICATEE,
        message: message ?? expect.unreachable(name),
      });
      listen();
    }
  }
  const recorded = said.flatMap(([speaker, ...rest]) => (speaker === 'client' ? [rest] : []));
  expect(spoken).toEqual([...recorded, ['RegisterAgentMessage', expect.any(String)]]);
});
