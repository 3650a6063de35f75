// The order of test files: tests with real processes before pure ones, which fill the gaps at the
// end; among each, the longest first, so that no worker is left alone with it.
import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Seconds, for a checkout in which no test has run yet. */
const LONG: Readonly<Record<string, number>> = {
  'test/clients/clients.test.ts': 40,
  'test/e2e/masters/rounds.test.ts': 30,
  'test/e2e/local.test.ts': 20,
  'test/e2e/package.test.ts': 20,
  'test/e2e/checksums.test.ts': 15,
  'test/e2e/batch.test.ts': 13,
  'test/e2e/output.test.ts': 12,
  'test/e2e/start.test.ts': 10,
  'test/e2e/restarts.test.ts': 10,
  'test/e2e/execute.test.ts': 10,
  'test/e2e/batch-constraints.test.ts': 10,
  'test/e2e/documentation.test.ts': 8,
  'test/agent-driver/damage.test.ts': 8,
  'test/registry/sqlite-registry.test.ts': 6,
  'test/agent-driver/volumes.test.ts': 5,
  'test/checkpoint/store.test.ts': 5,
  'test/agent-driver/restart.test.ts': 5,
  'test/containerizer/fetcher/fetcher.test.ts': 4,
  'test/simulation/seeds.test.ts': 9,
  'test/simulation/wide-seeds.test.ts': 8,
  'test/master/trap.test.ts': 7,
  'test/master/refusing-core.test.ts': 5,
  'test/differential/histories.test.ts': 5,
  'test/simulation/leadership-seeds.test.ts': 5,
  'test/simulation/trapping-seeds.test.ts': 5,
  'test/simulation/found-seeds.test.ts': 4,
  'test/simulation/simulation.test.ts': 3,
};

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const usual = await super.sort(files);
    return usual.toSorted(
      (a, b) =>
        kindOf(a) - kindOf(b) ||
        Number(this.#hasFailed(b)) - Number(this.#hasFailed(a)) ||
        this.#seconds(b) - this.#seconds(a),
    );
  }

  #hasFailed(spec: TestSpecification): boolean {
    return this.ctx.cache.getTestSpecificationResult(spec)?.failed ?? false;
  }

  /** The seconds of the last run. */
  #seconds(spec: TestSpecification): number {
    const known = this.ctx.cache.getTestSpecificationResult(spec);
    const path = relative(this.ctx.config.root, spec.moduleId);
    return known === undefined ? (LONG[path] ?? 0) : known.duration / 1000;
  }
}

const KINDS = ['programs', 'closed', 'real', 'pure'];

const kindOf = (spec: TestSpecification): number => KINDS.indexOf(spec.project.name);
