// How many downloads run at once.
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Slots } from '../../../src/containerizer/downloads/slots.ts';

const never = new AbortController().signal;

function watch(slots: Slots) {
  const running: string[] = [];
  const releases = new Map<string, () => void>();
  const start = (name: string, abort = never) =>
    slots.take({ host: name[0] as string }, abort).then((release) => {
      running.push(name);
      releases.set(name, () => {
        running.splice(running.indexOf(name), 1);
        release();
        // Once more: a place is given back once.
        release();
      });
    });
  return { running, start, end: (name: string) => releases.get(name)?.() };
}

test('so many run in all, so many of a host, and the others in turn', async () => {
  const { running, start, end } = watch(new Slots(3, 2));
  for (const name of ['a1', 'a2', 'a3', 'b1', 'b2', 'a4']) {
    void start(name);
  }
  await turn();
  expect(running).toEqual(['a1', 'a2', 'b1']);
  end('b1');
  await turn();
  expect(running).toEqual(['a1', 'a2', 'b2']);
  end('a1');
  await turn();
  expect(running).toEqual(['a2', 'b2', 'a3']);
  end('b2');
  await turn();
  expect(running).toEqual(['a2', 'a3']);
  end('a3');
  await turn();
  expect(running).toEqual(['a2', 'a4']);
});

test('whoever gives up waits no more', async () => {
  const { running, start, end } = watch(new Slots(1, 1));
  const abort = new AbortController();
  void start('a');
  const gone = start('b', abort.signal);
  void start('c');
  abort.abort(new Error('given up'));
  await expect(gone).rejects.toThrow('given up');
  await expect(start('d', abort.signal)).rejects.toThrow('given up');
  end('a');
  await turn();
  expect(running).toEqual(['c']);
});

test('a thousand that come together never exceed the bounds, and all come to run', async () => {
  const slots = new Slots(8, 3);
  const now = new Map<string, number>();
  const most = new Map<string, number>();
  const count = (place: string, change: number) => {
    now.set(place, (now.get(place) ?? 0) + change);
    most.set(place, Math.max(most.get(place) ?? 0, now.get(place) ?? 0));
  };
  const work = (host: string) => async () => {
    count(host, 1);
    count('all', 1);
    await turn();
    count(host, -1);
    count('all', -1);
  };
  const hosts = Array.from({ length: 1_000 }, (_, index) => `host ${index % 3}`);
  await Promise.all(hosts.map((host) => slots.run({ host }, never, work(host))));
  expect(most.get('all')).toBe(8);
  expect(most.get('host 0')).toBe(3);
});

test('work that fails gives its slot back', async () => {
  const slots = new Slots(1, 1);
  const failing = slots.run({ host: 'a' }, never, () => Promise.reject(new Error('failed')));
  await expect(failing).rejects.toThrow('failed');
  expect(await slots.run({ host: 'a' }, never, async () => 'ran')).toBe('ran');
});

const of = (host: string, ...owners: string[]) => ({ host, owners: new Set(owners) });

/** How many come to run of so many that ask. */
async function running(slots: Slots, count: number, use: ReturnType<typeof of>): Promise<number> {
  let begun = 0;
  for (let i = 0; i < count; i++) {
    void slots.take(use, never).then(() => {
      begun++;
    });
  }
  await turn();
  return begun;
}

test('whoever asks for much leaves room for others, of all and of each host', async () => {
  const slots = new Slots(16, 8);
  expect(await running(slots, 100, of('slow', 'greedy'))).toBe(4);
  expect(await running(slots, 100, of('slower', 'greedy'))).toBe(4);
  // Half of all is all that one has, by however many hosts.
  expect(await running(slots, 100, of('slowest', 'greedy'))).toBe(0);
  expect(await running(slots, 100, of('slow', 'second'))).toBe(2);
  expect(await running(slots, 100, of('third', 'second'))).toBe(2);
  expect(await running(slots, 1, of('slow', 'third'))).toBe(1);
  expect(await running(slots, 1, of('new', 'fourth'))).toBe(1);
  expect(await running(slots, 1, of('other', 'fifth'))).toBe(1);
});

test('what several wait for begins when it is the turn of any of them', async () => {
  const slots = new Slots(4, 4);
  expect(await running(slots, 10, of('a', 'greedy'))).toBe(2);
  const shared = of('a', 'greedy');
  let hasBegun = false;
  const taken = slots.take(shared, never).then((release) => {
    hasBegun = true;
    return release;
  });
  await turn();
  expect(hasBegun).toBe(false);
  shared.owners.add('other');
  slots.beginNext();
  (await taken)();
  expect(hasBegun).toBe(true);
});
