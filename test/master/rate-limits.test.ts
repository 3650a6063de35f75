// --rate_limits: which calls of frameworks wait for how long, and what comes of those above the
// capacity.
import { describe, expect, test } from 'vitest';
import { rateLimitsOf } from '../../src/cli/master/rate-limits.ts';
import type { MasterOptions } from '../../src/master/options.ts';
import { copyState, stateDifference } from '../../src/master/state-copy.ts';
import type { RateLimit } from '../../src/model/rate-limits.ts';
import { type FakeFramework, World } from './harness.ts';

const limited = (limit: RateLimit | undefined, others?: RateLimit): Partial<MasterOptions> => ({
  rateLimits: { byPrincipal: new Map([['slow', limit]]), others },
});

const slow = (world: World) => world.framework({ principal: 'slow' });

/** The answers to so many calls that are sent at once; 0 while a call waits. */
const burst = (framework: FakeFramework, calls: number) =>
  Array.from({ length: calls }, () => framework.call('SUPPRESS').status);

const countsOf = (world: World, principal = 'slow') => {
  const metrics = world.views.metrics(world.nowMs);
  const of = (name: string) => metrics[`frameworks/${principal}/messages_${name}`];
  return { received: of('received'), processed: of('processed') };
};

test('calls above the rate wait for their turn, in their order', () => {
  const world = new World(limited({ qps: 2 }));
  const framework = slow(world);
  expect(burst(framework, 4)).toEqual([202, 0, 0, 0]);
  // The SUBSCRIBE of a new framework is none of its calls yet.
  expect(countsOf(world)).toEqual({ received: 5, processed: 2 });
  world.advance(499);
  expect(countsOf(world)).toEqual({ received: 5, processed: 2 });
  world.advance(1);
  expect(countsOf(world)).toEqual({ received: 5, processed: 3 });
  world.advance(1000);
  expect(countsOf(world)).toEqual({ received: 5, processed: 5 });
  // Idle time is not saved up.
  world.advance(60_000);
  expect(burst(framework, 2)).toEqual([202, 0]);
});

test('a call above the capacity is dropped, and the framework told by an ERROR event', () => {
  const world = new World(limited({ qps: 1, capacity: 2 }));
  const framework = slow(world);
  expect(burst(framework, 4)).toEqual([202, 0, 0, 429]);
  const error = 'Message mesos.scheduler.Call dropped: capacity(2) exceeded';
  expect(framework.events('ERROR')).toMatchObject([{ error: { message: error } }]);
  expect(world.logs.at(-1)).toContain(`Dropping a call of framework ${framework.id}`);
  // Those before it are taken all the same.
  world.advance(2000);
  expect(countsOf(world)).toEqual({ received: 5, processed: 4 });
  expect(burst(framework, 1)).toEqual([0]);
});

test('principals without a rate, and without a limit, are not held up', () => {
  const world = new World(limited(undefined, { qps: 1 }));
  expect(burst(slow(world), 3)).toEqual([202, 202, 202]);
  const free = new World(limited({ qps: 1 }));
  expect(burst(free.framework({ principal: 'other' }), 3)).toEqual([202, 202, 202]);
  expect(burst(free.framework(), 3)).toEqual([202, 202, 202]);
});

test('frameworks of one principal share its rate, and all others theirs', () => {
  const world = new World(limited({ qps: 1 }, { qps: 1, capacity: 1 }));
  expect([...burst(slow(world), 1), ...burst(slow(world), 1)]).toEqual([202, 0]);
  const [first, second] = [world.framework({ principal: 'other' }), world.framework()];
  expect([...burst(first, 1), ...burst(second, 2)]).toEqual([202, 0, 429]);
});

test('a call that is not the framework’s own takes none of its turns', () => {
  const world = new World(limited({ qps: 1, capacity: 1 }));
  const framework = slow(world);
  for (let i = 0; i < 5; i++) {
    expect(framework.call('SUPPRESS', {}, undefined).status).toBe(202);
    world.advance(1000);
    expect(framework.call('SUPPRESS', {}, 'another' as never).status).toBe(400);
  }
  expect(burst(framework, 1)).toEqual([202]);
});

