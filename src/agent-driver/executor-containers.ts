// The containers of executors: what is asked of the containerizer for one, and where it is.
import type { LaunchExecutor, ReattachExecutor } from '../agent/effects.ts';
import type { Place } from '../containerizer/plan/place.ts';
import type { ContainerRequest } from '../containerizer/plan/request.ts';
import { roleEnvironment } from './task-environment.ts';

export const executorPlace = ({
  sandbox,
  user,
  framework,
}: LaunchExecutor | ReattachExecutor): Place => ({
  kind: 'executor',
  sandbox,
  user,
  // As in Mesos, executors of a framework without checkpoint end with their agent.
  isBound: framework.checkpoint !== true,
  resources: [],
});

export const executorRequest = (effect: LaunchExecutor): ContainerRequest => ({
  id: effect.containerId,
  ...executorPlace(effect),
  environment: effect.environment,
  taskEnvironment: roleEnvironment(effect.task?.resources),
  command: effect.command ?? effect.task?.command ?? effect.executor.command,
  resources: effect.resources,
  limits: effect.limits,
  executor: effect.executor,
  task: effect.task,
});
