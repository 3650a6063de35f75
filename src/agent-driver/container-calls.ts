// Containers that calls of the API ask for: what is asked of the containerizer for one, and what
// the call is answered.
import { userInfo } from 'node:os';
import type {
  KillContainer,
  LaunchContainer,
  Permission,
  RemoveContainer,
  WaitContainer,
} from '../agent/effects.ts';
import type { Containerizer } from '../containerizer/containerizer.ts';
import { ContainerizerError } from '../containerizer/containerizer-error.ts';
import type { LaunchOptions } from '../containerizer/launch-steps.ts';
import { type ContainerKind, isSafeIn } from '../containerizer/plan/place.ts';
import type { ContainerRequest } from '../containerizer/plan/request.ts';
import { nestedSandbox, standaloneSandbox } from '../containerizer/plan/sandbox-path.ts';
import type { RunRecords } from '../containerizer/records/run-records.ts';
import { attachOutput, type OutputReader } from '../containerizer/terminals/switchboard.ts';
import type { Termination, TreeNode } from '../containerizer/tree.ts';
import { namesBelowRoot, parentOf, rootOf } from '../model/container-id.ts';
import {
  type AgentResponse,
  AgentResponse_Type,
  type AgentResponse_WaitContainer,
  type ContainerStatus,
  type Resource,
  type ResourceStatistics,
  TaskState,
} from '../model/generated/messages.ts';
import type { ContainerId } from '../model/ids.ts';
import type { PendingRequest } from '../runtime/pending-requests.ts';
import { statisticsOf } from './statistics.ts';

export interface OtherContainer {
  readonly containerId: ContainerId;
  readonly standsAlone: boolean;
  readonly processId: number | undefined;
  readonly containerStatus: ContainerStatus | undefined;
  readonly resources: readonly Resource[];
}

/** What a call is answered through. */
type Asker = PendingRequest<unknown> | undefined;

const SIGKILL = 9;
/** The wait status of a program that cannot be executed: Mesos's launcher exits with 1. */
const NOT_EXECUTED_STATUS = 256;

/** Whether what a launch was allowed by also allows it as this user, another name of its own. */
export type MayLaunchAs = (permission: Permission, user: string) => boolean;

export interface ContainerCallsOptions {
  /** Ends the executor of a container. */
  readonly destroyRun: (id: ContainerId) => void;
  readonly mayLaunchAs: MayLaunchAs;
}

export class ContainerCalls {
  readonly #containerizer: Containerizer;
  readonly #records: RunRecords;
  readonly #options: ContainerCallsOptions;

  constructor(containerizer: Containerizer, records: RunRecords, options: ContainerCallsOptions) {
    this.#containerizer = containerizer;
    this.#records = records;
    this.#options = options;
  }

  /** All that are no executor's, and have not ended; each after the one that it is nested in. */
  all(): OtherContainer[] {
    const { containers } = this.#containerizer;
    return [...containers.all()]
      .filter(({ kind, state }) => kind !== 'executor' && state !== 'ended')
      .map(({ id, resources }) => ({
        containerId: id,
        standsAlone: containers.get(rootOf(id))?.kind === 'standalone',
        processId: containers.running(id)?.processId,
        containerStatus: this.#containerizer.containerStatus(id),
        resources,
      }));
  }

  /** What is told of a container; undefined where it has ended or is not known. */
  containerStatus(id: ContainerId): ContainerStatus | undefined {
    return this.#containerizer.liveStatus(id);
  }

  userOf(id: ContainerId): string | undefined {
    const node = this.#containerizer.containers.get(id);
    return node && (node.user ?? userInfo().username);
  }

  /** What a container uses that is no executor's; undefined where it has ended or is not known. */
  async usage(id: ContainerId, nowMs: () => number): Promise<ResourceStatistics | undefined> {
    const node = this.#containerizer.containers.live(id);
    return node && statisticsOf(await this.#containerizer.usage(id, false), node, nowMs());
  }

  async launch(effect: LaunchContainer, asker: Asker): Promise<void> {
    const { containerId: id } = effect;
    const { containers } = this.#containerizer;
    const verdict = containers.verdict(id);
    if (verdict !== 'launch') {
      const isThere = verdict === 'exists';
      asker?.reply(isThere ? 202 : 400, isThere ? undefined : verdict.refusal);
      return;
    }
    if (effect.isSession && containers.get(rootOf(id))?.kind === 'standalone') {
      // As in Mesos, sessions are for containers of executors.
      asker?.reply(404, `Container ${id} cannot be found`);
      return;
    }
    const isAlone = parentOf(id) === undefined;
    let output: OutputReader | undefined;
    try {
      output = effect.isSession
        ? await this.#launchSession(effect)
        : await this.#launch(effect, isAlone ? 'standalone' : 'nested');
    } catch (error) {
      if (!(error instanceof ContainerizerError)) {
        throw error;
      }
      if (error.isDropped || isAlone) {
        // Nothing was made for it; or, as with Mesos, who asked for one that stands alone is told,
        // and nobody can wait for it.
        await containers.gone(id);
        await containers.forget(id);
      }
      // Mesos makes the sandbox of one that stands alone before it asks whether it can be launched.
      asker?.reply(error.isDropped && isAlone ? 500 : 400, error.message);
      return;
    }
    if (output === undefined) {
      asker?.reply(200, undefined);
    } else if (asker?.sendOutput === undefined) {
      // The session ends.
      output.close();
    } else {
      asker.sendOutput(output);
    }
  }

  async #launch(effect: LaunchContainer, kind: ContainerKind): Promise<undefined> {
    const request = this.#requestOf(effect, kind);
    const container = await this.#containerizer.launch(request, this.#launchOptions(effect));
    container.release();
    // Who is answered finds the files of its output.
    await container.begun;
  }

