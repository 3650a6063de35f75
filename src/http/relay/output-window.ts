// How much of a terminal's output may be on its way to a browser that says what it has shown:
// browsers read a WebSocket as fast as it comes, whether the page can show that or not.

export class OutputWindow {
  #left: number;
  #wake: (() => void) | undefined;
  #isLifted = false;

  /** Undefined for a client that does not say what it has taken, and is not waited for. */
  constructor(bytes: number | undefined) {
    this.#left = bytes ?? Number.POSITIVE_INFINITY;
  }

  /** Resolves when more may be sent. */
  async room(): Promise<void> {
    while (this.#left <= 0 && !this.#isLifted) {
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

  /**
   * Nobody waits: the browser has gone, or is not read because of what it has sent, and cannot say
   * what it has taken. What runs may write before it reads on.
   */
  lift(): void {
    this.#isLifted = true;
    this.#wake?.();
  }

  hold(): void {
    this.#isLifted = false;
  }
}
