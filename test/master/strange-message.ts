// Messages that fit the schema and make no other sense: fields are missing, ids are those of
// others, amounts are negative. Names come from small pools, so that some are known to the master.
import type { Random } from '../../src/model/random.ts';
import type { Field, MessageType } from '../../src/wire/message-type.ts';

export interface Pools {
  /** Values by the name of a message type (`TaskID`) or of a field (`role`). */
  readonly strings: Readonly<Record<string, readonly string[]>>;
}

const numbers = [0, 1, 2, 0.5, 0.0004, 31000, 31005, 4096, -1, -0.1, 1e9, 1e18];
const depthLimit = 7;

export class Stranger {
  readonly #random: Random;
  readonly #pools: Pools;

  constructor(random: Random, pools: Pools) {
    this.#random = random;
    this.#pools = pools;
  }

  chance(probability: number): boolean {
    return this.#random.next() < probability;
  }

  pick<T>(values: readonly T[]): T {
    const value = values[Math.floor(this.#random.next() * values.length)];
    if (value === undefined) {
      throw new Error('nothing to pick from');
    }
    return value;
  }

  message<T>(type: MessageType<T>, depth = 0): T {
    const message: Record<string, unknown> = {};
    const set = new Set<string>();
    const often = depth < 2 ? 0.7 : 0.45;
    for (const field of type.fields) {
      const wanted =
        field.rule === 'required' ||
        (this.chance(often) && (depth < depthLimit || !('message' in field.value)));
      if (!wanted || (field.oneof !== undefined && set.has(field.oneof))) {
        continue;
      }
      if (field.oneof !== undefined) {
        set.add(field.oneof);
      }
      message[field.name] = this.#field(field, type.name, depth);
    }
    return message as T;
  }

  /** Removes, invents or changes some fields of the message. */
  mutate<T extends object>(type: MessageType<T>, message: T, rate: number): T {
    const changed: Record<string, unknown> = {};
    for (const field of type.fields) {
      const value = (message as Record<string, unknown>)[field.name];
      if (value === undefined || this.chance(rate)) {
        const appears = value === undefined && field.oneof === undefined && this.chance(rate / 2);
        if (field.rule === 'required' || (value !== undefined && this.chance(0.6)) || appears) {
          changed[field.name] = this.#field(field, type.name, depthLimit - 3);
        }
        continue;
      }
      const inner = 'message' in field.value ? field.value.message() : undefined;
      const again = (one: unknown) =>
        inner === undefined ? one : this.mutate(inner, one as object, rate);
      changed[field.name] =
        field.rule === 'repeated'
          ? (value as unknown[]).map(again)
          : field.rule === 'map'
            ? value
            : again(value);
    }
    return changed as T;
  }

  #field(field: Field, owner: string, depth: number): unknown {
    const count = this.pick([0, 1, 1, 2, 3]);
    switch (field.rule) {
      case 'repeated':
        return Array.from({ length: count }, () => this.#value(field, owner, depth));
      case 'map':
        return Object.fromEntries(
          Array.from({ length: count }, () => [
            this.#text(field.name, owner),
            this.#value(field, owner, depth),
          ]),
        );
      default:
        return this.#value(field, owner, depth);
    }
  }

  #value(field: Field, owner: string, depth: number): unknown {
    if ('message' in field.value) {
      return this.message(field.value.message(), depth + 1);
    }
    if ('enumeration' in field.value) {
      return this.pick([...field.value.enumeration.numbers.values()]);
    }
    switch (field.value.scalar) {
      case 'double':
        return this.pick(numbers);
      case 'int32':
      case 'int64':
        return Math.trunc(this.pick(numbers.filter((it) => Math.abs(it) < 2e9)));
      case 'uint32':
      case 'uint64':
        return Math.abs(Math.trunc(this.pick(numbers.filter((it) => Math.abs(it) < 2e9))));
      case 'bigint':
        return BigInt(Math.trunc(this.pick(numbers)));
      case 'bool':
        return this.chance(0.5);
      case 'string':
        return this.#text(field.name, owner);
      case 'bytes':
        return this.chance(0.7) ? this.#random.uuid() : new Uint8Array(3);
      default:
        throw new Error(`Unknown kind ${String(field.value.scalar satisfies never)}`);
    }
  }

  #text(name: string, owner: string): string {
    const pool = this.#pools.strings[owner] ?? this.#pools.strings[name];
    return pool !== undefined && this.chance(0.9)
      ? this.pick(pool)
      : this.pick(['', '*', 'a/b', '..', '__proto__', 'x y', 'constructor', 'é', '(', 't1', 'a']);
  }
}
