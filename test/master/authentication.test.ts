// Agents authenticate with the master before they register.
import { describe, expect, test } from 'vitest';
import { cramMd5Prover, cramMd5Verifier } from '../../src/cli/process/cram-md5.ts';
import { Credentials } from '../../src/http/server/credentials.ts';
import { Attempts } from '../../src/master/authentication/attempts.ts';
import type { MasterOptions } from '../../src/master/options.ts';
import type { MessageToAgent, MessageToMaster } from '../../src/model/agent-messages.ts';
import { aclAuthorizer, parseAcls } from '../../src/security/acls.ts';
import { resources, World } from './harness.ts';

const CREDENTIAL = { principal: 'agent-a', secret: 'secret-a' };
const MASTER = 'master';
const AGENT = 'slave(1)@10.0.0.2:5051';
const PEER = 'crammd5-authenticatee(1)@10.0.0.2:5051';

const world = (options: Partial<MasterOptions> = {}) =>
  new World({
    verifier: cramMd5Verifier(new Credentials([CREDENTIAL])),
    authenticateAgents: true,
    ...options,
  });

/** What the master has said since the last time, with the id of the process that says it. */
function said(to: World): { from: string; to: string; message: MessageToAgent }[] {
  return to.toAgents
    .splice(0)
    .filter(({ message }) => message.name !== 'PingAgentMessage')
    .map(({ from = MASTER, to, message }) => ({ from, to, message }));
}

let nonces = 1;

function say(at: World, message: MessageToMaster, { from = PEER, to = MASTER } = {}) {
  at.dispatch({ type: 'agentMessage', from, to, message, nonce: String(nonces++) });
  return said(at);
}

const authenticate = (at: World, pid = AGENT, from = PEER) =>
  say(at, { name: 'AuthenticateMessage', body: { pid } }, { from });

const start = (at: World, to: string, from = PEER) =>
  say(
    at,
    {
      name: 'AuthenticationStartMessage',
      body: { mechanism: 'CRAM-MD5', data: new Uint8Array() },
    },
    { from, to },
  );

const respond = (at: World, to: string, data: Uint8Array, from = PEER) =>
  say(at, { name: 'AuthenticationStepMessage', body: { data } }, { from, to });

function challenge(at: World): { session: string; data: Uint8Array } {
  const [offer] = authenticate(at);
  const session = offer?.from ?? '';
  const [step] = start(at, session);
  const { message } = step ?? {};
  return {
    session,
    data: message?.name === 'AuthenticationStepMessage' ? message.body.data : new Uint8Array(),
  };
}

const response = (data: Uint8Array, credential = CREDENTIAL) =>
  cramMd5Prover(credential).responseTo(data) ?? new Uint8Array();

function proveTo(at: World, credential = CREDENTIAL) {
  const { session, data } = challenge(at);
  return respond(at, session, response(data, credential));
}

function register(at: World, from = AGENT, text = 'cpus:4;mem:1024') {
  const agent = { hostname: 'node', port: 5051, resources: resources(text) };
  const body = { agent, version: '1.11.0' };
  return say(at, { name: 'RegisterAgentMessage', body }, { from }).map(
    ({ message }) => message.name,
  );
}

test('the messages are those of Mesos, each attempt by a process of its own', () => {
  const at = world();
  const [offer] = authenticate(at);
  expect(offer).toEqual({
    from: 'crammd5-authenticator-session(1)',
    to: PEER,
    message: { name: 'AuthenticationMechanismsMessage', body: { mechanisms: ['CRAM-MD5'] } },
  });
  const [step] = start(at, offer?.from ?? '');
  const data = step?.message.name === 'AuthenticationStepMessage' ? step.message.body.data : null;
  expect(new TextDecoder().decode(data ?? new Uint8Array())).toMatch(
    /^<\d+\.\d+@master\.example>$/,
  );
  const [outcome] = respond(at, offer?.from ?? '', response(data ?? new Uint8Array()));
  expect(outcome?.message).toEqual({ name: 'AuthenticationCompletedMessage', body: {} });
  expect(at.links).toContain('10.0.0.2:5051');
  expect(register(at)).toEqual(['AgentRegisteredMessage']);
  expect(at.views.metrics(at.nowMs)['master/messages_authenticate']).toBe(1);
  expect(authenticate(at)[0]?.from).toBe('crammd5-authenticator-session(2)');
});

