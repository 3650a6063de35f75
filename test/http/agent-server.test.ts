// An agent's port: executors over HTTP and in the process, operators, messages of the master.
import { afterEach, describe, expect, test } from 'vitest';
import type { AgentEvent } from '../../src/agent/events.ts';
import type { Viewer } from '../../src/agent/views.ts';
import { InProcessTransport } from '../../src/agent-driver/in-process-transport.ts';
import type { AgentServerOptions } from '../../src/http/agent/server.ts';
import type { Carriers } from '../../src/http/transport/carriers.ts';
import { plainDialer } from '../../src/http/transport/dialer.ts';
import { containerIdOf } from '../../src/model/container-id.ts';
import {
  type AgentCall,
  AgentCall_Type,
  type AgentResponse,
  type AgentResponse_GetContainers,
  AgentResponse_Type,
  ExecutorCall_Type,
  type ExecutorEvent,
  type Task,
  TaskState,
} from '../../src/model/generated/messages.ts';
import { containerId, requestId } from '../../src/model/ids.ts';
import { aclAuthorizer, parseAcls } from '../../src/security/acls.ts';
import type { Authorizer } from '../../src/security/authorizer.ts';
import { encodeLibprocess } from '../../src/wire/libprocess.ts';
import { container, SHUTDOWN, startAgent, stopAgents, views } from './mini-agent.ts';
import { RawSocket, statuses } from './raw-socket.ts';

const CALLER = { framework_id: { value: 'f' }, executor_id: { value: 'e' } };

const taskWith = (labels: { key: string; value: string }[]): Task => ({
  name: 't',
  task_id: { value: 't' },
  framework_id: { value: 'f' },
  agent_id: { value: 'a' },
  state: TaskState.TASK_RUNNING,
  labels: { labels },
});

afterEach(stopAgents);

const JSON_TYPE = 'application/json';

async function post(
  url: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
) {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': JSON_TYPE, Accept: JSON_TYPE, ...headers },
    body,
  });
  return { status: answer.status, body: await answer.text() };
}

const ids = '"framework_id":{"value":"f"},"executor_id":{"value":"e"}';
const noIds =
  'Failed to convert JSON into Call protobuf: Missing required fields: executor_id, framework_id';

