// Bytes of strangers to the real port of an agent that asks everybody for credentials, as in
// byte-search.ts: requests of operators and executors, and messages that a master sends, those by
// which an agent authenticates among them. Nothing that is asked in a name reaches the agent
// without that name's secret or token, and what is said in the name of a master that is not the
// agent's changes nothing.
import type { AgentEvent } from '../../src/agent/events.ts';
import { cramMd5Prover } from '../../src/cli/process/cram-md5.ts';
import type { MessageToAgent } from '../../src/model/agent-messages.ts';
import { CRAM_MD5 } from '../../src/security/cram-md5.ts';
import { encodeInternal, encodeLibprocess } from '../../src/wire/libprocess.ts';
import { MASTER, World } from '../agent/harness.ts';
import { must, shown } from '../security/breach.ts';
import { Chance } from '../simulation/chance.ts';
import { startAgent, stopAgents } from './mini-agent.ts';
import {
  answered,
  askingAll,
  CONNECTIONS,
  changed,
  isProved,
  PROOFS,
  request,
} from './stranger-bytes.ts';

/** Throws a Breach. The same seed sends the same. */
export async function searchAgentBytes(seed: number): Promise<void> {
  const chance = new Chance(seed);
  const { machine, server, url } = await startAgent({
    authentication: askingAll({
      'mesos-agent-readonly': true,
      'mesos-agent-readwrite': true,
      'mesos-agent-executor': true,
    }),
  });
  try {
    const worlds = [registered(), authenticating()];
    for (let i = 0; i < CONNECTIONS; i++) {
      machine.events.length = 0;
      const bytes = changed(chance, chance.pick(REQUESTS));
      await answered(server.port.number, bytes);
      for (const event of machine.events) {
        check(event, bytes.toString('latin1'), worlds);
      }
    }
    const health = await fetch(`${url}/health`);
    must(health.status === 200, () => `the agent answers ${health.status}`);
  } finally {
    await stopAgents();
  }
}

function registered(): World {
  const world = new World();
  world.register();
  return world;
}

/** An agent whose attempt to authenticate with its master is under way. */
function authenticating(): World {
  const world = new World({ prover: cramMd5Prover({ principal: 'agent', secret: 'secret' }) });
  world.start();
  world.send({ type: 'masterDetected', master: MASTER });
  world.pass(1_000);
  return world;
}

const message = (to: string, it: MessageToAgent) =>
  Buffer.from(
    encodeLibprocess({
      ...{ from: 'master@127.0.0.1:5050', to: `${to}@127.0.0.1:5051`, name: it.name },
      body: encodeInternal(it),
    }),
  );

const CALLER = '"framework_id":{"value":"f"},"executor_id":{"value":"e"}';
const KILL =
  '{"type":"KILL_CONTAINER","kill_container":{"container_id":{"value":"n","parent":{"value":"c"}}}}';
const AGENT = 'slave(1)';
const AUTHENTICATEE = 'crammd5-authenticatee(1)';

/** Each is right, but for the messages: they are those of another master. */
const REQUESTS: readonly Buffer[] = [
  ...PROOFS.flatMap((authorization) => [
    request('GET /state', authorization),
    request('POST /api/v1', authorization, KILL),
    request('POST /api/v1/executor', authorization, `{"type":"HEARTBEAT",${CALLER}}`),
    request(
      'POST /api/v1/executor',
      authorization,
      `{"type":"SUBSCRIBE",${CALLER},"subscribe":{}}`,
    ),
  ]),
  message(AGENT, { name: 'PingAgentMessage', body: { connected: false } }),
  message(AGENT, { name: 'ShutdownMessage', body: { message: 'Go' } }),
  message(AGENT, {
    name: 'AgentRegisteredMessage',
    body: { agent_id: { value: 'S9' }, connection: { total_ping_timeout_seconds: 1 } },
  }),
  message(AGENT, {
    name: 'ShutdownFrameworkMessage',
    body: { framework_id: { value: 'f' } },
  }),
  message(AUTHENTICATEE, {
    name: 'AuthenticationMechanismsMessage',
    body: { mechanisms: [CRAM_MD5] },
  }),
  message(AUTHENTICATEE, {
    name: 'AuthenticationStepMessage',
    body: { data: Buffer.from('<1.2@127.0.0.1>') },
  }),
  message(AUTHENTICATEE, { name: 'AuthenticationCompletedMessage', body: {} }),
  message(AUTHENTICATEE, { name: 'AuthenticationFailedMessage', body: {} }),
  // The beginning of a handshake of TLS, to a port without it.
  Buffer.from('16030100c8010000c40303', 'hex'),
];

function check(event: AgentEvent, sent: string, worlds: readonly World[]): void {
  switch (event.type) {
    case 'operatorCall':
    case 'executorCall':
    case 'executorSubscribe':
      must(isProved(event.principal, sent), () => `${shown(event)} comes of ${cut(sent)}`);
      break;
    case 'masterMessage':
      for (const world of worlds) {
        const { nowMs: _, ...untimed } = event;
        const done = world.send(untimed).filter(({ type }) => type !== 'log');
        must(done.length === 0, () => `${shown(done)} comes of ${cut(sent)}`);
      }
      break;
    default:
      break;
  }
}

const cut = (sent: string) => sent.slice(0, 1_000);
