// Attaching to the input and output of containers over HTTP, with real supervisors.
import { statSync } from 'node:fs';
import { type ClientRequest, createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AttachContainer } from '../../src/agent/effects.ts';
import type { AgentEvent } from '../../src/agent/events.ts';
import type { AgentViews } from '../../src/agent/views.ts';
import { Attachments } from '../../src/agent-driver/attaching.ts';
import { sendOutput } from '../../src/http/agent/attachments.ts';
import type { ExecutorStream } from '../../src/http/agent/executor-api.ts';
import { AgentServer } from '../../src/http/agent/server.ts';
import { plainCarriers } from '../../src/http/transport/carriers.ts';
import {
  type AgentCall,
  AgentCall_Type,
  AgentCall_AttachContainerInput_Type as InputType,
  type ProcessIO,
  ProcessIO_Control_Type,
  ProcessIO_Data_Type,
  ProcessIO_Type,
} from '../../src/model/generated/messages.ts';
import { containerId } from '../../src/model/ids.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { EventLoop } from '../../src/runtime/event-loop.ts';
import { silentLogger } from '../../src/runtime/logger.ts';
import { PendingRequests, StreamRegistry } from '../../src/runtime/pending-requests.ts';
import { permissive } from '../../src/security/authorizer.ts';
import { readJson, writeJson } from '../../src/wire/json.ts';
import { decodeMessage, encodeMessage } from '../../src/wire/protobuf.ts';
import { encodeRecord, RecordReader } from '../../src/wire/record-io.ts';
import { types } from '../../src/wire/types.ts';
import { eventually } from '../agent-driver/outside.ts';
import { PIPES, Supervised, TERMINAL } from '../containerizer/terminals/supervised.ts';

const JSON_TYPE = 'application/json';
const PROTOBUF_TYPE = 'application/x-protobuf';
const RECORDIO_TYPE = 'application/recordio';
const HEARTBEAT_MS = 40;

let of: Supervised;
let server: AgentServer;

const views: AgentViews = {
  recovered: true,
  registered: true,
  knownBy: undefined,
  state: () => ({}),
  metrics: () => ({}),
  containers: () => [],
  files: () => Object.assign(new Map<string, string>(), { denies: () => false }),
  read: () => undefined,
};

/** A machine that lets everybody attach to the one container. */
beforeEach(async () => {
  of = await Supervised.open();
  const requests = new PendingRequests<ExecutorStream>();
  const attachments = new Attachments({ folder: () => of.run });
  const loop = new EventLoop<AgentEvent, AttachContainer>({
    machine: {
      step: (event) =>
        event.type !== 'operatorCall'
          ? []
          : [
              {
                type: 'attachContainer',
                request: event.request,
                containerId: containerId('c'),
                to: event.call.type === AgentCall_Type.ATTACH_CONTAINER_INPUT ? 'input' : 'output',
              },
            ],
    },
    perform: (effect) => void attachments.attach(effect, requests.take(effect.request)),
  });
  server = await AgentServer.start({
    host: '127.0.0.1',
    port: 0,
    carriers: plainCarriers,
    dispatch: (event) => loop.dispatch(event),
    requests,
    streams: new StreamRegistry<ExecutorStream>(() => undefined),
    pressure: loop,
    views,
    authorizer: permissive,
    authentication: {},
    flags: {},
    version: { version: '1.12.0' },
    clock: systemClock,
    logger: silentLogger,
    log: { verbosity: 0 },
    heartbeatMs: HEARTBEAT_MS,
  });
});

afterEach(async () => {
  await server.port.close();
  await of.close();
});

const container_id = { value: 'c' };

function send(headers: Record<string, string>): ClientRequest {
  const url = `http://${server.port.address}/api/v1`;
  return request(url, { method: 'POST', headers, agent: false });
}

const answered = (sent: ClientRequest) =>
  new Promise<IncomingMessage>((resolve, reject) =>
    sent.once('response', resolve).once('error', reject),
  );

async function statusOf(sent: ClientRequest) {
  const response = await answered(sent);
  let text = '';
  for await (const piece of response.setEncoding('utf8')) {
    text += piece;
  }
  return { status: response.statusCode, text };
}

/** What an answer brings. */
class Reading {
  readonly records: ProcessIO[] = [];
  readonly response: IncomingMessage;
  readonly done: Promise<void>;