describe('the executor API', () => {
  test('subscribes executors over HTTP, under every path of it', async () => {
    const { server, machine } = await startAgent();
    for (const path of ['/api/v1/executor', '/slave(1)/api/v1/executor/']) {
      const raw = await RawSocket.connect(server.port.number);
      const body = `{"type":"SUBSCRIBE",${ids},"subscribe":{}}`;
      await raw.write(
        `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n` +
          `Content-Length: ${body.length}\r\n\r\n${body}`,
      );
      const text = await raw.until((got) => got.includes('SHUTDOWN'));
      expect(statuses(text)).toEqual([200]);
      expect(text.toLowerCase()).not.toContain('mesos-stream-id');
      raw.close();
    }
    const closed = await machine.seen('streamClosed');
    expect(closed.stream).toBe((await machine.seen('executorSubscribe')).stream);
  });

  test('subscribes executors inside the process in the same way', async () => {
    const { server, machine, loop, requests, streams } = await startAgent();
    const received: ExecutorEvent[] = [];
    const refusals: unknown[] = [];
    const transport = new InProcessTransport({
      requests,
      streams,
      nowMs: () => 0,
      dispatch: (event) => loop.dispatch(event),
      events: (event) => received.push(event),
      containerStatus: () => expect.unreachable(),
      refused: (status, text) => refusals.push(`${status} ${text}`),
    });
    transport.call({ type: ExecutorCall_Type.SUBSCRIBE, ...CALLER });
    expect(received).toEqual([SHUTDOWN]);
    transport.call({ type: ExecutorCall_Type.HEARTBEAT, ...CALLER });
    expect(refusals).toEqual([]);
    const { stream } = await machine.seen('executorSubscribe');
    server.perform({ type: 'closeStream', stream });
    server.perform({ type: 'sendToExecutor', stream, event: SHUTDOWN });
    expect(received).toHaveLength(1);
    expect(machine.events).toHaveLength(2);
    expect([requests.size, streams.size]).toEqual([0, 0]);
  });

  test('keeps nothing of an executor inside the process that has ended', async () => {
    const { server, loop, requests, streams } = await startAgent();
    const dispatched: AgentEvent[] = [];
    const transport = new InProcessTransport({
      requests,
      streams,
      nowMs: () => 0,
      dispatch: (event) => dispatched.push(event),
      events: () => expect.unreachable(),
      containerStatus: () => expect.unreachable(),
      refused: () => expect.unreachable(),
    });
    transport.call({ type: ExecutorCall_Type.SUBSCRIBE, ...CALLER });
    transport.call({ type: ExecutorCall_Type.HEARTBEAT, ...CALLER });
    transport.close();
    transport.call({ type: ExecutorCall_Type.HEARTBEAT, ...CALLER });
    expect(dispatched).toHaveLength(2);
    for (const event of dispatched) {
      loop.dispatch(event);
    }
    server.perform({ type: 'reply', request: requestId('r0'), status: 403 });
    // On a busy machine the loop takes the second event in its next turn.
    await expect.poll(() => [requests.size, streams.size]).toEqual([0, 0]);
  });

  test.each([
    [
      `{"type":"UPDATE",${ids}}`,
      "Failed to validate Executor::Call: Expecting 'update' to be present",
    ],
    [
      `{"type":"subscribe",${ids}}`,
      "Failed to validate Executor::Call: Expecting 'type' to be present",
    ],
    ['{"type":"UNKNOWN"}', noIds],
    ['{"type":null}', noIds],
    ['[]', 'Failed to convert JSON into Call protobuf: Expecting a JSON object'],
  ])('refuses %s', async (body, text) => {
    const { url } = await startAgent();
    expect(await post(`${url}/api/v1/executor`, body)).toEqual({ status: 400, body: text });
  });

  test('takes calls', async () => {
    const { url, machine } = await startAgent();
    const answer = await post(`${url}/api/v1/executor`, `{"type":"HEARTBEAT",${ids}}`);
    expect(answer).toEqual({ status: 202, body: '' });
    expect((await machine.seen('executorCall')).call.executor_id.value).toBe('e');
  });

  test('say of an update for a nested container what is known of it', async () => {
    const containerStatus = { cgroup_info: { net_cls: { classid: 0x120003 } } };
    const { url, machine } = await startAgent({
      containerStatusOf: (id) => (id === 'c.n' ? containerStatus : undefined),
    });
    const status = {
      task_id: { value: 't' },
      state: 'TASK_RUNNING',
      container_status: { container_id: { value: 'n', parent: { value: 'c' } } },
    };
    const body = `{"type":"UPDATE",${ids},"update":{"status":${JSON.stringify(status)}}}`;
    await post(`${url}/api/v1/executor`, body);
    expect((await machine.seen('executorCall')).containerStatus).toEqual(containerStatus);
  });
});

