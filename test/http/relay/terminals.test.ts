// Who may open a terminal by way of a master, and what either side can do with it.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import type { MasterServerOptions } from '../../../src/http/master/server.ts';
import { believe } from '../../../src/http/relay/relay-token.ts';
import {
  type AgentCall,
  AgentCall_Type,
  ProcessIO_Control_Type,
  ProcessIO_Data_Type,
  ProcessIO_Type,
} from '../../../src/model/generated/messages.ts';
import { readJson } from '../../../src/wire/json.ts';
import { decodeMessage, encodeMessage } from '../../../src/wire/protobuf.ts';
import { encodeRecord, RecordReader } from '../../../src/wire/record-io.ts';
import { types } from '../../../src/wire/types.ts';
import { until } from '../../support/cluster.ts';
import { TerminalSocket } from '../../support/terminal-socket.ts';
import { startMaster, stopMasters, views } from '../mini-master.ts';
import { RawSocket } from '../raw-socket.ts';
import { AGENT, basic, get, KEY, listening, OPS, one, relaying } from './agents.ts';

afterEach(stopMasters);

const outputOf = (data: Uint8Array) =>
  encodeRecord(
    encodeMessage(types.ProcessIO, {
      type: ProcessIO_Type.DATA,
      data: { type: ProcessIO_Data_Type.STDOUT, data },
    }),
  );

interface Shell {
  readonly address: string;
  readonly calls: AgentCall[];
  readonly authorizations: string[];
  output: ServerResponse | undefined;
  readonly input: IncomingMessage[];
}

/** An agent that says all that is typed back, until that is `exit`. */
async function shell(refusal?: number): Promise<Shell> {
  const it: Omit<Shell, 'address'> = {
    calls: [],
    authorizations: [],
    output: undefined,
    input: [],
  };
  const { address } = await listening((request, response) => {
    it.authorizations.push(request.headers.authorization ?? '');
    if (refusal !== undefined) {
      response.statusCode = refusal;
      response.end('not for you');
    } else if (request.headers['content-type'] === 'application/recordio') {
      takeInput(it, request, response);
    } else {
      void takeCall(it, request, response);
    }
  });
  return Object.assign(it, { address });
}

function takeInput(
  it: Omit<Shell, 'address'>,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const reader = new RecordReader();
  it.input.push(request);
  request.on('data', (piece: Buffer) => {
    for (const record of reader.push(piece)) {
      const call = decodeMessage(types.AgentCall, record);
      it.calls.push(call);
      const data = call.attach_container_input?.process_io?.data?.data;
      if (data !== undefined && new TextDecoder().decode(data) === 'exit') {
        it.output?.end();
      } else if (data !== undefined) {
        it.output?.write(outputOf(data));
      }
    }
  });
  request.on('end', () => response.end());
}

async function takeCall(
  it: Omit<Shell, 'address'>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  let text = '';
  for await (const piece of request.setEncoding('utf8')) {
    text += piece;
  }
  const call = readJson(types.AgentCall, text);
  it.calls.push(call);
  switch (call.type) {
    case AgentCall_Type.WAIT_NESTED_CONTAINER:
      response.end('{"type":"WAIT_NESTED_CONTAINER","wait_nested_container":{"exit_status":256}}');
      return;
    case AgentCall_Type.REMOVE_NESTED_CONTAINER:
      response.end();
      return;
    default:
      it.output = response;
      response.writeHead(200, { 'Content-Type': 'application/recordio' });
      response.flushHeaders();
  }
}

const PATH = `/agent/${AGENT}/terminal`;
const urlOf = (port: number, query = 'container=c', path = PATH) =>
  `ws://127.0.0.1:${port}${path}?${query}`;
const open = (port: number, headers: Record<string, string> = OPS, query?: string) =>
  new TerminalSocket(urlOf(port, query), { headers });

async function sessionOf(port: number): Promise<string> {
  const { headers } = await get(port, '/webui/session', {
    method: 'POST',
    headers: { 'X-Mesoscale-Page': '1' },
  });
  return headers['set-cookie']?.[0]?.split(';')[0] ?? '';
}

