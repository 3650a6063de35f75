// The matcher: where tasks are placed, what they get, and why some are not placed.
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import type {
  Fitness,
  Matcher,
  MatchOffer,
  MatchResult,
  RunningTask,
  TaskDemand,
} from '../../src/core/matcher.ts';
import { type Attribute, Value_Type } from '../../src/model/generated/messages.ts';
import { formatResources, parseResources } from '../differential/trace-text.ts';
import { loadCore } from './load.ts';

let matcher: Matcher;
beforeAll(async () => {
  ({ matcher } = await loadCore());
});

const text = (name: string, value: string): Attribute => ({
  name,
  type: Value_Type.TEXT,
  text: { value },
});

const offer = (hostname: string, resources: string, attributes: Attribute[] = []): MatchOffer => ({
  hostname,
  attributes,
  resources: parseResources(resources),
});

const task = (amounts: TaskDemand['amounts'], more: Partial<TaskDemand> = {}): TaskDemand => ({
  amounts,
  ...more,
});

const match = (
  tasks: readonly TaskDemand[],
  offers: readonly MatchOffer[],
  fitness: Fitness = { type: 'binPack' },
) => matcher.match({ tasks, offers, fitness });

const placesOf = ({ placed }: MatchResult) => placed.map(({ offer }) => offer);
const texts = ({ placed }: MatchResult) =>
  placed.map(({ resources }) => formatResources(resources));

describe('amounts', () => {
  test('a task goes where it fits, and takes what it asked for', () => {
    const result = match(
      [task({ cpus: 2, mem: 100 })],
      [offer('a', 'cpus:1;mem:500'), offer('b', 'cpus:4;mem:500')],
    );
    expect(placesOf(result)).toEqual([1]);
    expect(texts(result)).toEqual(['cpus:2;mem:100']);
    expect(result.unplaced).toEqual([]);
  });

  test('what is taken is gone for the next task', () => {
    const tasks = Array.from({ length: 4 }, () => task({ cpus: 0.7 }));
    const result = match(tasks, [offer('a', 'cpus:2.1')]);
    expect(placesOf(result)).toEqual([0, 0, 0]);
    expect(result.unplaced).toEqual([{ task: 3, reason: 'too large', detail: 'cpus' }]);
  });

  test('reserved resources go first; revocable ones and volumes are left alone', () => {
    const result = match(
      [task({ cpus: 2, disk: 10 })],
      [offer('a', 'cpus:5;cpus(S,r1):1;cpus{REV}:9;disk:20;disk(S,r1)[vol=v1]:30')],
    );
    expect(texts(result)).toEqual(['cpus:1;cpus(S,r1):1;disk:10']);
  });

  test('a task gets the numbers of a range that it names, and any others beside them', () => {
    const tasks = [
      task({}, { counts: { ports: 2 } }),
      task({}, { numbers: { ports: [31_000] } }),
      task({}, { numbers: { ports: [31_000] } }),
    ];
    const result = match(tasks, [offer('a', 'ports:[31000-31003]')]);
    expect(texts(result)).toEqual(['ports:[31001-31002]', 'ports:[31000-31000]']);
    expect(result.unplaced).toEqual([{ task: 2, reason: 'too large', detail: 'ports' }]);
  });

  test('a task gets the items of a set that it names', () => {
    const tasks = [task({}, { items: { zones: ['b'] } }), task({}, { items: { zones: ['b'] } })];
    const result = match(tasks, [offer('a', 'zones:{a,b}')]);
    expect(texts(result)).toEqual(['zones:{b}']);
    expect(result.unplaced).toEqual([{ task: 1, reason: 'too large', detail: 'zones' }]);
  });

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY, 1e300])('%f cpus are no demand', (cpus) => {
    const result = match([task({ cpus })], [offer('a', 'cpus:1')]);
    expect(result.unplaced).toEqual([{ task: 0, reason: 'invalid demand', detail: 'cpus' }]);
  });

  test('without offers nothing is placed', () => {
    expect(match([task({ cpus: 1 })], []).unplaced).toEqual([{ task: 0, reason: 'no offers' }]);
  });
});