describe('the operator API of an agent', () => {
  test('says as whom a container runs that is launched in another one', async () => {
    const { url, machine } = await startAgent({
      userOf: (id) => (id === 'p.q' ? 'nobody' : 'root'),
    });
    await post(
      `${url}/api/v1`,
      '{"type":"LAUNCH_NESTED_CONTAINER","launch_nested_container":' +
        '{"container_id":{"value":"c","parent":{"value":"q","parent":{"value":"p"}}}}}',
    );
    expect((await machine.seen('operatorCall')).userAbove).toBe('nobody');
  });

  const health = '{"type":"GET_HEALTH"}';
  const record = `${health.length}\n${health}`;
  const stream = { 'Content-Type': 'application/recordio' };
  const unacceptable =
    "Expecting 'Accept' to allow application/json or application/x-protobuf or application/recordio";

  test.each<[Record<string, string>, string, number, string]>([
    [{}, health, 200, '{"type":"GET_HEALTH","get_health":{"healthy":true}}'],
    [
      { 'Content-Type': 'text/plain' },
      health,
      415,
      "Expecting 'Content-Type' of application/json or application/x-protobuf or application/recordio",
    ],
    [{ Accept: 'text/plain' }, health, 406, unacceptable],
    [stream, record, 400, "Expecting 'Message-Content-Type' to be set for streaming requests"],
    [
      { ...stream, 'Message-Content-Type': 'text/plain' },
      record,
      415,
      "Expecting 'Message-Content-Type' of application/json or application/x-protobuf",
    ],
    [
      { ...stream, 'Message-Content-Type': JSON_TYPE },
      record,
      415,
      "Streaming 'Content-Type' application/recordio is not supported for GET_HEALTH call",
    ],
    [
      { ...stream, 'Message-Content-Type': JSON_TYPE },
      '9\n{"type": ',
      400,
      'Failed to parse body into JSON: syntax error at line 1 near: ',
    ],
    [
      { ...stream, 'Message-Content-Type': JSON_TYPE },
      '',
      400,
      'Received EOF while reading request body',
    ],
    [
      { 'Message-Content-Type': JSON_TYPE },
      health,
      415,
      "Expecting 'Message-Content-Type' to be not set for non-streaming requests",
    ],
    [
      { 'Message-Accept': JSON_TYPE },
      health,
      406,
      "Expecting 'Message-Accept' to be not set for non-streaming responses",
    ],
    [
      { Accept: 'application/recordio', 'Message-Accept': JSON_TYPE },
      health,
      406,
      'Streaming response is not supported for GET_HEALTH call',
    ],
    [{}, '"GET_HEALTH"', 400, 'Expecting a JSON object'],
    [{}, '{"type":1}', 400, "Not expecting a JSON number for field 'type'"],
    [{}, '{}', 400, "Failed to validate agent::Call: Expecting 'type' to be present"],
    [
      {},
      '{"type":"KILL_CONTAINER"}',
      400,
      "Failed to validate agent::Call: Expecting 'kill_container' to be present",
    ],
    [{}, '{"type":"UNKNOWN"}', 501, '501 Not Implemented.'],
    [{}, '{"type":"PRUNE_IMAGES"}', 404, 'not here'],
    [{}, '{"type":"GET_TASKS"}', 403, '403 Forbidden.'],
  ])('%j %s', async (headers, body, status, text) => {
    const { url } = await startAgent();
    expect(await post(`${url}/api/v1`, body, headers)).toEqual({ status, body: text });
  });

  test('has no type for a number that is not in use, as 1000', async () => {
    const { url } = await startAgent();
    const headers = { 'Content-Type': 'application/x-protobuf', Accept: JSON_TYPE };
    expect(await post(`${url}/api/v1`, Uint8Array.of(0x08, 0xe8, 0x07), headers)).toEqual({
      status: 400,
      body: "Failed to validate agent::Call: Expecting 'type' to be present",
    });
  });

  test('answers the first record of a body that goes on', async () => {
    const { server } = await startAgent();
    const raw = await RawSocket.connect(server.port.number);
    await raw.write(
      'POST /api/v1 HTTP/1.1\r\nHost: x\r\nContent-Type: application/recordio\r\n' +
        'Message-Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n' +
        `${record.length.toString(16)}\r\n${record}\r\n`,
    );
    expect(statuses(await raw.until((got) => got.includes('GET_HEALTH call')))).toEqual([415]);
    raw.close();
  });

  test.each(['zz\r\n', '3\r\n2\n{\r\nzz\r\n', '3\r\n2\n{XX'])(
    'refuses at once a body that goes on in chunks that are none: %j',
    async (chunks) => {
      const { server } = await startAgent();
      const raw = await RawSocket.connect(server.port.number);
      // All in one piece: the fault is found before anybody reads the body.
      await raw.write(
        'POST /api/v1 HTTP/1.1\r\nHost: x\r\nContent-Type: application/recordio\r\n' +
          `Message-Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`,
      );
      expect(statuses(await raw.until((got) => got.includes('400 Bad Request.')))).toEqual([400]);
      raw.close();
    },
  );

  test('unpacks nothing of a body that goes on and is refused by its head', async () => {
    const { server, url } = await startAgent();
    const raw = await RawSocket.connect(server.port.number);
    await raw.write(
      'POST /api/v1 HTTP/1.1\r\nHost: x\r\nContent-Type: application/recordio\r\n' +
        'Message-Content-Type: application/json\r\nTransfer-Encoding: gzip, chunked\r\n' +
        'Content-Encoding: gzip\r\n\r\n5\r\nplain\r\n0\r\n\r\n',
    );
    const got = await raw.until((text) => text.includes('is not supported'));
    expect(statuses(got)).toEqual([400]);
    raw.close();
    // What cannot be unpacked would be an error that ends the process.
    expect((await post(`${url}/api/v1`, '{"type":"GET_HEALTH"}')).status).toBe(200);
  });

  test('reports containers with what they use', async () => {
    const { url } = await startAgent();
    const { body } = await post(`${url}/api/v1`, '{"type":"GET_CONTAINERS"}');
    expect(JSON.parse(body).get_containers.containers).toEqual([
      {
        framework_id: { value: 'f' },
        executor_id: { value: 'e' },
        executor_name: 'Command Executor',
        container_id: { value: 'c' },
        container_status: { container_id: { value: 'c' }, executor_pid: 4711 },
        resource_statistics: expect.objectContaining({
          mem_rss_bytes: 5,
          mem_limit_bytes: 32 * 1024 * 1024,
        }),
      },
    ]);
  });
});

