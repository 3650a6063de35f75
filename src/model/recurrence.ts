// Tells an event that happens now and then from one that keeps coming back.

export class Recurrence {
  private readonly most: number;
  private readonly withinMs: number;
  /** The times of the latest events. */
  private readonly timesMs: number[] = [];

  /** Too often is `most` events with less than `withinMs` between the first and the last. */
  constructor({ most, withinMs }: { readonly most: number; readonly withinMs: number }) {
    this.most = most;
    this.withinMs = withinMs;
  }

  /** Counts an event; true if it has now happened too often. */
  add(nowMs: number): boolean {
    this.timesMs.push(nowMs);
    if (this.timesMs.length > this.most) {
      this.timesMs.shift();
    }
    const [firstMs = nowMs] = this.timesMs;
    // The clock may have been set back.
    const spanMs = Math.abs(nowMs - firstMs);
    return this.timesMs.length === this.most && spanMs < this.withinMs;
  }
}
