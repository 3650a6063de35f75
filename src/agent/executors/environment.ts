// The environment variables that an executor gets besides those of its command.
import { formatDuration } from '../../model/duration.ts';
import { parsePid } from '../../model/pid.ts';
import type { AgentState } from '../state.ts';
import type { Executor } from './executor.ts';
import { executorClaims } from './executor-claims.ts';
import { sandboxDirectory } from './sandbox.ts';

export function executorEnvironment(agent: AgentState, executor: Executor): Record<string, string> {
  const { options } = agent;
  const isCustom = executor.builtin === undefined;
  const directory = sandboxDirectory(agent, executor);
  const pid = parsePid(options.pid);
  const own = executor.info.shutdown_grace_period;
  const graceMs =
    own === undefined
      ? options.executorShutdownGracePeriodMs
      : Number(own.nanoseconds / 1_000_000n);
  return {
    ...(isCustom ? options.customExecutorEnvironment : {}),
    ...options.executorEnvironment,
    LIBPROCESS_PORT: '0',
    MESOS_AGENT_ENDPOINT: `${pid?.host}:${pid?.port}`,
    MESOS_CHECKPOINT: executor.checkpoint ? '1' : '0',
    MESOS_DIRECTORY: directory,
    ...(options.executorSocket === undefined
      ? {}
      : { MESOS_DOMAIN_SOCKET: options.executorSocket }),
    ...(isCustom && options.tokenFor !== undefined
      ? { MESOS_EXECUTOR_AUTHENTICATION_TOKEN: options.tokenFor(executorClaims(executor)) }
      : {}),
    MESOS_EXECUTOR_ID: executor.executorId,
    MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD: formatDuration(graceMs),
    MESOS_FRAMEWORK_ID: executor.frameworkId,
    MESOS_HTTP_COMMAND_EXECUTOR: options.isCommandExecutorHttp === true ? '1' : '0',
    MESOS_SANDBOX: directory,
    MESOS_SLAVE_ID: agent.id ?? '',
    MESOS_SLAVE_PID: options.pid,
    ...(executor.checkpoint
      ? {
          MESOS_RECOVERY_TIMEOUT: formatDuration(options.recoveryTimeoutMs),
          MESOS_SUBSCRIPTION_BACKOFF_MAX: formatDuration(options.executorReregistrationTimeoutMs),
        }
      : {}),
  };
}
