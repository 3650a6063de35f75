// What connections of many places want done, one after the other: places take turns, so that one
// with thousands of connections delays no other. Within a place the newest is first: behind a
// thousand strangers of the same machine everybody would wait for all of them, and this way only
// who comes before many others does. What has been taken counts until it is deleted.

interface Place<Item> {
  /** The oldest first. */
  readonly items: Set<Item>;
  /** Those among them that have not been taken. */
  readonly waiting: Set<Item>;
  /** The same, the newest last; some may be deleted by now. */
  order: Item[];
}

/** Deleted ones are taken out of an order when they are its greater part, and so many. */
const DELETED = 16;

export class PlaceTurns<Item> {
  readonly #places = new Map<string, Place<Item>>();
  /** Places with something that waits, in the order of their turns. */
  readonly #turns = new Set<string>();
  #size = 0;

  /** How many have not been deleted. */
  get size(): number {
    return this.#size;
  }

  add(name: string, item: Item): void {
    const place = this.#places.get(name) ?? { items: new Set(), waiting: new Set(), order: [] };
    this.#places.set(name, place);
    place.items.add(item);
    place.waiting.add(item);
    place.order.push(item);
    this.#turns.add(name);
    this.#size++;
  }

  delete(name: string, item: Item): void {
    const place = this.#places.get(name);
    if (place?.items.delete(item) !== true) {
      return;
    }
    this.#size--;
    place.waiting.delete(item);
    if (place.waiting.size === 0) {
      this.#turns.delete(name);
    }
    if (place.order.length > 2 * place.waiting.size + DELETED) {
      place.order = place.order.filter((one) => place.waiting.has(one));
    }
    if (place.items.size === 0) {
      this.#places.delete(name);
    }
  }

  /** The newest that waits of the place whose turn it is; undefined where nothing waits. */
  take(): Item | undefined {
    const [name] = this.#turns;
    const place = name === undefined ? undefined : this.#places.get(name);
    if (name === undefined || place === undefined) {
      return undefined;
    }
    let item = place.order.pop();
    while (item !== undefined && !place.waiting.delete(item)) {
      item = place.order.pop();
    }
    this.#turns.delete(name);
    if (place.waiting.size > 0) {
      this.#turns.add(name);
    }
    return item;
  }

  /** The oldest of the place that has most, waiting or taken; undefined where there is none. */
  oldestOfFullest(): Item | undefined {
    let fullest: Place<Item> | undefined;
    for (const place of this.#places.values()) {
      if (fullest === undefined || place.items.size > fullest.items.size) {
        fullest = place;
      }
    }
    const [oldest] = fullest?.items ?? [];
    return oldest;
  }
}