  constructor(response: IncomingMessage, codec: string) {
    this.response = response;
    this.done = this.#read(codec);
    // Not every test waits for it.
    this.done.catch(() => undefined);
  }

  async #read(codec: string): Promise<void> {
    const reader = new RecordReader();
    for await (const piece of this.response) {
      for (const record of reader.push(piece)) {
        this.records.push(
          codec === JSON_TYPE
            ? readJson(types.ProcessIO, Buffer.from(record).toString())
            : decodeMessage(types.ProcessIO, record),
        );
      }
    }
  }

  get text(): string {
    return this.records
      .map(({ data }) => Buffer.from(data?.data ?? new Uint8Array()).toString())
      .join('');
  }

  until(wanted: string): Promise<void> {
    return eventually(() => this.text.includes(wanted));
  }
}

async function read(codec = JSON_TYPE, headers: Record<string, string> = {}): Promise<Reading> {
  const call: AgentCall = {
    type: AgentCall_Type.ATTACH_CONTAINER_OUTPUT,
    attach_container_output: { container_id },
  };
  const sent = send({
    'Content-Type': JSON_TYPE,
    Accept: RECORDIO_TYPE,
    'Message-Accept': codec,
    ...headers,
  });
  sent.end(writeJson(types.AgentCall, call));
  return new Reading(await answered(sent), codec);
}

const inputCall = (part: NonNullable<AgentCall['attach_container_input']>): AgentCall => ({
  type: AgentCall_Type.ATTACH_CONTAINER_INPUT,
  attach_container_input: part,
});
const FIRST = inputCall({ type: InputType.CONTAINER_ID, container_id });
const io = (process_io: ProcessIO) => inputCall({ type: InputType.PROCESS_IO, process_io });
const stdin = (text: string) =>
  io({
    type: ProcessIO_Type.DATA,
    data: { type: ProcessIO_Data_Type.STDIN, data: Buffer.from(text) },
  });
const windowOf = (rows: number, columns: number) =>
  io({
    type: ProcessIO_Type.CONTROL,
    control: {
      type: ProcessIO_Control_Type.TTY_INFO,
      tty_info: { window_size: { rows, columns } },
    },
  });

/** A request for input that goes on. */
function input(codec = JSON_TYPE) {
  const sent = send({
    'Content-Type': RECORDIO_TYPE,
    'Message-Content-Type': codec,
    Accept: JSON_TYPE,
  });
  const status = statusOf(sent);
  // Not every test asks for it.
  status.catch(() => undefined);
  const write = (call: AgentCall) =>
    sent.write(
      encodeRecord(
        codec === JSON_TYPE
          ? Buffer.from(writeJson(types.AgentCall, call))
          : encodeMessage(types.AgentCall, call),
      ),
    );
  write(FIRST);
  return { sent, status, write };
}

