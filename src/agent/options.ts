// Options of an agent: its flags, typed and with units, and its identity.
import type {
  AgentInfo_Capability_Type,
  Attribute,
  ContainerInfo,
  DomainInfo,
  Resource,
  VersionInfo,
} from '../model/generated/messages.ts';
import type { Authorizer } from '../security/authorizer.ts';
import type { Prover } from '../security/cram-md5.ts';

export interface AgentOptions {
  /** `slave(1)@ip:port`: where the master sends to. Its ip is also reported as that of tasks. */
  readonly pid: string;
  readonly hostname: string;
  readonly port: number;
  /** Everything this machine offers, with its static reservations. */
  readonly resources: readonly Resource[];
  readonly attributes: readonly Attribute[];
  readonly domain?: DomainInfo | undefined;
  /** What registration says and /state shows; `version` must be digits and dots, such as 1.11.0. */
  readonly build: VersionInfo;
  /** Capabilities that the agent registers with; absent: all that it has. */
  readonly capabilities?: readonly AgentInfo_Capability_Type[] | undefined;
  /** Absolute, without a slash at the end. */
  readonly workDir: string;
  /** Where the programs of executors would be found; shown in the command of command executors. */
  readonly launcherDir: string;
  /** Flags as text, by name, as /state shows them to viewers that may see flags. */
  readonly flags: Readonly<Record<string, string>>;

  /** By what the agent authenticates with masters; absent: it does not. */
  readonly prover?: Prover | undefined;
  readonly authenticationBackoffFactorMs: number;
  /** Bounds of the time that an attempt to authenticate may take. */
  readonly authenticationTimeoutMinMs: number;
  readonly authenticationTimeoutMaxMs: number;
  readonly registrationBackoffFactorMs: number;
  readonly executorRegistrationTimeoutMs: number;
  readonly executorReregistrationTimeoutMs: number;
  readonly executorShutdownGracePeriodMs: number;
  /** How long executors of checkpointing frameworks wait for an agent that has stopped. */
  readonly recoveryTimeoutMs: number;
  readonly gcDelayMs: number;
  readonly maxCompletedExecutorsPerFramework: number;
  readonly maxCompletedFrameworks: number;
  readonly maxCompletedTasksPerExecutor: number;

  /** Isolators by name: limits on tasks need those of cgroups. */
  readonly isolation: readonly string[];
  readonly switchUser: boolean;
  /** `cleanup` ends every executor that is still alive, and then the agent. */
  readonly recover: 'reconnect' | 'cleanup';
  /** How far this agent may differ from the one that was checkpointed in the work directory. */
  readonly reconfigurationPolicy: 'equal' | 'additive' | 'any';
  /** Environment of every executor, instead of nothing. */
  readonly executorEnvironment?: Readonly<Record<string, string>> | undefined;
  /** What executors that frameworks bring get besides; `executorEnvironment` goes before it. */
  readonly customExecutorEnvironment?: Readonly<Record<string, string>> | undefined;
  /** What executors are told of the command executor, which speaks the v1 API in any case. */
  readonly isCommandExecutorHttp?: boolean | undefined;
  /** The path of the Unix socket on which executors can reach the agent, if there is one. */
  readonly executorSocket?: string | undefined;
  /** The container of executors that do not ask for one. */
  readonly defaultContainerInfo?: ContainerInfo | undefined;
  /** Makes the token that tells who an executor is; absent: executors get none. */
  readonly tokenFor?: ((claims: Readonly<Record<string, string>>) => string) | undefined;
  /** Calls of executors must then carry a principal with the claims fid, eid and cid. */
  readonly authenticateExecutors: boolean;

  readonly authorizer: Authorizer;
  /** Whether decisions are told by `audit` effects; absent: they are not. */
  readonly isAudited?: boolean | undefined;
  /** Seed of container ids, update ids and the waits before registration. */
  readonly seed: number;
}

/** Everything that has a default in Mesos, so that a caller names only what differs. */
export const defaultAgentOptions = {
  launcherDir: '/usr/local/libexec/mesos',
  flags: {},
  attributes: [],
  authenticationBackoffFactorMs: 1_000,
  authenticationTimeoutMinMs: 5_000,
  authenticationTimeoutMaxMs: 60_000,
  registrationBackoffFactorMs: 1_000,
  executorRegistrationTimeoutMs: 60_000,
  executorReregistrationTimeoutMs: 2_000,
  executorShutdownGracePeriodMs: 5_000,
  recoveryTimeoutMs: 15 * 60_000,
  gcDelayMs: 7 * 24 * 3_600_000,
  maxCompletedExecutorsPerFramework: 150,
  maxCompletedFrameworks: 50,
  maxCompletedTasksPerExecutor: 200,
  isolation: ['posix/cpu', 'posix/mem'],
  switchUser: true,
  recover: 'reconnect',
  reconfigurationPolicy: 'equal',
  authenticateExecutors: false,
} as const satisfies Partial<AgentOptions>;