test('an agent that has not authenticated is not registered', () => {
  const at = world();
  expect(register(at)).toEqual(['AuthenticationErrorMessage']);
  expect(at.logs.join('\n')).toContain(
    'Refusing agent at slave(1)@10.0.0.2:5051 (node): It has not authenticated',
  );
  // What one process has proved is no proof for another.
  proveTo(at);
  expect(register(at, 'slave(2)@10.0.0.2:5051')).toEqual(['AuthenticationErrorMessage']);
  expect(register(at)).toEqual(['AgentRegisteredMessage']);
});

test('agent and master have a key of what the one has proved, anew each time', () => {
  const at = world();
  const keys = [1, 2].map(() => {
    const { session, data } = challenge(at);
    respond(at, session, response(data));
    register(at);
    const [id = ''] = at.master.agents.registered.keys();
    const place = at.views.agentPlace(id);
    expect(place?.address).toBe('10.0.0.2:5051');
    const text = new TextDecoder().decode(data);
    expect(place?.key).toEqual(cramMd5Prover(CREDENTIAL).sharedKey(text));
    // Who has the same secret, and has seen another challenge, has another key.
    expect(place?.key).not.toEqual(cramMd5Prover(CREDENTIAL).sharedKey(`${text} `));
    return place?.key;
  });
  expect(keys[0]).toHaveLength(32);
  expect(keys[0]).not.toEqual(keys[1]);
  expect(at.views.agentPlace('another')).toBeUndefined();
});

test('without --authenticate_agents an agent may authenticate, and need not', () => {
  const at = world({ authenticateAgents: false });
  expect(register(at)).toEqual(['AgentRegisteredMessage']);
  const wrong = { principal: 'agent-a', secret: 'secret-b' };
  expect(proveTo(at, wrong)[0]?.message.name).toBe('AuthenticationFailedMessage');
});

test('an address may try twenty secrets, and then one every three seconds', () => {
  const at = world();
  const guess = (n: number) => proveTo(at, { principal: 'agent-a', secret: `guess-${n}` });
  const names = (said: ReturnType<typeof guess>) => said.map(({ message }) => message.name);
  for (let n = 0; n < 20; n++) {
    expect(names(guess(n))).toEqual(['AuthenticationFailedMessage']);
  }
  // The right one is not compared either, or it could be told from others.
  for (const said of [guess(20), proveTo(at)]) {
    const body = { error: 'Too many wrong secrets: try again in 3 secs' };
    expect(said).toMatchObject([{ message: { name: 'AuthenticationErrorMessage', body } }]);
  }
  // Those elsewhere get in.
  const other = 'crammd5-authenticatee(1)@10.0.0.3:5051';
  const [offer] = authenticate(at, 'slave(1)@10.0.0.3:5051', other);
  const [step] = start(at, offer?.from ?? '', other);
  const data = step?.message.name === 'AuthenticationStepMessage' ? step.message.body.data : null;
  const right = response(data ?? new Uint8Array());
  expect(names(respond(at, offer?.from ?? '', right, other))).toEqual([
    'AuthenticationCompletedMessage',
  ]);
  at.advance(3_000);
  expect(names(proveTo(at))).toEqual(['AuthenticationCompletedMessage']);
});

