// From the flags of a master to what the master is told. Only this file knows both.
import { localNames } from '../containerizer/users.ts';
import type { Quantities } from '../core/interface.ts';
import type { MasterOptions } from '../master/options.ts';
import type { DomainInfo } from '../model/generated/messages.ts';
import type { Random } from '../model/random.ts';
import { formatUuid } from '../model/random.ts';
import { parseResources } from '../model/resource-text.ts';
import { roleError } from '../model/role.ts';
import { TextError } from '../model/value-text.ts';
import { systemMetrics } from '../runtime/system-metrics.ts';
import { readJsonValue } from '../wire/json.ts';
import { types } from '../wire/types.ts';
import { unknownField } from '../wire/unknown-field.ts';
import { WireError } from '../wire/wire-error.ts';
import { authorizerOf } from './access.ts';
import type { FlagValues } from './flags/flag.ts';
import type { MASTER_FLAGS } from './flags/master-flags.ts';
import { FlagError } from './flags/parse.ts';
import type { PublishedAddress } from './published-address.ts';
import { shownJson } from './shown-json.ts';
import { versionInfo } from './version.ts';
import { readWhitelist } from './whitelist.ts';

export type MasterFlagValues = FlagValues<typeof MASTER_FLAGS>;

export interface MasterStart {
  readonly address: PublishedAddress;
  /** /flags: every flag that has a value, as text. */
  readonly flagTexts: Readonly<Record<string, string>>;
  readonly nowMs: number;
  readonly random: Random;
}

const HEARTBEAT_MS = 15_000;

export function masterOptions(values: MasterFlagValues, start: MasterStart): MasterOptions {
  const { address, random, nowMs } = start;
  const rate = values.agent_removal_rate_limit;
  return {
    id: formatUuid(random.uuid()),
    ip: address.ip,
    port: address.port,
    hostname: address.hostname,
    version: versionInfo(nowMs),
    startTimeMs: nowMs,
    seed: random.next32(),
    domain: domainOf(values.domain),
    cluster: values.cluster,
    logDir: values.log_dir,
    externalLogFile: values.external_log_file,
    flags: start.flagTexts,
    systemMetrics,
    stopwatch: () => performance.now(),
    allocationIntervalMs: values.allocation_interval,
    minAllocatable: minAllocatable(values.min_allocatable_resources),
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
    whitelist: values.whitelist === undefined ? undefined : readWhitelist(values.whitelist),
    maxCompletedFrameworks: values.max_completed_frameworks,
    maxCompletedTasksPerFramework: values.max_completed_tasks_per_framework,
    maxUnreachableTasksPerFramework: values.max_unreachable_tasks_per_framework,
    roles: values.roles,
    weights: weightsOf(values.weights, values.roles),
    rootSubmissions: values.root_submissions,
    rootUsers: [...new Set(['root', ...localNames(0)])],
    publishPerFrameworkMetrics: values.publish_per_framework_metrics,
    heartbeatIntervalMs: HEARTBEAT_MS,
    maxOperatorStreams: values.max_operator_event_stream_subscribers,
    authorizer: authorizerOf(values.acls),
    jsonOf: (type, message) => shownJson(type, message),
  };
}

export function domainOf(value: unknown): DomainInfo | undefined {
  if (value === undefined) {
    return undefined;
  }
  try {
    const domain = readJsonValue(types.DomainInfo, value);
    const unknown = unknownField(types.DomainInfo, value);
    if (unknown !== undefined) {
      throw new FlagError(`--domain has the unknown field '${unknown}'`);
    }
    return domain;
  } catch (error) {
    if (error instanceof WireError) {
      throw new FlagError(`--domain is no DomainInfo: ${error.message}`);
    }
    throw error;
  }
}

/** `cpus:0.01|mem:32`: alternatives, each a list of amounts. */
export function minAllocatable(text: string): Quantities[] {
  const alternatives = text.split('|').filter((part) => part.trim() !== '');
  try {
    return alternatives.map((part) =>
      Object.fromEntries(
        parseResources(part).map(({ name, scalar }) => {
          if (scalar === undefined) {
            throw new TextError(`expected a number for ${name}`);
          }
          return [name, scalar.value];
        }),
      ),
    );
  } catch (error) {
    if (error instanceof TextError) {
      throw new FlagError(`--min_allocatable_resources: ${error.message}`);
    }
    throw error;
  }
}

/** `eng=2,ops=1.5`, each of a role that is allowed. */
export function weightsOf(
  text: string | undefined,
  allowed: readonly string[] | undefined,
): Record<string, number> {
  const weights = new Map<string, number>();
  for (const part of (text ?? '').split(',').filter(Boolean)) {
    const [role = '', weight = ''] = part.split('=', 2);
    const isWeight = Number.isFinite(Number(weight)) && Number(weight) > 0;
    if (roleError(role.trim()) !== undefined || !isWeight) {
      throw new FlagError(`--weights expects role=weight pairs such as eng=2, got '${part}'`);
    }
    if (allowed?.includes(role.trim()) === false && role.trim() !== '*') {
      throw new FlagError(`--weights: the role of '${part}' is not one of --roles`);
    }
    if (weights.has(role.trim())) {
      throw new FlagError(`--weights gives the role '${role.trim()}' two weights`);
    }
    weights.set(role.trim(), Number(weight));
  }
  return Object.fromEntries(weights);
}
