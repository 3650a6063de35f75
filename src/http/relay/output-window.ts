// How much of a terminal's output may be on its way to a browser that says what it has shown:
// browsers read a WebSocket as fast as it comes, whether the page can show that or not.

export class OutputWindow {
  #left: number;
  #wake: (() => void) | undefined;
  #isOver = false;

  /** Undefined for a client that does not say what it has taken, and is not waited for. */
  constructor(bytes: number | undefined) {
    this.#left = bytes ?? Number.POSITIVE_INFINITY;
  }

  /** Resolves when more may be sent. */
  async room(): Promise<void> {
    while (this.#left <= 0 && !this.#isOver) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  sent(bytes: number): void {
    this.#left -= bytes;
  }

  taken(bytes: number): void {
    this.#left += bytes;
    this.#wake?.();
  }

  /** Nobody waits any more. */
  end(): void {
    this.#isOver = true;
    this.#wake?.();
  }
}
