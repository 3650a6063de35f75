import { expect, test } from 'vitest';
import { EarlyMessages } from '../../../src/cli/master/early-messages.ts';
import type { AgentMessage, MasterEvent } from '../../../src/master/events.ts';

const registration = (from: string, hostname = 'a'): AgentMessage => ({
  type: 'agentMessage',
  nowMs: 1,
  from,
  message: { name: 'RegisterAgentMessage', body: { agent: { hostname } } },
});

function early(mostBytes?: number) {
  const views: { leader: { kind: 'self' | 'none'; address: string }; recovered: boolean } = {
    leader: { kind: 'none', address: '' },
    recovered: false,
  };
  const dispatched: MasterEvent[] = [];
  const messages = new EarlyMessages({
    views,
    nowMs: () => 2,
    dispatch: (event) => dispatched.push(event),
    ...(mostBytes === undefined ? {} : { mostBytes }),
  });
  return { views, messages, dispatched };
}

test('how agents begin is kept from the election until the registry has been read', () => {
  const { views, messages, dispatched } = early();
  expect(messages.keeps(registration('one'))).toBe(false);
  views.leader.kind = 'self';
  expect(messages.keeps(registration('one'))).toBe(true);
  expect(messages.keeps(registration('two'))).toBe(true);
  expect(messages.keeps(registration('one', 'b'))).toBe(true);
  expect(
    messages.keeps({
      ...registration('one'),
      message: { name: 'PongAgentMessage', body: {} },
    }),
  ).toBe(false);
  expect(messages.keeps({ type: 'elected', nowMs: 1 })).toBe(false);
  messages.afterStep();
  expect(dispatched).toEqual([]);
  views.recovered = true;
  messages.afterStep();
  messages.afterStep();
  // The last of each, at the time at which it is taken.
  expect(dispatched).toEqual([
    { ...registration('one', 'b'), nowMs: 2 },
    { ...registration('two'), nowMs: 2 },
  ]);
  expect(messages.keeps(registration('three'))).toBe(false);
});

test('what they keep together is bounded', () => {
  const { views, messages, dispatched } = early(4_096);
  views.leader.kind = 'self';
  const kept = Array.from({ length: 100 }, (_, i) => messages.keeps(registration(`${i}`)));
  expect(kept.indexOf(false)).toBeGreaterThan(0);
  expect(kept.lastIndexOf(true)).toBeLessThan(10);
  // The same again takes no more room.
  expect(messages.keeps(registration('0'))).toBe(true);
  views.recovered = true;
  messages.afterStep();
  expect(dispatched).toHaveLength(kept.filter(Boolean).length);
});
