// The options of a master in tests, unless a test sets others (test/cli/master-options.test.ts
// compares them with the defaults of the flags).
import type { MasterOptions } from '../../src/master/options.ts';
import type { Verifier } from '../../src/security/cram-md5.ts';

/** The options of a master without flags, as far as they do not depend on the machine. */
export const DEFAULT_OPTIONS = {
  allocationIntervalMs: 1000,
  minAllocatable: [{ cpus: 0.01 }, { mem: 32 }],
  fairnessExcluded: [],
  filterGpuResources: true,
  roleSorter: 'drf',
  frameworkSorter: 'drf',
  allocatorAgentRecoveryFactor: 0.8,
  allocatorRecoveryTimeoutMs: 600_000,
  constraintRegexMaxMemoryBytes: 4096,
  constraintRegexMaxProgramSize: 100,
  agentPingTimeoutMs: 15_000,
  maxAgentPingTimeouts: 5,
  agentReregisterTimeoutMs: 600_000,
  recoveryAgentRemovalLimit: 1,
  requireAgentDomain: false,
  registryGcIntervalMs: 900_000,
  registryMaxAgentAgeMs: 14 * 24 * 3600 * 1000,
  registryMaxAgentCount: 102_400,
  maxCompletedFrameworks: 50,
  maxCompletedTasksPerFramework: 1000,
  maxUnreachableTasksPerFramework: 1000,
  weights: {},
  rootSubmissions: true,
  rootUsers: ['root'],
  publishPerFrameworkMetrics: true,
  heartbeatIntervalMs: 15_000,
  maxOperatorStreams: 1000,
  authenticateAgents: false,
  authenticationTimeoutMs: 15_000,
} as const satisfies Partial<MasterOptions>;

/** Knows no secret. */
export const NOBODY: Verifier = {
  isKnown: () => false,
  isProof: () => false,
  sharedKey: () => undefined,
};
