// What follows from a request on this host: plain data that a launcher carries out, or a refusal
// before anything is made. Pure, so that a test can show the whole plan without root and without a
// container.
import { join } from 'node:path';
import { containerFolder } from '../../model/container-id.ts';
import type { CommandInfo_URI, TaskStatus_Reason } from '../../model/generated/messages.ts';
import type { ContainerId } from '../../model/ids.ts';
import { ContainerizerError } from '../containerizer-error.ts';
import { type CommandLine, commandEnvironment, commandLine, layered } from './command-line.ts';
import { requireSupported } from './container-info.ts';
import type { ContainerRequest } from './request.ts';
import type { VolumeLinks } from './volume-links.ts';

/** A process that a container begins with, or that runs beside one. */
export interface ProcessPlan extends CommandLine {
  /** Absolute: where it starts. */
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
}

export interface ContainerPlan extends ProcessPlan {
  readonly id: ContainerId;
  /** Absolute. */
  readonly sandbox: string;
  /** The user to run as; absent: the agent's own. */
  readonly user: string | undefined;
  /** Whether it is to end when the agent does, however that comes. */
  readonly isBound: boolean;
  /**
   * Folders of its cgroups, the one to end it through first; none: it is ended process by process.
   */
  readonly cgroups: readonly string[];
  /** Its weight where CPU time is contended, as the `cpu.shares` of cgroups v1 counts it. */
  readonly cpuShares: number | undefined;
  /** What its sandbox leads to, by name. */
  readonly volumes: VolumeLinks;
  /** What is brought into the sandbox before it starts. */
  readonly uris: readonly CommandInfo_URI[];
}

/** Why there is no plan, for the framework. */
export interface Refusal {
  readonly kind: 'refusal';
  readonly text: string;
  readonly reason: TaskStatus_Reason | undefined;
  /** For the agent's log. */
  readonly cause: string | undefined;
}

export type Planned = { readonly kind: 'plan'; readonly plan: ContainerPlan } | Refusal;

/** What plans depend on beside the request. */
export interface PlanHost {
  /** Absolute. */
  readonly workDirectory: string;
  /** Cgroups below which those of containers are, the one to end them through first. */
  readonly cgroupRoots: readonly string[];
}

/** A concern that adds its part to plans. */
export interface Contributor {
  /** The plan with its part. Throws ContainerizerError: a refusal. */
  contribute(plan: ContainerPlan, request: ContainerRequest, host: PlanHost): ContainerPlan;
}

/** Each of the isolators, in their order, has what those before it have planned. */
export function planContainer(
  request: ContainerRequest,
  host: PlanHost,
  isolators: readonly Contributor[],
): Planned {
  try {
    requireSupported(request.executor, request.task);
    const plan = isolators.reduce(
      (sofar, isolator) => isolator.contribute(sofar, request, host),
      basicPlan(request, host),
    );
    return { kind: 'plan', plan };
  } catch (error) {
    if (!(error instanceof ContainerizerError)) {
      throw error;
    }
    const { message: text, reason, cause } = error;
    return {
      kind: 'refusal',
      text,
      reason,
      cause: cause instanceof Error ? cause.message : undefined,
    };
  }
}

/** As an error to end a launch with. */
export const refusalError = ({ text, reason, cause }: Refusal): ContainerizerError =>
  new ContainerizerError(text, {
    ...(reason !== undefined && { reason }),
    ...(cause !== undefined && { cause: new Error(cause) }),
  });

function basicPlan(request: ContainerRequest, host: PlanHost): ContainerPlan {
  const { id, command, user, isBound } = request;
  if (command === undefined) {
    throw new ContainerizerError('There is no command to launch');
  }
  const sandbox = join(host.workDirectory, request.sandbox);
  return {
    id,
    sandbox,
    directory: sandbox,
    environment: layered(
      { MESOS_SANDBOX: sandbox, MESOS_DIRECTORY: sandbox },
      request.environment,
      commandEnvironment(command),
    ),
    ...commandLine(command),
    user,
    isBound,
    cgroups: containerCgroups(host.cgroupRoots, id),
    cpuShares: undefined,
    volumes: new Map(),
    uris: command.uris ?? [],
  };
}

/** A container's folders in these hierarchies: nested ones where tools for Mesos look for them. */
export const containerCgroups = (roots: readonly string[], id: ContainerId): string[] =>
  roots.map((root) => join(root, containerFolder(id, 'mesos')));
