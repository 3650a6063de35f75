// Random tasks and offers of every kind, placed by the matcher and checked by a simple model of the
// same rules: each placement is allowed, each unplaced task has no place, and the reason given is
// true.
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import type {
  Matcher,
  MatchOffer,
  MatchPlace,
  MatchRequest,
  PlacementConstraint,
  RunningTask,
  TaskDemand,
  Unplaced,
} from '../../src/core/matcher.ts';
import { type Resource, Value_Type } from '../../src/model/generated/messages.ts';
import { debugCore } from './debug.ts';
import { reserved } from './resources.ts';

let matcher: Matcher;
beforeAll(async () => {
  ({ matcher } = await debugCore(20));
});

// --- The plain account ---

const milli = (value: number) => Math.round(value * 1000);

/** What is left of an offer: thousandths, numbers and items by name. */
interface Left {
  readonly amounts: Map<string, number>;
  readonly numbers: Map<string, Set<number>>;
  readonly items: Map<string, Set<string>>;
}

function leftOf(resources: readonly Resource[]): Left {
  const left: Left = { amounts: new Map(), numbers: new Map(), items: new Map() };
  for (const { name, scalar, ranges, set, revocable } of resources) {
    if (revocable !== undefined) {
      continue;
    }
    if (scalar !== undefined) {
      left.amounts.set(name, (left.amounts.get(name) ?? 0) + milli(scalar.value));
    }
    const numbers = left.numbers.get(name) ?? new Set();
    for (const { begin, end } of ranges?.range ?? []) {
      for (let number = begin; number <= end; number++) {
        numbers.add(number);
      }
    }
    left.numbers.set(name, numbers);
    left.items.set(name, new Set([...(left.items.get(name) ?? []), ...(set?.item ?? [])]));
  }
  return left;
}

/** Takes resources out; throws where they are not there. */
function takeOut(left: Left, resources: readonly Resource[]): void {
  for (const [name, amount] of leftOf(resources).amounts) {
    const rest = (left.amounts.get(name) ?? 0) - amount;
    if (rest < 0) {
      throw new Error(`${-rest} thousandths of ${name} too many`);
    }
    left.amounts.set(name, rest);
  }
  for (const { name, ranges, set } of resources) {
    for (const { begin, end } of ranges?.range ?? []) {
      for (let number = begin; number <= end; number++) {
        if (left.numbers.get(name)?.delete(number) !== true) {
          throw new Error(`${name} ${number}`);
        }
      }
    }
    for (const item of set?.item ?? []) {
      if (left.items.get(name)?.delete(item) !== true) {
        throw new Error(`${name} ${item}`);
      }
    }
  }
}

/** Names of the resources of which the offer has too little. */
function lacks(left: Left, task: TaskDemand): string[] {
  const { amounts, counts = {}, numbers = {}, items = {} } = task;
  const lacking = new Set<string>();
  for (const [name, value] of Object.entries(amounts)) {
    if ((left.amounts.get(name) ?? 0) < milli(value)) {
      lacking.add(name);
    }
  }
  for (const name of [...Object.keys(counts), ...Object.keys(numbers)]) {
    const have = left.numbers.get(name) ?? new Set();
    const exact = numbers[name] ?? [];
    if (have.size < exact.length + (counts[name] ?? 0)) {
      lacking.add(name);
    }
    if (!exact.every((number) => have.has(number))) {
      lacking.add(name);
    }
  }
  for (const [name, wanted] of Object.entries(items)) {
    if (!wanted.every((item) => left.items.get(name)?.has(item) === true)) {
      lacking.add(name);
    }
  }
  return [...lacking];
}

const valueAt = ({ hostname, attributes = [] }: MatchPlace, name: string) =>
  name === '@hostname' ? hostname : attributes.find((one) => one.name === name)?.text?.value;

/** Whether the offer passes a constraint by itself; constraints of groups always pass. */
function isFree(constraint: PlacementConstraint, offer: MatchOffer): boolean {
  const value = valueAt(offer, constraint.attribute);
  switch (constraint.type) {
    case 'equals':
      return value === constraint.value;
    case 'matches':
      return value !== undefined && new RegExp(`^(?:${constraint.pattern})$`).test(value);
    case 'unlike':
      return value === undefined || !new RegExp(`^(?:${constraint.pattern})$`).test(value);
    default:
      return true;
  }
}

/** Where tasks were placed so far. */
class Groups {
  readonly #running: RunningTask[];

  constructor(running: readonly RunningTask[] = []) {
    this.#running = [...running];
  }

  add({ group, constraints }: TaskDemand, place: MatchPlace): void {
    this.#running.push({ group, constraints, place });
  }

