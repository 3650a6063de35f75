// Numbers for the names in sets: to the module a set is a list of ranges of numbers, as ports are.

/** Numbers strings in the order of their first occurrence. */
export class StringNumbers {
  readonly #numbers = new Map<string, number>();
  readonly #texts: string[] = [];

  number(text: string): number {
    let number = this.#numbers.get(text);
    if (number === undefined) {
      number = this.#texts.length;
      this.#numbers.set(text, number);
      this.#texts.push(text);
    }
    return number;
  }

  find(text: string): number | undefined {
    return this.#numbers.get(text);
  }

  text(number: number): string {
    return this.#texts[number] ?? '';
  }

  get all(): readonly string[] {
    return this.#texts;
  }
}
