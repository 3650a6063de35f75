// A container of an executor whose end the agent has not been told: what is known of it from its
// launch, or from its recovery, to its end.
import type { LaunchExecutor, ReattachExecutor } from '../agent/effects.ts';
import { ContainerizerError } from '../containerizer/containerizer-error.ts';
import type { ContainerEnd } from '../containerizer/launchers/launcher.ts';
import type { CommandRunner } from '../executor/command-runner.ts';
import type { PodRunner } from '../executor/pod-runner.ts';
import { errorText } from '../model/error-text.ts';
import type { Resource, TaskStatus_Reason } from '../model/generated/messages.ts';
import {
  type ContainerId,
  type ExecutorId,
  executorId,
  type FrameworkId,
  frameworkId,
} from '../model/ids.ts';
import type { ResourceLimits } from '../model/resource-limits.ts';

export interface Run {
  readonly frameworkId: FrameworkId;
  readonly executorId: ExecutorId;
  readonly containerId: ContainerId;
  readonly launch: LaunchExecutor | ReattachExecutor;
  readonly abort: AbortController;
  resources: readonly Resource[];
  limits?: ResourceLimits | undefined;
  /** Of a built-in command executor. */
  runner?: CommandRunner | undefined;
  /** Of a default executor. */
  pod?: PodRunner | undefined;
  /** The launch has begun, and the container has no process yet. */
  isPreparing: boolean;
  destroyed: boolean;
  /** The checkpoint has no need of the run any more, so its records may be removed. */
  completed: boolean;
  /** Why the container was destroyed, if the agent did not ask for it. */
  failed?: RunEnd;
  /** Whether it was found to have ended by itself, so that how it did says more than `failed`. */
  hasEnded?: boolean;
  /** What it waited for when it was destroyed. */
  awaited?: string | undefined;
  /** How it ended; the agent is told when nothing is left of it. */
  end?: RunEnd;
}

export interface RunEnd extends ContainerEnd {
  /** The reason, if it is another than a failed launch. */
  readonly reason?: TaskStatus_Reason | undefined;
  readonly isDropped?: boolean | undefined;
  /** The resources whose limit was hit. */
  readonly limited?: readonly Resource[] | undefined;
  /** A text for the agent's log. */
  readonly cause?: string | undefined;
}

export const createRun = (
  launch: LaunchExecutor | ReattachExecutor,
  resources: readonly Resource[],
): Run => ({
  frameworkId: frameworkId(launch.framework.id?.value ?? ''),
  executorId: executorId(launch.executor.executor_id.value),
  containerId: launch.containerId,
  launch,
  abort: new AbortController(),
  resources,
  isPreparing: false,
  destroyed: false,
  completed: launch.framework.checkpoint !== true,
});

export const idsOf = ({ frameworkId, executorId, containerId }: Run) => ({
  frameworkId,
  executorId,
  containerId,
});

/** The end of a run whose container could not be launched, or not be taken back. */
export const failureOf = (error: unknown): RunEnd => ({
  failure: errorText(error),
  reason: error instanceof ContainerizerError ? error.reason : undefined,
  isDropped: error instanceof ContainerizerError && error.isDropped,
  cause: causeOf(error),
});

/** What the error does not say itself. */
function causeOf(error: unknown): string | undefined {
  if (!(error instanceof ContainerizerError && error.cause instanceof Error)) {
    return undefined;
  }
  const { message } = error.cause;
  return error.message.includes(message) ? undefined : message;
}
