// Who asks what takes the master a while, and hangs up: the state machine is told, and only then.
import { afterEach, expect, test } from 'vitest';
import type { MasterServerEffect } from '../../src/http/master/server.ts';
import type { MasterEvent } from '../../src/master/events.ts';
import { MasterCall_Type } from '../../src/model/generated/messages.ts';
import { isType, MiniMachine, startMaster, stopMasters } from './mini-master.ts';
import { RawSocket } from './raw-socket.ts';

afterEach(stopMasters);

/** Answers PLAN, and nothing else. */
class Slow extends MiniMachine {
  override step(event: MasterEvent): MasterServerEffect[] {
    const effects = super.step(event);
    return event.type === 'operatorCall' && event.call.type !== MasterCall_Type.PLAN ? [] : effects;
  }
}

const post = (body: string) =>
  `POST /api/v1 HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n` +
  `Content-Length: ${body.length}\r\n\r\n${body}`;
const EXPLAIN = '{"type":"EXPLAIN","explain":{"framework_id":{"value":"f"}}}';
const PLAN = '{"type":"PLAN","plan":{}}';
const TEARDOWN = '{"type":"TEARDOWN","teardown":{"framework_id":{"value":"f"}}}';

test('of calls that are computed, and have no answer yet', async () => {
  const machine = new Slow();
  const { port } = await startMaster({}, machine);
  const hangUp = async (body: string, answered: boolean) => {
    const { length } = machine.events;
    const raw = await RawSocket.connect(port);
    await raw.write(post(body));
    if (answered) {
      await raw.until((text) => text.includes('200 OK'));
    } else {
      await machine.seen((it): it is MasterEvent => machine.events.indexOf(it) >= length);
    }
    raw.close();
  };
  await hangUp(PLAN, true);
  await hangUp(TEARDOWN, false);
  await hangUp(EXPLAIN, false);
  const { request } = await machine.seen(isType('askerGone'));
  const calls = machine.events.filter(isType('operatorCall'));
  expect(calls.map((it) => it.call.type)).toEqual([
    MasterCall_Type.PLAN,
    MasterCall_Type.TEARDOWN,
    MasterCall_Type.EXPLAIN,
  ]);
  expect(request).toBe(calls[2]?.request);
  expect(machine.events.filter(isType('askerGone'))).toHaveLength(1);
});
