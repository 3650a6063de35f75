// How many hold each of what must not be removed meanwhile, or there can be so many of only.

export class Holders {
  readonly #counts = new Map<string, number>();

  /** Whether somebody holds it. */
  has(name: string): boolean {
    return this.#counts.has(name);
  }

  count(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  /** All of them are held until the function that is returned is called; once is enough. */
  hold(names: readonly string[]): () => void {
    for (const name of names) {
      this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    }
    let isHeld = true;
    return () => {
      for (const name of isHeld ? names : []) {
        const left = (this.#counts.get(name) ?? 1) - 1;
        if (left > 0) {
          this.#counts.set(name, left);
        } else {
          this.#counts.delete(name);
        }
      }
      isHeld = false;
    };
  }
}