describe('a terminal', () => {
  test('is a session beside a container, with what is typed and what comes of it', async () => {
    const agent = await shell();
    const { port } = await relaying(agent.address, { key: KEY });
    const terminal = open(port, OPS, 'container=c.d&rows=10&columns=20&command=top&user=me');
    await terminal.until(() => terminal.told.length === 1);
    terminal.type('hello');
    await terminal.until(() => terminal.output === 'hello');
    terminal.resize(11, 21);
    terminal.type('exit');
    expect(await terminal.end()).toBe(1000);
    expect(terminal.told).toEqual([
      { container_id: expect.stringMatching(/^c\.d\.[-\w]{36}$/) },
      { exit_status: 256 },
    ]);
    const [launch, first] = agent.calls;
    const id = launch?.launch_nested_container_session?.container_id;
    expect(launch?.launch_nested_container_session).toMatchObject({
      container_id: { parent: { value: 'd', parent: { value: 'c' } } },
      command: { shell: true, value: 'top', user: 'me' },
      container: { tty_info: { window_size: { rows: 10, columns: 20 } } },
    });
    expect(first?.attach_container_input?.container_id).toEqual(id);
    expect(
      agent.calls.flatMap(
        (it) => it.attach_container_input?.process_io?.control?.tty_info?.window_size ?? [],
      ),
    ).toEqual([{ rows: 11, columns: 21 }]);
    for (const authorization of agent.authorizations) {
      const token = authorization.replace('Relayed ', '');
      expect(believe(token, { key: KEY, agent: AGENT, nowMs: Date.now() })).toEqual({
        principal: { value: 'ops' },
      });
    }
    expect(agent.authorizations).toHaveLength(4);
  });

  test('ends on both sides when the browser goes', async () => {
    const agent = await shell();
    const { port } = await relaying(agent.address);
    const terminal = open(port);
    await terminal.until(() => terminal.told.length === 1);
    const closed = new Promise((resolve) => agent.output?.once('close', resolve));
    terminal.socket.terminate();
    await closed;
  });

  test('ends with a browser that shows no sign of life, and shows its own to the agent', async () => {
    const agent = await shell();
    const { port } = await relaying(agent.address, { patience: { heartbeatMs: 50 } });
    const dead = new TerminalSocket(urlOf(port), { headers: OPS, autoPong: false });
    await dead.until(() => dead.told.length === 1);
    expect(await dead.end()).toBe(1006);
    const isBeat = ({ attach_container_input: input }: AgentCall) =>
      input?.process_io?.control?.type === ProcessIO_Control_Type.HEARTBEAT;
    await until('the agent has a sign of life', () => agent.calls.some(isBeat));
  });

  test('lives on while what was pasted waits for the agent, which hides signs of life', async () => {
    const agent = await shell();
    const { port } = await relaying(agent.address, { patience: { heartbeatMs: 250 } });
    const terminal = open(port);
    await terminal.until(() => terminal.told.length === 1);
    await until('it takes input', () => agent.input.length === 1);
    agent.input[0]?.pause();
    for (let pieces = 0; pieces < 64; pieces++) {
      terminal.socket.send(Buffer.alloc(512 * 1024));
    }
    await terminal.until(() => terminal.pings >= 5);
    expect(terminal.socket.bufferedAmount).toBeGreaterThan(0);
    terminal.socket.terminate();
  });

  test('ends with the agent', async () => {
    const agent = await shell();
    const { port } = await relaying(agent.address);
    const terminal = open(port);
    await terminal.until(() => terminal.told.length === 1);
    agent.output?.destroy();
    expect(await terminal.end()).toBe(1011);
    expect(terminal.told[1]?.error).toContain('The agent is lost');
  });

  test('ends with an agent that would speak otherwise', async () => {
    const agent = await listening(({ socket }) => {
      socket.write('HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
    });
    const { port } = await relaying(agent.address);
    const terminal = open(port);
    expect(await terminal.end()).toBe(1011);
    expect(terminal.told).toEqual([
      { error: 'The agent is lost: it ends the connection without an answer' },
    ]);
  });

  test('tells what the agent refuses', async () => {
    const agent = await shell(403);
    const { port } = await relaying(agent.address);
    const terminal = open(port);
    expect(await terminal.end()).toBe(1008);
    expect(terminal.told).toEqual([{ error: 'not for you', status: 403 }]);
    const unknown = await shell(401);
    const other = open((await relaying(unknown.address, { key: KEY })).port);
    expect(await other.end()).toBe(1008);
    expect(other.told[0]?.error).toContain("does not take this master's word");
  });

  test('has bounds of what is typed', async () => {
    const agent = await shell();
    const { port } = await relaying(agent.address);
    const wrong = open(port);
    await wrong.until(() => wrong.told.length === 1);
    wrong.socket.send('{"rows":0,"columns":70000}');
    expect(await wrong.end()).toBe(1008);
    const long = open(port);
    await long.until(() => long.told.length === 1);
    long.socket.send(Buffer.alloc(2 * 1024 * 1024));
    expect(await long.end()).toBe(1009);
  });

  test('sends no more than its window before the browser has taken that', async () => {
    const agent = await shell();
    const { port } = await relaying(agent.address);
    const terminal = open(port, OPS, 'container=c&window=20000');
    await terminal.until(() => terminal.told.length === 1);
    const piece = 'x'.repeat(10_000);
    for (let pieces = 0; pieces < 5; pieces++) {
      agent.output?.write(outputOf(Buffer.from(piece)));
    }
    await terminal.until(() => terminal.output.length === 20_000);
    // What is typed passes, and shows what has come before: nothing else is on its way.
    terminal.type('typed');
    await until('it is typed', () =>
      agent.calls.some((call) => call.attach_container_input?.process_io?.data !== undefined),
    );
    expect(terminal.output.length).toBe(20_000);
    terminal.socket.send('{"taken":20000}');
    await terminal.until(() => terminal.output.length === 40_000);
    terminal.socket.send('{"taken":20000}');
    await terminal.until(() => terminal.output === `${piece.repeat(5)}typed`);
    terminal.socket.send('{"taken":-1}');
    expect(await terminal.end()).toBe(1008);
  });

  test('shows what is written before more of what was pasted is read', async () => {
    const agent = await shell();
    const { port } = await relaying(agent.address);
    const terminal = open(port, OPS, 'container=c&window=16384');
    terminal.socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) {
        terminal.socket.send(JSON.stringify({ taken: data.length }));
      }
    });
    await terminal.until(() => terminal.told.length === 1);
    await until('it takes input', () => agent.input.length === 1);
    // More than all buffers on the way have room for: what the browser says next is behind it.
    agent.input[0]?.pause();
    const piece = Buffer.alloc(512 * 1024);
    for (let pieces = 0; pieces < 64; pieces++) {
      terminal.socket.send(piece);
    }
    const length = 200_000;
    agent.output?.write(outputOf(Buffer.alloc(length / 2, 'o')));
    agent.output?.write(outputOf(Buffer.alloc(length / 2, 'o')));
    await terminal.until(() => terminal.output.length === length);
    expect(terminal.socket.bufferedAmount).toBeGreaterThan(0);
    terminal.socket.terminate();
  });

  test('is not read faster than the browser takes it', async () => {
    const agent = await shell();
    const { port, url } = await relaying(agent.address);
    const terminal = open(port);
    await terminal.until(() => terminal.told.length === 1);
    terminal.socket.pause();
    const record = outputOf(new Uint8Array(64 * 1024));
    let written = 0;
    while (agent.output?.writableNeedDrain === false && written < 256 * 1024 * 1024) {
      agent.output.write(record);
      written += record.length;
      // What the system and the master take is taken meanwhile.
      await new Promise((resolve) => setImmediate(resolve));
      for (let turn = 0; turn < 50 && agent.output.writableNeedDrain; turn++) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    }
    expect(written).toBeLessThan(64 * 1024 * 1024);
    expect((await fetch(`${url}/health`)).status).toBe(200);
  });
});