test('a scheduler that is gone does not overtake its own calls', () => {
  const world = new World(limited({ qps: 1 }));
  const framework = slow(world);
  framework.call('SUPPRESS');
  framework.call('TEARDOWN');
  framework.disconnect();
  expect(world.master.frameworks.registered.size).toBe(1);
  world.advance(1000);
  expect(world.master.frameworks.registered.size).toBe(0);
  expect([...world.master.throttle.turns.values()]).toMatchObject([{ calls: 0 }]);
  expect(world.master.throttle.bytes).toBe(0);
});

test('a scheduler that takes over does not stand behind the calls of the one before it', () => {
  const world = new World(limited({ qps: 1, capacity: 100 }));
  const framework = slow(world);
  burst(framework, 50);
  expect(framework.subscribe()?.type).toBe('openStream');
  expect(framework.first('SUBSCRIBED')).toBeDefined();
  expect(burst(framework, 1)).toEqual([0]);
  // Calls that are refused take no turns: the new scheduler's is taken with them.
  world.advance(1000);
  expect(world.master.throttle.bytes).toBe(0);
});

test('whatever the capacity, what waits has a bound', () => {
  const world = new World(limited({ qps: 0.001 }));
  const framework = slow(world);
  const message = { agent_id: { value: 'a' }, executor_id: { value: 'e' } };
  const statuses = Array.from(
    { length: 10 },
    () =>
      framework.call('MESSAGE', { message: { ...message, data: new Uint8Array(8 * 1024 * 1024) } })
        .status,
  );
  expect(statuses).toEqual([202, 0, 0, 0, 0, 0, 0, 0, 429, 429]);
});

test('turns that come late are made up for, but not those of long ago', () => {
  const world = new World(limited({ qps: 10 }));
  const framework = slow(world);
  burst(framework, 100);
  const before = countsOf(world).processed ?? 0;
  // The loop stands still for a minute.
  world.nowMs += 60_000;
  world.dispatch({ type: 'timer', timer: 'rate-limit//slow' });
  const taken = (countsOf(world).processed ?? 0) - before;
  expect(taken).toBeGreaterThan(9);
  expect(taken).toBeLessThan(13);
});

test('what waits is part of the state, which goes on in a copy', () => {
  const world = new World(limited({ qps: 1 }));
  burst(slow(world), 3);
  const copy = copyState(world.master);
  expect(stateDifference(copy, world.master)).toBeUndefined();
  world.advance(1000);
  expect(stateDifference(copy, world.master)).toBeDefined();
});

describe('--rate_limits', () => {
  test('is read as Mesos’s', () => {
    expect(rateLimitsOf(undefined)).toBeUndefined();
    expect(
      rateLimitsOf({
        limits: [
          { principal: 'foo', qps: 55.5, capacity: 100_000 },
          { principal: 'bar', qps: 300 },
          { principal: 'baz', capacity: 5 },
        ],
        aggregate_default_qps: 333,
        aggregate_default_capacity: 1_000_000,
      }),
    ).toEqual({
      byPrincipal: new Map([
        ['foo', { qps: 55.5, capacity: 100_000 }],
        ['bar', { qps: 300 }],
        ['baz', undefined],
      ]),
      others: { qps: 333, capacity: 1_000_000 },
    });
  });

  test.each([
    [{ limits: [{ principal: 'a' }, { principal: 'a', qps: 1 }] }, "the principal 'a' twice"],
    [{ limits: [{ principal: 'a', qps: 0 }] }, 'qps must be a positive number, got 0'],
    [{ limits: [{ principal: 'a', qps: -1 }] }, 'qps must be a positive number, got -1'],
    [{ aggregate_default_qps: 0 }, 'aggregate_default_qps must be a positive number'],
    [{ limits: [{ qps: 1 }] }, 'principal'],
    [{ limit: [] }, "the unknown field 'limit' (did you mean 'limits'?)"],
    [{ limits: [{ principal: 'a', qps: '1s' }] }, 'qps'],
    [[], '--rate_limits'],
  ])('%j is refused', (value, message) => {
    expect(() => rateLimitsOf(value)).toThrow(message);
  });
});
