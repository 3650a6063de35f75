// The order of test files: tests with real processes before pure ones; among each, the longest
// first, so that no worker is left alone with it.
import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Seconds, for a checkout in which no test has run yet. */
const LONG: Readonly<Record<string, number>> = {
  'test/e2e/webui.test.ts': 44,
  'test/e2e/several-masters.test.ts': 38,
  'test/e2e/webui-actions.test.ts': 32,
  'test/e2e/masters/rounds.test.ts': 32,
  'test/e2e/registry-damage.test.ts': 32,
  'test/e2e/local.test.ts': 27,
  'test/e2e/registry-refusals.test.ts': 24,
  'test/e2e/webui-views.test.ts': 23,
  'test/e2e/networks/restarts.test.ts': 23,
  'test/e2e/hostile-images.test.ts': 21,
  'test/zookeeper/session.test.ts': 21,
  'test/e2e/package.test.ts': 17,
  'test/e2e/networks/bridges.test.ts': 17,
  'test/containerizer/networks/docker-containers.test.ts': 17,
  'test/agent-driver/damage.test.ts': 15,
  'test/e2e/batch-constraints.test.ts': 15,
  'test/e2e/pod-kills.test.ts': 15,
  'test/e2e/batch.test.ts': 14,
  'test/e2e/restarts.test.ts': 14,
  'test/containerizer/networks/port-mapping/reach.test.ts': 14,
  'test/coordination/zookeeper/election.test.ts': 13,
  'test/e2e/pods.test.ts': 13,
  'test/containerizer/networks/cni/real-plugins.test.ts': 13,
  'test/e2e/operate/task-sessions.test.ts': 14,
  'test/e2e/tls.test.ts': 12,
  'test/containerizer/networks/cni/cni-networks.test.ts': 11,
  'test/checkpoint/store.test.ts': 11,
  'test/containerizer/fetcher/hadoop.test.ts': 11,
  'test/e2e/secure.test.ts': 11,
  'test/e2e/networks/ports.test.ts': 10,
  'test/e2e/execute.test.ts': 10,
  'test/e2e/networks/hostile.test.ts': 10,
  'test/agent-driver/volumes.test.ts': 10,
  'test/e2e/images.test.ts': 10,
  'test/e2e/start.test.ts': 10,
  'test/registry/sqlite-registry.test.ts': 10,
  'test/containerizer/fetcher/cached.test.ts': 10,
  'test/agent-driver/perf-event.test.ts': 9,
  'test/cli/secure/findings.test.ts': 9,
  'test/e2e/full-store.test.ts': 9,
  'test/agent-driver/linux/leftovers.test.ts': 9,
  'test/containerizer/images/store/crashes.test.ts': 9,
  'test/clients/clients.test.ts': 9,
  'test/containerizer/fetcher/fetcher.test.ts': 9,
  'test/e2e/output.test.ts': 8,
  'test/e2e/documented-containers.test.ts': 8,
  'test/agent-driver/linux/confinement.test.ts': 7,
  'test/agent-driver/linux/propagation.test.ts': 7,
  'test/e2e/local-masters.test.ts': 7,
  'test/containerizer/images/real-registry.test.ts': 7,
  'test/containerizer/launchers/process/supervisor-program.test.ts': 7,
  'test/executor/prober.test.ts': 7,
  'test/containerizer/images/unpacking/hostile-layers.test.ts': 7,
  'test/containerizer/networks/port-mapping/agent.test.ts': 7,
  'test/containerizer/images/unpacking/unpacker.test.ts': 7,
  'test/embedding/embedding.test.ts': 7,
  'test/master/bounds.test.ts': 9,
  'test/master/told-frameworks.test.ts': 8,
  'test/wire/bounds.test.ts': 7,
  'test/simulation/ensemble-seeds.test.ts': 7,
  'test/core/fuzz.test.ts': 7,
  'test/master/agent-room.test.ts': 6,
  'test/simulation/found-seeds.test.ts': 6,
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
