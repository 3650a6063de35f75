// Placement constraints of tasks, as columns: which offers a task may use, and the attribute values
// by which tasks of a group are spread.
import { RE2JS } from 're2js';
import { type Attribute, Value_Type } from '../model/generated/messages.ts';
import type { MatchPlace, PlacementConstraint, RunningTask, TaskDemand } from './matcher.ts';

type FixedConstraint = Extract<PlacementConstraint, { type: 'equals' | 'unlike' | 'matches' }>;
type GroupConstraint = Extract<PlacementConstraint, { type: 'unique' | 'groupBy' | 'maxPer' }>;

const isFixed = (constraint: PlacementConstraint): constraint is FixedConstraint =>
  constraint.type === 'equals' || constraint.type === 'unlike' || constraint.type === 'matches';

/** An attribute as text; of several with one name the first counts. */
export function attributeOf(place: MatchPlace, name: string): string | undefined {
  switch (name) {
    case '@hostname':
      return place.hostname;
    case '@region':
      return place.domain?.fault_domain?.region.name;
    case '@zone':
      return place.domain?.fault_domain?.zone.name;
    default: {
      const attribute = place.attributes?.find((candidate) => candidate.name === name);
      return attribute && textOf(attribute);
    }
  }
}

function textOf(attribute: Attribute): string {
  switch (attribute.type) {
    case Value_Type.SCALAR:
      return String(attribute.scalar?.value ?? 0);
    case Value_Type.RANGES:
      return `[${(attribute.ranges?.range ?? []).map(({ begin, end }) => `${begin}-${end}`).join(',')}]`;
    case Value_Type.SET:
      return `{${(attribute.set?.item ?? []).join(',')}}`;
    default:
      return attribute.text?.value ?? '';
  }
}

/** One attribute of all offers; its values are numbered in the order of their first occurrence. */
export interface Column {
  readonly values: readonly string[];
  readonly numbers: ReadonlyMap<string, number>;
  /** The number of each offer's value; undefined where the offer lacks the attribute. */
  readonly ofOffer: readonly (number | undefined)[];
}

export class Columns {
  readonly #offers: readonly MatchPlace[];
  readonly #columns = new Map<string, Column>();

  constructor(offers: readonly MatchPlace[]) {
    this.#offers = offers;
  }

  of(attribute: string): Column {
    let column = this.#columns.get(attribute);
    if (column === undefined) {
      column = this.#make(attribute);
      this.#columns.set(attribute, column);
    }
    return column;
  }

  #make(attribute: string): Column {
    const numbers = new Map<string, number>();
    const ofOffer = this.#offers.map((offer) => {
      const value = attributeOf(offer, attribute);
      if (value === undefined) {
        return undefined;
      }
      const number = numbers.get(value) ?? numbers.size;
      numbers.set(value, number);
      return number;
    });
    return { values: [...numbers.keys()], numbers, ofOffer };
  }
}

/** The constraint as a test of a value, or the reason why it is not valid. */
function testOf(constraint: FixedConstraint): (value: string | undefined) => boolean {
  switch (constraint.type) {
    case 'equals':
      return (value) => value === constraint.value;
    case 'matches': {
      const pattern = RE2JS.compile(constraint.pattern);
      return (value) => value !== undefined && pattern.matches(value);
    }
    case 'unlike': {
      const pattern = RE2JS.compile(constraint.pattern);
      return (value) => value === undefined || !pattern.matches(value);
    }
    default:
      return constraint satisfies never;
  }
}

export interface Mask {
  readonly words: Uint32Array;
  /** The attribute whose constraint left no offer, if there is one. */
  readonly blockedBy: string | undefined;
}

/** A constraint on this attribute has a pattern that is no regular expression. */
export class PatternError extends Error {
  readonly code = 'BAD_PATTERN';
  readonly attribute: string;

  constructor(attribute: string, cause: unknown) {
    super(`the pattern for ${attribute} is not a regular expression`, { cause });
    this.attribute = attribute;
  }
}

/** Which offers pass the fixed constraints of a task; tasks with equal constraints share a mask. */
export class Masks {
  readonly list: Mask[] = [];
  readonly #columns: Columns;
  readonly #count: number;
  readonly #numbers = new Map<string, number>();

  constructor(columns: Columns, offerCount: number) {
    this.#columns = columns;
    this.#count = offerCount;
  }

  /**
   * The number of the task's mask; undefined for a task without fixed constraints. Throws
   * PatternError.
   */
  of(task: TaskDemand): number | undefined {
    const fixed = (task.constraints ?? []).filter(isFixed);
    if (fixed.length === 0) {
      return undefined;
    }
    const key = JSON.stringify(fixed);
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.list.length;
      this.list.push(this.#make(fixed));
      this.#numbers.set(key, number);
    }
    return number;
  }

