// Copies of messages, as what was sent over a wire is one. structuredClone costs ten times as much.

/** A deep copy of plain data; what is neither an array, bytes nor a plain object is refused. */
export function copied<T>(data: T): T {
  return copyOf(data) as T;
}

function copyOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  if (Array.isArray(value)) {
    return value.map(copyOf);
  }
  if (value instanceof Uint8Array) {
    return value.slice();
  }
  if (value instanceof Map) {
    return new Map([...value].map(([key, it]) => [key, copyOf(it)]));
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new Error(`No plain data: ${Object.prototype.toString.call(value)}`);
  }
  const copy: Record<string, unknown> = {};
  for (const key in value) {
    const own = copyOf((value as Record<string, unknown>)[key]);
    if (key === '__proto__') {
      // Set like others, it would be the copy's prototype.
      Object.defineProperty(copy, key, {
        value: own,
        ...{ enumerable: true, writable: true, configurable: true },
      });
    } else {
      copy[key] = own;
    }
  }
  return copy;
}
