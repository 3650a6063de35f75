// Turns the flags of a master into its options. Only this file knows both.
import { getHeapStatistics } from 'node:v8';
import { localNames } from '../../containerizer/host/users.ts';
import type { Quantities } from '../../core/interface.ts';
import type { MasterOptions } from '../../master/options.ts';
import { MAX_AGENTS_BYTES } from '../../master/validation/agent-bounds.ts';
import type { DomainInfo } from '../../model/generated/messages.ts';
import { formatUuid } from '../../model/random.ts';
import { parseResource, resourceParts } from '../../model/resource-text.ts';
import { roleError } from '../../model/role.ts';
import { TextError } from '../../model/value-text.ts';
import { types } from '../../wire/types.ts';
import { FlagError, FlagFaults, readEach } from '../flags/faults.ts';
import type { FlagValues } from '../flags/flag.ts';
import { fromText, messageOf } from '../flags/written.ts';
import type { ServerStart } from '../process/server-process.ts';
import { shownJson } from '../process/shown-json.ts';
import { versionInfo } from '../version.ts';
import type { MASTER_FLAGS } from './flags.ts';
import { rateLimitsOf } from './rate-limits.ts';
import { readWhitelist } from './whitelist.ts';

export type MasterFlagValues = FlagValues<typeof MASTER_FLAGS>;

const HEARTBEAT_MS = 15_000;

/** Throws one FlagError about all faults. */
export function masterOptions(
  values: MasterFlagValues,
  start: ServerStart,
): Omit<MasterOptions, 'authorizer' | 'verifier'> {
  const { address, random, nowMs } = start;
  const faults = new FlagFaults();
  const domain = faults.read(() => domainOf(values.domain));
  const least = faults.read(() => minAllocatable(values.min_allocatable_resources));
  const whitelist = faults.read(() =>
    values.whitelist === undefined ? undefined : readWhitelist(values.whitelist),
  );
  const weights = faults.read(() => weightsOf(values.weights, values.roles));
  const rateLimits = faults.read(() => rateLimitsOf(values.rate_limits));
  faults.end();
  const rate = values.agent_removal_rate_limit;
  return {
    id: formatUuid(random.uuid()),
    ip: address.ip,
    port: address.port,
    hostname: address.hostname,
    version: versionInfo(nowMs),
    startTimeMs: nowMs,
    seed: random.next32(),
    maxAgentsBytes: Math.min(MAX_AGENTS_BYTES, Math.floor(heapBytes() * AGENTS_SHARE_OF_HEAP)),
    domain: domain.value,
    cluster: values.cluster,
    logDir: values.log_dir,
    externalLogFile: values.external_log_file,
    flags: start.flagTexts,
    stopwatch: () => performance.now(),
    allocationIntervalMs: values.allocation_interval,
    minAllocatable: least.value,
    fairnessExcluded: values.fair_sharing_excluded_resource_names ?? [],
    filterGpuResources: values.filter_gpu_resources,
    roleSorter: values.role_sorter,
    frameworkSorter: values.framework_sorter,
    // 0 would mean no shuffle.
    allocatorSeed: random.next32() || 1,
    allocatorAgentRecoveryFactor: values.allocator_agent_recovery_factor,
    allocatorRecoveryTimeoutMs: values.allocator_recovery_timeout,
    constraintRegexMaxMemoryBytes: values.offer_constraints_re2_max_mem,
    constraintRegexMaxProgramSize: values.offer_constraints_re2_max_program_size,
    offerTimeoutMs: values.offer_timeout,
    agentPingTimeoutMs: values.agent_ping_timeout,
    maxAgentPingTimeouts: values.max_agent_ping_timeouts,
    agentReregisterTimeoutMs: values.agent_reregister_timeout,
    agentRemovalIntervalMs: rate === undefined ? undefined : rate.perMs / rate.count,
    recoveryAgentRemovalLimit: values.recovery_agent_removal_limit,
    requireAgentDomain: values.require_agent_domain,
    maxExecutorsPerAgent: values.max_executors_per_agent,
    registryGcIntervalMs: values.registry_gc_interval,
    registryMaxAgentAgeMs: values.registry_max_agent_age,
    registryMaxAgentCount: values.registry_max_agent_count,
    whitelist: whitelist.value,
    maxCompletedFrameworks: values.max_completed_frameworks,
    maxCompletedTasksPerFramework: values.max_completed_tasks_per_framework,
    maxUnreachableTasksPerFramework: values.max_unreachable_tasks_per_framework,
    roles: values.roles,
    weights: weights.value,
    rateLimits: rateLimits.value,
    rootSubmissions: values.root_submissions,
    rootUsers: [...new Set(['root', ...localNames(0)])],
    publishPerFrameworkMetrics: values.publish_per_framework_metrics,
    heartbeatIntervalMs: HEARTBEAT_MS,
    maxOperatorStreams: values.max_operator_event_stream_subscribers,
    isAudited: values.audit_log !== undefined,
    authenticateAgents: values.authenticate_agents,
    authenticationTimeoutMs: values.authentication_v0_timeout,
    jsonOf: (type, message) => shownJson(type, message),
  };
}

export function domainOf(value: unknown): DomainInfo | undefined {
  return value === undefined ? undefined : messageOf('domain', types.DomainInfo, value);
}

/**
 * Reads `cpus:0.01
 * mem:32`: alternatives, each a list of amounts.
 */
export function minAllocatable(text: string): Quantities[] {
  const alternatives = text.split('|').filter((part) => part.trim() !== '');
  return readEach(alternatives, (part) => Object.fromEntries(parseAmounts(part)));
}

const parseAmounts = (text: string) =>
  readEach(resourceParts(text), (part): [string, number] =>
    fromText('min_allocatable_resources', () => {
      const { name, scalar } = parseResource(part);
      if (scalar === undefined) {
        throw new TextError(`expected a number for ${name}`);
      }
      return [name, scalar.value];
    }),
  );

/** Reads `eng=2,ops=1.5`, where each role must be allowed. */
export function weightsOf(
  text: string | undefined,
  allowed: readonly string[] | undefined,
): Record<string, number> {
  const weights = new Map<string, number>();
  readEach((text ?? '').split(',').filter(Boolean), (part) => {
    const [role = '', weight = ''] = part.split('=', 2).map((word) => word.trim());
    const isWeight = Number.isFinite(Number(weight)) && Number(weight) > 0;
    if (roleError(role) !== undefined || !isWeight) {
      throw new FlagError(`--weights expects role=weight pairs such as eng=2, got '${part}'`);
    }
    if (allowed?.includes(role) === false && role !== '*') {
      throw new FlagError(`--weights: the role of '${part}' is not one of --roles`);
    }
    if (weights.has(role)) {
      throw new FlagError(`--weights gives the role '${role}' two weights`);
    }
    weights.set(role, Number(weight));
  });
  return Object.fromEntries(weights);
}

/**
 * The part of the heap for what agents report; it grows while they are in use. The rest is for
 * everything else.
 */
const AGENTS_SHARE_OF_HEAP = 0.3;

const heapBytes = () => getHeapStatistics().heap_size_limit;
