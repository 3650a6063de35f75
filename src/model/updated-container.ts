// The container that an executor's update is about.
import { containerIdOf } from './container-id.ts';
import type { ExecutorCall } from './generated/messages.ts';
import type { ContainerId } from './ids.ts';

/** Undefined where the call is no update, or names no container that is nested in another one. */
export function nestedContainerOf({ update }: ExecutorCall): ContainerId | undefined {
  const id = update?.status.container_status?.container_id;
  return id?.parent && containerIdOf(id);
}
