// Histories that forget their oldest entry when they are full.
import type { ByteBudget, Weighed } from '../model/byte-budget.ts';
import { Fifo } from '../model/fifo.ts';

/** Values of a history that count in a budget, too. */
export interface Weight<T> {
  readonly budget: ByteBudget;
  readonly sizeOf: (value: T) => number;
}

interface Entry<T> {
  readonly value: T;
  readonly bytes: number;
}

/** The last so many values, oldest first. */
export class BoundedList<T> implements Iterable<T>, Weighed {
  /** How many values it keeps. */
  readonly limit: number;
  private readonly weight: Weight<T> | undefined;
  private entries = new Fifo<Entry<T>>();
  bytes = 0;

  constructor(limit: number, weight?: Weight<T>) {
    this.limit = limit;
    this.weight = weight;
  }

  get size(): number {
    return this.entries.length;
  }

  /** `bytes` where they are known already. */
  push(value: T, bytes = this.weight?.sizeOf(value) ?? 0): void {
    if (this.limit <= 0) {
      return;
    }
    if (this.size >= this.limit) {
      this.forgetOldest();
    }
    this.entries.push({ value, bytes });
    this.weight?.budget.take(this, bytes);
  }

  forgetOldest(): void {
    const oldest = this.entries.take();
    if (oldest !== undefined) {
      this.weight?.budget.giveBack(this, oldest.bytes);
    }
  }

  /** Forgets what the test picks. */
  remove(picks: (value: T) => boolean): void {
    const kept = new Fifo<Entry<T>>();
    let bytes = 0;
    for (const entry of this.entries) {
      if (picks(entry.value)) {
        bytes += entry.bytes;
      } else {
        kept.push(entry);
      }
    }
    this.entries = kept;
    this.weight?.budget.giveBack(this, bytes);
  }

  *[Symbol.iterator](): Iterator<T> {
    for (const { value } of this.entries) {
      yield value;
    }
  }
}

/** A map that forgets the entry that was set first. */
export class BoundedMap<K, V> extends Map<K, V> implements Weighed {
  /** How many values it keeps. */
  readonly limit: number;
  private readonly weight: Weight<V> | undefined;
  private readonly forgotten: ((value: V) => void) | undefined;
  private readonly sizes = new Map<K, number>();
  bytes = 0;

  constructor(
    limit: number,
    options: { readonly weight?: Weight<V>; readonly forgotten?: (value: V) => void } = {},
  ) {
    super();
    this.limit = limit;
    this.weight = options.weight;
    this.forgotten = options.forgotten;
  }

  override set(key: K, value: V): this {
    if (this.limit <= 0) {
      this.forgotten?.(value);
      return this;
    }
    if (!this.has(key) && this.size >= this.limit) {
      this.forgetOldest();
    }
    if (this.weight === undefined) {
      return super.set(key, value);
    }
    this.giveBack(key);
    super.set(key, value);
    const bytes = this.weight.sizeOf(value);
    this.sizes.set(key, bytes);
    this.weight.budget.take(this, bytes);
    return this;
  }

  override delete(key: K): boolean {
    this.giveBack(key);
    return super.delete(key);
  }

  override clear(): void {
    for (const key of [...this.keys()]) {
      this.delete(key);
    }
  }

  forgetOldest(): void {
    for (const [key, value] of this) {
      this.delete(key);
      this.forgotten?.(value);
      break;
    }
  }

  private giveBack(key: K): void {
    const bytes = this.sizes.get(key);
    if (bytes !== undefined) {
      this.sizes.delete(key);
      this.weight?.budget.giveBack(this, bytes);
    }
  }
}