test('lists are about the principal of the agent', () => {
  const acls = {
    permissive: false,
    register_agents: [{ principals: { values: ['agent-a'] }, agents: { type: 'ANY' } }],
    reserve_resources: [{ principals: { values: ['agent-a'] }, roles: { values: ['eng'] } }],
  };
  const at = world({ authorizer: aclAuthorizer(parseAcls(acls)), authenticateAgents: false });
  expect(register(at)).toEqual(['AuthenticationErrorMessage']);
  proveTo(at);
  expect(register(at, AGENT, 'cpus(ops):4;mem:1024')).toEqual(['AuthenticationErrorMessage']);
  expect(at.logs.at(-1)).toContain("RESERVE_RESOURCES for role 'ops' as 'agent-a'");
  expect(register(at, AGENT, 'cpus(eng):4;mem:1024')).toEqual(['AgentRegisteredMessage']);
});

test('a failed or faulty attempt is over, and the next one is another', () => {
  const at = world();
  const { session, data } = challenge(at);
  const wrong = response(data, { principal: 'agent-a', secret: 'secret-b' });
  expect(respond(at, session, wrong)[0]?.message.name).toBe('AuthenticationFailedMessage');
  expect(respond(at, session, response(data))).toEqual([]);
  // A response that was heard is none to another challenge.
  const again = challenge(at);
  expect(again.data).not.toEqual(data);
  expect(respond(at, again.session, response(data))[0]?.message.name).toBe(
    'AuthenticationFailedMessage',
  );
  expect(register(at)).toEqual(['AuthenticationErrorMessage']);
});

test.each([
  [
    'a step before the start',
    (at: World, to: string) => respond(at, to, new Uint8Array(1)),
    'step',
  ],
  [
    'two starts',
    (at: World, to: string) => {
      start(at, to);
      return start(at, to);
    },
    'start',
  ],
])('%s is an error', (_, misbehave, what) => {
  const at = world();
  const session = authenticate(at)[0]?.from ?? '';
  const error = `Unexpected authentication '${what}' received`;
  expect(misbehave(at, session).map(({ message }) => message)).toEqual([
    { name: 'AuthenticationErrorMessage', body: { error } },
  ]);
});

test('a stranger can neither go on with an attempt nor authenticate what is not his', () => {
  const at = world();
  const stranger = 'crammd5-authenticatee(1)@10.0.0.66:5051';
  expect(authenticate(at, AGENT, stranger)[0]?.message).toEqual({
    name: 'AuthenticationErrorMessage',
    body: { error: 'A process can authenticate a pid of its own address only' },
  });
  const { session, data } = challenge(at);
  expect(respond(at, session, response(data), stranger)).toEqual([]);
  expect(respond(at, session, response(data))[0]?.message.name).toBe(
    'AuthenticationCompletedMessage',
  );
});

test('what is proved ends with the connection, and when the process authenticates anew', () => {
  const at = world();
  proveTo(at);
  at.dispatch({ type: 'linkLost', address: '10.0.0.2:5051' });
  expect(register(at)).toEqual(['AuthenticationErrorMessage']);
  proveTo(at);
  authenticate(at);
  expect(register(at)).toEqual(['AuthenticationErrorMessage']);
});

test('an attempt has so much time', () => {
  const at = world({ authenticationTimeoutMs: 4_000 });
  const { session, data } = challenge(at);
  at.advance(4_000);
  expect(respond(at, session, response(data))).toEqual([]);
  expect(at.master.authentication.attempts).toEqual(new Attempts());
});

