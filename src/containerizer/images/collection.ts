// Removes images that no container uses when their disk becomes full.
import { statfs } from 'node:fs/promises';
import { errorText } from '../../model/error-text.ts';
import type { Image } from '../../model/generated/messages.ts';
import { Rounds } from '../rounds.ts';

export interface CollectionRules {
  /** The share of the disk that is to be free, from 0 to 1. */
  readonly headroom: number;
  readonly watchIntervalMs: number;
  readonly excluded: readonly Image[];
}

export interface CollectionOptions extends CollectionRules {
  /** A folder on the disk. */
  readonly folder: string;
  readonly prune: (excluded: readonly Image[]) => Promise<void>;
  readonly warn: (text: string) => void;
}

/** Begins to watch the disk; the first look is an interval later. Until it is closed. */
export function watchImageDisk(options: CollectionOptions): Rounds {
  const rounds = new Rounds({
    intervalMs: options.watchIntervalMs,
    look: () => collect(options),
  });
  rounds.start();
  return rounds;
}

async function collect({ folder, headroom, excluded, prune, warn }: CollectionOptions) {
  try {
    if (headroom + (await usedShare(folder)) > 1) {
      await prune(excluded);
    }
  } catch (error) {
    warn(`Images that nobody uses cannot be removed: ${errorText(error)}`);
  }
}

/** As df has it, from 0 to 1. */
async function usedShare(folder: string): Promise<number> {
  const { blocks, bfree, bavail } = await statfs(folder);
  const used = blocks - bfree;
  return used + bavail === 0 ? 1 : used / (used + bavail);
}
