// An agent with a credential authenticates before it registers.
import { expect, test } from 'vitest';
import { createViews } from '../../src/agent/views/views.ts';
import type { MessageToAgent } from '../../src/model/agent-messages.ts';
import { messageJson } from '../support/rich-task.ts';
import { AGENT_ID, MASTER, World } from './harness.ts';

const SESSION = 'crammd5-authenticator-session(7)@10.0.0.1:5050';

const prover = {
  mechanism: 'CRAM-MD5',
  responseTo: (challenge: Uint8Array) =>
    challenge.length > 1_024 ? undefined : new Uint8Array([...challenge, 33]),
  sharedKey: (challenge: string) => new TextEncoder().encode(`key of ${challenge}`),
};

function detected(): World {
  const world = new World({ prover });
  world.start();
  world.send({ type: 'masterDetected', master: MASTER });
  world.pass(1_000);
  return world;
}

const mechanisms = (...mechanisms: string[]): MessageToAgent => ({
  name: 'AuthenticationMechanismsMessage',
  body: { mechanisms },
});
const MECHANISMS = mechanisms('CRAM-MD5');
const COMPLETED: MessageToAgent = { name: 'AuthenticationCompletedMessage', body: {} };

const tell = (
  world: World,
  message: MessageToAgent,
  { from = SESSION, to = 'crammd5-authenticatee(1)' } = {},
) => world.send({ type: 'masterMessage', from, to, message });

const challenge = (data: number[]): MessageToAgent => ({
  name: 'AuthenticationStepMessage',
  body: { data: new Uint8Array(data) },
});

function accepted(world: World): void {
  tell(world, MECHANISMS);
  tell(world, challenge([1, 2]));
  tell(world, COMPLETED);
}

test('it says what Mesos’s agent says, in the name of a process for the attempt', () => {
  const world = detected();
  expect(world.take('sendToMaster')).toEqual([
    {
      type: 'sendToMaster',
      from: 'crammd5-authenticatee(1)',
      to: MASTER,
      message: { name: 'AuthenticateMessage', body: { pid: 'slave(1)@10.0.0.2:5051' } },
    },
  ]);
  tell(world, MECHANISMS);
  expect(world.take('sendToMaster')).toMatchObject([
    {
      from: 'crammd5-authenticatee(1)',
      to: SESSION,
      message: {
        name: 'AuthenticationStartMessage',
        body: { mechanism: 'CRAM-MD5', data: new Uint8Array() },
      },
    },
  ]);
  tell(world, challenge([1, 2]));
  expect(world.take('sendToMaster')).toMatchObject([
    {
      to: SESSION,
      message: { name: 'AuthenticationStepMessage', body: { data: new Uint8Array([1, 2, 33]) } },
    },
  ]);
  expect(world.sent('RegisterAgentMessage')).toEqual([]);
  tell(world, COMPLETED);
  expect(world.sent('RegisterAgentMessage')).toHaveLength(1);
});

test('a master that refuses the credential ends the agent', () => {
  const world = detected();
  tell(world, MECHANISMS);
  tell(world, challenge([1]));
  tell(world, { name: 'AuthenticationFailedMessage', body: {} });
  expect(world.exited).toMatchObject({
    code: 1,
    reason: expect.stringMatching(/^Master .* refused authentication: its --credentials /),
  });
});

test('others than the master’s process of the attempt are not heard', () => {
  const world = detected();
  world.take('sendToMaster');
  const elsewhere = { from: 'crammd5-authenticator-session(7)@10.0.0.66:5050' };
  tell(world, MECHANISMS, elsewhere);
  tell(world, { name: 'AuthenticationFailedMessage', body: {} }, elsewhere);
  tell(world, MECHANISMS, { to: 'crammd5-authenticatee(2)' });
  expect(world.take('sendToMaster')).toEqual([]);
  tell(world, MECHANISMS);
  tell(world, challenge([1]), { from: 'crammd5-authenticator-session(8)@10.0.0.1:5050' });
  expect(world.sent('AuthenticationStepMessage')).toEqual([]);
  expect(world.exited).toBeUndefined();
});

