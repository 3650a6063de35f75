// Sandboxes that nobody needs any more: which there are, and when they go.
import type { Containerizer } from '../containerizer/containerizer.ts';
import { DiskPressure, type GarbagePolicy } from '../containerizer/sandboxes/disk-pressure.ts';
import { GarbageCollector, type Left } from '../containerizer/sandboxes/garbage-collector.ts';
import type { WorkDirectory } from '../containerizer/work-directory.ts';
import { childOf } from '../model/container-id.ts';
import { errorText } from '../model/error-text.ts';
import type { ContainerId } from '../model/ids.ts';

export interface GarbageRules {
  /** How long sandboxes of ended runs are kept. */
  readonly policy: GarbagePolicy;
  /** The time between two looks at how full the disk is. */
  readonly diskWatchIntervalMs: number;
  /** Whether also those of containers go that are no executor's, while their parents run on. */
  readonly isForAll: boolean;
}

interface GarbageOptions extends GarbageRules {
  readonly work: WorkDirectory;
  readonly containerizer: Containerizer;
  readonly log: (level: 'info' | 'warn', text: string) => void;
}

export class Garbage {
  readonly #options: GarbageOptions;
  readonly #collector: GarbageCollector;
  readonly #pressure: DiskPressure;

  constructor(options: GarbageOptions) {
    this.#options = options;
    const { work, containerizer, policy, diskWatchIntervalMs, isForAll, log } = options;
    this.#collector = new GarbageCollector(work, (error) =>
      log('warn', `Failed to delete a sandbox: ${errorText(error)}`),
    );
    if (isForAll) {
      containerizer.watch({
        onSandboxLeft: (id, place) =>
          this.#collector.scheduleBelow(place, policy.delayMs, this.#leftOf(id)),
      });
    }
    this.#pressure = new DiskPressure({
      policy,
      intervalMs: diskWatchIntervalMs,
      folder: work.root,
      garbage: this.#collector,
      log,
    });
  }

  /** Of an executor's run; the path is relative to the work directory. */
  schedule(sandbox: string, delayMs: number): void {
    this.#collector.schedule(sandbox, delayMs);
  }

  /**
   * What earlier agents have left, but for the runs in use. It goes on in the background: there may
   * be a week's sandboxes to look at.
   */
  adopt(inUse: (container: string) => boolean): void {
    this.#collector
      .adopt(inUse, this.#options.policy.delayMs, Date.now())
      .catch((error: unknown) => this.#notFound(error));
  }

  /** What containers that an earlier agent saw ending have left in one that goes on. */
  adoptBelow(id: ContainerId, sandbox: string): void {
    const { isForAll, policy } = this.#options;
    if (isForAll) {
      this.#collector
        .adoptBelow(sandbox, policy.delayMs, (name) => this.#leftOf(childOf(id, name)))
        .catch((error: unknown) => this.#notFound(error));
    }
  }

  #notFound(error: unknown): void {
    this.#options.log('warn', `Failed to look for old sandboxes: ${String(error)}`);
  }

  #leftOf(id: ContainerId): Left {
    const { containers } = this.#options.containerizer;
    return {
      spare: () => containers.live(id) !== undefined,
      alone: (sweep) => containers.whileGone(id, sweep),
    };
  }

  /** By Mesos's names. */
  metrics(): Record<string, number> {
    const { succeeded, failed } = this.#collector.removals;
    return {
      'gc/path_removals_pending': this.#collector.pending,
      'gc/path_removals_succeeded': succeeded,
      'gc/path_removals_failed': failed,
      'slave/executor_directory_max_allowed_age_secs': this.#pressure.maxAgeMs / 1000,
    };
  }

  close(): void {
    this.#pressure.close();
    this.#collector.close();
  }
}
