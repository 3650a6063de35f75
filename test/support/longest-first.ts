// The order of test files: tests with real processes before pure ones; among each, the longest
// first, so that no worker is left alone with it.
import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Seconds, for a checkout in which no test has run yet. */
const LONG: Readonly<Record<string, number>> = {
  'test/e2e/webui-actions.test.ts': 81,
  'test/e2e/several-masters.test.ts': 63,
  'test/e2e/webui.test.ts': 47,
  'test/e2e/package.test.ts': 47,
  'test/e2e/debian-package.test.ts': 44,
  'test/e2e/webui-limits.test.ts': 37,
  'test/e2e/masters/rounds.test.ts': 35,
  'test/e2e/registry-damage.test.ts': 34,
  'test/e2e/local.test.ts': 34,
  'test/e2e/operate/task-files.test.ts': 32,
  'test/e2e/networks/restarts.test.ts': 29,
  'test/e2e/registry-refusals.test.ts': 27,
  'test/e2e/operate/reservations.test.ts': 25,
  'test/e2e/hostile-images.test.ts': 24,
  'test/scripts/site.test.ts': 23,
  'test/e2e/operate/agents.test.ts': 23,
  'test/e2e/documentation.test.ts': 23,
  'test/e2e/batch.test.ts': 22,
  'test/e2e/output.test.ts': 22,
  'test/e2e/webui-views.test.ts': 21,
  'test/e2e/batch-constraints.test.ts': 20,
  'test/e2e/operate/watching.test.ts': 19,
  'test/e2e/images.test.ts': 18,
  'test/e2e/terminals.test.ts': 18,
  'test/e2e/operate/maintenance.test.ts': 18,
  'test/e2e/execute.test.ts': 17,
  'test/e2e/pods.test.ts': 16,
  'test/e2e/start.test.ts': 16,
  'test/e2e/pod-kills.test.ts': 15,
  'test/coordination/zookeeper/election.test.ts': 15,
  'test/e2e/planted-secrets.test.ts': 15,
  'test/agent-driver/damage.test.ts': 14,
  'test/e2e/restarts.test.ts': 14,
  'test/e2e/operate/task-sessions.test.ts': 14,
  'test/registry/contract.test.ts': 14,
  'test/e2e/operate/roles.test.ts': 14,
  'test/e2e/secure.test.ts': 13,
  'test/containerizer/fetcher/fetcher.test.ts': 13,
  'test/e2e/tls.test.ts': 12,
  'test/e2e/local-masters.test.ts': 12,
  'test/e2e/registry-moves.test.ts': 12,
  'test/e2e/operate/completion.test.ts': 12,
  'test/e2e/checksums.test.ts': 12,
  'test/agent-driver/restart.test.ts': 12,
  'test/agent-driver/linux/volumes.test.ts': 12,
  'test/e2e/networks/bridges.test.ts': 11,
  'test/containerizer/networks/docker-containers.test.ts': 11,
  'test/agent-driver/volumes.test.ts': 11,
  'test/containerizer/images/unpacking/unpacker.test.ts': 11,
  'test/http/relay/relay.test.ts': 11,
  'test/zookeeper/session.test.ts': 10,
  'test/registry/zookeeper-registry.test.ts': 10,
  'test/http/files.test.ts': 10,
  'test/e2e/webui-tls.test.ts': 10,
  'test/containerizer/images/image-provisioner.test.ts': 10,
  'test/agent-driver/linux/volume-gids.test.ts': 10,
  'test/agent-driver/linux/images.test.ts': 10,
  'test/agent-driver/driver.test.ts': 10,
  'test/checkpoint/store.test.ts': 9,
  'test/e2e/networks/hostile.test.ts': 9,
  'test/registry/sqlite-registry.test.ts': 9,
  'test/e2e/full-store.test.ts': 9,
  'test/agent-driver/linux/confinement.test.ts': 9,
  'test/e2e/prometheus.test.ts': 9,
  'test/e2e/alert-rules.test.ts': 9,
  'test/agent-driver/linux/namespaces.test.ts': 9,
  'test/agent-driver/containers.test.ts': 9,
  'test/containerizer/networks/cni/real-plugins.test.ts': 8,
  'test/containerizer/networks/cni/cni-networks.test.ts': 8,
  'test/containerizer/fetcher/cached.test.ts': 8,
  'test/e2e/operate/frameworks.test.ts': 8,
  'test/e2e/networks/ports.test.ts': 7,
  'test/cli/secure/findings.test.ts': 7,
  'test/agent-driver/linux/leftovers.test.ts': 7,
  'test/e2e/documented-containers.test.ts': 7,
  'test/embedding/embedding.test.ts': 7,
  'test/http/senders.test.ts': 7,
  'test/e2e/networks/documented.test.ts': 7,
  'test/agent-driver/containers-restart.test.ts': 7,
  'test/containerizer/images/store/crashes.test.ts': 6,
  'test/clients/clients.test.ts': 6,
  'test/containerizer/launchers/process/supervisor-program.test.ts': 6,
  'test/containerizer/networks/port-mapping/agent.test.ts': 6,
  'test/containerizer/networks/port-mapping/reach.test.ts': 5,
  'test/agent-driver/perf-event.test.ts': 4,
  'test/agent-driver/linux/propagation.test.ts': 4,
  'test/executor/prober.test.ts': 4,
  'test/containerizer/fetcher/hadoop.test.ts': 3,
  'test/containerizer/images/unpacking/hostile-layers.test.ts': 3,
  'test/containerizer/images/real-registry.test.ts': 2,
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
