// How the process of a container ended, as far as is known.

import type { MemoryFigures } from './memory-limitation.ts';

export interface EndRecord {
  /** The raw status of wait(2). */
  readonly waitStatus?: number | undefined;
  /** Why its process could not be started. */
  readonly failure?: string | undefined;
  /** Why there is no record of the end, where that is known. */
  readonly loss?: string | undefined;
  /** Where it hit its limit of memory. */
  readonly memory?: MemoryFigures | undefined;
}
