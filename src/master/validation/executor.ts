// Whether an executor may be started as it is described.

import { sameMessage } from '../../model/equality.ts';
import {
  ContainerInfo_Type,
  type ExecutorInfo,
  ExecutorInfo_Type,
} from '../../model/generated/messages.ts';
import { idError } from '../../model/identifier.ts';
import { executorId } from '../../model/ids.ts';
import { commandError, containerError } from '../../model/launch-validation.ts';
import type { Agent, Framework } from '../state.ts';
import {
  persistenceIdsError,
  revocableMixError,
  singleRoleError,
  usedResourcesError,
} from './resources.ts';
import { executorSizeError } from './size.ts';

/** Why an ExecutorInfo is not valid, whether a framework or an agent brings it. */
export function executorInfoError(executor: ExecutorInfo): string | undefined {
  const id = executor.executor_id.value;
  return (
    typeError(executor) ??
    idError(id) ??
    gracePeriodError(executor) ??
    prefixed("Executor's `CommandInfo` is invalid: ", commandError(executor.command)) ??
    prefixed("Executor's `ContainerInfo` is invalid: ", containerError(executor.container)) ??
    executorSizeError(executor)
  );
}

const prefixed = (prefix: string, error: string | undefined) =>
  error === undefined ? undefined : prefix + error;

function gracePeriodError(executor: ExecutorInfo): string | undefined {
  return (executor.shutdown_grace_period?.nanoseconds ?? 0n) < 0n
    ? "ExecutorInfo's 'shutdown_grace_period' must be non-negative"
    : undefined;
}

function typeError(executor: ExecutorInfo): string | undefined {
  switch (executor.type) {
    case ExecutorInfo_Type.DEFAULT:
      if (executor.command !== undefined) {
        return "'ExecutorInfo.command' must not be set for 'DEFAULT' executor";
      }
      if (executor.container !== undefined) {
        if (executor.container.type !== ContainerInfo_Type.MESOS) {
          return "'ExecutorInfo.container.type' must be 'MESOS' for 'DEFAULT' executor";
        }
        if (executor.container.mesos?.image !== undefined) {
          return "'ExecutorInfo.container.mesos.image' must not be set for 'DEFAULT' executor";
        }
      }
      return undefined;
    case ExecutorInfo_Type.CUSTOM:
      return executor.command === undefined
        ? "'ExecutorInfo.command' must be set for 'CUSTOM' executor"
        : undefined;
    default:
      return undefined;
  }
}

/** Why a framework may not launch an executor on an agent. */
export function launchedExecutorError(
  executor: ExecutorInfo,
  framework: Framework,
  agent: Agent,
): string | undefined {
  return (
    executorInfoError(executor) ??
    ownerError(executor, framework) ??
    resourceUseError(executor) ??
    compatibilityError(executor, framework, agent)
  );
}

function ownerError(executor: ExecutorInfo, framework: Framework): string | undefined {
  const owner = executor.framework_id?.value;
  if (owner === undefined) {
    return "'ExecutorInfo.framework_id' must be set";
  }
  return owner === framework.id
    ? undefined
    : `ExecutorInfo has an invalid FrameworkID (Actual: ${owner} vs Expected: ${framework.id})`;
}

function resourceUseError(executor: ExecutorInfo): string | undefined {
  const resources = executor.resources ?? [];
  return (
    prefixed('Executor uses invalid resources: ', usedResourcesError(resources)) ??
    prefixed('Executor uses duplicate persistence ID: ', persistenceIdsError(resources)) ??
    prefixed('Invalid executor resources: ', singleRoleError(resources)) ??
    prefixed('Executor mixes revocable and non-revocable resources: ', revocableMixError(resources))
  );
}

function compatibilityError(
  executor: ExecutorInfo,
  framework: Framework,
  agent: Agent,
): string | undefined {
  const known = runningExecutor(executor, framework, agent);
  return known === undefined || sameMessage(known, executor)
    ? undefined
    : 'ExecutorInfo is not compatible with existing ExecutorInfo with same ExecutorID.';
}

export function runningExecutor(
  executor: ExecutorInfo,
  framework: Framework,
  agent: Agent,
): ExecutorInfo | undefined {
  return agent.executors.get(framework.id)?.get(executorId(executor.executor_id.value));
}
