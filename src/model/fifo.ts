// A queue: first in, first out. Taking an item does not move the others.

/** After this many items are taken, the array gives back their places. */
const COMPACT_AFTER = 1_024;

export class Fifo<Item> {
  private items: (Item | undefined)[] = [];
  private head = 0;

  get length(): number {
    return this.items.length - this.head;
  }

  push(item: Item): void {
    this.items.push(item);
  }

  /** The first item; undefined when nothing waits. */
  take(): Item | undefined {
    const item = this.items[this.head];
    if (this.head === this.items.length) {
      return undefined;
    }
    this.items[this.head++] = undefined;
    if (this.head === this.items.length) {
      this.clear();
    } else if (this.head > COMPACT_AFTER && this.head * 2 > this.items.length) {
      this.items = this.items.slice(this.head);
      this.head = 0;
    }
    return item;
  }

  clear(): void {
    this.items.length = 0;
    this.head = 0;
  }

  /** The items that wait at this moment, oldest first; later changes do not show. */
  [Symbol.iterator](): Iterator<Item> {
    return (this.items.slice(this.head) as Item[]).values();
  }
}
