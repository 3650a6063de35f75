// Answers to ordinary requests that are not there yet. All of them can be refused at once: a
// process that is about to end leaves nobody waiting for its end.
import type { HttpResponse } from './response.ts';

type Answer = HttpResponse | undefined;

export class Underway {
  readonly #refusals = new Set<(answer: HttpResponse) => void>();

  /** Settles as the answer does, or resolves to the refusal that comes before it. */
  orRefusal(answer: Promise<Answer>): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    this.#refusals.add(resolve);
    answer.then(resolve, reject).finally(() => this.#refusals.delete(resolve));
    return promise;
  }

  refuse(answer: HttpResponse): void {
    for (const refuse of this.#refusals) {
      refuse(answer);
    }
  }
}