describe("containers that are no executor's", () => {
  const other = (id: string, standsAlone: boolean) => ({
    containerId: containerId(id),
    standsAlone,
    processId: 7,
    resources: [],
  });
  const others = () => [
    other('c.n', false),
    other('c.n.m', false),
    // Below an executor that the viewer does not see.
    other('hidden.n', false),
    other('alone', true),
    other('alone.n', true),
  ];

  async function shown(show: object, options: Partial<AgentServerOptions> = {}) {
    const { url } = await startAgent({ others, ...options });
    const call = { type: 'GET_CONTAINERS', get_containers: show };
    const { body } = await post(`${url}/api/v1`, JSON.stringify(call));
    const { containers } = JSON.parse(body).get_containers as AgentResponse_GetContainers;
    return containers?.map(({ container_status }) =>
      containerIdOf(container_status?.container_id ?? { value: '' }),
    );
  }

  test('are shown as the call asks', async () => {
    expect(await shown({})).toEqual(['c']);
    // As in Mesos, also below one that is not shown.
    expect(await shown({ show_nested: true })).toEqual(['c', 'c.n', 'c.n.m', 'alone.n']);
    expect(await shown({ show_standalone: true })).toEqual(['c', 'alone']);
    expect(await shown({ show_nested: true, show_standalone: true })).toEqual([
      'c',
      'c.n',
      'c.n.m',
      'alone',
      'alone.n',
    ]);
  });

  test('are not shown where they stand alone, and the caller may not see that', async () => {
    const authorizer: Authorizer = {
      authorize: (_, action) => action !== 'VIEW_STANDALONE_CONTAINER',
    };
    const all = { show_nested: true, show_standalone: true };
    expect(await shown(all, { authorizer })).toEqual(['c', 'c.n', 'c.n.m']);
  });
});