  /** Tasks of the group, and other tasks with a constraint of the group on the attribute. */
  #of(group: string, attribute: string): RunningTask[] {
    return this.#running.filter(
      (task) =>
        (task.group ?? '') === group ||
        task.constraints?.some(
          (one) => 'group' in one && one.group === group && one.attribute === attribute,
        ),
    );
  }

  /** The attributes at which the group keeps the task from the offer. */
  blocked(task: TaskDemand, offer: MatchOffer): string[] {
    return (task.constraints ?? []).flatMap((constraint) => {
      const { type, attribute } = constraint;
      if (type !== 'unique' && type !== 'maxPer' && type !== 'groupBy') {
        return [];
      }
      const value = valueAt(offer, attribute);
      if (value === undefined) {
        return [attribute];
      }
      const beside = this.#of(constraint.group ?? task.group ?? '', attribute).filter(
        ({ place }) => valueAt(place, attribute) === value,
      ).length;
      const most = type === 'unique' ? 1 : type === 'maxPer' ? constraint.count : Infinity;
      return beside < most ? [] : [attribute];
    });
  }
}

/** Whether the task takes what it asked for. */
function isAsDemanded(task: TaskDemand, resources: readonly Resource[]): boolean {
  const got = leftOf(resources);
  const { amounts, counts = {}, numbers = {}, items = {} } = task;
  const names = new Set([...Object.keys(counts), ...Object.keys(numbers)]);
  return (
    lacks(got, task).length === 0 &&
    Object.entries(amounts).every(
      ([name, value]) => (got.amounts.get(name) ?? 0) === milli(value),
    ) &&
    [...names].every(
      (name) =>
        (got.numbers.get(name)?.size ?? 0) === (counts[name] ?? 0) + (numbers[name] ?? []).length,
    ) &&
    Object.entries(items).every(([name, list]) => (got.items.get(name)?.size ?? 0) === list.length)
  );
}

/** Whether the reason is true, for what the offers have when it is the task's turn. */
function isTrue(
  { reason, detail }: Unplaced,
  task: TaskDemand,
  at: {
    readonly offers: readonly MatchOffer[];
    readonly left: readonly Left[];
    readonly groups: Groups;
  },
): boolean {
  const constraints = task.constraints ?? [];
  const allowed = at.offers.flatMap((offer, index) => {
    const left = at.left[index];
    const passes = constraints.every((constraint) => isFree(constraint, offer));
    return passes && left !== undefined ? [{ offer, lacking: lacks(left, task) }] : [];
  });
  const roomy = allowed.filter(({ lacking }) => lacking.length === 0);
  switch (reason) {
    case 'no offers':
      return at.offers.length === 0;
    case 'constraints': {
      // The named constraint is the first with which no offer is left.
      const named = constraints.findIndex(({ attribute }) => attribute === detail);
      const last = constraints.findLastIndex(({ attribute }) => attribute === detail);
      const passing = (upTo: number) =>
        at.offers.filter((offer) => constraints.slice(0, upTo).every((one) => isFree(one, offer)));
      return (
        at.offers.length > 0 &&
        named >= 0 &&
        passing(named).length > 0 &&
        passing(last + 1).length === 0
      );
    }
    case 'too large': {
      // No offer has enough of the named resource, unless all resources exist but not together.
      const nowhere = new Set(
        allowed
          .flatMap(({ lacking }) => lacking)
          .filter((name) => allowed.every(({ lacking }) => lacking.includes(name))),
      );
      return (
        allowed.length > 0 &&
        roomy.length === 0 &&
        detail !== undefined &&
        (nowhere.size === 0 || nowhere.has(detail))
      );
    }
    case 'group': {
      const blocked = roomy.map(({ offer }) => at.groups.blocked(task, offer));
      return (
        roomy.length > 0 &&
        blocked.every((attributes) => attributes.length > 0) &&
        blocked.flat().includes(detail ?? '')
      );
    }
    case 'invalid demand':
      return Object.values(task.amounts).some((value) => !(value >= 0));
    default:
      return reason satisfies never;
  }
}

/** Goes through the answer in the order of the tasks. */
function check(
  { tasks, offers, running }: MatchRequest,
  result: ReturnType<Matcher['match']>,
): void {
  const left = offers.map(({ resources = [] }) => leftOf(resources));
  const groups = new Groups(running);
  const placements = new Map(result.placed.map((placement) => [placement.task, placement]));
  const unplaced = new Map(result.unplaced.map((one) => [one.task, one]));
  expect(placements.size + unplaced.size).toBe(tasks.length);
  for (const [index, task] of tasks.entries()) {
    const placement = placements.get(index);
    const refused = unplaced.get(index);
    if (refused !== undefined) {
      expect(isTrue(refused, task, { offers, left, groups }), JSON.stringify(refused)).toBe(true);
      continue;
    }
    const offer = offers[placement?.offer ?? -1];
    const rest = left[placement?.offer ?? -1];
    if (placement === undefined || offer === undefined || rest === undefined) {
      throw new Error(`task ${index} is neither placed nor left out`);
    }
    expect(isAsDemanded(task, placement.resources), `task ${index} gets what it asks for`).toBe(
      true,
    );
    for (const constraint of task.constraints ?? []) {
      expect(isFree(constraint, offer)).toBe(true);
    }
    expect(groups.blocked(task, offer)).toEqual([]);
    takeOut(rest, placement.resources);
    groups.add(task, offer);
  }
}

// --- Random requests ---

