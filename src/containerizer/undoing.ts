// Undoes what the steps of a launch have made, when nothing of the container runs any more: first
// all but its sandbox and records, and those at last.
import { namesBelowRoot, parentOf, rootOf } from '../model/container-id.ts';
import type { ContainerId } from '../model/ids.ts';
import type { Placements } from './cgroups/placements.ts';
import type { Containers } from './containers.ts';
import type { Provisioner } from './images/provisioner.ts';
import type { Cleaners } from './isolators/cleaners.ts';
import type { Container, Launcher } from './launchers/launcher.ts';
import type { Listeners } from './listeners.ts';
import type { Networks } from './networks/networks.ts';
import { type SandboxPlace, standaloneSandbox } from './plan/sandbox-path.ts';
import { isNotedEmpty } from './records/empty-record.ts';
import type { RunRecords } from './records/run-records.ts';
import { removeSandbox } from './sandboxes/sandboxes.ts';
import type { TreeNode } from './tree.ts';
import type { VolumeGids } from './volumes/volume-gids.ts';
import type { WorkDirectory } from './work-directory.ts';

export interface UndoingParts {
  readonly work: WorkDirectory;
  readonly records: RunRecords;
  readonly containers: Pick<Containers, 'get' | 'forget'>;
  readonly cleaners: Cleaners;
  readonly placements: Placements;
  readonly launcher: Pick<Launcher, 'forget'>;
  readonly provisioner: Pick<Provisioner, 'destroy'>;
  readonly gids: VolumeGids | undefined;
  readonly networks: Pick<Networks, 'detach'>;
  /** Kills what is left in cgroups, and removes them. */
  readonly sweep: (folders: readonly string[]) => Promise<void>;
  /** Watches a container of an earlier agent. */
  readonly attach: (id: ContainerId) => Promise<Container>;
  readonly onSandboxLeft: Listeners['onSandboxLeft'];
}

export class Undoing {
  readonly #of: UndoingParts;

  constructor(parts: UndoingParts) {
    this.#of = parts;
  }

  /** Of a container that has ended or was not launched: its sandbox and records stay. */
  async clean({ id, kind, ended, termination, isFound }: TreeNode): Promise<void> {
    const { cleaners, records } = this.#of;
    if (isFound) {
      cleaners.cleanupFound(id);
    } else {
      cleaners.cleanup(id);
    }
    // Of one with a process that has ended its supervisor has removed them; but another that was to
    // be nested in it may have made them again.
    const isMade =
      termination?.hasRun !== true || (kind === 'executor' && isNotedEmpty(records, id));
    if (isMade || ended.size > 0) {
      await this.#removeCgroups(id);
    }
    await this.#of.networks.detach(id);
    await this.#giveBack(id);
    const place = this.#placeOf(id);
    if (place !== undefined && kind !== 'executor' && kind !== 'debug') {
      this.#of.onSandboxLeft(id, place);
    }
  }

  /** Destroys what is nested in a container of an earlier agent, with the records of that. */
  async destroyNested(id: ContainerId): Promise<void> {
    const below = this.#of.records.all(id).filter((it) => parentOf(it) === id);
    for (const nested of below) {
      await this.destroyOrphan(nested);
    }
  }

  /** Destroys a container of an earlier agent and its records, nested containers first. */
  async destroyOrphan(id: ContainerId): Promise<void> {
    await this.destroyNested(id);
    if (this.#of.records.claim(id) !== undefined) {
      const container = await this.#of.attach(id);
      container.destroy();
      await container.ended;
    }
    this.#of.cleaners.cleanupFound(id);
    await this.#removeCgroups(id);
    await this.discard(id);
  }

  /** Removes a container that has ended, and those nested in it, with their sandboxes. */
  async remove(id: ContainerId): Promise<void> {
    const place = this.#placeOf(id);
    await this.#of.containers.forget(id, async () => {
      if (place !== undefined) {
        await removeSandbox(this.#of.work, place);
      }
    });
  }

  /** Removes the records of a container that has ended, and of those nested in it. */
  async discard(id: ContainerId): Promise<void> {
    // Of one whose executor could not be recovered, they may be running.
    await this.destroyNested(id);
    this.#of.launcher.forget(id);
    this.#of.placements.forget(id);
    // Of one that has ended while there was no agent. A plugin that hangs holds up no recovery.
    void this.#of.networks.detach(id);
    await this.#giveBack(id);
    await this.#of.records.remove(id);
  }

  async #removeCgroups(id: ContainerId): Promise<void> {
    await this.#of.sweep(this.#of.placements.of(id).own);
  }

  /** What it has of images, and the groups of its volumes. */
  async #giveBack(id: ContainerId): Promise<void> {
    await this.#of.provisioner.destroy(id);
    await this.#of.gids?.releaseOf(id);
  }

  /** Of one that stood alone the sandbox may be all that is left. */
  #placeOf(id: ContainerId): SandboxPlace | undefined {
    const names = namesBelowRoot(id);
    const known = this.#of.containers.get(rootOf(id))?.sandbox;
    const root = known ?? (names.length === 0 ? standaloneSandbox(id) : undefined);
    return root === undefined ? undefined : { root, names };
  }
}
