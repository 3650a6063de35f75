// A container has used more of something than it may, and is ended for it: what isolators report,
// and what the statuses of its tasks say.
import type { Resource, TaskStatus_Reason } from '../model/generated/messages.ts';
import type { ContainerId } from '../model/ids.ts';

export interface Limitation {
  readonly message: string;
  readonly reason: TaskStatus_Reason;
  /** The resources whose limit was hit. */
  readonly resources: readonly Resource[];
}

/** Called for the container that has to end; one that has ended already is nobody's concern. */
export type OnLimitation = (container: ContainerId, limitation: Limitation) => void;