  #make(fixed: readonly FixedConstraint[]): Mask {
    const words = new Uint32Array((this.#count + 31) >> 5);
    for (let offer = 0; offer < this.#count; offer++) {
      setBit(words, offer);
    }
    let blockedBy: string | undefined;
    for (const constraint of fixed) {
      const { values, ofOffer } = this.#columns.of(constraint.attribute);
      const test = compiled(constraint);
      const passes = values.map(test);
      const missingPasses = test(undefined);
      let isAnyLeft = false;
      for (const [offer, value] of ofOffer.entries()) {
        if (!(value === undefined ? missingPasses : passes[value])) {
          clearBit(words, offer);
        } else {
          isAnyLeft ||= hasBit(words, offer);
        }
      }
      if (!isAnyLeft) {
        blockedBy ??= constraint.attribute;
      }
    }
    return { words, blockedBy };
  }
}

function compiled(constraint: FixedConstraint): (value: string | undefined) => boolean {
  try {
    return testOf(constraint);
  } catch (cause) {
    throw new PatternError(constraint.attribute, cause);
  }
}

export const setBit = (words: Uint32Array, index: number) => {
  words[index >> 5] = (words[index >> 5] ?? 0) | (1 << (index & 31));
};
const clearBit = (words: Uint32Array, index: number) => {
  words[index >> 5] = (words[index >> 5] ?? 0) & ~(1 << (index & 31));
};
const hasBit = (words: Uint32Array, index: number) =>
  (((words[index >> 5] ?? 0) >>> (index & 31)) & 1) === 1;

/** A limit on how many tasks of a group may share a value of the attribute. */
export interface Limit {
  readonly group: string;
  readonly attribute: string;
  readonly most: number | 'even' | 'any';
  /**
   * Whether the task itself is counted under this limit: true for one limit of each group and
   * attribute.
   */
  readonly counts: boolean;
}

function boundOf(constraint: GroupConstraint): number | 'even' {
  switch (constraint.type) {
    case 'unique':
      return 1;
    case 'groupBy':
      return 'even';
    case 'maxPer':
      return constraint.count;
    default:
      return constraint satisfies never;
  }
}

type Counted = Pick<TaskDemand, 'group' | 'constraints'>;

const groupOf = (task: Counted) => task.group ?? '';

/** For each group, the attributes that some constraint limits. */
function attributesByGroup(tasks: readonly TaskDemand[]): Map<string, Set<string>> {
  const attributes = new Map<string, Set<string>>();
  for (const task of tasks) {
    for (const constraint of task.constraints ?? []) {
      if (isFixed(constraint)) {
        continue;
      }
      const group = constraint.group ?? groupOf(task);
      const known = attributes.get(group) ?? new Set<string>();
      attributes.set(group, known.add(constraint.attribute));
    }
  }
  return attributes;
}

/**
 * A task counts under all limits of its own group, even if it has no constraint. Under limits of
 * another group it counts if a constraint of its own names that group.
 */
function limitsIn(attributes: ReadonlyMap<string, ReadonlySet<string>>, task: Counted): Limit[] {
  const limits: Limit[] = [];
  const has = (group: string, attribute: string) =>
    limits.some((limit) => limit.group === group && limit.attribute === attribute);
  for (const constraint of task.constraints ?? []) {
    if (isFixed(constraint)) {
      continue;
    }
    const { attribute, group = groupOf(task) } = constraint;
    limits.push({ group, attribute, most: boundOf(constraint), counts: !has(group, attribute) });
  }
  const group = groupOf(task);
  for (const attribute of attributes.get(group) ?? []) {
    if (!has(group, attribute)) {
      limits.push({ group, attribute, most: 'any', counts: true });
    }
  }
  return limits;
}

/** The limits of each task. */
export function limitsOf(tasks: readonly TaskDemand[]): Limit[][] {
  const attributes = attributesByGroup(tasks);
  return tasks.map((task) => limitsIn(attributes, task));
}

/** The group, attribute and value under which each running task counts; each is listed once. */
export function* countsOf(
  running: readonly RunningTask[],
  tasks: readonly TaskDemand[],
): Generator<{ readonly group: string; readonly attribute: string; readonly value: string }> {
  if (running.length === 0) {
    return;
  }
  const attributes = attributesByGroup(tasks);
  for (const task of running) {
    for (const { group, attribute, counts } of limitsIn(attributes, task)) {
      const value = counts ? attributeOf(task.place, attribute) : undefined;
      if (value !== undefined) {
        yield { group, attribute, value };
      }
    }
  }
}
