// Programs that in their first run make what all later ones share, and cannot do that twice at
// once: portmap's chains of iptables, for one. The first run that goes well is alone.
import { setTimeout as delay } from 'node:timers/promises';

/** Others wait no longer for it, as it may hang. */
const PATIENCE_MS = 5_000;

export class FirstRuns {
  /** Those that have gone well once. */
  readonly #known = new Set<string>();
  /** What others wait for: it resolves when a run that is alone is over. */
  readonly #alone = new Map<string, Promise<unknown>>();

  /** `run` resolves to whether it went well, among others; it is called in any case. */
  async run<T extends { readonly failure: unknown }>(
    program: string,
    run: () => Promise<T>,
    abort: AbortSignal,
  ): Promise<T> {
    const over = new AbortController();
    const signal = AbortSignal.any([abort, over.signal]);
    let isPatient = true;
    const enough = delay(PATIENCE_MS, undefined, { signal, ref: false })
      .catch(() => undefined)
      .then(() => {
        isPatient = false;
      });
    try {
      while (isPatient && !this.#known.has(program)) {
        const other = this.#alone.get(program);
        if (other === undefined) {
          return await this.#runAlone(program, run);
        }
        await Promise.race([other, enough]);
      }
    } finally {
      over.abort();
    }
    return run();
  }

  async #runAlone<T extends { readonly failure: unknown }>(
    program: string,
    run: () => Promise<T>,
  ): Promise<T> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#alone.set(program, promise);
    try {
      const end = await run();
      if (end.failure === undefined) {
        this.#known.add(program);
      }
      return end;
    } finally {
      this.#alone.delete(program);
      resolve();
    }
  }
}