describe('the endpoints of an agent', () => {
  const get = async (url: string) => {
    const answer = await fetch(url);
    return { status: answer.status, body: await answer.text() };
  };

  test('stand with and without the process prefix', async () => {
    const { url } = await startAgent();
    for (const path of ['/state', '/slave(1)/state', '/slave%281%29/state', '/state/x']) {
      expect(await get(url + path)).toEqual({ status: 200, body: '{"id":"S1"}' });
    }
    for (const path of ['/', '/slave(2)/state', '/slave/state', '/master/state', '/weights']) {
      expect((await get(url + path)).status).toBe(404);
    }
    expect((await get(`${url}/slave(1)/version`)).status).toBe(404);
  });

  test('list the cgroups of executors, as calls do', async () => {
    const cgroup_info = { net_cls: { classid: 0x120003 } };
    const containers = () => [{ ...container, containerStatus: { cgroup_info } }];
    const others = () => [
      {
        containerId: containerId('c.n'),
        standsAlone: false,
        containerStatus: { cgroup_info },
        resources: [],
      },
    ];
    const { url } = await startAgent({ views: { ...views, containers }, others });
    const [listed] = JSON.parse((await get(`${url}/containers`)).body);
    expect(listed.status).toMatchObject({ cgroup_info });
    const call = { type: 'GET_CONTAINERS', get_containers: { show_nested: true } };
    const { body } = await post(`${url}/api/v1`, JSON.stringify(call));
    expect(JSON.parse(body).get_containers.containers).toMatchObject([
      { container_status: { cgroup_info } },
      { container_status: { container_id: { value: 'n' }, cgroup_info } },
    ]);
  });

  test('list executors and their usage', async () => {
    let measured = 0;
    const usage = async () => {
      measured++;
      return { timestamp: 1, mem_rss_bytes: 5 };
    };
    const { url } = await startAgent({ usage });
    const [shown] = JSON.parse((await get(`${url}/containers?framework_id=f`)).body);
    expect(shown).toMatchObject({ container_id: 'c', executor_id: 'e', source: 'e' });
    expect(shown.status).toEqual({ container_id: { value: 'c' }, executor_pid: 4711 });
    expect(measured).toBe(1);
    expect((await get(`${url}/containers?framework_id=g`)).body).toBe('[]');
    expect(measured).toBe(1);
    expect((await get(`${url}/containers?executor_id=e`)).status).toBe(400);
    const [used] = JSON.parse((await get(`${url}/slave(1)/monitor/statistics`)).body);
    expect(used.statistics.mem_rss_bytes).toBe(5);
  });

  test('share a state with large labels while it is written, between equal viewers', async () => {
    const seen: (string | undefined)[] = [];
    const labels = Array.from({ length: 400 }, (_, key) => ({ key, value: 'x'.repeat(10_000) }));
    const state = ({ principal }: Viewer) => {
      seen.push(principal?.value);
      return { id: 'S1', frameworks: [{ labels }] };
    };
    const read = ({ type }: AgentCall, viewer: Viewer): AgentResponse | undefined => {
      seen.push(`call of ${viewer.principal?.value}`);
      const text = labels.map(({ value }) => ({ key: 'k', value }));
      return type === AgentCall_Type.GET_FLAGS
        ? undefined
        : {
            type: AgentResponse_Type.GET_STATE,
            get_state: { get_frameworks: {}, get_tasks: { launched_tasks: [taskWith(text)] } },
          };
    };
    const { url } = await startAgent({ views: { ...views, state, read } });
    const states = await Promise.all(Array.from({ length: 12 }, () => get(`${url}/state`)));
    expect(new Set(states.map(({ body }) => body))).toEqual(
      new Set([JSON.stringify({ id: 'S1', frameworks: [{ labels }] })]),
    );
    const calls = await Promise.all(
      Array.from({ length: 12 }, () => post(`${url}/api/v1`, '{"type":"GET_STATE"}')),
    );
    expect(new Set(calls.map(({ body }) => body)).size).toBe(1);
    expect(seen.length).toBeLessThan(12);
  });

  test('are 503 while the agent recovers, but /health', async () => {
    const { url } = await startAgent({ views: { ...views, recovered: false } });
    expect((await get(`${url}/state`)).status).toBe(503);
    expect((await post(`${url}/api/v1`, '{"type":"GET_STATE"}')).status).toBe(503);
    expect((await get(`${url}/health`)).status).toBe(200);
  });

  test.each([
    ['registered', 200, {}],
    ['unregistered', 503, { registered: false }],
    ['recovering', 503, { registered: false, recovered: false }],
  ] as const)('say at /ready that the agent is %s: %i', async (state, status, own) => {
    const { url } = await startAgent({ views: { ...views, ...own } });
    const answer = await get(`${url}/ready`);
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body)).toEqual({ ready: status === 200, state });
  });
});

