// A master that leads no more: who waits for an answer gets one, and nobody else is let in.
import { afterEach, expect, test } from 'vitest';
import { SchedulerClient } from '../../src/http/client/scheduler-client.ts';
import type { MasterServerEffect } from '../../src/http/master/server.ts';
import { ConnectionLostError } from '../../src/http/transport/call-connection.ts';
import type { MasterEvent } from '../../src/master/events.ts';
import { SchedulerCall_Type } from '../../src/model/generated/messages.ts';
import { isType, MiniMachine, startMaster, stopMasters, views } from './mini-master.ts';
import { RawSocket, statuses } from './raw-socket.ts';

afterEach(stopMasters);

/** Answers only what is of this type. */
class SilentMachine extends MiniMachine {
  readonly #answered: MasterEvent['type'] | undefined;

  constructor(answered?: MasterEvent['type']) {
    super();
    this.#answered = answered;
  }

  override step(event: MasterEvent): MasterServerEffect[] {
    const effects = super.step(event);
    return event.type === this.#answered ? effects : [];
  }
}

const WHY = 'Lost leadership';
const REFUSED = `The master ends, and this may not have been done: ${WHY}`;

const post = (path: string, body: string, head = '') =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAccept: application/json\r\n` +
  `${head}Content-Length: ${body.length}\r\n\r\n${body}`;

const revive = post(
  '/api/v1/scheduler',
  '{"framework_id":{"value":"f"},"type":"REVIVE"}',
  'Mesos-Stream-Id: a\r\n',
);
const subscribe = post(
  '/api/v1/scheduler',
  '{"type":"SUBSCRIBE","subscribe":{"framework_info":{"user":"root","name":"kit"}}}',
);
const WAITING: Readonly<Record<string, string>> = {
  'calls of a scheduler': revive + revive,
  'a scheduler that subscribes': subscribe,
  'a call behind another of its connection': subscribe + revive,
  'an operator that changes something': post(
    '/api/v1',
    '{"type":"UPDATE_QUOTA","update_quota":{"quota_configs":[]}}',
  ),
  'an operator that subscribes': post('/api/v1', '{"type":"SUBSCRIBE"}'),
  'a form': 'DELETE /quota/role HTTP/1.1\r\nHost: x\r\n\r\n',
};

test.each(Object.entries(WAITING))('%s: each gets an answer at once', async (_, requests) => {
  const { server, machine, port } = await startMaster({}, new SilentMachine());
  const raw = await RawSocket.connect(port);
  await raw.write(requests);
  const sent = requests.match(/ HTTP\/1\.1/g)?.length ?? 0;
  while (machine.events.length < sent) {
    await new Promise(setImmediate);
  }
  await server.retire(WHY);
  const text = await raw.until((got) => statuses(got).length === sent && got.endsWith(WHY));
  expect(statuses(text)).toEqual(Array(sent).fill(503));
  expect(text.split(REFUSED)).toHaveLength(sent + 1);
});

test('a client of ours takes it for a lost connection', async () => {
  const machine = new SilentMachine('schedulerSubscribe');
  const { server } = await startMaster({}, machine);
  const subscribed = Promise.withResolvers<void>();
  const client = new SchedulerClient({
    master: server.port.address,
    codec: 'protobuf',
    framework: { user: 'root', name: 'kit', roles: ['*'] },
    onEvent: () => subscribed.resolve(),
  });
  await subscribed.promise;
  const refused = expect(client.call({ type: SchedulerCall_Type.REVIVE })).rejects.toThrow(
    new ConnectionLostError(REFUSED),
  );
  await machine.seen(isType('schedulerCall'));
  await server.retire(WHY);
  await refused;
  client.close();
});

test('what was answered in the turn in which the master leads no more is not sent', async () => {
  let mayLeave = true;
  const { server, machine, port } = await startMaster({ mayLeave: () => mayLeave });
  const raw = await RawSocket.connect(port);
  const retired = machine.seen(isType('schedulerCall')).then(() => {
    mayLeave = false;
    return server.retire(WHY);
  });
  await raw.write(revive);
  await retired;
  expect(statuses(await raw.end())).toEqual([503]);
});

test('a long answer that is being written is given up', async () => {
  let retired: Promise<void> | undefined;
  let isAnswered = false;
  function* slaves() {
    while (!isAnswered) {
      retired ??= server.retire(WHY);
      yield {};
    }
  }
  const state = () => ({ slaves: { [Symbol.iterator]: slaves } });
  const { server, url } = await startMaster({ views: { ...views, state } });
  const response = await fetch(`${url}/state`);
  isAnswered = true;
  expect(response.status).toBe(503);
  expect(await response.text()).toBe(REFUSED);
  await retired;
});

test('a connection that is open is told that nobody leads, and no other is accepted', async () => {
  const { server, port } = await startMaster();
  const raw = await RawSocket.connect(port);
  await raw.write('GET /state HTTP/1.1\r\nHost: x\r\n\r\n');
  await raw.until((text) => statuses(text).length === 1);
  await server.retire(WHY);
  await raw.write(`GET /state HTTP/1.1\r\nHost: x\r\n\r\n${revive}`);
  const text = await raw.until((got) => got.split('No leader elected').length === 3);
  expect(statuses(text)).toEqual([200, 503, 503]);
  await expect(RawSocket.connect(port)).rejects.toThrow('ECONNREFUSED');
});
