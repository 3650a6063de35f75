// Turns the flags of an agent into its options. Only this file knows both.
import { existsSync, lstatSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { type AgentOptions, defaultAgentOptions } from '../../agent/options.ts';
import { isolatorsNamed, launcherFor } from '../../containerizer/isolators/names.ts';
import type { LauncherName } from '../../containerizer/launchers/names.ts';
import { type CapabilityDefaults, capabilitiesOf } from '../../containerizer/plan/capabilities.ts';
import { requireValid } from '../../containerizer/plan/container-info.ts';
import { VOLUME_KINDS, volumesOfKind } from '../../containerizer/plan/container-volumes.ts';
import { resourceLimits } from '../../containerizer/plan/resource-limits.ts';
import { WorkDirectory } from '../../containerizer/work-directory.ts';
import { attributeParts, parseAttribute } from '../../model/attribute-text.ts';
import {
  type Attribute,
  type ContainerInfo,
  ContainerInfo_Type,
} from '../../model/generated/messages.ts';
import { containerFields, refusalOf } from '../../model/launch-fields.ts';
import { types } from '../../wire/types.ts';
import { FlagError, FlagFaults, readEach } from '../flags/faults.ts';
import type { FlagValues } from '../flags/flag.ts';
import { fromPlan, fromText, messageOf } from '../flags/written.ts';
import { domainOf } from '../master/options.ts';
import { tlsEnvironment } from '../process/carriers.ts';
import { cramMd5Prover } from '../process/cram-md5.ts';
import { readCredential } from '../process/credentials.ts';
import { folderHolder } from '../process/folder-lock.ts';
import type { PublishedAddress } from '../process/published-address.ts';
import type { ServerStart } from '../process/server-process.ts';
import { writableFolder } from '../process/writable-folder.ts';
import { versionInfo } from '../version.ts';
import type { AGENT_FLAGS } from './flags.ts';
import { usualStores } from './images.ts';
import { agentResources, thisMachine } from './machine-resources.ts';

export type AgentFlagValues = FlagValues<typeof AGENT_FLAGS>;

export interface AgentStart extends ServerStart {
  /** An absolute path; the folder exists. */
  readonly workDir: string;
  /** Of containers. */
  readonly capabilities: CapabilityDefaults;
}

/** As in Mesos, who configures networks has network/cni, unless containers share an address. */
export const isolationOf = ({
  isolation,
  network_cni_config_dir: configDir,
}: Pick<AgentFlagValues, 'isolation' | 'network_cni_config_dir'>): readonly string[] =>
  configDir === undefined || isolation.some((it) => NETWORKS.includes(it))
    ? isolation
    : [...isolation, 'network/cni'];

const NETWORKS = ['network/cni', 'network/port_mapping'];

/** That of the flag, or the one that --isolation needs. */
export const launcherOf = (values: AgentFlagValues): LauncherName =>
  values.launcher ?? launcherFor(isolatorsNamed(isolationOf(values)));

/** Those of the start, with defaults that depend on other flags; in the order of their names. */
function shownFlags(
  values: AgentFlagValues,
  { flagTexts, workDir }: AgentStart,
): Readonly<Record<string, string>> {
  const texts = { ...usualStores(workDir), launcher: launcherOf(values), ...flagTexts };
  return Object.fromEntries(Object.entries(texts).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Throws one FlagError about all faults. */
export function agentOptions(
  values: AgentFlagValues,
  start: AgentStart,
): Omit<AgentOptions, 'authorizer'> {
  const { address, workDir } = start;
  const faults = new FlagFaults();
  const resources = faults.read(() =>
    agentResources(values.resources, values.default_role, thisMachine(workDir)),
  );
  const attributes = faults.read(() => attributesOf(values.attributes));
  const domain = faults.read(() => domainOf(values.domain));
  const containerInfo = faults.read(() =>
    defaultContainerInfo(
      values.default_container_info,
      isolatorsNamed(isolationOf(values)),
      start.capabilities,
    ),
  );
  const socket = faults.read(() => executorSocket(values, workDir));
  const credential = faults.read(() => readCredential('credential', values.credential));
  faults.end();
  return {
    ...defaultAgentOptions,
    pid: `slave(1)@${address.ip}:${address.port}`,
    hostname: address.hostname,
    port: address.port,
    resources: resources.value,
    attributes: attributes.value,
    domain: domain.value,
    build: versionInfo(start.nowMs),
    workDir,
    launcherDir: values.launcher_dir,
    flags: shownFlags(values, start),
    prover: credential.value && cramMd5Prover(credential.value),
    authenticationBackoffFactorMs: values.authentication_backoff_factor,
    authenticationTimeoutMinMs: values.authentication_timeout_min,
    authenticationTimeoutMaxMs: values.authentication_timeout_max,
    registrationBackoffFactorMs: values.registration_backoff_factor,
    executorRegistrationTimeoutMs: values.executor_registration_timeout,
    executorReregistrationTimeoutMs: values.executor_reregistration_timeout,
    executorShutdownGracePeriodMs: values.executor_shutdown_grace_period,
    recoveryTimeoutMs: values.recovery_timeout,
    gcDelayMs: values.gc_delay,
    maxCompletedExecutorsPerFramework: values.max_completed_executors_per_framework,
    isolation: isolationOf(values),
    defaultContainerInfo: containerInfo.value,
    switchUser: values.switch_user,
    recover: values.recover,
    reconfigurationPolicy: values.reconfiguration_policy,
    executorEnvironment: executorEnvironment(values, address, process.env),
    customExecutorEnvironment: tlsEnvironment(values),
    isCommandExecutorHttp: values.http_command_executor,
    executorSocket: socket.value,
    isAudited: values.audit_log !== undefined,
    authenticateExecutors: values.authenticate_http_executors,
    seed: start.random.next32(),
  };
}

/** The longest path of a Unix socket. */
const MAX_SOCKET_PATH_BYTES = 107;

function executorSocket(
  values: Pick<AgentFlagValues, 'http_executor_domain_sockets' | 'domain_socket_location'>,
  workDir: string,
): string | undefined {
  const { http_executor_domain_sockets: isWanted, domain_socket_location: location } = values;
  if (!isWanted) {
    return undefined;
  }
  const path = location ?? join(workDir, 'agent.sock');
  if (!isAbsolute(path) || Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES) {
    throw new FlagError(
      '--domain_socket_location expects an absolute path of at most ' +
        `${MAX_SOCKET_PATH_BYTES} bytes, got '${path}'`,
    );
  }
  return path;
}

/** Environment variables that every executor gets besides its own. */
export function executorEnvironment(
  values: Pick<AgentFlagValues, 'executor_environment_variables' | 'ip' | 'ip_discovery_command'>,
  { listenIp }: Pick<PublishedAddress, 'listenIp'>,
  environment: NodeJS.ProcessEnv,
): Readonly<Record<string, string>> | undefined {
  const given = values.executor_environment_variables as
    | Readonly<Record<string, string>>
    | undefined;
  // Without it, an executor that uses libprocess would look up its host name.
  const isIpGiven = values.ip !== undefined || values.ip_discovery_command !== undefined;
  const ip = isIpGiven ? listenIp : environment.LIBPROCESS_IP;
  return ip === undefined ? given : { LIBPROCESS_IP: ip, ...given };
}

const attributesOf = (text = ''): Attribute[] =>
  readEach(attributeParts(text), (part) => fromText('attributes', () => parseAttribute(part)));

function defaultContainerInfo(
  value: unknown,
  isolators: readonly string[],
  capabilities: CapabilityDefaults,
): ContainerInfo | undefined {
  if (value === undefined) {
    return undefined;
  }
  const info = messageOf('default_container_info', types.ContainerInfo, value);
  if (info.type !== ContainerInfo_Type.MESOS) {
    throw new FlagError('--default_container_info: containers of type MESOS are supported only');
  }
  const refusal = refusalOf(containerFields, info, { isolators });
  if (refusal !== undefined) {
    throw new FlagError(`--default_container_info: ${refusal}`);
  }
  fromPlan('default_container_info', () => requireValid(info));
  fromPlan('default_container_info', () => resourceLimits(info.rlimit_info ?? {}));
  for (const kind of VOLUME_KINDS) {
    fromPlan('default_container_info', () => volumesOfKind(info, kind));
  }
  fromPlan('default_container_info', () => capabilitiesOf(info.linux_info ?? {}, capabilities));
  return info;
}

/**
 * The absolute path of the work directory, after creating it if necessary and locking it. Throws
 * FlagError, also where another agent has the lock.
 */
export function workDirOf(path: string): string {
  const folder = writableFolder('work_dir', path, 0o755);
  const holder = folderHolder(folder);
  if (holder !== undefined) {
    throw new FlagError(`--work_dir: ${folder} is in use by another agent (${holder})`);
  }
  return folder;
}

/**
 * Throws FlagError where an agent of Apache Mesos has left processes running: a new agent's tasks
 * would run beside them, and nothing would count them.
 */
export function refuseForeignAgent(workDir: string): void {
  const latest = join(workDir, 'meta', 'slaves', 'latest');
  const isForeign =
    lstatSync(latest, { throwIfNoEntry: false }) !== undefined &&
    !existsSync(new WorkDirectory(workDir).database);
  if (isForeign) {
    throw new FlagError(
      `--work_dir: ${workDir} belongs to an agent of Apache Mesos, whose tasks this one cannot take over: ` +
        'they would run on uncounted. End them with that agent (mesos-agent --recover=cleanup), then remove ' +
        `${latest}, which it leaves; or choose another folder`,
    );
  }
}
