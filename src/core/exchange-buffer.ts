// The part of the module's memory through which lists of resources go in and come out. On the way
// in a message becomes an item: its kind and its amount. On the way out a message is made of the
// item.
import type { Resource } from '../model/generated/messages.ts';
import { fromMilli, toMilli } from '../model/milli.ts';
import type { CoreModule } from './module.ts';
import type { ResourceInterner } from './resource-interner.ts';
import { isSolid, isSolidResource, type Kind } from './resource-kind.ts';

/**
 * The most bytes that a list may need: for each resource an item and its ranges, where each name in
 * a set counts as one range.
 */
function sizeOf(resources: readonly Resource[]): number {
  let bytes = 16 * resources.length;
  for (const resource of resources) {
    if (resource.ranges?.range !== undefined) {
      bytes += 16 * resource.ranges.range.length;
    }
    if (resource.set?.item !== undefined) {
      bytes += 16 * resource.set.item.length;
    }
  }
  return bytes;
}

/** The values of a scalar item: it has no ranges. */
export const noValues = new Float64Array(0);

/**
 * How the allocation role of a resource counts: 'keep' it, 'drop' it, or assume the given one where
 * it is absent.
 */
export type Allocation = 'keep' | 'drop' | { readonly assume: string };

export class ExchangeBuffer {
  readonly module: CoreModule;
  readonly kinds: ResourceInterner;
  /** Where the next write goes, in u32s from the start of the buffer. */
  #at = 0;

  constructor(module: CoreModule, kinds: ResourceInterner) {
    this.module = module;
    this.kinds = kinds;
  }

  /** Begins a new exchange: the next write goes to the start. */
  begin(): this {
    this.kinds.sweep();
    this.#at = 0;
    return this;
  }

  /** Appends a list and returns how many items it has. Kinds that are new are created. */
  write(resources: readonly Resource[], allocation: Allocation = 'drop'): number {
    // Kinds first: creating one calls the module, which may move its memory.
    const numbers: number[] = [];
    const written: Resource[] = [];
    for (const resource of resources) {
      if (isEmptySolid(resource)) {
        continue;
      }
      numbers.push(this.kinds.of(resource, roleOf(resource, allocation)));
      written.push(resource);
    }
    this.#put(written, numbers);
    return written.length;
  }

  /**
   * Appends a list without creating kinds, for a question. Returns undefined, and appends nothing,
   * where a kind does not exist: then nothing has such a resource.
   */
  ask(resources: readonly Resource[], allocation: Allocation = 'drop'): number | undefined {
    const { asked, numbers, complete } = this.#known(resources, allocation);
    if (!complete) {
      return undefined;
    }
    this.#put(asked, numbers);
    return asked.length;
  }

  /** Appends the resources of a list that have a kind, and leaves out all others. */
  writeKnown(resources: readonly Resource[], allocation: Allocation = 'drop'): number {
    const { asked, numbers } = this.#known(resources, allocation);
    this.#put(asked, numbers);
    return asked.length;
  }

