// Event streams: one record in each chunk, both codecs, ends on both sides, slow readers.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { EventStream, framed } from '../../src/http/server/event-stream.ts';
import { HeldBytes } from '../../src/http/transport/held-bytes.ts';
import {
  MasterEvent_Type,
  type MasterEvent as OperatorEvent,
  type SchedulerEvent,
  SchedulerEvent_Type,
  TaskState,
} from '../../src/model/generated/messages.ts';
import { streamId } from '../../src/model/ids.ts';
import { IoTurn } from '../../src/runtime/io-turn.ts';
import { writeJson } from '../../src/wire/json.ts';
import { decodeMessage } from '../../src/wire/protobuf.ts';
import { types } from '../../src/wire/types.ts';
import { isType, type MiniMaster, startMaster, stopMasters } from './mini-master.ts';
import { RawSocket, statuses } from './raw-socket.ts';

afterEach(stopMasters);

const subscribe = (accept: string, close = '') => {
  const body = '{"type":"SUBSCRIBE","subscribe":{"framework_info":{"user":"root","name":"kit"}}}';
  return (
    'POST /api/v1/scheduler HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n' +
    `Accept: ${accept}\r\n${close}Content-Length: ${body.length}\r\n\r\n${body}`
  );
};

/** The chunks of a chunked response, as far as they have come. */
function chunks(text: string): string[] {
  const found: string[] = [];
  for (let at = text.indexOf('\r\n\r\n') + 4; ; ) {
    const lineEnd = text.indexOf('\r\n', at);
    const size = Number.parseInt(text.slice(at, lineEnd), 16);
    const end = lineEnd + 2 + size + 2;
    if (lineEnd < 0 || end > text.length) {
      return found;
    }
    found.push(text.slice(lineEnd + 2, end - 2));
    at = end;
  }
}

/** Reads a chunk as one whole record. */
function record(chunk: string | undefined): string {
  const [, length, rest] = /^(\d+)\n(.*)$/s.exec(chunk ?? '') ?? [];
  expect(Number(length)).toBe(rest?.length);
  return rest ?? '';
}

async function subscribed(master: MiniMaster, accept = 'application/json') {
  const raw = await RawSocket.connect(master.port);
  await raw.write(subscribe(accept));
  await raw.until((text) => chunks(text).length === 1);
  const event = await master.machine.seen(isType('schedulerSubscribe'));
  return { raw, stream: event.stream };
}

async function subscribedOperator(master: MiniMaster): Promise<RawSocket> {
  const raw = await RawSocket.connect(master.port);
  const body = '{"type":"SUBSCRIBE"}';
  await raw.write(
    'POST /api/v1 HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n' +
      `Content-Length: ${body.length}\r\n\r\n${body}`,
  );
  await raw.until((text) => chunks(text).length === 1);
  return raw;
}

