// What a viewer may see.

import type {
  ExecutorInfo,
  FrameworkID,
  Operation,
  Resource,
  Task,
} from '../../model/generated/messages.ts';
import { frameworkId } from '../../model/ids.ts';
import { resourcesOfKnown } from '../../model/operation-resources.ts';
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
  namesNoRole(resource) || namedRoles(resource).every((role) => seesRole(viewer, role));

/** Most resources, which are many: no list is made of their roles. */
const namesNoRole = ({ role = '*', reservations, allocation_info }: Resource) =>
  role === '*' && reservations === undefined && allocation_info === undefined;

export const seesProviders = ({ principal, authorizer }: Viewer) =>
  authorizer.authorize(principal, 'VIEW_RESOURCE_PROVIDER');

/**
 * True when the viewer may see what names a framework. A framework that is not known has nothing to
 * hide.
 */
export function seesFrameworkId(state: MasterState, viewer: Viewer, id: FrameworkID): boolean {
  const { registered, completed } = state.frameworks;
  const framework = registered.get(frameworkId(id.value)) ?? completed.get(frameworkId(id.value));
  return framework === undefined || seesFramework(viewer, framework);
}

/** True when the viewer may see the operation's resources and its framework. */
export const seesOperation = (state: MasterState, viewer: Viewer, operation: Operation) =>
  resourcesOfKnown(operation).every((resource) => seesResource(viewer, resource)) &&
  (operation.framework_id === undefined || seesFrameworkId(state, viewer, operation.framework_id));

export function visibleFrameworks(state: MasterState, viewer: Viewer): Framework[] {
  return [...state.frameworks.registered.values()].filter((it) => seesFramework(viewer, it));
}

export function visibleCompleted(state: MasterState, viewer: Viewer): Framework[] {
  return [...state.frameworks.completed.values()].filter((it) => seesFramework(viewer, it));
}
