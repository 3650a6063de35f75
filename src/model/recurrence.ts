// Tells what happens now and then from what comes back.

export class Recurrence {
  private readonly most: number;
  private readonly withinMs: number;
  /** When the last ones were. */
  private readonly timesMs: number[] = [];

  /** Too often is so many times, the last less than so long after the first. */
  constructor({ most, withinMs }: { readonly most: number; readonly withinMs: number }) {
    this.most = most;
    this.withinMs = withinMs;
  }

  /** It happens once more; true if that is too often. */
  add(nowMs: number): boolean {
    this.timesMs.push(nowMs);
    if (this.timesMs.length > this.most) {
      this.timesMs.shift();
    }
    const [firstMs = nowMs] = this.timesMs;
    // Clocks are set back, too.
    const spanMs = Math.abs(nowMs - firstMs);
    return this.timesMs.length === this.most && spanMs < this.withinMs;
  }
}
