// What is denied, and who is not believed, on its way to the audit log: counted where it is alike,
// told soon for the first time, and never so often that it pushes out what the log holds.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Auditor } from '../../src/http/server/auditor.ts';
import { aclAuthorizer, parseAcls } from '../../src/security/acls.ts';

const NOBODY = { type: 'NONE' };
const MINUTE_MS = 60_000;

interface Line {
  readonly principal?: string;
  readonly address?: string;
  readonly call?: string;
  readonly object?: object;
  readonly objects?: readonly object[];
  readonly claimed?: string;
  readonly allowed: boolean;
  readonly rule: string;
  readonly count?: number;
}

let lines: Line[];
let auditor: Auditor;

beforeEach(() => {
  vi.useFakeTimers();
  lines = [];
  const denied = { principals: { values: ['eve', 'carol'] }, roles: NOBODY };
  auditor = new Auditor({
    authorizer: aclAuthorizer(parseAcls({ update_weights: [denied] })),
    nowMs: () => Date.now(),
    write: (line) => lines.push(JSON.parse(line)),
  });
});

afterEach(() => {
  auditor.close();
  vi.useRealTimers();
});

const change = (principal: string, value: string, call = 'UPDATE_WEIGHTS', origin = '10.0.0.9') =>
  auditor.decide({ principal: { value: principal }, call }, 'UPDATE_WEIGHT', {
    object: { value },
    origin,
  });

const told = () => lines.reduce((sum, { count = 1 }) => sum + count, 0);

test('one that is denied is told soon, and what is allowed at once', () => {
  expect(change('eve', 'a')).toBe(false);
  expect(change('ops', 'a')).toBe(true);
  expect(lines).toMatchObject([{ principal: 'ops', allowed: true }]);
  vi.advanceTimersByTime(200);
  expect(lines[1]).toMatchObject({
    ...{ principal: 'eve', address: '10.0.0.9', call: 'UPDATE_WEIGHTS', allowed: false },
    ...{ object: { value: 'a' }, rule: 'update_weights[0]' },
  });
  expect(lines[1]).not.toHaveProperty('count');
});

test('of those that are counted a few objects are told, each once', () => {
  for (const value of ['a', 'a', 'b', 'c', 'd', 'e']) {
    change('eve', value);
  }
  change('carol', 'a');
  change('carol', 'a');
  vi.advanceTimersByTime(200);
  expect(lines).toMatchObject([
    { principal: 'eve', objects: [{ value: 'a' }, { value: 'b' }, { value: 'c' }], count: 6 },
    { principal: 'carol', objects: [{ value: 'a' }], count: 2 },
  ]);
  expect(lines.filter((line) => 'object' in line)).toEqual([]);
});

test('of what has no name nothing but the number is told', () => {
  const denyAll = new Auditor({
    authorizer: aclAuthorizer(parseAcls({ permissive: false })),
    nowMs: () => 0,
    write: (line) => lines.push(JSON.parse(line)),
  });
  denyAll.decide({ principal: undefined, call: 'PRUNE_IMAGES' }, 'PRUNE_IMAGES');
  denyAll.decide({ principal: undefined, call: 'PRUNE_IMAGES' }, 'PRUNE_IMAGES');
  denyAll.close();
  expect(lines).toMatchObject([{ call: 'PRUNE_IMAGES', count: 2 }]);
  expect(lines[0]).not.toHaveProperty('objects');
});

test('those that go on are told ever more seldom, and none is lost', () => {
  const SECONDS = 600;
  for (let second = 0; second < SECONDS; second++) {
    for (let index = 0; index < 10; index++) {
      change('eve', `role-${second}-${index}`);
      change('eve', 'x', 'UPDATE_WEIGHTS', `x(${second})@10.0.0.9:${index}`);
    }
    change('ops', `role-${second}`);
    vi.advanceTimersByTime(1_000);
  }
  expect(lines.filter(({ allowed }) => allowed)).toHaveLength(SECONDS);
  // After 0, 1, 3, 7 … 63 seconds, and then once in 64.
  expect(lines.filter(({ allowed }) => !allowed).length).toBeLessThanOrEqual(16);
  auditor.close();
  expect(told()).toBe(21 * SECONDS);
});

