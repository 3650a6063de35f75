// cgroups/perf_event: puts containers where their events can be counted, and, where the operator
// names events, has them counted now and then: for a time, and in all containers at once.
import { access } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { errorText } from '../../model/error-text.ts';
import type { PerfStatistics } from '../../model/generated/messages.ts';
import type { ContainerId } from '../../model/ids.ts';
import { timerDelay } from '../../model/timer-delay.ts';
import { ContainerizerError } from '../containerizer-error.ts';
import { mountOf } from '../host/mounts.ts';
import { Perf, type PerfCounts } from '../perf/perf.ts';
import { type CgroupHierarchy, type CgroupPlacement, cgroupFolder } from '../plan/cgroup-plan.ts';
import { isSharing } from '../plan/request.ts';
import { cgroupIsolator } from './cgroup-isolator.ts';
import type { PerfOptions } from './cgroup-options.ts';
import type { Isolator } from './isolator.ts';

interface PerfEventParts {
  /** Undefined: nothing is counted. */
  readonly perf: PerfOptions | undefined;
  readonly hierarchies: readonly CgroupHierarchy[];
  /** The program perf; undefined where there is none. */
  readonly program: string | undefined;
  readonly warn: (text: string) => void;
}

/** Throws ContainerizerError where events cannot be counted. */
export function cgroupsPerfEvent({ perf, program, warn, hierarchies }: PerfEventParts): Isolator {
  const own = cgroupIsolator({ name: 'cgroups/perf_event' }, hierarchies);
  const hierarchy = hierarchies.find(({ controllers }) => controllers.includes('perf_event'));
  if (perf === undefined || hierarchy === undefined) {
    return own;
  }
  // The program finds cgroups below the place where they are mounted.
  const top = mountOf(hierarchy.root)?.point ?? hierarchy.root;
  const counting = Perf.open(program, perf.events, relative(top, hierarchy.root));
  const samples = new Samples({ ...perf, perf: counting, top, warn });
  const watch = (id: ContainerId, cgroups: CgroupPlacement) => {
    const folder = cgroupFolder(hierarchy, id);
    if (cgroups.own.includes(folder)) {
      samples.watch(id, relative(top, folder));
    }
  };
  return {
    ...own,
    contribute(plan, request, host) {
      if (!isSharing(request) && UNSPEAKABLE.test(plan.id)) {
        const name = JSON.stringify(plan.id);
        throw new ContainerizerError(
          `cgroups/perf_event cannot count events in container ${name}: perf cannot be given its name`,
        );
      }
      return own.contribute(plan, request, host);
    },
    async prepare({ id, cgroups }) {
      watch(id, cgroups);
    },
    recover: ({ id, cgroups }) => watch(id, cgroups),
    usage: async ({ id }) => samples.statistics(id),
    cleanup: (id) => samples.forget(id),
    close: () => samples.close(),
  };
}

/** In perf's lists and lines these separate one from the next. */
const UNSPEAKABLE = /[,\p{Cc}]/u;

/** How often a sample is begun again that some container's end has spoilt. */
const MAX_TRIES = 3;

interface SamplesOptions extends PerfOptions {
  readonly perf: Perf;
  readonly top: string;
  readonly warn: (text: string) => void;
}

class Samples {
  readonly #options: SamplesOptions;
  /** The cgroups of containers, below the place where they are mounted. */
  readonly #cgroups = new Map<ContainerId, string>();
  readonly #statistics = new Map<ContainerId, PerfStatistics>();
  readonly #closing = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  /** What was warned of last, so that the log says it once. */
  #told = '';

  constructor(options: SamplesOptions) {
    this.#options = options;
    this.#schedule(options.intervalMs);
  }

  watch(id: ContainerId, cgroup: string): void {
    this.#cgroups.set(id, cgroup);
  }

  forget(id: ContainerId): void {
    this.#cgroups.delete(id);
    this.#statistics.delete(id);
  }

  statistics(id: ContainerId): { perf?: PerfStatistics } {
    const perf = this.#statistics.get(id);
    return perf === undefined ? {} : { perf };
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#closing.abort(new Error('The agent stops'));
  }

  #schedule(delayMs: number): void {
    if (!this.#closing.signal.aborted) {
      this.#timer = setTimeout(() => void this.#round(), timerDelay(delayMs));
      this.#timer.unref();
    }
  }

  async #round(): Promise<void> {
    const startMs = performance.now();
    try {
      await this.#sample();
      this.#told = '';
    } catch (error) {
      this.#fail(error);
    }
    this.#schedule(this.#options.intervalMs - (performance.now() - startMs));
  }

  /** Old figures would look like new ones. */
  #fail(error: unknown): void {
    this.#statistics.clear();
    const why = errorText(error);
    if (!this.#closing.signal.aborted && this.#told !== why) {
      this.#told = why;
      this.#options.warn(`The events of --perf_events cannot be counted now: ${why}`);
    }
  }

  /** One that ends before perf has looked for it keeps nobody else from being counted. */
  async #sample(): Promise<void> {
    const { perf, durationMs } = this.#options;
    let sampled = await this.#present(this.#cgroups);
    for (let tries = 1; sampled.size > 0; tries++) {
      const timestamp = Date.now() / 1000;
      const sample = { cgroups: [...sampled.values()], durationMs, abort: this.#closing.signal };
      try {
        const counts = await perf.sample(sample);
        const when = { timestamp, duration: counts.durationMs / 1000 };
        this.#take(sampled, counts.figures, when);
        return;
      } catch (error) {
        const left = await this.#present(sampled);
        if (left.size === sampled.size || tries === MAX_TRIES) {
          throw error;
        }
        sampled = left;
      }
    }
  }

  #take(
    sampled: ReadonlyMap<ContainerId, string>,
    figures: PerfCounts['figures'],
    when: Pick<PerfStatistics, 'timestamp' | 'duration'>,
  ): void {
    for (const [id, cgroup] of sampled) {
      if (this.#cgroups.has(id)) {
        this.#statistics.set(id, { ...when, ...figures.get(cgroup) });
      }
    }
  }

  /** Those whose cgroups are there: not before the launch, and not after the end. */
  async #present(cgroups: ReadonlyMap<ContainerId, string>): Promise<Map<ContainerId, string>> {
    const all = [...cgroups];
    const found = await Promise.all(
      all.map(([, cgroup]) =>
        access(join(this.#options.top, cgroup)).then(
          () => true,
          () => false,
        ),
      ),
    );
    return new Map(all.filter((_, index) => found[index]));
  }
}
