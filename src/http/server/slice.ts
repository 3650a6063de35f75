// How long an answer may be made in one turn of the I/O loop, before other requests are handled.

const SLICE_MS = 4;

export class Slice {
  #end = performance.now() + SLICE_MS;

  get over(): boolean {
    return performance.now() >= this.#end;
  }

  /** Waits for the next turn where this one is used up. */
  pass(): Promise<void> | undefined {
    return this.over ? this.next() : undefined;
  }

  async next(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#end = performance.now() + SLICE_MS;
  }
}
