// Values by key of which only the latest matter. A map that forgets one entry for each new one
// looks through the places of those that have gone; here half of the entries go at once.

/** Keeps at least the last half of so many entries. */
export class RecentMap<K, V> {
  /** How many entries it keeps at most. */
  readonly limit: number;
  private latest = new Map<K, V>();
  private earlier = new Map<K, V>();

  constructor(limit: number) {
    this.limit = limit;
  }

  set(key: K, value: V): void {
    if (this.latest.size >= this.limit / 2) {
      this.earlier = this.latest;
      this.latest = new Map();
    }
    this.latest.set(key, value);
  }

  get(key: K): V | undefined {
    return this.latest.get(key) ?? this.earlier.get(key);
  }
}
