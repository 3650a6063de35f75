import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { largeJson, largeMessage } from '../../src/http/server/response-stream.ts';
import {
  type MasterResponse,
  MasterResponse_Type,
  TaskState,
} from '../../src/model/generated/messages.ts';
import { writeJson } from '../../src/wire/json.ts';
import { encodeMessage } from '../../src/wire/protobuf.ts';
import { types } from '../../src/wire/types.ts';

const whole = async (written: ReturnType<typeof largeJson | typeof largeMessage>) => {
  const body = await written;
  return typeof body === 'string' || body instanceof Uint8Array
    ? Buffer.from(body)
    : Buffer.concat(body);
};

const text = async (value: unknown) => {
  const body = await largeJson(value);
  return typeof body === 'string' || body === undefined
    ? String(body)
    : String(Buffer.concat(body));
};

const task = (id: number) => ({
  name: `task ${id}`,
  task_id: { value: `t${id}` },
  framework_id: { value: 'f' },
  agent_id: { value: 'a' },
  state: TaskState.TASK_RUNNING,
  resources: [],
});

describe('large JSON', () => {
  test('is what JSON.stringify writes', async () => {
    const lists = fc.dictionary(
      fc.string(),
      fc.oneof(fc.jsonValue(), fc.array(fc.jsonValue(), { minLength: 120, maxLength: 140 })),
    );
    await fc.assert(
      fc.asyncProperty(lists, async (value) => {
        expect(await text(value)).toBe(JSON.stringify(value));
      }),
      { numRuns: 30 },
    );
    for (const value of [undefined, null, 1, [], {}, { a: undefined, b: [] }]) {
      expect(await text(value)).toBe(String(JSON.stringify(value)));
    }
  });

  test('finds a long list in a field of a field', async () => {
    const numbers = Array.from({ length: 1_000 }, (_, id) => id);
    const value = { a: { b: { [Symbol.iterator]: () => numbers.values() } }, c: 1 };
    expect(await text(value)).toBe(JSON.stringify({ a: { b: numbers }, c: 1 }));
  });

  test('makes the elements of an iterable only as it writes them', async () => {
    let made = 0;
    function* slaves() {
      for (let id = 0; id < 1_000; id++) {
        made++;
        yield { id };
      }
    }
    const writing = largeJson({ slaves: slaves(), after: true, nothing: undefined });
    const { slaves: shown, after } = JSON.parse(String(await whole(writing)));
    expect(made).toBe(1_000);
    expect(shown).toHaveLength(1_000);
    expect(shown[999]).toEqual({ id: 999 });
    expect(after).toBe(true);
  });

  test('is written after those that were asked for before it, not beside them', async () => {
    const order: string[] = [];
    function* rows(name: string) {
      for (let id = 0; id < 3_000; id++) {
        order.push(name);
        yield { id };
      }
    }
    await Promise.all(['a', 'b', 'c'].map((name) => largeJson({ rows: rows(name) })));
    const changes = order.filter((name, i) => name !== order[i - 1]);
    expect(changes).toEqual(['a', 'b', 'c']);
  });

  test('of a few pieces is written beside those that are longer', async () => {
    const done: string[] = [];
    const rows = (count: number) => Array.from({ length: count }, (_, id) => ({ id }));
    const write = async (name: string, count: number) => {
      await largeJson({ rows: rows(count) });
      done.push(name);
    };
    await Promise.all([write('state', 60_000), write('metrics', 2_000)]);
    expect(done).toEqual(['metrics', 'state']);
  });

  test('goes into elements that have long lists themselves', async () => {
    const tasks = (n: number) => Array.from({ length: n }, (_, id) => ({ id }));
    const frameworks = [{ tasks: tasks(300) }, { tasks: [] }, 1, null, { tasks: tasks(200) }];
    const value = { frameworks: Array.from({ length: 130 }, (_, i) => frameworks[i % 5]) };
    expect(await text(value)).toBe(JSON.stringify(value));
  });

  const turnsDuring = async (write: () => unknown): Promise<number> => {
    let turns = 0;
    let done = false;
    const watch = () => {
      turns++;
      if (!done) {
        setImmediate(watch);
      }
    };
    setImmediate(watch);
    await write();
    done = true;
    return turns;
  };

  test('lets other requests have their turn', async () => {
    const rows = Array.from({ length: 60_000 }, (_, id) => ({ id, name: `agent ${id}`, x: {} }));
    expect(await turnsDuring(() => largeJson({ rows }))).toBeGreaterThan(2);
  });

  test('of few things that are large is written in small pieces, too', async () => {
    const label = (key: number) => ({ key: `${key}`, value: 'x'.repeat(200_000) });
    const labels = Array.from({ length: 20 }, (_, key) => label(key));
    const value = { frameworks: [{ executors: [{ tasks: [{ labels }] }] }] };
    const tasks = labels.map((one) => ({ ...task(1), labels: { labels: [one] } }));
    const message = { type: MasterResponse_Type.GET_TASKS, get_tasks: { tasks } };
    for (const written of [
      largeJson(value),
      largeMessage(types.MasterResponse, 'json', message),
      largeMessage(types.MasterResponse, 'protobuf', message),
    ]) {
      const pieces = await written;
      const sizes = Array.isArray(pieces) ? pieces.map(({ length }) => length) : [];
      expect(sizes.length).toBeGreaterThanOrEqual(20);
      expect(Math.max(...sizes)).toBeLessThan(500_000);
    }
    expect((await text(value)) === JSON.stringify(value)).toBe(true);
    const json = await whole(largeMessage(types.MasterResponse, 'json', message));
    expect(json.toString() === writeJson(types.MasterResponse, message)).toBe(true);
    const protobuf = await whole(largeMessage(types.MasterResponse, 'protobuf', message));
    expect(protobuf.equals(encodeMessage(types.MasterResponse, message))).toBe(true);
  });
});

describe('a large message', () => {
  const tasks = (count: number) => Array.from({ length: count }, (_, id) => task(id));
  const response = (running: number, done: number): MasterResponse => ({
    type: MasterResponse_Type.GET_STATE,
    get_state: {
      get_tasks: { tasks: tasks(running), completed_tasks: tasks(done), unreachable_tasks: [] },
      get_frameworks: { frameworks: [] },
      get_agents: {},
    },
  });

  test.each([
    [0, 0],
    [127, 3],
    [128, 0],
    [5, 1_000],
    [2_000, 130],
  ])('is the same in pieces, with %i and %i tasks', async (running, done) => {
    const message = response(running, done);
    const json = await whole(largeMessage(types.MasterResponse, 'json', message));
    expect(json.toString()).toBe(writeJson(types.MasterResponse, message));
    const protobuf = await whole(largeMessage(types.MasterResponse, 'protobuf', message));
    expect(protobuf).toEqual(Buffer.from(encodeMessage(types.MasterResponse, message)));
  });
});
