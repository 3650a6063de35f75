// In which cgroups each container is. It is on record, so that a later agent with other isolators
// or another --cgroups_root finds them.
import { existsSync } from 'node:fs';
import { parentOf } from '../../model/container-id.ts';
import type { ContainerId } from '../../model/ids.ts';
import { ContainerizerError } from '../containerizer-error.ts';
import { type CgroupHierarchy, type CgroupPlacement, cgroupFolder } from '../plan/cgroup-plan.ts';
import type { RunRecords } from '../records/run-records.ts';

export class Placements {
  readonly #records: RunRecords;
  readonly #hierarchies: readonly CgroupHierarchy[];
  readonly #known = new Map<ContainerId, CgroupPlacement>();

  constructor(records: RunRecords, hierarchies: readonly CgroupHierarchy[]) {
    this.#records = records;
    this.#hierarchies = hierarchies;
  }

  /** To be called before the cgroups are made. Throws ContainerizerError. */
  note(id: ContainerId, { own, joined, memory, limiting }: CgroupPlacement): void {
    const placement: CgroupPlacement = { own, joined, memory, limiting };
    this.#records.note(id, 'cgroups', JSON.stringify(placement));
    this.#known.set(id, placement);
  }

  of(id: ContainerId): CgroupPlacement {
    let placement = this.#known.get(id);
    if (placement === undefined) {
      placement = this.#noted(id) ?? this.#found(id);
      this.#known.set(id, placement);
    }
    return placement;
  }

  /** The container whose cgroup this is, of `id` and those that it is nested in. */
  ownerOf(cgroup: string, id: ContainerId): ContainerId {
    const parent = parentOf(id);
    return parent === undefined || this.of(id).own.includes(cgroup)
      ? id
      : this.ownerOf(cgroup, parent);
  }

  forget(id: ContainerId): void {
    this.#known.delete(id);
  }

  #noted(id: ContainerId): CgroupPlacement | undefined {
    try {
      const text = this.#records.noted(id, 'cgroups');
      return text === undefined ? undefined : (JSON.parse(text) as CgroupPlacement);
    } catch (error) {
      if (!(error instanceof ContainerizerError)) {
        throw error;
      }
      return undefined;
    }
  }

  /** Of a container of an earlier version, or one whose record is damaged: what there is. */
  #found(id: ContainerId): CgroupPlacement {
    const own = this.#hierarchies.map((it) => cgroupFolder(it, id)).filter((it) => existsSync(it));
    return { own, joined: own };
  }
}