const constraint: fc.Arbitrary<PlacementConstraint> = fc
  .tuple(
    fc.constantFrom('rack', 'zone', '@hostname'),
    fc.nat({ max: 5 }),
    fc.constantFrom({}, {}, { group: 'g' }, { group: 'own' }),
  )
  .chain(([attribute, kind, group]): fc.Arbitrary<PlacementConstraint> => {
    const value = fc.constantFrom('r1', 'r2', 'z1', 'h1');
    const pattern = fc.constantFrom('r[12]', 'z.', 'h[0-4]', '.*', 'r1|h2');
    switch (kind) {
      case 0:
        return fc.record({ type: fc.constant('equals'), attribute: fc.constant(attribute), value });
      case 1:
        return fc.record({
          type: fc.constant('unlike'),
          attribute: fc.constant(attribute),
          pattern,
        });
      case 2:
        return fc.record({
          type: fc.constant('matches'),
          attribute: fc.constant(attribute),
          pattern,
        });
      case 3:
        return fc.constant({ type: 'unique', attribute, ...group });
      case 4:
        return fc.constant({ type: 'groupBy', attribute, ...group });
      default:
        return fc
          .nat({ max: 3 })
          .map((count): PlacementConstraint => ({ type: 'maxPer', attribute, count, ...group }));
    }
  });

const amount = fc.constantFrom(0, 0.1, 0.7, 1, 2.5, 4, 9);
const port = fc.integer({ min: 1, max: 12 });

const task: fc.Arbitrary<TaskDemand> = fc.record({
  amounts: fc.oneof(
    { weight: 20, arbitrary: fc.record({ cpus: amount, mem: amount }) },
    { weight: 1, arbitrary: fc.constantFrom({ cpus: -1 }, { cpus: Number.NaN }) },
  ),
  counts: fc.option(fc.record({ ports: fc.nat({ max: 4 }) }), { nil: undefined }),
  numbers: fc.option(fc.record({ ports: fc.uniqueArray(port, { maxLength: 2 }) }), {
    nil: undefined,
    freq: 1,
  }),
  items: fc.option(
    fc.record({ disks: fc.uniqueArray(fc.constantFrom('a', 'b'), { maxLength: 2 }) }),
    {
      nil: undefined,
      freq: 1,
    },
  ),
  group: fc.constantFrom(undefined, 'g', 'h'),
  constraints: fc.option(fc.array(constraint, { maxLength: 3 }), { nil: undefined, freq: 2 }),
});

const scalar = (name: string, value: number): Resource => ({
  name,
  type: Value_Type.SCALAR,
  scalar: { value },
});

const offer: fc.Arbitrary<MatchOffer> = fc
  .record({
    hostname: fc.constantFrom('h1', 'h2', 'h3', 'h9'),
    rack: fc.constantFrom(undefined, 'r1', 'r2', 'r3'),
    zone: fc.constantFrom(undefined, 'z1', 'z2'),
    cpus: amount,
    mem: amount,
    reserved: amount,
    revocable: amount,
    ports: fc.array(fc.tuple(port, fc.nat({ max: 3 })), { maxLength: 2 }),
    disks: fc.subarray(['a', 'b']),
  })
  .map(({ hostname, rack, zone, cpus, mem, reserved: kept, revocable, ports, disks }) => ({
    hostname,
    attributes: Object.entries({ rack, zone }).flatMap(([name, value]) =>
      value === undefined ? [] : [{ name, type: Value_Type.TEXT, text: { value } }],
    ),
    resources: [
      scalar('cpus', cpus),
      scalar('mem', mem),
      reserved(scalar('cpus', kept), 'r'),
      { ...scalar('cpus', revocable), revocable: {} },
      {
        name: 'ports',
        type: Value_Type.RANGES,
        ranges: { range: ports.map(([begin, more]) => ({ begin, end: begin + more })) },
      },
      { name: 'disks', type: Value_Type.SET, set: { item: disks } },
    ],
  }));

const running: fc.Arbitrary<RunningTask> = fc
  .tuple(task, offer)
  .map(([{ group, constraints }, place]) => ({ group, constraints, place }));

const request: fc.Arbitrary<MatchRequest> = fc.record({
  tasks: fc.array(task, { maxLength: 25 }),
  offers: fc.array(offer, { maxLength: 8 }),
  running: fc.option(fc.array(running, { maxLength: 6 }), { nil: undefined }),
  fitness: fc.constantFrom<MatchRequest['fitness'][]>(
    { type: 'binPack' },
    { type: 'spread' },
    { type: 'weighted', weights: { cpus: 1, mem: -0.5 } },
  ),
});

test.each([1, 2, 3])(
  'placements hold, nothing is left out that fits, reasons are true, seed %i',
  (seed) => {
    const reasons = new Set<string>();
    const property = fc.property(request, (one) => {
      const result = matcher.match(one);
      check(one, result);
      expect(matcher.match(one)).toEqual(result);
      for (const { reason } of result.unplaced) {
        reasons.add(reason);
      }
    });
    fc.assert(property, { seed, numRuns: 400 });
    expect([...reasons].toSorted()).toEqual([
      'constraints',
      'group',
      'invalid demand',
      'no offers',
      'too large',
    ]);
  },
);