  #known(resources: readonly Resource[], allocation: Allocation) {
    const numbers: number[] = [];
    const asked: Resource[] = [];
    let complete = true;
    for (const resource of resources) {
      if (isEmptySolid(resource)) {
        continue;
      }
      const number = this.kinds.find(resource, roleOf(resource, allocation));
      if (number !== undefined && this.#knowsItems(resource)) {
        numbers.push(number);
        asked.push(resource);
      } else if (!isNothing(resource)) {
        complete = false;
        if (number === undefined) {
          continue;
        }
        // Of a set, only the names that have a number.
        numbers.push(number);
        const { item: items = [] } = resource.set ?? {};
        asked.push({
          ...resource,
          set: { item: items.filter((item) => this.kinds.setItems.find(item) !== undefined) },
        });
      }
    }
    return { asked, numbers, complete };
  }

  #knowsItems({ set }: Resource): boolean {
    const { setItems } = this.kinds;
    return set?.item?.every((item) => setItems.find(item) !== undefined) ?? true;
  }

  #put(resources: readonly Resource[], numbers: readonly number[]): void {
    const { module, kinds } = this;
    module.reserve((this.#at << 2) + sizeOf(resources));
    const { u32, f64, io } = module;
    let at = io + this.#at;
    for (let index = 0; index < resources.length; index++) {
      const resource = resources[index] as Resource;
      const number = numbers[index] as number;
      const kind = kinds.get(number);
      u32[at] = number;
      u32[at + 1] = 0;
      if (kind.type === 0) {
        f64[(at >> 1) + 1] = isSolid(kind) ? 1 : toMilli(resource.scalar?.value ?? 0);
        at += 4;
      } else {
        at = kind.type === 1 ? writeRanges(module, at, resource) : this.#writeSet(at, resource);
      }
    }
    this.#at = at - io;
  }

  /**
   * Takes path and principal of a new volume, which may differ from those of an earlier volume of
   * the same kind.
   */
  refresh(volume: Resource, allocation: Allocation): void {
    if (!isEmptySolid(volume)) {
      this.kinds.refresh(volume, roleOf(volume, allocation));
    }
  }

  /** Where the next write goes, in bytes from the start of the buffer. */
  get bytes(): number {
    return this.#at << 2;
  }

  /** Appends four numbers, the head of a conversion, and returns its position for `patch`. */
  head(): number {
    this.module.reserve((this.#at << 2) + 16);
    const at = this.#at;
    this.#at += 4;
    return at;
  }

  patch(head: number, a: number, b: number, c: number): void {
    const { u32, io } = this.module;
    u32[io + head] = a;
    u32[io + head + 1] = b;
    u32[io + head + 2] = c;
    u32[io + head + 3] = 0;
  }

  #writeSet(at: number, resource: Resource): number {
    const { u32, f64 } = this.module;
    const items = resource.set?.item ?? [];
    u32[at + 1] = items.length;
    f64[(at >> 1) + 1] = items.length;
    let next = (at >> 1) + 2;
    for (const item of items) {
      const number = this.kinds.setItems.number(item);
      f64[next++] = number;
      f64[next++] = number;
    }
    return next << 1;
  }

  /** Reads the list that the module left in the buffer. */
  read(count: number): Resource[] {
    this.module.locate();
    return this.readAt(this.module.io, count);
  }

  /** Reads a list in the buffer's format at any address (in u32s). */
  readAt(at: number, count: number, allocationRole = ''): Resource[] {
    return this.listAt(at, count, allocationRole).resources;
  }

  /** As readAt, and where the list ends (in u32s). */
  listAt(
    at: number,
    count: number,
    allocationRole = '',
  ): { readonly resources: Resource[]; readonly end: number } {
    const { u32, f64 } = this.module;
    const resources: Resource[] = [];
    for (let index = 0; index < count; index++) {
      const kind = this.kinds.get(u32[at] as number);
      const ranges = u32[at + 1] as number;
      const amount = f64[(at >> 1) + 1] as number;
      at += 4;
      this.append(resources, kind, amount, this.#values(at >> 1, ranges), allocationRole);
      at += ranges << 2;
    }
    return { resources, end: at };
  }

  #values(at: number, ranges: number): Float64Array {
    return ranges === 0 ? noValues : this.module.f64.subarray(at, at + ranges * 2);
  }

  /**
   * Appends the messages that one item stands for; `values` are its ranges, begin and end in turn.
   */
  append(
    resources: Resource[],
    kind: Kind,
    amount: number,
    values: Float64Array,
    allocationRole: string,
  ): void {
    const template = kind.template;
    const message: Resource = { ...template };
    if (allocationRole !== '') {
      message.allocation_info = { role: allocationRole };
    }
    if (kind.type === 0) {
      if (isSolid(kind)) {
        message.scalar = { value: fromMilli(kind.unit) };
        for (let copy = 1; copy < amount; copy++) {
          resources.push({ ...message, scalar: { value: fromMilli(kind.unit) } });
        }
      } else {
        message.scalar = { value: fromMilli(amount) };
      }
    } else if (kind.type === 1) {
      const range = [];
      for (let index = 0; index < values.length; index += 2) {
        range.push({ begin: values[index] as number, end: values[index + 1] as number });
      }
      message.ranges = { range };
    } else {
      const item: string[] = [];
      for (let index = 0; index < values.length; index += 2) {
        for (let n = values[index] as number; n <= (values[index + 1] as number); n++) {
          item.push(this.kinds.setItems.text(n));
        }
      }
      message.set = { item: item.sort() };
    }
    resources.push(message);
  }
}

/** A solid resource of size 0 is nothing, and has no kind. */
function isEmptySolid(resource: Resource): boolean {
  return (
    (resource.disk !== undefined || resource.shared !== undefined) &&
    isSolidResource(resource) &&
    toMilli(resource.scalar?.value ?? 0) === 0
  );
}

function isNothing(resource: Resource): boolean {
  return (
    toMilli(resource.scalar?.value ?? 0) === 0 &&
    (resource.ranges?.range ?? []).length === 0 &&
    (resource.set?.item ?? []).length === 0
  );
}

function roleOf(resource: Resource, allocation: Allocation): string {
  if (allocation === 'drop') {
    return '';
  }
  const role = resource.allocation_info?.role ?? '';
  return role === '' && allocation !== 'keep' ? allocation.assume : role;
}

function writeRanges(module: CoreModule, at: number, resource: Resource): number {
  const { u32, f64 } = module;
  const ranges = resource.ranges?.range ?? [];
  u32[at + 1] = ranges.length;
  f64[(at >> 1) + 1] = 0;
  let next = (at >> 1) + 2;
  for (const range of ranges) {
    f64[next++] = range.begin;
    f64[next++] = range.end;
  }
  return next << 1;
}