describe('who may open one', () => {
  const refused = async (
    headers: Record<string, string>,
    options: Partial<MasterServerOptions> = {},
    query?: string,
  ) => {
    const agent = await shell();
    const { port } = await relaying(agent.address, options);
    const terminal = open(port, headers, query);
    const status = await terminal.end();
    expect(agent.calls).toEqual([]);
    return status;
  };

  test('is who has authenticated, by a header or a session of the page', async () => {
    expect(await refused({})).toBe(401);
    expect(await refused({ Authorization: 'Basic b3BzOng=' })).toBe(401);
    const agent = await shell();
    const { port } = await relaying(agent.address, { key: KEY });
    const Cookie = await sessionOf(port);
    const own = { Cookie, Origin: `http://127.0.0.1:${port}` };
    const terminal = open(port, own);
    await terminal.until(() => terminal.told.length === 1);
    terminal.socket.terminate();
    const statuses: unknown[] = [];
    const foreign: Record<string, string>[] = [
      { Cookie },
      { Cookie, Origin: 'null' },
      { Cookie, Origin: 'http://evil.example' },
      { Cookie, Origin: 'http://127.0.0.1:31000' },
      { ...own, 'Sec-Fetch-Site': 'cross-site' },
      { ...own, 'Sec-Fetch-Site': 'same-site' },
    ];
    for (const headers of foreign) {
      statuses.push(await open(port, headers).end());
    }
    expect(statuses).toEqual([403, 403, 403, 403, 403, 403]);
  });

  test('is no other site, where everybody may do everything', async () => {
    const agent = await shell();
    const place = { address: agent.address, key: undefined };
    const { port } = await startMaster({ views: { ...views, agentPlace: () => place } });
    expect(await open(port, { Origin: 'http://evil.example' }).end()).toBe(403);
    const own = open(port, { Origin: `http://127.0.0.1:${port}` });
    await own.until(() => own.told.length === 1);
    const program = open(port, {});
    await program.until(() => program.told.length === 1);
    own.socket.terminate();
    program.socket.terminate();
  });

  test('asks for a container, in a way that can be meant', async () => {
    for (const query of [
      '',
      'container=',
      'container=a/b',
      'container=..',
      'container=a..b',
      `container=${'a.'.repeat(40)}a`,
      'container=c&mode=other',
      `container=c&command=${'a'.repeat(9_000)}`,
    ]) {
      expect([query, await refused(OPS, {}, query)]).toEqual([query, 400]);
    }
  });

  test('is told where there is none', async () => {
    const { port } = await relaying('127.0.0.1:1');
    const other = urlOf(port, 'container=c', '/agent/other/terminal');
    expect(await new TerminalSocket(other, { headers: OPS }).end()).toBe(404);
    const unreachable = open(port);
    expect(await unreachable.end()).toBe(1011);
    expect(await refused(OPS, { disabledPaths: ['/agent'] })).toBe(403);
    const leader = { kind: 'none' } as const;
    expect(await refused(OPS, { views: { ...views, leader } })).toBe(503);
  });

  test('opens as many as there is room for', async () => {
    const agent = await shell();
    const { port } = await relaying(agent.address);
    const all = Array.from({ length: 60 }, () => open(port));
    const ends = all.slice(52).map((it) => it.end());
    await Promise.all(all.slice(0, 52).map((it) => it.until(() => it.told.length === 1)));
    expect(new Set(await Promise.all(ends))).toEqual(new Set([503]));
    const other = open(port, { Authorization: basic('low:of low') });
    await other.until(() => other.told.length === 1);
    for (const { socket } of [...all, other]) {
      socket.terminate();
    }
  });
});

