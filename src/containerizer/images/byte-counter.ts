// Counts bytes as they arrive in a thread, for another that looks whenever it likes.

export class ByteCounter {
  /** What the threads share. */
  readonly memory: SharedArrayBuffer;
  readonly #bytes: BigInt64Array;

  constructor(memory = new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#bytes = new BigInt64Array(memory);
  }

  add(bytes: number): void {
    Atomics.add(this.#bytes, 0, BigInt(bytes));
  }

  get count(): number {
    return Number(Atomics.load(this.#bytes, 0));
  }
}