describe('fitness', () => {
  const offers = [offer('a', 'cpus:8;mem:800'), offer('b', 'cpus:4;mem:800')];
  const tasks = Array.from({ length: 3 }, () => task({ cpus: 1, mem: 10 }));

  test('bin packing fills one offer first', () => {
    expect(placesOf(match(tasks, offers))).toEqual([1, 1, 1]);
  });

  test('spreading takes the one that is used least', () => {
    expect(placesOf(match(tasks, offers, { type: 'spread' }))).toEqual([0, 1, 0]);
  });

  test('weights say what counts', () => {
    const weights = { cpus: -1 };
    expect(placesOf(match(tasks, offers, { type: 'weighted', weights }))).toEqual([0, 0, 1]);
  });
});

describe('constraints', () => {
  const racks = [
    offer('h1', 'cpus:9', [text('rack', 'r1')]),
    offer('h2', 'cpus:9', [text('rack', 'r2')]),
    offer('h3', 'cpus:9'),
  ];

  test.each([
    [{ type: 'equals', attribute: 'rack', value: 'r2' }, 1],
    [{ type: 'matches', attribute: '@hostname', pattern: 'h[23]' }, 1],
    [{ type: 'unlike', attribute: 'rack', pattern: 'r.' }, 2],
  ] as const)('%j', (constraint, expected) => {
    expect(placesOf(match([task({ cpus: 1 }, { constraints: [constraint] })], racks))).toEqual([
      expected,
    ]);
  });

  test('a constraint that no offer passes is named', () => {
    const constraints = [{ type: 'equals', attribute: 'rack', value: 'r9' }] as const;
    expect(match([task({ cpus: 1 }, { constraints })], racks).unplaced).toEqual([
      { task: 0, reason: 'constraints', detail: 'rack' },
    ]);
  });

  test('a pattern that is no regular expression makes the demand invalid', () => {
    const constraints = [{ type: 'matches', attribute: 'rack', pattern: '(' }] as const;
    expect(match([task({ cpus: 1 }, { constraints })], racks).unplaced).toEqual([
      { task: 0, reason: 'invalid demand', detail: 'rack' },
    ]);
  });

  test('unique: no two of a group share a value', () => {
    const constraints = [{ type: 'unique', attribute: 'rack' }] as const;
    const tasks = Array.from({ length: 3 }, () => task({ cpus: 1 }, { constraints, group: 'g' }));
    const result = match(tasks, racks);
    expect(placesOf(result)).toEqual([0, 1]);
    expect(result.unplaced).toEqual([{ task: 2, reason: 'group', detail: 'rack' }]);
  });

  test('a task without the constraint counts for its group', () => {
    const constraints = [{ type: 'maxPer', attribute: '@hostname', count: 1 }] as const;
    const tasks = [
      task({ cpus: 1 }, { group: 'g' }),
      task({ cpus: 1 }, { constraints, group: 'g' }),
      task({ cpus: 1 }, { constraints, group: 'other' }),
    ];
    expect(placesOf(match(tasks, racks))).toEqual([0, 1, 0]);
  });

  test('groupBy spreads evenly as long as there is room', () => {
    const constraints = [{ type: 'groupBy', attribute: 'rack' }] as const;
    const offers = [...racks.slice(0, 2), offer('h4', 'cpus:1', [text('rack', 'r3')])];
    const tasks = Array.from({ length: 7 }, () => task({ cpus: 1 }, { constraints }));
    expect(placesOf(match(tasks, offers)).toSorted()).toEqual([0, 0, 0, 1, 1, 1, 2]);
  });

  const matchBeside = (tasks: readonly TaskDemand[], running: readonly RunningTask[]) =>
    matcher.match({ tasks, offers: racks, running, fitness: { type: 'binPack' } });
  const inRack1 = { hostname: 'elsewhere', attributes: [text('rack', 'r1')] };

  test.each([
    ['unique', { type: 'unique', attribute: 'rack' }, [1]],
    ['maxPer', { type: 'maxPer', attribute: 'rack', count: 2 }, [0, 1, 1]],
    ['groupBy', { type: 'groupBy', attribute: 'rack' }, [1, 1, 0, 1]],
  ] as const)('%s counts tasks of the group that run already', (_, constraint, places) => {
    const tasks = Array.from({ length: 4 }, () => task({ cpus: 1 }, { constraints: [constraint] }));
    expect(placesOf(matchBeside(tasks, [{ place: inRack1 }]))).toEqual(places);
    const ofOthers = matchBeside(tasks, [{ place: inRack1, group: 'other' }]);
    expect(placesOf(ofOthers)).toEqual(placesOf(match(tasks, racks)));
  });

  test('a constraint with a group of its own counts the tasks that share it, and no others', () => {
    const constraints = [{ type: 'unique', attribute: 'rack', group: 'alone' }] as const;
    const tasks = [
      task({ cpus: 1 }),
      task({ cpus: 1 }, { constraints, group: 'a' }),
      task({ cpus: 1 }, { constraints, group: 'b' }),
      task({ cpus: 1 }, { constraints, group: 'c' }),
    ];
    expect(placesOf(match(tasks, racks))).toEqual([0, 0, 1]);
    const running = [{ place: inRack1 }, { place: inRack1, constraints }];
    expect(placesOf(matchBeside(tasks, running))).toEqual([0, 1]);
  });

  test('@region and @zone are those of the fault domain', () => {
    const inZone = (hostname: string, zone: string): MatchOffer => ({
      ...offer(hostname, 'cpus:4'),
      domain: { fault_domain: { region: { name: 'eu' }, zone: { name: zone } } },
    });
    const offers = [offer('nowhere', 'cpus:4'), inZone('h1', 'a'), inZone('h2', 'a')];
    const zones = [{ type: 'unique', attribute: '@zone' }] as const;
    const tasks = [0, 1].map(() => task({ cpus: 1 }, { constraints: zones }));
    expect(placesOf(match(tasks, offers))).toEqual([1]);
    const region = [{ type: 'equals', attribute: '@region', value: 'us' }] as const;
    expect(match([task({ cpus: 1 }, { constraints: region })], offers).unplaced).toEqual([
      { task: 0, reason: 'constraints', detail: '@region' },
    ]);
  });
});