test('of many, who has most gives a place to who has none', async () => {
  const agent = await shell();
  const crowd = 256 - 52;
  const { port } = await relaying(agent.address, { crowd });
  const opened = async (terminal: TerminalSocket) => {
    await terminal.until(() => terminal.told.length === 1);
    return terminal;
  };
  const most: TerminalSocket[] = [];
  for (let n = 0; n < 52; n++) {
    most.push(await opened(open(port)));
  }
  const all = await Promise.all(
    Array.from({ length: crowd }, (_, n) => opened(open(port, one(n)))),
  );
  const late = await opened(open(port, { Authorization: basic('low:of low') }));
  expect(await most.at(-1)?.end()).toBe(1008);
  expect(most.at(-1)?.told[1]).toEqual({
    error: 'Others need room, and you have most of what is relayed to agents.',
    status: 503,
  });
  expect([...most.slice(0, -1), ...all, late].filter(({ ended }) => ended !== undefined)).toEqual(
    [],
  );
  for (const { socket } of [...most, ...all, late]) {
    socket.terminate();
  }
});

describe('other requests', () => {
  const head = (path: string, upgrade: string) =>
    `GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: ${OPS.Authorization}\r\n` +
    `Connection: Upgrade\r\nUpgrade: ${upgrade}\r\n\r\n`;

  test('that want another protocol are answered as ever', async () => {
    const { port } = await relaying('127.0.0.1:1');
    for (const [path, upgrade, status] of [
      ['/version', 'h2c', 200],
      ['/version', 'websocket', 200],
      [PATH, 'h2c', 404],
    ] as const) {
      const socket = await RawSocket.connect(port);
      await socket.write(head(path, upgrade));
      expect((await socket.until((text) => text.includes('\r\n\r\n'))).slice(9, 12)).toBe(
        String(status),
      );
      socket.close();
    }
  });

  test('are not mixed with a terminal on one connection', async () => {
    const agent = await listening(() => {});
    const { port } = await relaying(agent.address);
    const socket = await RawSocket.connect(port);
    const first =
      `GET /agent/${AGENT}/state HTTP/1.1\r\nHost: x\r\n` +
      `Authorization: ${OPS.Authorization}\r\n\r\n`;
    await socket.write(first + head(`${PATH}?container=c`, 'websocket'));
    expect(await socket.end()).toBe('');
  });

  test('are not WebSockets that are none', async () => {
    const { port } = await relaying('127.0.0.1:1');
    const socket = await RawSocket.connect(port);
    await socket.write(head(`${PATH}?container=c`, 'websocket'));
    expect(await socket.end()).toMatch(/^HTTP\/1.1 400 /);
  });
});