describe('messages of a master', () => {
  test('reach the agent by its id, and only by that', async () => {
    const { server, machine } = await startAgent();
    const raw = await RawSocket.connect(server.port.number);
    const ping = (to: string) =>
      encodeLibprocess({
        from: 'slave-observer(3)@127.0.0.1:5050',
        to,
        name: 'PingAgentMessage',
        body: Uint8Array.of(8, 1),
      });
    await raw.write(Buffer.concat([ping(server.port.pid()), ping('slave(2)@127.0.0.1:1')]));
    expect(statuses(await raw.until((got) => statuses(got).length === 2))).toEqual([202, 404]);
    const { from, message } = await machine.seen('masterMessage');
    expect(from).toBe('slave-observer(3)@127.0.0.1:5050');
    expect(message).toEqual({ name: 'PingAgentMessage', body: { connected: true } });
    raw.close();
  });
});

test('what lists and the firewall close on an agent, no spelling opens', async () => {
  const acls = parseAcls({
    get_endpoints: [
      {
        principals: { type: 'NONE' },
        paths: { values: ['/containers', '/containerizer/debug', '/monitor/statistics'] },
      },
    ],
  });
  const closed = await startAgent({ authorizer: aclAuthorizer(acls), disabledPaths: ['/state'] });
  const open = await startAgent();
  const status = async (url: string) => (await fetch(url)).status;
  for (const path of ['/containers', '/containerizer/debug', '/monitor/statistics', '/state']) {
    for (const spelling of [
      path,
      `${path}/x`,
      `//slave(1)${path}/`,
      `/slave(1)${path}`,
      `/slave%281)${path}`,
      `${path.slice(0, -1)}%${path.charCodeAt(path.length - 1).toString(16)}`,
    ]) {
      expect(`${spelling} ${await status(open.url + spelling)}`).toBe(`${spelling} 200`);
      expect(`${spelling} ${await status(closed.url + spelling)}`).toBe(`${spelling} 403`);
    }
  }
});

test('accepts and opens all of its connections by the carriers that it was given', async () => {
  const claimed = '127.0.0.1:1';
  const carried: string[] = [];
  const asked = Promise.withResolvers<void>();
  const carriers: Carriers = {
    secure: async (socket) => {
      carried.push('accepted');
      return socket;
    },
    dialer: {
      dial(address, options) {
        carried.push(`dialled ${address}`);
        if (address === claimed) {
          asked.resolve();
        }
        return plainDialer.dial(address, options);
      },
    },
  };
  const { server } = await startAgent({ carriers, checksSenders: true });
  const stranger = await RawSocket.connect(server.port.number);
  await stranger.write(
    `POST /slave(1)/mesos.internal.PingSlaveMessage HTTP/1.1\r\nLibprocess-From: x@${claimed}\r\n\r\n`,
  );
  await asked.promise;
  expect(carried).toEqual(['accepted', `dialled ${claimed}`]);
  server.perform({ type: 'link', address: server.port.address });
  expect(carried[2]).toBe(`dialled ${server.port.address}`);
  stranger.close();
});