  /** The reader is there before the process is, and gets all that it writes. */
  async #launchSession(effect: LaunchContainer): Promise<OutputReader> {
    const { containerId: id } = effect;
    const parent = parentOf(id) ?? id;
    const inside = await this.#containerizer.surroundings(parent);
    const { user = this.#containerizer.containers.get(parent)?.user } = effect;
    const request = this.#requestOf({ ...effect, user }, 'debug');
    // It ends with its reader, and so with the agent.
    const container = await this.#containerizer.launch(
      { ...request, inside, isBound: true },
      this.#launchOptions(effect),
    );
    try {
      const output = await attachOutput(this.#records.folder(id), 'owner');
      container.release();
      return output;
    } catch (error) {
      container.destroy();
      throw error;
    }
  }

  #launchOptions({ permission }: LaunchContainer): LaunchOptions {
    const { signal: abort } = new AbortController();
    return {
      abort,
      mayRunAs: (user) => permission === undefined || this.#options.mayLaunchAs(permission, user),
    };
  }

  /** Throws ContainerizerError. */
  #requestOf(effect: LaunchContainer, kind: ContainerKind): ContainerRequest {
    const { containerId: id, container, resources, limits } = effect;
    const root = this.#containerizer.containers.get(rootOf(id));
    const above = this.#above(id);
    const user = effect.user ?? above[0]?.user;
    const other = above.find((it) => !isSafeIn(it.user, user));
    if (other !== undefined) {
      throw new ContainerizerError(
        `Container ${id} cannot run as '${user}': it is nested in container ${other.id} of user '${other.user}',` +
          ' and sandboxes of other users in his are not safe',
      );
    }
    return {
      id,
      kind,
      sandbox:
        root === undefined
          ? standaloneSandbox(id)
          : namesBelowRoot(id).reduce(nestedSandbox, root.sandbox),
      user,
      environment: {},
      command: effect.command,
      container,
      resources,
      limits,
      isBound: root?.isBound ?? false,
    };
  }

  /** The containers that one is nested in, its parent first. */
  #above(id: ContainerId): Readonly<TreeNode>[] {
    const parent = parentOf(id);
    const node = parent && this.#containerizer.containers.get(parent);
    return node === undefined ? [] : [node, ...this.#above(node.id)];
  }

  wait({ containerId: id, call }: WaitContainer, asker: Asker): void {
    const leave = this.#containerizer.containers.wait(id, (termination) => {
      if (termination === undefined) {
        asker?.reply(404, `Container ${id} cannot be found`);
      } else {
        answerWait(asker, call, termination);
      }
    });
    if (leave === 'full') {
      asker?.reply(503, 'Too many calls wait for the end of containers');
      return;
    }
    asker?.onGone?.(leave);
  }

  kill({ containerId: id, signal }: KillContainer, asker: Asker): void {
    const { containers } = this.#containerizer;
    const node = containers.live(id);
    if (node === undefined) {
      asker?.reply(404, `Container '${id}' cannot be found (or is already killed)`);
      return;
    }
    const running = containers.running(id);
    if (signal === SIGKILL && node.kind === 'executor') {
      // The executor is killed, built in or not, so that the agent tells the end of its tasks.
      this.#options.destroyRun(id);
    } else if (signal === SIGKILL || (signal > 0 && running === undefined)) {
      containers.destroy(id);
    } else if (signal > 0) {
      running?.signal(signal);
    }
    asker?.reply(200, undefined);
  }

  async remove({ containerId: id }: RemoveContainer, asker: Asker): Promise<void> {
    const { containers } = this.#containerizer;
    const isNested = parentOf(id) !== undefined;
    if (isNested && containers.get(rootOf(id)) === undefined) {
      asker?.reply(500, 'Unknown root container');
    } else if (containers.live(id) !== undefined) {
      asker?.reply(500, `${isNested ? 'Nested container' : 'Container'} has not terminated yet`);
    } else {
      asker?.reply(...(await this.#remove(id)));
    }
  }

  async #remove(id: ContainerId): Promise<[number, string | undefined]> {
    try {
      await this.#containerizer.remove(id);
      return [200, undefined];
    } catch (error) {
      return [500, `Failed to remove container ${id}: ${String(error)}`];
    }
  }
}

function answerWait(asker: Asker, call: WaitContainer['call'], termination: Termination): void {
  const type = AgentResponse_Type[call];
  const part = waitResponse(termination);
  const response: AgentResponse =
    call === 'WAIT_CONTAINER'
      ? { type, wait_container: part }
      : { type, wait_nested_container: part };
  if (asker?.respond === undefined) {
    asker?.reply(200, undefined);
  } else {
    asker.respond(response);
  }
}

/** A container that was never launched has nothing to tell: whoever launched it was told. */
function waitResponse({
  waitStatus,
  failure,
  loss,
  limitation,
  hasRun,
}: Termination): AgentResponse_WaitContainer {
  const exit_status =
    waitStatus ?? (hasRun && failure !== undefined ? NOT_EXECUTED_STATUS : undefined);
  const message = limitation?.message ?? (hasRun ? (failure ?? loss) : undefined);
  return {
    ...(exit_status !== undefined && { exit_status }),
    ...(limitation !== undefined && {
      state: TaskState.TASK_FAILED,
      reason: limitation.reason,
      limitation: { resources: [...limitation.resources] },
    }),
    ...(message !== undefined && { message }),
  };
}
