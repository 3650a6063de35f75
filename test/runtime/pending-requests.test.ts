// The ids by which a state machine names requests and streams.
import { describe, expect, test } from 'vitest';
import { requestId, streamId } from '../../src/model/ids.ts';
import {
  type EventSink,
  PendingRequests,
  StreamRegistry,
} from '../../src/runtime/pending-requests.ts';

const MANY = 10_000;

describe('requests that wait for a reply', () => {
  test('are found by ids of their own, however many wait, and once', () => {
    const requests = new PendingRequests<EventSink<string>>();
    const replies: string[] = [];
    const ids = Array.from({ length: MANY }, (_, i) =>
      requests.add({ reply: (status) => replies.push(`${i} ${status}`) }),
    );
    expect(new Set(ids).size).toBe(MANY);
    const [first = requestId(''), ...others] = ids;
    for (const id of [first, first, others.at(-1) ?? first]) {
      requests.take(id)?.reply(202, undefined);
    }
    expect(replies).toEqual(['0 202', `${MANY - 1} 202`]);
    expect(requests.size).toBe(MANY - 2);
  });

  test('keep their ids when those of others come round again', () => {
    const requests = new PendingRequests<EventSink<string>>();
    const waiting = requests.add({ reply: () => undefined });
    for (let i = 0; i < MANY; i++) {
      const id = requests.add({ reply: () => undefined });
      expect(id).not.toBe(waiting);
      requests.take(id);
    }
    expect(requests.size).toBe(1);
  });
});

describe('open streams', () => {
  const open = () => {
    const told: string[] = [];
    const streams = new StreamRegistry<EventSink<string>>((id) => told.push(`lost ${id}`));
    for (const name of ['a', 'b', 'c']) {
      streams.add(streamId(name), {
        send: (event) => told.push(`${name} ${event}`),
        close: () => told.push(`closed ${name}`),
      });
    }
    return { streams, told };
  };

  test('are told as lost once, and not when they were closed or forgotten before', () => {
    const { streams, told } = open();
    streams.close(streamId('a'));
    streams.forget(streamId('b'));
    for (const name of ['a', 'b', 'c', 'c']) {
      streams.lost(streamId(name));
    }
    expect(told).toEqual(['closed a', 'lost c']);
    expect(streams.size).toBe(0);
  });

  test('take no event when they have gone, nor when their reader went before they opened', () => {
    const { streams, told } = open();
    streams.lost(streamId('a'));
    streams.add(streamId('d'), undefined);
    for (const name of ['a', 'b', 'd']) {
      streams.get(streamId(name))?.send('event');
    }
    expect(told).toEqual(['lost a', 'b event']);
  });
});
