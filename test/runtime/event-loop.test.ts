import { describe, expect, it } from 'vitest';
import { EventLoop } from '../../src/runtime/event-loop.ts';

/** Records what it sees; an event may carry events to dispatch while it is stepped. */
interface TestEvent {
  readonly name: string;
  readonly during?: readonly string[];
}

function recorder(options: { sliceMs?: number; pauseAbove?: number; workMs?: number } = {}) {
  const log: string[] = [];
  const { workMs = 0, ...rest } = options;
  const loop: EventLoop<TestEvent, string> = new EventLoop({
    ...rest,
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
  for (const end = performance.now() + ms; performance.now() < end; );
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

async function settled(loop: EventLoop<TestEvent, string>): Promise<void> {
  while (loop.length > 0) {
    await turn();
  }
}

describe('the event loop', () => {
  it('takes a step at once when nothing waits', () => {
    const { loop, log } = recorder();
    loop.dispatch({ name: 'a' });
    expect(log).toEqual(['step a', 'a.1', 'a.2']);
  });

  it('queues what is dispatched during a step behind the effects of that step', () => {
    const { loop, log } = recorder();
    loop.dispatch({ name: 'a', during: ['b', 'c'] });
    expect(log).toEqual([
      ...['step a', 'a.1', 'a.2'],
      ...['step b', 'b.1', 'b.2'],
      ...['step c', 'c.1', 'c.2'],
    ]);
  });

  it('lets I/O have its turn when its slice is used up, and keeps the order', async () => {
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

  it('lets I/O have its turn between the effects of one step, and takes no step before them', async () => {
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

  it('tells producers to pause and when to go on', async () => {
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

  it('counts its steps', async () => {
    const { loop } = recorder({ sliceMs: 0 });
    for (let i = 0; i < 5_000; i++) {
      loop.dispatch({ name: 'x' });
    }
    await settled(loop);
    expect(loop.steps).toBe(5_000);
  });

  it('does nothing more once it is stopped', () => {
    const { loop, log } = recorder();
    loop.stop();
    loop.dispatch({ name: 'a' });
    expect(log).toEqual([]);
  });
});