/** The same rules, spelled out for scalars. */
function plainly(
  tasks: readonly TaskDemand[],
  offers: readonly MatchOffer[],
): (number | undefined)[] {
  const milli = (value: number) => Math.round(value * 1000);
  const names = [...new Set(tasks.flatMap(({ amounts }) => Object.keys(amounts)))];
  const total = offers.map(({ resources = [] }) =>
    Object.fromEntries(
      names.map((name) => [
        name,
        resources
          .filter((resource) => resource.name === name)
          .reduce((sum, resource) => sum + milli(resource.scalar?.value ?? 0), 0),
      ]),
    ),
  );
  const left = structuredClone(total);
  return tasks.map(({ amounts }) => {
    let best: number | undefined;
    let bestUse = 0;
    for (const [index, has] of left.entries()) {
      const fits = Object.entries(amounts).every(
        ([name, value]) => (has[name] ?? 0) >= milli(value),
      );
      if (!fits) {
        continue;
      }
      const use = names.reduce((sum, name) => {
        const all = total[index]?.[name] ?? 0;
        return all === 0 ? sum : sum + (all - (has[name] ?? 0) + milli(amounts[name] ?? 0)) / all;
      }, 0);
      if (best === undefined || use > bestUse + 1e-12) {
        best = index;
        bestUse = use;
      }
    }
    const chosen = best === undefined ? undefined : left[best];
    for (const [name, value] of Object.entries(amounts)) {
      if (chosen !== undefined) {
        chosen[name] = (chosen[name] ?? 0) - milli(value);
      }
    }
    return best;
  });
}

test('random tasks and offers: the same places as by hand, and nothing handed out twice', () => {
  const amount = fc.constantFrom(0.1, 0.5, 1, 2, 3.3);
  const anyTask = fc.record({ cpus: amount, mem: amount }).map((amounts) => task(amounts));
  const anyOffer = fc
    .record({ cpus: fc.integer({ min: 1, max: 9 }), mem: fc.integer({ min: 1, max: 9 }) })
    .map(({ cpus, mem }) => offer('h', `cpus:${cpus};mem:${mem}`));
  const property = fc.property(
    fc.array(anyTask, { maxLength: 30 }),
    fc.array(anyOffer, { maxLength: 8 }),
    (tasks, offers) => {
      const result = match(tasks, offers);
      const places = tasks.map((_, index) => result.placed.find((p) => p.task === index)?.offer);
      expect(places).toEqual(plainly(tasks, offers));
      expect(result.placed.length + result.unplaced.length).toBe(tasks.length);
    },
  );
  fc.assert(property, { seed: 1, numRuns: 300 });
});
