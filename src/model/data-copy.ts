// State as data: an independent copy, and a comparison field by field. State may be a graph with
// circles; an object that is met twice is one object in the copy as well.
//
// Plain objects, lists, maps, sets and bytes are copied, and instances of the classes that the
// caller names: their fields are private in TypeScript's way and not by `#`, so that they are found
// here. A frozen object never changes, nor does anything in it: the copy has the same object.
// Anything else is refused, with its place in the state: a state half copied would go on as if it
// were whole.

/** What a state consists of, besides plain values. */
export interface DataKinds {
  /** Classes whose instances are copied field by field. */
  readonly classes: ReadonlySet<unknown>;
  /** Objects that never change, or are no part of the state: a copy has the same object. */
  readonly shared: ReadonlySet<unknown>;
  /** For an object that copies and compares itself, how; undefined for all others. */
  readonly own: (value: object) => SelfCopying | undefined;
}

export interface SelfCopying {
  readonly copy: () => object;
  readonly equals: (other: object) => boolean;
}

/** The state holds a value that is no data of a known kind. */
class NoDataError extends Error {
  readonly code = 'NO_DATA';
}

/**
 * The way to a part of the state, for messages: its last step, and the way to the object before.
 */
interface Way {
  readonly to: Way | undefined;
  readonly step: string;
}

/** An independent copy. Throws a NoDataError with the place of a value that cannot be copied. */
export function copyData<T extends object>(root: T, kinds: DataKinds): T {
  const copies = new Map<object, object>();
  const open: { readonly from: object; readonly to: object; readonly way: Way | undefined }[] = [];
  const copyOf = (value: unknown, to: Way | undefined, step: unknown): unknown => {
    if (isPlainValue(value) || Object.isFrozen(value) || kinds.shared.has(value)) {
      return value;
    }
    const way = to === undefined && step === '' ? undefined : { to, step: String(step) };
    const from = asObject(value, way);
    const known = copies.get(from);
    if (known !== undefined) {
      return known;
    }
    const own = kinds.own(from);
    const copy = own === undefined ? emptyLike(from, kinds, way) : own.copy();
    copies.set(from, copy);
    if (own === undefined) {
      open.push({ from, to: copy, way });
    }
    return copy;
  };
  const copy = copyOf(root, undefined, '') as T;
  // A loop, for recursion would run out of stack: a state is as deep as its longest chain of
  // references.
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    fill(next.from, next.to, (value, step) => copyOf(value, next?.way, step));
  }
  return copy;
}

/**
 * The way to the first difference between two states; undefined where they are equal. Whether two
 * equal messages are one object or two is no difference.
 */
export function dataDifference(left: object, right: object, kinds: DataKinds): string | undefined {
  const seen = new Map<object, Set<object>>();
  const open: { readonly a: object; readonly b: object; readonly way: Way | undefined }[] = [];
  const differ = (a: unknown, b: unknown, way: Way | undefined): boolean => {
    if (isPlainValue(a) || isPlainValue(b) || kinds.shared.has(a)) {
      return !Object.is(a, b);
    }
    const [one, other] = [asObject(a, way), asObject(b, way)];
    const partners = seen.get(one) ?? new Set();
    if (one === other || partners.has(other)) {
      return false;
    }
    seen.set(one, partners.add(other));
    const own = kinds.own(one);
    if (own !== undefined) {
      return !own.equals(other);
    }
    open.push({ a: one, b: other, way });
    return Object.getPrototypeOf(one) !== Object.getPrototypeOf(other);
  };
  if (differ(left, right, undefined)) {
    return textOf(undefined);
  }
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [ours, theirs] = [partsOf(next.a), partsOf(next.b)];
    for (let i = 0; i < Math.max(ours.length, theirs.length); i++) {
      const [a, b] = [ours[i], theirs[i]];
      const way = { to: next.way, step: String((a ?? b)?.step) };
      if (a === undefined || b === undefined || differ(a.key, b.key, way)) {
        return textOf(way);
      }
      if (differ(a.value, b.value, way)) {
        return textOf(way);
      }
    }
  }
  return undefined;
}

const isPlainValue = (value: unknown) =>
  value === null || (typeof value !== 'object' && typeof value !== 'function');

function asObject(value: unknown, way: Way | undefined): object {
  if (typeof value === 'function') {
    throw new NoDataError(`${textOf(way)} is a function`);
  }
  return value as object;
}

function textOf(way: Way | undefined): string {
  const steps: string[] = [];
  for (let at = way; at !== undefined; at = at.to) {
    steps.unshift(at.step);
  }
  return steps.length === 0 ? 'the state itself' : steps.join('.');
}

/** A new empty object of the same kind. Its constructor is not run. */
function emptyLike(value: object, kinds: DataKinds, way: Way | undefined): object {
  if (value instanceof Uint8Array) {
    return new Uint8Array(value);
  }
  const prototype: { constructor?: unknown } | null = Object.getPrototypeOf(value);
  const isKnown = PLAIN.has(prototype?.constructor) || kinds.classes.has(prototype?.constructor);
  if (prototype !== null && !isKnown) {
    const name = (prototype.constructor as { name?: string } | undefined)?.name;
    throw new NoDataError(`${textOf(way)} is of the class ${name}, which is not known as data`);
  }
  if (Array.isArray(value)) {
    return [];
  }
  const collection = value instanceof Map ? new Map() : value instanceof Set ? new Set() : {};
  return Object.setPrototypeOf(collection, prototype);
}

const PLAIN: ReadonlySet<unknown> = new Set([Object, Array, Map, Set]);

function fill(from: object, to: object, copyOf: (value: unknown, step: unknown) => unknown): void {
  if (from instanceof Uint8Array) {
    return;
  }
  if (from instanceof Map) {
    for (const [key, value] of from) {
      Map.prototype.set.call(to, copyOf(key, KEY), copyOf(value, key));
    }
  } else if (from instanceof Set) {
    for (const value of from) {
      Set.prototype.add.call(to, copyOf(value, KEY));
    }
  }
  for (const [name, value] of Object.entries(from)) {
    Object.defineProperty(to, name, {
      value: copyOf(value, name),
      configurable: true,
      enumerable: true,
      writable: true,
    });
  }
}

/** What stands in a way for a key that is an object. */
const KEY = '(key)';

interface Part {
  readonly step: unknown;
  readonly key: unknown;
  readonly value: unknown;
}

/** The parts in their order. Order belongs to the state: a machine serves what comes first. */
function partsOf(value: object): Part[] {
  const parts: Part[] = [];
  if (value instanceof Uint8Array) {
    value.forEach((byte, index) => {
      parts.push({ step: index, key: index, value: byte });
    });
    return parts;
  }
  if (value instanceof Map) {
    for (const [key, held] of value) {
      parts.push({ step: isPlainValue(key) ? key : KEY, key, value: held });
    }
  } else if (value instanceof Set) {
    for (const key of value) {
      parts.push({ step: isPlainValue(key) ? key : KEY, key, value: undefined });
    }
  }
  for (const [name, held] of Object.entries(value)) {
    parts.push({ step: name, key: name, value: held });
  }
  return parts;
}
