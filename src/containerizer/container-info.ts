// What can be asked of a container, and is not there: told, not passed over in silence. A task that
// expects an image or a volume must not run on the machine's own files instead.
//
// Settings that an isolator would carry out (limits, capabilities, networks) are left aside without
// that isolator, as Mesos does.
import {
  type ContainerInfo,
  ContainerInfo_Type,
  TaskStatus_Reason,
} from '../model/generated/messages.ts';
import { ContainerizerError } from './containerizer-error.ts';

/** Throws ContainerizerError for a container that plain processes cannot be. */
export function requireSupported(container: ContainerInfo | undefined): void {
  if (container === undefined) {
    return;
  }
  if (container.type !== ContainerInfo_Type.MESOS) {
    // Mesos has no word for it: its agent notices that there is no container to wait for.
    throw new ContainerizerError('Abnormal executor termination: unknown container', {
      reason: TaskStatus_Reason.REASON_EXECUTOR_TERMINATED,
    });
  }
  if (container.mesos?.image !== undefined) {
    throw new ContainerizerError('Container root filesystems not supported');
  }
  if ((container.volumes ?? []).length > 0) {
    throw new ContainerizerError('Volumes in ContainerInfo is not supported');
  }
  if (container.tty_info !== undefined) {
    throw new ContainerizerError('Containers with a TTY are not supported');
  }
}