describe('output', () => {
  test.each([JSON_TYPE, PROTOBUF_TYPE])(
    'is records of %s, and ends with the process',
    async (codec) => {
      const { release } = await of.launch('read a; echo out; echo err >&2', PIPES);
      const reading = await read(codec);
      expect(reading.response).toMatchObject({ statusCode: 200 });
      expect(reading.response.headers).toMatchObject({
        'content-type': RECORDIO_TYPE,
        'message-content-type': codec,
        'transfer-encoding': 'chunked',
      });
      release();
      const { write } = input(codec);
      write(stdin('\n'));
      await reading.done;
      expect(reading.response.complete).toBe(true);
      const data = (stream: 'STDOUT' | 'STDERR') =>
        reading.records
          .filter((record) => record.data?.type === ProcessIO_Data_Type[stream])
          .map((record) => Buffer.from(record.data?.data ?? []).toString());
      expect([data('STDOUT'), data('STDERR')]).toEqual([['out\n'], ['err\n']]);
    },
  );

  test('has heartbeats that say how often they come', async () => {
    const { release } = await of.launch('exec sleep 100', PIPES);
    release();
    const reading = await read();
    await eventually(() => reading.records.length > 0);
    expect(reading.records[0]?.control).toMatchObject({
      type: ProcessIO_Control_Type.HEARTBEAT,
      heartbeat: { interval: { nanoseconds: BigInt(HEARTBEAT_MS) * 1_000_000n } },
    });
  });

  test('is the same records for who does not ask for a stream', async () => {
    const { release } = await of.launch('read a; echo out', PIPES);
    const call = {
      type: AgentCall_Type.ATTACH_CONTAINER_OUTPUT,
      attach_container_output: { container_id },
    };
    const sent = send({ 'Content-Type': JSON_TYPE, Accept: JSON_TYPE });
    sent.end(writeJson(types.AgentCall, call));
    const response = await answered(sent);
    expect(response.headers['content-type']).toBe(JSON_TYPE);
    const reading = new Reading(response, JSON_TYPE);
    release();
    const { write } = input();
    write(stdin('\n'));
    await reading.done;
    expect(reading.text).toBe('out\n');
  });

  test('that nobody takes is not read from the process', async () => {
    const { release } = await of.launch('exec cat /dev/zero', PIPES);
    const sent = send({
      'Content-Type': JSON_TYPE,
      Accept: RECORDIO_TYPE,
      'Message-Accept': PROTOBUF_TYPE,
    });
    sent.end(
      writeJson(types.AgentCall, {
        type: AgentCall_Type.ATTACH_CONTAINER_OUTPUT,
        attach_container_output: { container_id },
      }),
    );
    const response = await answered(sent);
    release();
    let before = -1;
    // It comes to a stop: what sockets and buffers hold, and no more.
    await eventually(() => {
      const size = statSync(of.path('stdout'), { throwIfNoEntry: false })?.size ?? 0;
      const isStill = size > 0 && size === before;
      before = size;
      return isStill;
    });
    expect(before).toBeLessThan(32 * 1024 * 1024);
    response.destroy();
  });

  test('ends with its client, also where more of it has been read already', async () => {
    const { promise: sent, resolve } = Promise.withResolvers<void>();
    const output = {
      isWhole: false,
      close: () => undefined,
      async *[Symbol.asyncIterator]() {
        const data = Buffer.alloc(64 * 1024 * 1024);
        yield* [data, data, data].map((it) => ({ stream: 'stdout' as const, data: it }));
      },
    };
    const of = { codec: 'protobuf', isDeclared: true, heartbeatMs: HEARTBEAT_MS } as const;
    const slow = createServer((_, response) => resolve(sendOutput(output, response, of)));
    await new Promise<void>((listening) => slow.listen(0, '127.0.0.1', listening));
    const { port } = slow.address() as AddressInfo;
    const response = await answered(request({ host: '127.0.0.1', port, agent: false }).end());
    response.destroy();
    await sent;
    slow.close();
  });

  test('of a container without a switchboard is refused, and of none not found', async () => {
    const call = {
      type: AgentCall_Type.ATTACH_CONTAINER_OUTPUT,
      attach_container_output: { container_id },
    };
    const attempt = () => {
      const sent = send({ 'Content-Type': JSON_TYPE, Accept: JSON_TYPE });
      sent.end(writeJson(types.AgentCall, call));
      return statusOf(sent);
    };
    expect(await attempt()).toEqual({
      status: 500,
      text: 'I/O switchboard server was disabled for this container',
    });
    const { release, ended } = await of.launch('true', PIPES);
    release();
    await ended;
    expect(await attempt()).toEqual({ status: 500, text: 'Unknown container c' });
  });
});

