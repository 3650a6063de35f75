// What a viewer may see.

import type { ExecutorInfo, Operation, Resource, Task } from '../../model/generated/messages.ts';
import { operationResources } from '../../model/operation-resources.ts';
import { namedRoles } from '../../model/resource-format.ts';
import { type RoleSight, rememberedSight } from '../../model/role-sight.ts';
import type { Framework, MasterState } from '../state.ts';
import type { Viewer } from '../views.ts';

export const seesFramework = ({ principal, authorizer }: Viewer, framework: Framework) =>
  authorizer.authorize(principal, 'VIEW_FRAMEWORK', { framework: framework.info });

export const seesTask = ({ principal, authorizer }: Viewer, framework: Framework, task: Task) =>
  authorizer.authorize(principal, 'VIEW_TASK', { task, framework: framework.info });

export const seesExecutor = (
  { principal, authorizer }: Viewer,
  framework: Framework,
  executor: ExecutorInfo,
) => authorizer.authorize(principal, 'VIEW_EXECUTOR', { executor, framework: framework.info });

export const seesRole = ({ principal, authorizer }: Viewer, role: string) =>
  authorizer.authorize(principal, 'VIEW_ROLE', { value: role });

/** As seesRole, for a viewer of many things at once. */
export const roleSightOf = (viewer: Viewer): RoleSight =>
  rememberedSight((role) => seesRole(viewer, role));

export const seesResource = (viewer: Viewer, resource: Resource) =>
  namedRoles(resource).every((role) => seesRole(viewer, role));

export const seesProviders = ({ principal, authorizer }: Viewer) =>
  authorizer.authorize(principal, 'VIEW_RESOURCE_PROVIDER');

/** Seen by those who may see all that it works on. */
export const seesOperation = (viewer: Viewer, { info }: Operation) =>
  operationResources(info).every((resource) => seesResource(viewer, resource));

export function visibleFrameworks(state: MasterState, viewer: Viewer): Framework[] {
  return [...state.frameworks.registered.values()].filter((it) => seesFramework(viewer, it));
}

export function visibleCompleted(state: MasterState, viewer: Viewer): Framework[] {
  return [...state.frameworks.completed.values()].filter((it) => seesFramework(viewer, it));
}