test('after a long time without any, the next one is told soon again', () => {
  for (let second = 0; second < 100; second++) {
    change('eve', 'a');
    vi.advanceTimersByTime(1_000);
  }
  vi.advanceTimersByTime(12 * MINUTE_MS);
  const before = lines.length;
  expect(told()).toBe(100);
  expect(vi.getTimerCount()).toBe(0);
  change('eve', 'b');
  vi.advanceTimersByTime(200);
  expect(lines.slice(before)).toMatchObject([{ object: { value: 'b' } }]);
});

test('who asks in ever new ways takes no room of others', () => {
  for (let index = 0; index < 5_000; index++) {
    change('eve', 'a', `CALL_${index}`);
  }
  change('carol', 'a');
  vi.advanceTimersByTime(200);
  const of = (principal: string) => lines.filter((line) => line.principal === principal);
  expect(of('eve')).toHaveLength(129);
  expect(of('eve').at(-1)).toMatchObject({ rule: 'denied, as many others', count: 4_872 });
  expect(of('carol')).toMatchObject([{ call: 'UPDATE_WEIGHTS', object: { value: 'a' } }]);
});

test('however many ask, how much is known of them has a bound', () => {
  const denyAll = new Auditor({
    authorizer: aclAuthorizer(parseAcls({ permissive: false })),
    nowMs: () => 0,
    write: (line) => lines.push(JSON.parse(line)),
  });
  for (let index = 0; index < 10_000; index++) {
    const asking = { principal: undefined, call: 'TEARDOWN' };
    denyAll.decide(asking, 'TEARDOWN_FRAMEWORK', { origin: `10.0.${index >> 8}.${index & 255}` });
  }
  denyAll.close();
  expect(lines).toHaveLength(1_025);
  expect(told()).toBe(10_000);
});

describe('who is not believed', () => {
  const tell = (claimed: string, origin: string) =>
    auditor.disbelieve({ claimed, call: '/state', why: 'w' }, origin);

  test('is told soon, and then ever more seldom, whatever port he speaks from', () => {
    for (let second = 0; second < 600; second++) {
      tell('ops', `x(${second})@10.0.0.9:${second}`);
      vi.advanceTimersByTime(1_000);
    }
    expect(lines[0]).toMatchObject({ claimed: 'ops', address: 'x(0)@10.0.0.9:0', rule: 'w' });
    expect(lines.length).toBeLessThanOrEqual(16);
    auditor.close();
    expect(told()).toBe(600);
  });

  test('cannot fill the log, from one address or from many', () => {
    for (let index = 0; index < 5_000; index++) {
      tell(`p${index}`, `x(${index})@10.0.0.9:${index}`);
      tell('p', `10.1.${index >> 8}.${index & 255}`);
    }
    tell('p'.repeat(100_000), '10.1.0.1');
    tell('p', 'o'.repeat(100_000));
    change('eve', 'a', 'UPDATE_WEIGHTS', `${'o'.repeat(100_000)}@10.0.0.1:1`);
    change('ops', 'a', 'UPDATE_WEIGHTS', `${'o'.repeat(100_000)}@10.0.0.1:1`);
    auditor.close();
    const rule = 'not believed, as many others';
    expect(lines.filter(({ address }) => /@10.0.0.9:/.test(String(address)))).toHaveLength(128);
    expect(lines.filter(({ address }) => address === '10.0.0.9')).toMatchObject([
      { count: 4_872, allowed: false, rule },
    ]);
    expect(lines).toHaveLength(1_028);
    expect(lines.filter((line) => line.address === undefined)).toMatchObject([{ rule }]);
    expect(told()).toBe(10_004);
    expect(Math.max(...lines.map((line) => JSON.stringify(line).length))).toBeLessThan(500);
  });
});