describe('input', () => {
  test.each([JSON_TYPE, PROTOBUF_TYPE])('is records of %s', async (codec) => {
    const { release } = await of.launch('stty -echo; stty size; cat', TERMINAL);
    const reading = await read();
    release();
    await reading.until('30 100');
    const { write, sent, status } = input(codec);
    write(stdin('typed\n'));
    await reading.until('typed');
    write(windowOf(50, 120));
    write(
      io({ type: ProcessIO_Type.CONTROL, control: { type: ProcessIO_Control_Type.HEARTBEAT } }),
    );
    sent.end();
    expect(await status).toEqual({ status: 200, text: '' });
    // The end of a connection is not that of the input.
    const again = input(codec);
    again.write(stdin('more\n'));
    await reading.until('more');
    again.write(stdin('\x04'));
    await reading.done;
    expect(await again.status).toEqual({ status: 500, text: 'Disconnected' });
  });

  test('that is closed ends with the process', async () => {
    const { release } = await of.launch('cat; exit 3', PIPES);
    release();
    const { write, status } = input();
    write(stdin('x'));
    write(stdin(''));
    expect(await status).toEqual({ status: 200, text: '' });
    expect(of.file('stdout')).toBe('x');
  });

  test('goes on after its end where that is a terminal, and is refused elsewhere', async () => {
    const { release } = await of.launch('stty -echo; stty size; cat', TERMINAL);
    const reading = await read();
    release();
    await reading.until('30 100');
    const { write, sent, status } = input();
    write(stdin(''));
    write(stdin('typed\n'));
    await reading.until('typed');
    write(stdin('\x04'));
    await reading.done;
    sent.end();
    expect(await status).toEqual({ status: 200, text: '' });
    await of.close();
    of = await Supervised.open();
    const pipes = await of.launch('sleep 1000', PIPES);
    pipes.release();
    const late = input();
    late.write(stdin(''));
    late.write(stdin('x'));
    expect(await late.status).toEqual({
      status: 500,
      text: 'Failed to write to the standard input of the process: Broken pipe',
    });
  });

  test('comes from one client at a time', async () => {
    const { release } = await of.launch('cat', PIPES);
    const reading = await read();
    release();
    const first = input();
    first.write(stdin('x'));
    await reading.until('x');
    const second = input();
    expect(await second.status).toEqual({
      status: 409,
      text: 'Multiple input connections are not allowed',
    });
    first.sent.end();
    expect(await first.status).toMatchObject({ status: 200 });
  });

  test.each<[string, AgentCall, string]>([
    [
      'a second id',
      FIRST,
      "Expecting 'attach_container_input.type' to be 'PROCESS_IO' instead of: '1'",
    ],
    [
      'output',
      io({
        type: ProcessIO_Type.DATA,
        data: { type: ProcessIO_Data_Type.STDOUT, data: Buffer.from('x') },
      }),
      "Expecting 'process_io.data.type' to be 'STDIN'",
    ],
    ['no message', inputCall({ type: InputType.PROCESS_IO }), 'process_io'],
    ['neither data nor control', io({ type: ProcessIO_Type.UNKNOWN }), "'DATA' or 'CONTROL'"],
    [
      'a control that is none',
      io({ type: ProcessIO_Type.CONTROL, control: {} }),
      "'TTY_INFO' or 'HEARTBEAT'",
    ],
    ['a size that is none', windowOf(65_536, 1), '65536 rows'],
    [
      'a size without a terminal',
      windowOf(30, 100),
      'Unable to set the window size: Inappropriate ioctl for device',
    ],
  ])('of %s is refused', async (_, call, text) => {
    const { release } = await of.launch('exec sleep 100', PIPES);
    release();
    const { write, status } = input();
    write(call);
    expect(await status).toEqual({ status: 400, text: expect.stringContaining(text) });
    // The next client is not kept out.
    const { sent, status: next } = input();
    sent.end();
    expect(await next).toMatchObject({ status: 200 });
  });

  test.each([
    ['of a gigabyte', '1000000000\n{', 'Record of 1000000000 bytes is beyond the limit of 4194304'],
    ['without a length', 'x\n', "Failed to decode length 'x'"],
    ['that is no JSON', '1\n{', 'Failed to parse body into JSON'],
  ])('records %s are refused', async (_, bytes, text) => {
    const { release } = await of.launch('exec sleep 100', PIPES);
    release();
    const { sent, status } = input();
    sent.write(bytes);
    expect(await status).toEqual({ status: 400, text: expect.stringContaining(text) });
  });

  test('that the process does not read waits, and goes with its client', async () => {
    const { release } = await of.launch('exec sleep 100', PIPES);
    release();
    const first = input();
    const gone = expect(first.status).rejects.toThrow('socket hang up');
    for (let i = 0; i < 8; i++) {
      first.write(stdin('x'.repeat(1024 * 1024)));
    }
    // Not all of it is taken from the client.
    await eventually(() => first.sent.writableLength > 1024 * 1024);
    first.sent.destroy();
    await gone;
    let next = { status: 409, text: '' as string } as Awaited<typeof first.status>;
    while (next.status === 409) {
      const { sent, status } = input();
      sent.end();
      next = await status;
    }
    expect(next).toEqual({ status: 200, text: '' });
  });
});
