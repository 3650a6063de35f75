// What was asked for: plain data from an executor, a task and the agent's own additions.
import type {
  CommandInfo,
  ExecutorInfo,
  Resource,
  TaskInfo,
} from '../../model/generated/messages.ts';
import type { ContainerId } from '../../model/ids.ts';

export interface ContainerRequest {
  readonly id: ContainerId;
  /** Relative to the work directory. */
  readonly sandbox: string;
  /** The user to run as; absent: the agent's own. */
  readonly user?: string | undefined;
  /** What the agent adds to the command's own environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Absent: there is none to be found in what was asked for. */
  readonly command?: CommandInfo | undefined;
  readonly resources: readonly Resource[];
  /** Whether it is to end when the agent does, however that comes. */
  readonly isBound: boolean;
  readonly executor: ExecutorInfo;
  /** The only task of a built-in executor. */
  readonly task?: TaskInfo | undefined;
}
