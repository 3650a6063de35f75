// The types of a module's exported functions, read from its binary format.

const SECTION_TYPES = 1;
const SECTION_FUNCTIONS = 3;
const SECTION_EXPORTS = 7;
const FUNCTION_TYPE = 0x60;
const FUNCTION_EXPORT = 0;

const VALUE_TYPES: Readonly<Record<number, string>> = {
  127: 'i32',
  126: 'i64',
  125: 'f32',
  124: 'f64',
};

class Reader {
  readonly bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes;
    this.at = at;
  }

  byte(): number {
    const value = this.bytes[this.at];
    if (value === undefined) {
      throw new RangeError('the module ends early');
    }
    this.at += 1;
    return value;
  }

  /** LEB128. */
  number(): number {
    const byte = this.byte();
    return byte < 128 ? byte : byte - 128 + this.number() * 128;
  }

  list<T>(read: () => T): T[] {
    return Array.from({ length: this.number() }, read);
  }

  name(): string {
    return String.fromCharCode(...this.list(() => this.byte()));
  }
}

/** The parameters of each exported function; the module must import none. */
export function exportTypes(bytes: Uint8Array): Record<string, string[]> {
  const sections = new Map<number, Reader>();
  for (const reader = new Reader(bytes, 8); reader.at < bytes.length; ) {
    const id = reader.byte();
    const size = reader.number();
    sections.set(id, new Reader(bytes, reader.at));
    reader.at += size;
  }
  const section = (id: number) => sections.get(id) ?? new Reader(new Uint8Array(1), 0);
  const types = section(SECTION_TYPES);
  const parameters = types.list(() => {
    if (types.byte() !== FUNCTION_TYPE) {
      throw new TypeError('only function types are known here');
    }
    const taken = types.list(() => VALUE_TYPES[types.byte()] ?? 'other');
    types.list(() => types.byte());
    return taken;
  });
  const functions = section(SECTION_FUNCTIONS);
  const typeOf = functions.list(() => functions.number());
  const exported = section(SECTION_EXPORTS);
  const found = exported.list(() => ({
    name: exported.name(),
    kind: exported.byte(),
    index: exported.number(),
  }));
  return Object.fromEntries(
    found
      .filter(({ kind }) => kind === FUNCTION_EXPORT)
      .map(({ name, index }) => [name, parameters[typeOf[index] ?? -1] ?? []]),
  );
}
