// What a search for ways around authorization throws when it has found one.
export class Breach extends Error {
  override readonly name = 'Breach';
}

/** Throws a Breach that says what is wrong. */
export function must(holds: boolean, what: () => string): asserts holds {
  if (!holds) {
    throw new Breach(what());
  }
}

/** A value on one line, of a bounded length. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'bigint' ? `${inner}` : inner instanceof Map ? [...inner] : inner,
  );
  return (text ?? 'undefined').slice(0, 4_000);
}
