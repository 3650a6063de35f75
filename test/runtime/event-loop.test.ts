import { describe, expect, test } from 'vitest';
import { EventLoop } from '../../src/runtime/event-loop.ts';

/** Records what it gets; an event may have further events to be dispatched during its step. */
interface TestEvent {
  readonly name: string;
  readonly during?: readonly string[];
}

function recorder(options: { sliceMs?: number; pauseAbove?: number; workMs?: number } = {}) {
  const log: string[] = [];
  // A slice without end is used up on no machine, however busy.
  const { workMs = 0, sliceMs = Number.POSITIVE_INFINITY, ...rest } = options;
  const loop: EventLoop<TestEvent, string> = new EventLoop({
    ...rest,
    sliceMs,
    machine: {
      step: (event: TestEvent) => {
        log.push(`step ${event.name}`);
        for (const name of event.during ?? []) {
          loop.dispatch({ name });
        }
        spin(workMs);
        return [`${event.name}.1`, `${event.name}.2`];
      },
    },
    perform: (effect: string) => log.push(effect),
  });
  return { loop, log };
}

function spin(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end; ) {}
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

async function settled(loop: { readonly length: number }): Promise<void> {
  while (loop.length > 0) {
    await turn();
  }
}

describe('the event loop', () => {
  test('takes a step at once when nothing waits', () => {
    const { loop, log } = recorder();
    loop.dispatch({ name: 'a' });
    expect(log).toEqual(['step a', 'a.1', 'a.2']);
  });

  test('queues what is dispatched during a step behind the effects of that step', () => {
    const { loop, log } = recorder();
    loop.dispatch({ name: 'a', during: ['b', 'c'] });
    expect(log).toEqual([
      ...['step a', 'a.1', 'a.2'],
      ...['step b', 'b.1', 'b.2'],
      ...['step c', 'c.1', 'c.2'],
    ]);
  });

  test('lets I/O have its turn when its slice is used up, and keeps the order', async () => {
    const { loop, log } = recorder({ sliceMs: 1, workMs: 0.2 });
    const names = Array.from({ length: 64 }, (_, i) => `e${i}`);
    for (const name of names) {
      loop.dispatch({ name });
    }
    expect(loop.length).toBeGreaterThan(0);
    let turns = 0;
    while (loop.length > 0) {
      await turn();
      turns++;
    }
    expect(turns).toBeGreaterThan(1);
    expect(log.filter((line) => line.startsWith('step'))).toEqual(
      names.map((name) => `step ${name}`),
    );
  });

  test('lets I/O have its turn between the effects of one step, and takes no step before them', async () => {
    const log: string[] = [];
    const loop = new EventLoop<string, string>({
      sliceMs: 1,
      machine: {
        step: (event) => {
          log.push(`step ${event}`);
          return Array.from({ length: 32 }, (_, i) => `${event}.${i}`);
        },
      },
      perform: (effect) => {
        spin(0.2);
        log.push(effect);
      },
    });
    loop.dispatch('a');
    loop.dispatch('b');
    expect(log.length).toBeLessThan(33);
    let turns = 0;
    while (log.length < 66) {
      await turn();
      turns++;
    }
    expect(turns).toBeGreaterThan(2);
    const effects = (event: string) => Array.from({ length: 32 }, (_, i) => `${event}.${i}`);
    expect(log).toEqual(['step a', ...effects('a'), 'step b', ...effects('b')]);
  });

  test('tells producers to pause and when to go on', async () => {
    const { loop } = recorder({ sliceMs: 0, pauseAbove: 8, workMs: 0.01 });
    let resumed = 0;
    loop.whenDrained(() => resumed++);
    expect(resumed).toBe(1);
    while (!loop.saturated) {
      loop.dispatch({ name: 'x' });
    }
    loop.whenDrained(() => {
      resumed++;
      expect(loop.saturated).toBe(false);
    });
    expect(resumed).toBe(1);
    await settled(loop);
    await turn();
    expect(resumed).toBe(2);
  });

  test('counts its steps', async () => {
    const { loop } = recorder({ sliceMs: 0 });
    for (let i = 0; i < 5_000; i++) {
      loop.dispatch({ name: 'x' });
    }
    await settled(loop);
    expect(loop.steps).toBe(5_000);
  });

  test('does nothing more once it is stopped', () => {
    const { loop, log } = recorder();
    loop.stop();
    loop.dispatch({ name: 'a' });
    expect(log).toEqual([]);
  });
});

describe('new work', () => {
  test('is taken at once when nothing else is to do', () => {
    const { loop, log } = recorder();
    loop.dispatchNewWork(() => ({ name: 'new' }));
    expect(log).toEqual(['step new', 'new.1', 'new.2']);
  });

  test('waits until what was dispatched is done, and keeps its order', async () => {
    const { loop, log } = recorder({ sliceMs: 1, workMs: 0.4 });
    loop.dispatch({ name: 'slow' });
    for (let i = 0; i < 20; i++) {
      loop.dispatchNewWork(() => ({ name: `new${i}` }));
      loop.dispatch({ name: `old${i}` });
    }
    await settled(loop);
    const steps = log.filter((line) => line.startsWith('step '));
    const fresh = steps.filter((line) => line.startsWith('step new'));
    expect(fresh).toEqual(Array.from({ length: 20 }, (_, i) => `step new${i}`));
    // All but the events that came while nothing else waited are behind the last of the old ones.
    expect(steps.indexOf('step new19')).toBeGreaterThan(steps.indexOf('step old19'));
    expect(steps).toHaveLength(41);
  });

  test('is made when its time has come', async () => {
    const { loop } = recorder({ sliceMs: 1, workMs: 2 });
    const made: string[] = [];
    loop.dispatch({ name: 'a' });
    loop.dispatchNewWork(() => {
      made.push('made');
      return { name: 'new' };
    });
    expect(made).toEqual([]);
    await settled(loop);
    expect(made).toEqual(['made']);
  });

  test('is not left waiting for ever by a stream of other events', async () => {
    let steps = 0;
    let taken = false;
    const loop: EventLoop<string, never> = new EventLoop({
      sliceMs: 1,
      machine: {
        step: (event: string) => {
          steps++;
          if (event === 'new') {
            taken = true;
          } else if (!taken) {
            loop.dispatch('again');
            spin(0.1);
          }
          return [];
        },
      },
      perform: () => undefined,
    });
    loop.dispatch('again');
    loop.dispatchNewWork(() => 'new');
    await settled(loop);
    expect(taken).toBe(true);
    expect(steps).toBeGreaterThan(1);
  });
});