test.each<[string, MessageToAgent[]]>([
  ['without CRAM-MD5', [mechanisms('PLAIN')]],
  ['accepted before it has proved anything', [MECHANISMS, COMPLETED]],
  ['with an endless challenge', [MECHANISMS, challenge(Array<number>(1_025).fill(1))]],
  ['with two challenges', [MECHANISMS, challenge([1]), challenge([2]), COMPLETED]],
  [
    'with an error',
    [MECHANISMS, { name: 'AuthenticationErrorMessage', body: { error: 'no room' } }, COMPLETED],
  ],
])('an attempt %s fails, and another one follows when its time is over', (_, messages) => {
  const world = detected();
  world.sent('AuthenticateMessage');
  for (const message of messages) {
    tell(world, message);
  }
  expect(world.sent('RegisterAgentMessage')).toEqual([]);
  world.pass(7_000);
  expect(world.sent('RegisterAgentMessage')).toEqual([]);
  expect(world.sent('AuthenticateMessage').length).toBeGreaterThan(0);
});

test('with the master that has accepted it, it has a key, and with no other', () => {
  const world = detected();
  const views = createViews(world.agent, messageJson);
  const agent_id = { value: AGENT_ID };
  expect(views.knownBy).toBeUndefined();
  tell(world, MECHANISMS);
  tell(world, challenge([65, 66]));
  expect(views.knownBy).toBeUndefined();
  tell(world, COMPLETED);
  world.fromMaster({ name: 'AgentRegisteredMessage', body: { agent_id } });
  expect(views.knownBy).toEqual({
    id: AGENT_ID,
    key: new TextEncoder().encode('key of AB'),
  });
  world.send({ type: 'masterDetected', master: 'master@10.0.0.9:5050' });
  expect(views.knownBy).toBeUndefined();
});

test('an attempt without an answer is repeated after a time that grows up to a minute', () => {
  const world = new World({ prover });
  world.start();
  world.send({ type: 'masterDetected', master: MASTER });
  const times: number[] = [];
  for (let ms = 0; ms < 600_000; ms += 100) {
    world.pass(100);
    for (const _ of world.sent('AuthenticateMessage')) {
      times.push(world.nowMs);
    }
  }
  const waits = times.slice(1).map((time, i) => time - (times[i] ?? 0));
  for (const [k, wait] of waits.entries()) {
    expect(wait).toBeGreaterThanOrEqual(4_900);
    expect(wait).toBeLessThanOrEqual(Math.min(5_000 + 2_000 * 2 ** k, 60_000) + 100);
  }
  expect(Math.max(...waits)).toBeGreaterThan(20_000);
});

test('it authenticates anew with each master, and after each loss of the connection', () => {
  const world = detected();
  accepted(world);
  const agent_id = { value: AGENT_ID };
  world.fromMaster({ name: 'AgentRegisteredMessage', body: { agent_id } });
  world.sent('AuthenticateMessage');
  world.send({ type: 'linkLost', address: '10.0.0.1:5050' });
  world.pass(1_000);
  expect(world.sent('AuthenticateMessage')).toHaveLength(1);
  expect(world.sent('ReregisterAgentMessage')).toEqual([]);
  // An answer to the attempt of before is none to this one.
  tell(world, MECHANISMS);
  expect(world.sent('AuthenticationStartMessage')).toHaveLength(1);
});

test('a master that says it has not authenticated hears the proof again', () => {
  const world = detected();
  accepted(world);
  world.sent('AuthenticateMessage');
  world.fromMaster({ name: 'AuthenticationErrorMessage', body: { error: 'not authenticated' } });
  world.pass(60_000);
  expect(world.sent('AuthenticateMessage').length).toBeGreaterThan(0);
});
