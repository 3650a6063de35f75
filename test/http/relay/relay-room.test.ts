// How what is relayed shares the loop, for those who ask little beside those who ask much.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type RelayPlace, RelayRoom } from '../../../src/http/relay/relay-room.ts';
import { partyOf } from '../../../src/security/party.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const MB = 1024 * 1024;

test('so many bytes pass in a second, and addresses take turns', () => {
  const room = new RelayRoom();
  const passed: string[] = [];
  const pass = (origin: string) => room.pass(origin, MB, () => passed.push(origin));
  for (let part = 0; part < 200; part++) {
    pass('10.0.0.1');
  }
  pass('10.0.0.2');
  pass('10.0.0.2');
  pass('10.0.0.3');
  expect(passed.length).toBeLessThan(5);
  vi.advanceTimersByTime(200);
  expect(passed.indexOf('10.0.0.3')).toBeLessThan(8);
  expect(passed.filter((origin) => origin === '10.0.0.2')).toHaveLength(2);
  vi.advanceTimersByTime(800);
  expect(passed.length).toBeGreaterThan(60);
  expect(passed.length).toBeLessThan(70);
  vi.advanceTimersByTime(3_000);
  expect(passed).toHaveLength(203);
});

test('what has been idle passes at once, and no more than a part of a second of it', () => {
  const room = new RelayRoom();
  vi.advanceTimersByTime(60_000);
  let passed = 0;
  for (let part = 0; part < 10; part++) {
    room.pass('10.0.0.1', MB, () => passed++);
  }
  expect([passed > 0, passed < 4]).toEqual([true, true]);
});

/** A place that there has to be. */
function placeIn(room: RelayRoom, party: string, agent = 'a'): RelayPlace {
  const place = room.take(party, agent);
  if ('full' in place) {
    throw new Error(place.full);
  }
  return place;
}

/** How many of them there is room for. */
function taken(room: RelayRoom, party: string, agent = 'a', most = 1_000): number {
  let count = 0;
  while (count < most && !('full' in room.take(party, agent))) {
    count++;
  }
  return count;
}

test('who holds all that they can leave room at an agent, and who ends gives it back', () => {
  const room = new RelayRoom();
  const place = placeIn(room, 'first');
  expect(1 + taken(room, 'first')).toBe(52);
  expect(room.take('first', 'a')).toEqual({
    full: '52 requests of first are relayed to agent a, and others need room, too',
  });
  for (let party = 0; party < 12; party++) {
    expect(taken(room, `greedy ${party}`)).toBeGreaterThan(2);
  }
  expect(taken(room, 'late')).toBeGreaterThan(0);
  const { size } = room;
  place.over();
  place.over();
  expect(room.size).toBe(size - 1);
});

test('hundreds that hold all they can keep nobody from an agent of which one has two places', () => {
  const room = new RelayRoom();
  const lost: string[] = [];
  const hold = (party: string, n: number) => {
    const place = placeIn(room, party);
    place.giveWay = () => lost.push(`${party} ${n}`);
  };
  for (let n = 0; n < 50; n++) {
    hold('first', n);
  }
  expect(lost).toEqual([]);
  for (let party = 0; party < 256 - 50; party++) {
    hold(`party ${party}`, 0);
  }
  expect([room.size, lost]).toEqual([256, []]);
  for (let party = 0; party < 49; party++) {
    hold(`late ${party}`, 0);
  }
  // The newest of who has most go, until all have one.
  expect(room.size).toBe(256);
  expect(lost).toEqual(Array.from({ length: 49 }, (_, n) => `first ${49 - n}`));
  expect(room.take('too late', 'a')).toEqual({
    full: '0 requests of too late are relayed to agent a, and others need room, too',
  });
  expect(room.take('too late', 'b')).not.toHaveProperty('full');
});

test('who has half of what another has takes none of his places', () => {
  const room = new RelayRoom();
  const parties = Array.from({ length: 30 }, (_, n) => `party ${n}`);
  const places = new Map(parties.map((party) => [party, 0]));
  const hold = (party: string) => {
    const place = room.take(party, 'a');
    if (!('full' in place)) {
      places.set(party, (places.get(party) ?? 0) + 1);
      place.giveWay = () => places.set(party, (places.get(party) ?? 0) - 1);
    }
    return !('full' in place);
  };
  // Whatever they try, there comes an end of it, and nobody has a small part of what others have.
  let turns = 0;
  for (let isMoving = true; isMoving; turns++) {
    isMoving = parties.filter(hold).length > 0;
    expect(turns).toBeLessThan(1_000);
  }
  const counts = [...places.values()];
  expect(counts.reduce((sum, count) => sum + count)).toBe(room.size);
  expect(Math.max(...counts)).toBeLessThan(2 * (Math.min(...counts) + 1));
});

test('a dozen that hold all they can, at as many agents as they like, leave room for others', () => {
  const room = new RelayRoom();
  const greedy = (party: string) => {
    let count = 0;
    for (let agent = 0; agent < 30; agent++) {
      count += taken(room, party, `${party} ${agent}`);
    }
    return count;
  };
  expect(greedy('first')).toBe(128);
  for (let party = 0; party < 12; party++) {
    expect(greedy(`greedy ${party}`)).toBeGreaterThan(10);
  }
  expect(taken(room, 'late', 'b')).toBeGreaterThan(5);
});

test('a party is a principal, at whatever address, or the network of an address', () => {
  expect(partyOf({ value: 'ops' }, '10.0.0.1')).toBe(partyOf({ value: 'ops' }, '10.0.0.2'));
  expect(partyOf({ value: 'ops' }, '10.0.0.1')).not.toBe(partyOf({ value: 'low' }, '10.0.0.1'));
  expect(partyOf({ value: '10.0.0.1' }, '10.0.0.2')).not.toBe(partyOf(undefined, '10.0.0.1'));
  expect(partyOf(undefined, '2001:db8::1')).toBe(partyOf(undefined, '2001:db8:0:0:5::7'));
  expect(partyOf(undefined, '10.0.0.1')).not.toBe(partyOf(undefined, '10.0.0.2'));
});