describe('an event stream', () => {
  test('begins with its id and has one record a chunk, in JSON', async () => {
    const master = await startMaster();
    const { raw, stream } = await subscribed(master);
    expect(statuses(raw.text)).toEqual([200]);
    expect(raw.text).toContain(`\r\nMesos-Stream-Id: ${stream}\r\n`);
    expect(raw.text).toContain('\r\nTransfer-Encoding: chunked\r\n');
    expect(raw.text).toContain('\r\nContent-Type: application/json\r\n');
    for (const message of ['one', 'zwölf', 'three']) {
      master.server.perform({
        type: 'sendToFramework',
        to: { kind: 'stream', id: stream },
        event: { type: SchedulerEvent_Type.ERROR, error: { message } },
      });
    }
    await raw.until((text) => chunks(text).length === 4);
    const texts = chunks(raw.text).map((chunk) =>
      JSON.parse(Buffer.from(record(chunk), 'latin1').toString('utf8')),
    );
    expect(texts.map(({ type, error }) => error?.message ?? type)).toEqual([
      'SUBSCRIBED',
      'one',
      'zwölf',
      'three',
    ]);
    raw.close();
  });

  test('has the same events in protobuf', async () => {
    const master = await startMaster();
    const { raw } = await subscribed(master, 'application/x-protobuf');
    const bytes = Buffer.from(record(chunks(raw.text)[0]), 'latin1');
    expect(decodeMessage(types.SchedulerEvent, bytes).subscribed?.framework_id.value).toBe('f-1');
    raw.close();
  });

  test('ends when the machine closes it, after what was sent', async () => {
    const master = await startMaster();
    const { raw, stream } = await subscribed(master);
    const event = { type: SchedulerEvent_Type.ERROR, error: { message: 'over' } };
    master.server.perform({ type: 'sendToFramework', to: { kind: 'stream', id: stream }, event });
    master.server.perform({ type: 'closeStream', stream });
    await raw.until((text) => text.endsWith('0\r\n\r\n'));
    expect(chunks(raw.text)[1]).toContain('over');
    expect(master.server.open.schedulers).toBe(0);
    raw.close();
  });

  test('is reported once when the other side closes it', async () => {
    const master = await startMaster();
    const { raw, stream } = await subscribed(master);
    raw.close();
    const closed = await master.machine.seen(isType('streamClosed'));
    expect(closed.stream).toBe(stream);
    master.server.perform({ type: 'closeStream', stream });
    expect(master.machine.events.filter(isType('streamClosed'))).toHaveLength(1);
  });

  test('works when its request says Connection: close', async () => {
    const master = await startMaster();
    const raw = await RawSocket.connect(master.port);
    await raw.write(subscribe('application/json', 'Connection: close\r\n'));
    await raw.until((text) => chunks(text).length === 1);
    raw.close();
  });

  test('comes after the answers to requests that were sent before it', async () => {
    const master = await startMaster();
    const raw = await RawSocket.connect(master.port);
    await raw.write(`GET /version HTTP/1.1\r\nHost: x\r\n\r\n${subscribe('*/*')}`);
    const text = await raw.until((got) => got.includes('SUBSCRIBED'));
    expect(statuses(text)).toEqual([200, 200]);
    expect(chunks(text.slice(text.lastIndexOf('HTTP/1.1')))).toHaveLength(1);
    raw.close();
  });

  test('is cut off when its reader lets too much pile up', async () => {
    const master = await startMaster();
    const { raw, stream } = await subscribed(master);
    raw.socket.pause();
    const event = {
      type: SchedulerEvent_Type.ERROR,
      error: { message: 'x'.repeat(4 * 1024 * 1024) },
    };
    for (let i = 0; i < 64 && master.server.open.schedulers > 0; i++) {
      master.server.perform({ type: 'sendToFramework', to: { kind: 'stream', id: stream }, event });
      await new Promise((resolve) => setImmediate(resolve));
    }
    const closed = await master.machine.seen(isType('streamClosed'));
    expect(closed.stream).toBe(stream);
    raw.close();
  });

  test('is cut off when the readers of all streams let too much pile up, the stalled one first', async () => {
    const held = new HeldBytes(24 * 1024 * 1024);
    const sockets: RawSocket[] = [];
    const lost: string[] = [];
    const turn = new IoTurn();
    const streams: EventStream<SchedulerEvent>[] = [];
    const server = createServer((request, response) => {
      const name = request.url ?? '';
      streams.push(
        new EventStream<SchedulerEvent>({
          response,
          type: types.SchedulerEvent,
          codec: 'json',
          turn,
          held,
          onLost: () => lost.push(name),
        }),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    for (const name of ['/stalled', '/reads']) {
      const raw = await RawSocket.connect((server.address() as AddressInfo).port);
      await raw.write(`POST ${name} HTTP/1.1\r\nHost: x\r\n\r\n`);
      await raw.until((text) => text.includes('\r\n\r\n'));
      sockets.push(raw);
    }
    sockets[0]?.socket.pause();
    const event = {
      type: SchedulerEvent_Type.ERROR,
      error: { message: 'x'.repeat(4 * 1024 * 1024) },
    };
    for (let sent = 1; lost.length === 0; sent++) {
      for (const stream of streams) {
        stream.send(event);
      }
      await sockets[1]?.until((text) => text.length > sent * 4 * 1024 * 1024);
    }
    expect(lost).toEqual(['/stalled']);
    expect(held.total).toBeLessThan(24 * 1024 * 1024);
    for (const raw of sockets) {
      raw.close();
    }
    server.close();
  });

  test('sends what comes after a large state after it, though that is written by and by', async () => {
    const master = await startMaster();
    const raw = await subscribedOperator(master);
    const { request } = await master.machine.seen(isType('operatorCall'));
    const stream = streamId(`operator-${request}`);
    const tasks = Array.from({ length: 2_000 }, (_, i) => ({
      name: `zwölf-${i}`,
      task_id: { value: `${i}` },
      framework_id: { value: 'f' },
      agent_id: { value: 'a' },
      state: TaskState.TASK_RUNNING,
    }));
    const large = { get_state: { get_tasks: { tasks } } };
    const events: OperatorEvent[] = [
      { type: MasterEvent_Type.SUBSCRIBED, subscribed: large },
      { type: MasterEvent_Type.HEARTBEAT },
      { type: MasterEvent_Type.AGENT_REMOVED, agent_removed: { agent_id: { value: 'a' } } },
    ];
    for (const event of events) {
      master.server.perform({ type: 'sendToOperator', stream, event });
    }
    master.server.perform({ type: 'closeStream', stream });
    await raw.until((text) => text.endsWith('0\r\n\r\n'));
    const [, ...sent] = chunks(raw.text.slice(0, -'0\r\n\r\n'.length)).map((chunk) =>
      Buffer.from(record(chunk), 'latin1'),
    );
    expect(sent.map((text) => JSON.parse(text.toString()))).toEqual(
      events.map((event) => JSON.parse(writeJson(types.MasterEvent, event))),
    );
    raw.close();
  });

  test('sends large records that others get, too, as they are, in their order', async () => {
    const turn = new IoTurn();
    const streams: EventStream<SchedulerEvent>[] = [];
    const server = createServer((_, response) => {
      const { SchedulerEvent: type } = types;
      const onLost = () => undefined;
      streams.push(new EventStream({ response, type, codec: 'json', turn, onLost }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const sockets: RawSocket[] = [];
    for (let index = 0; index < 8; index++) {
      const raw = await RawSocket.connect((server.address() as AddressInfo).port);
      await raw.write('POST / HTTP/1.1\r\nHost: x\r\n\r\n');
      await raw.until((text) => text.includes('\r\n\r\n'));
      raw.socket.pause();
      sockets.push(raw);
    }
    const made = Promise.withResolvers<Uint8Array[]>();
    const all = streams.map((stream) => stream.sendMade(made.promise));
    const texts = Array.from({ length: 12 }, (_, index) =>
      String.fromCharCode(97 + index).repeat(index % 3 === 0 ? 3 : 256 * 1024),
    );
    const records = texts.map(framed);
    const before = process.memoryUsage().arrayBuffers;
    for (const stream of streams) {
      for (const bytes of records) {
        stream.sendFramed(bytes);
      }
    }
    made.resolve([Buffer.from('made')]);
    await Promise.all(all);
    await new Promise((resolve) => setImmediate(resolve));
    // A copy for each of them would be 16 MB in all.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * 1024 * 1024);
    for (const [index, raw] of sockets.entries()) {
      raw.socket.resume();
      streams[index]?.close();
      await raw.until((text) => text.endsWith('0\r\n\r\n'));
      expect(chunks(raw.text.slice(0, -'0\r\n\r\n'.length)).map(record)).toEqual([
        'made',
        ...texts,
      ]);
      raw.close();
    }
    server.close();
  });

  test('has each record whole and in its order, though its reader stands still for long', async () => {
    const turn = new IoTurn();
    const opened = Promise.withResolvers<EventStream<SchedulerEvent>>();
    const server = createServer((_, response) => {
      const onLost = () => undefined;
      const options = {
        response,
        type: types.SchedulerEvent,
        codec: 'json',
        turn,
        onLost,
      } as const;
      opened.resolve(new EventStream(options));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const raw = await RawSocket.connect((server.address() as AddressInfo).port);
    await raw.write('POST / HTTP/1.1\r\nHost: x\r\n\r\n');
    const stream = await opened.promise;
    const sent: string[] = [];
    for (let round = 0; round < 100; round++) {
      // The reader stands still for longer than what the kernel holds for it.
      if (round === 5) {
        raw.socket.pause();
      }
      const count = round % 10 === 9 ? 1 : 5 + ((round * 7) % 16);
      for (let index = 0; index < count; index++) {
        const text = `${round}.${index} ${'x'.repeat((round * 131 + index * 977) % 18_000)}`;
        sent.push(text);
        stream.sendRecord(text);
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    raw.socket.resume();
    stream.close();
    await raw.until((text) => text.endsWith('0\r\n\r\n'));
    expect(chunks(raw.text.slice(0, -'0\r\n\r\n'.length)).map(record)).toEqual(sent);
    raw.close();
    server.close();
  });

  test('exists for operators, too', async () => {
    const master = await startMaster();
    const raw = await subscribedOperator(master);
    expect(JSON.parse(record(chunks(raw.text)[0])).type).toBe('SUBSCRIBED');
    expect(master.server.open.operators).toBe(1);
    raw.close();
    await master.machine.seen(isType('streamClosed'));
    expect(master.server.open.operators).toBe(0);
  });
});
