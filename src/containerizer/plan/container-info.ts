// Refuses what a ContainerInfo asks for and Mesoscale does not do: a task that expects an image or
// a network must not run on the machine's own files and addresses instead.

import { dockerExecutorFields, dockerTaskFields } from '../../model/docker-fields.ts';
import { enumNames } from '../../model/enum-names.ts';
import {
  type ContainerInfo,
  ContainerInfo_Type,
  LinuxInfo_IpcMode,
  TaskStatus_Reason,
} from '../../model/generated/messages.ts';
import {
  commandFields,
  containerFields,
  executorFields,
  refusalOf,
  taskFields,
} from '../../model/launch-fields.ts';
import { networkInfoError } from '../../model/network-info.ts';
import { volumeError } from '../../model/volume-source.ts';
import { ContainerizerError } from '../containerizer-error.ts';
import { type ImageTypeName, requireImageTypes } from './images.ts';
import { type ContainerRequest, containerInfoOf, isOfDocker } from './request.ts';

const nameOf = enumNames(ContainerInfo_Type);

/** What runs containers, by the names that `--containerizers` takes. */
export type ContainerizerName = 'mesos' | 'docker';

/**
 * Throws ContainerizerError where the executor, or the only task of a built-in executor, asks for
 * what neither these isolators nor plain processes give it.
 */
export function requireSupported(
  request: Pick<
    ContainerRequest,
    'kind' | 'isEmpty' | 'executor' | 'task' | 'container' | 'command' | 'inside'
  >,
  isolators: readonly string[],
  imageTypes: readonly ImageTypeName[] = [],
  containerizers: readonly ContainerizerName[] = ['mesos'],
): void {
  const { executor, task, command, inside } = request;
  const container = containerInfoOf(request);
  if (executor === undefined) {
    requireSupportedParts({ command, container }, isolators, imageTypes);
    if (inside !== undefined) {
      requirePossibleInside(container);
    }
    return;
  }
  const isDocker = isOfDocker(request);
  const isMesos = container === undefined || container.type === ContainerInfo_Type.MESOS;
  if (!containerizers.some((it) => (it === 'docker' ? isDocker : isMesos))) {
    // Mesos has no message of its own for this: its agent finds no container to wait for.
    throw new ContainerizerError('Abnormal executor termination: unknown container', {
      reason: TaskStatus_Reason.REASON_EXECUTOR_TERMINATED,
      cause: new Error(
        `'container.type' is ${nameOf(container?.type) ?? 'not set'}, and this agent has ` +
          `--containerizers=${containerizers.join(',')}`,
      ),
    });
  }
  requireValid(container);
  requireImageTypes(container, imageTypes);
  const refusal =
    task === undefined
      ? refusalOf(isDocker ? dockerExecutorFields : executorFields, executor, {
          prefix: 'executor.',
          isolators,
        })
      : refusalOf(
          isDocker ? dockerTaskFields : taskFields,
          { ...task, ...(container === undefined ? {} : { container }) },
          { isolators },
        );
  if (refusal !== undefined) {
    throw new ContainerizerError(refusal);
  }
}

/**
 * What is wrong whichever isolators there are: each volume says where its content comes from, and
 * networks are such as there can be.
 */
export function requireValid(container: ContainerInfo | undefined): void {
  for (const volume of container?.volumes ?? []) {
    const error = volumeError(volume);
    if (error !== undefined) {
      throw new ContainerizerError(`Invalid volume: ${error}`);
    }
  }
  for (const network of container?.network_infos ?? []) {
    const error = networkInfoError(network);
    if (error !== undefined) {
      throw new ContainerizerError(`Invalid network: ${error}`);
    }
  }
}

/** A session has what its parent has, and can have nothing else. */
function requirePossibleInside(container: ContainerInfo | undefined): void {
  const { ipc_mode, shm_size, share_pid_namespace, seccomp } = container?.linux_info ?? {};
  const asked = [
    container?.mesos?.image !== undefined && 'mesos.image',
    (container?.volumes ?? []).length > 0 && 'volumes',
    ipc_mode === LinuxInfo_IpcMode.PRIVATE && 'linux_info.ipc_mode',
    shm_size !== undefined && 'linux_info.shm_size',
    share_pid_namespace === false && 'linux_info.share_pid_namespace',
    seccomp !== undefined && 'linux_info.seccomp',
  ].find((name) => name !== false);
  if (asked !== undefined) {
    throw new ContainerizerError(
      `'container.${asked}' is not supported for DEBUG containers: they share what their parent has`,
    );
  }
}

/** Of a container that a call of the API asks for. */
function requireSupportedParts(
  { command, container }: Pick<ContainerRequest, 'command' | 'container'>,
  isolators: readonly string[],
  imageTypes: readonly ImageTypeName[],
): void {
  if (container !== undefined && container.type !== ContainerInfo_Type.MESOS) {
    throw new ContainerizerError('The provided ContainerInfo is not supported');
  }
  requireValid(container);
  requireImageTypes(container, imageTypes);
  const refusal =
    (command && refusalOf(commandFields, command, { prefix: 'command.', isolators })) ??
    (container && refusalOf(containerFields, container, { prefix: 'container.', isolators }));
  if (refusal !== undefined) {
    throw new ContainerizerError(refusal);
  }
}
