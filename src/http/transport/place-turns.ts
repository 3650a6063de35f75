// What connections of many places want done, one after the other: places take turns, so that one
// with thousands of connections delays no other. What has been taken counts until it is deleted.

interface Place<Item> {
  /** The oldest first. */
  readonly items: Set<Item>;
  /** Those among them that have not been taken. */
  readonly waiting: Set<Item>;
}

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
    const place = this.#places.get(name) ?? { items: new Set(), waiting: new Set() };
    this.#places.set(name, place);
    place.items.add(item);
    place.waiting.add(item);
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
    if (place.items.size === 0) {
      this.#places.delete(name);
    }
  }

  /** The oldest that waits of the place whose turn it is; undefined where nothing waits. */
  take(): Item | undefined {
    const [name] = this.#turns;
    const waiting = name === undefined ? undefined : this.#places.get(name)?.waiting;
    if (name === undefined || waiting === undefined) {
      return undefined;
    }
    const [item] = waiting;
    if (item !== undefined) {
      waiting.delete(item);
    }
    this.#turns.delete(name);
    if (waiting.size > 0) {
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
