// Which container has which ports. Those of one that has just ended, or that gets others, may be
// given to the next one before they are free: it waits for them.
import { setTimeout as delay } from 'node:timers/promises';
import type { ContainerId } from '../../../model/ids.ts';
import { ContainerizerError } from '../../containerizer-error.ts';
import { type PortRanges, portsText } from '../../plan/ports.ts';
import { areOverlapping, type PortBlock } from './port-blocks.ts';

interface Waits {
  /** For how long the end of a container may be told before its ports are taken from it. */
  readonly idleMs: number;
  /** For how long that may take. */
  readonly busyMs: number;
}

const WAITS: Waits = { idleMs: 1_000, busyMs: 30_000 };
/** From one look to the next. */
const STEP_MS = 20;

export interface Claim {
  readonly ports: PortRanges;
  readonly blocks: readonly PortBlock[];
}

export class PortClaims {
  readonly #waits: Waits;
  readonly #claims = new Map<ContainerId, readonly PortBlock[]>();
  /** Containers whose ports are being changed. */
  readonly #busy = new Set<ContainerId>();

  constructor(waits = WAITS) {
    this.#waits = waits;
  }

  /**
   * The container has these ports, whatever it had before. Rejects with ContainerizerError where
   * another one keeps some of them, and with the reason of the abort.
   */
  async take(id: ContainerId, { ports, blocks }: Claim, abort?: AbortSignal): Promise<void> {
    const beganMs = performance.now();
    for (;;) {
      abort?.throwIfAborted();
      const holder = this.#holderOf(id, blocks);
      if (holder === undefined) {
        break;
      }
      const { idleMs, busyMs } = this.#waits;
      if (performance.now() - beganMs > (this.#busy.has(holder) ? busyMs : idleMs)) {
        throw new ContainerizerError(
          `Some ports of ${portsText(ports)} are those of container ${holder}`,
        );
      }
      await delay(STEP_MS);
    }
    this.#claims.set(id, blocks);
  }

  /** Those that it has now, without a look at those of others. */
  set(id: ContainerId, blocks: readonly PortBlock[]): void {
    this.#claims.set(id, blocks);
  }

  release(id: ContainerId): void {
    this.#claims.delete(id);
  }

  /** Does what changes the ports of a container. Settles as that does. */
  async whileBusy(id: ContainerId, work: () => Promise<void>): Promise<void> {
    this.#busy.add(id);
    try {
      await work();
    } finally {
      this.#busy.delete(id);
    }
  }

  #holderOf(id: ContainerId, blocks: readonly PortBlock[]): ContainerId | undefined {
    return [...this.#claims].find(
      ([other, claimed]) =>
        other !== id && blocks.some((block) => claimed.some((it) => areOverlapping(it, block))),
    )?.[0];
  }
}
