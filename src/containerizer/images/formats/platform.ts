// Which image of an index is for this machine.
import { ContainerizerError } from '../../containerizer-error.ts';
import type { ImageIndex, IndexEntry } from './manifest.ts';

export interface Platform {
  /** In the words of the Go language, such as `amd64`. */
  readonly architecture: string;
  /** The better ones first; an image without one is better than all of them. */
  readonly variants: readonly string[];
}

/** Go's names for architectures that Node calls otherwise. */
const NAMES: Readonly<Record<string, string>> = {
  x64: 'amd64',
  ia32: '386',
  ppc64: 'ppc64le',
  mipsel: 'mipsle',
};

/** Variants that every machine of the architecture runs. */
const VARIANTS: Readonly<Record<string, readonly string[]>> = {
  amd64: ['v1'],
  arm64: ['v8'],
  arm: ['v7', 'v6', 'v5'],
};

/** `architecture`: as Node has it in `process.arch`. */
export function platformOf(architecture: string): Platform {
  const name = NAMES[architecture] ?? architecture;
  return { architecture: name, variants: VARIANTS[name] ?? [] };
}

/** What is shown of a long index that has nothing for this machine. */
const MOST_SHOWN = 20;

/** Entries without a platform count if no other is for this machine. Throws ContainerizerError. */
export function chooseImage({ entries }: ImageIndex, platform: Platform): IndexEntry {
  const { architecture, variants } = platform;
  const ofPlatform = entries.filter(
    (entry) => entry.os === 'linux' && entry.architecture === architecture,
  );
  const chosen =
    [undefined, ...variants]
      .map((variant) => ofPlatform.find((entry) => entry.variant === variant))
      .find((entry) => entry !== undefined) ??
    entries.find((entry) => entry.os === undefined && entry.architecture === undefined);
  if (chosen === undefined) {
    const others = [...new Set(entries.map(platformText))];
    const shown = others.slice(0, MOST_SHOWN).join(', ');
    throw new ContainerizerError(
      `There is no image for linux/${architecture} among those of the index: ${shown}` +
        (others.length > MOST_SHOWN ? ', …' : ''),
    );
  }
  return chosen;
}

const platformText = ({ os, architecture, variant }: IndexEntry) =>
  [os ?? 'unknown', architecture ?? 'unknown', variant].filter(Boolean).join('/').slice(0, 100);