describe('there is room for so many attempts', () => {
  const begin = (at: World, address: string, id = 1) =>
    authenticate(at, `slave(${id})@${address}`, `c(${id})@${address}`);
  const OFFER = { message: { name: 'AuthenticationMechanismsMessage' } };
  const error = 'Too many processes are authenticating';
  const gaveUp = (to: string) => ({
    to,
    message: { name: 'AuthenticationErrorMessage', body: { error } },
  });

  test('the process that has most of them at an IP address loses its oldest, and no other', () => {
    const at = world({ authenticationTimeoutMs: 5_000 });
    const { session, data } = challenge(at);
    for (let id = 1; id <= 2_047; id++) {
      expect(begin(at, '10.0.0.2:66', id)).toMatchObject([OFFER]);
    }
    for (let id = 1; id <= 1_000; id++) {
      const answers = begin(at, '10.0.0.2:66', 2_047 + id);
      expect(answers).toMatchObject([gaveUp(`c(${id})@10.0.0.2:66`), OFFER]);
    }
    const newcomer = begin(at, '10.0.0.2:5052');
    expect(newcomer).toMatchObject([gaveUp('c(1001)@10.0.0.2:66'), OFFER]);
    expect(begin(at, '10.0.0.3:5051')).toMatchObject([OFFER]);
    expect(respond(at, session, response(data))[0]?.message.name).toBe(
      'AuthenticationCompletedMessage',
    );
    expect(at.master.authentication.attempts.byId.size).toBe(2_048);
    at.advance(5_000);
    expect(at.master.authentication.attempts).toEqual(new Attempts());
  });

  test('where all have too many, the IP address that has most makes room', () => {
    const attempts = new Attempts();
    const add = (address: string, id: number) =>
      attempts.add({
        id: `${id}@${address}`,
        peer: `c(${id})@${address}`,
        pid: `slave(${id})@${address}`,
        challenge: undefined,
      });
    const MOST_OF_IP = 2_048;
    for (let id = 1; id <= MOST_OF_IP; id++) {
      for (let host = 10; host < 17; host++) {
        add(`10.0.0.${host}:66`, id);
      }
    }
    for (let id = 1; id < MOST_OF_IP; id++) {
      add('10.0.0.9:66', id);
    }
    expect(attempts.inTheWay('10.0.0.8')).toBeUndefined();
    add('10.0.0.8:66', 1);
    expect(attempts.byId.size).toBe(16_384);
    expect(attempts.inTheWay('10.0.0.8')).toMatchObject({ id: '1@10.0.0.10:66' });
    expect(attempts.inTheWay('10.0.0.12')).toMatchObject({ id: '1@10.0.0.12:66' });
  });
});

test('the audit log is told of attempts that fail, with who was claimed and no secret', () => {
  const at = world({ isAudited: true });
  register(at);
  proveTo(at, { principal: 'agent-a', secret: 'secret-b' });
  proveTo(at, { principal: 'eve', secret: 'secret-b' });
  const { session } = challenge(at);
  respond(at, session, new Uint8Array(), 'c(9)@10.0.0.9:1');
  respond(at, session, new Uint8Array());
  authenticate(at, 'slave(1)@10.0.0.3:5051');
  const object = { process: AGENT };
  const failed = {
    origin: PEER,
    disbelief: {
      call: 'AuthenticationStepMessage',
      object,
      why: 'authentication: no such principal, or another secret',
    },
  };
  expect(at.disbelieved).toMatchObject([
    {
      origin: AGENT,
      disbelief: {
        claimed: AGENT,
        call: 'RegisterAgentMessage',
        why: 'authentication: the agent has not authenticated',
      },
    },
    { ...failed, disbelief: { ...failed.disbelief, claimed: 'agent-a' } },
    { ...failed, disbelief: { ...failed.disbelief, claimed: 'eve' } },
    {
      origin: 'c(9)@10.0.0.9:1',
      disbelief: { object, why: 'sender: another process is authenticating' },
    },
    {
      origin: PEER,
      disbelief: {
        object,
        why: 'authentication: SASL(-5): bad protocol / cancel: need authentication name',
      },
    },
    {
      origin: PEER,
      disbelief: {
        call: 'AuthenticateMessage',
        why: 'authentication: A process can authenticate a pid of its own address only',
      },
    },
  ]);
  expect(JSON.stringify(at.disbelieved)).not.toContain('secret-');
});
