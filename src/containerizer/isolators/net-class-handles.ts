// The network classes of containers: handles of 16 bits each, of which the first is the operator's
// and the second a container's own, as traffic control writes them (0x0012:0x0001).
import type { ContainerId } from '../../model/ids.ts';
import { ContainerizerError } from '../containerizer-error.ts';

/** The handles that containers may get. */
export interface NetClassRange {
  readonly primary: number;
  readonly firstSecondary: number;
  readonly lastSecondary: number;
}

export const MAX_HANDLE = 0xffff;

export class NetClassHandles {
  readonly #range: NetClassRange;
  readonly #taken = new Map<ContainerId, number>();
  readonly #used = new Set<number>();
  /** Where the search begins: what was given last is in use for longest. */
  #next: number;

  constructor(range: NetClassRange) {
    this.#range = range;
    this.#next = range.firstSecondary;
  }

  /** The class of a container: a new one for a new container. Throws ContainerizerError. */
  take(id: ContainerId): number {
    const known = this.#taken.get(id);
    if (known !== undefined) {
      return known;
    }
    const { primary, firstSecondary: first, lastSecondary: last } = this.#range;
    if (this.#used.size > last - first) {
      throw new ContainerizerError(
        `No network class is left: all ${last - first + 1} of ${hex(primary)} are in use`,
      );
    }
    while (this.#used.has(this.#next)) {
      this.#next = this.#next === last ? first : this.#next + 1;
    }
    return this.#keep(id, this.#next);
  }

  /** The class that a container of an earlier agent has. One outside the range is not ours. */
  adopt(id: ContainerId, classId: number): void {
    const { primary, firstSecondary, lastSecondary } = this.#range;
    const secondary = classId & MAX_HANDLE;
    const isOurs = classId >>> 16 === primary;
    if (isOurs && secondary >= firstSecondary && secondary <= lastSecondary) {
      this.#keep(id, secondary);
    }
  }

  release(id: ContainerId): void {
    const classId = this.#taken.get(id);
    if (classId !== undefined) {
      this.#taken.delete(id);
      this.#used.delete(classId & MAX_HANDLE);
    }
  }

  #keep(id: ContainerId, secondary: number): number {
    const classId = this.#range.primary * (MAX_HANDLE + 1) + secondary;
    this.#used.add(secondary);
    this.#taken.set(id, classId);
    return classId;
  }
}

const hex = (handle: number) => `0x${handle.toString(16).padStart(4, '0')}`;
