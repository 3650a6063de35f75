// How long sandboxes of ended runs are kept: --gc_delay on an empty disk, and less the fuller it
// is.
import { statfs } from 'node:fs/promises';
import { formatDuration } from '../../model/duration.ts';
import { Rounds } from '../rounds.ts';
import type { GarbageCollector } from './garbage-collector.ts';

export interface GarbagePolicy {
  readonly delayMs: number;
  /** The share of the disk that is kept free, from 0 to 1. */
  readonly headroom: number;
}

/** The age from which sandboxes are deleted, where this share of the disk is used. */
export const maxAgeMs = ({ delayMs, headroom }: GarbagePolicy, usedShare: number): number =>
  delayMs * Math.max(0, 1 - headroom - usedShare);

export interface DiskPressureOptions {
  readonly policy: GarbagePolicy;
  /** The time between two looks at the disk. */
  readonly intervalMs: number;
  /** A folder on the disk. */
  readonly folder: string;
  readonly garbage: GarbageCollector;
  readonly log: (level: 'info' | 'warn', text: string) => void;
}

export class DiskPressure {
  readonly #options: DiskPressureOptions;
  readonly #rounds: Rounds;
  #maxAgeMs: number;

  constructor(options: DiskPressureOptions) {
    this.#options = options;
    this.#maxAgeMs = maxAgeMs(options.policy, 0);
    this.#rounds = new Rounds({ intervalMs: options.intervalMs, look: () => this.#look() });
    this.#rounds.start();
  }

  /** As of the last look. */
  get maxAgeMs(): number {
    return this.#maxAgeMs;
  }

  close(): void {
    this.#rounds.close();
  }

  async #look(): Promise<void> {
    const { folder, policy, garbage, log } = this.#options;
    try {
      const { blocks, bfree } = await statfs(folder);
      const usedShare = blocks === 0 ? 0 : (blocks - bfree) / blocks;
      this.#maxAgeMs = maxAgeMs(policy, usedShare);
      // A sandbox is due `delayMs` after the end of its run.
      const hastened = garbage.hasten(policy.delayMs - this.#maxAgeMs);
      if (hastened > 0) {
        const used = `${(100 * usedShare).toFixed(0)} % of the disk of '${folder}' is used`;
        const age = formatDuration(Math.round(this.#maxAgeMs));
        log('info', `${used}: ${hastened} sandboxes of ended runs older than ${age} are deleted`);
      }
    } catch (error) {
      log('warn', `How full the disk of '${folder}' is cannot be told: ${String(error)}`);
    }
  }
}
