// Executors as masters show them at unversioned endpoints. Agents show where and how theirs run,
// which is not a form of the message.
import { type ExecutorInfo, ExecutorInfo_Type } from '../../model/generated/messages.ts';
import { allocationRole } from '../../model/resource-format.ts';
import { type RoleSight, shownResources } from '../../model/role-sight.ts';
import { commandJson } from './commands.ts';
import { resourcesJson } from './resources.ts';
import { labelsJson, roleJson } from './tasks.ts';
import type { Json, Writing } from './writing.ts';

export function executorJson(writing: Writing, executor: ExecutorInfo, sees: RoleSight): Json {
  const { name, framework_id, command, resources, labels, type } = executor;
  return {
    executor_id: executor.executor_id.value,
    name: name ?? '',
    framework_id: framework_id?.value ?? '',
    command: commandJson(writing, command ?? {}),
    resources: resourcesJson(writing, shownResources(resources ?? [], sees)),
    ...roleJson(allocationRole(resources), sees),
    ...(labels !== undefined && { labels: labelsJson(labels) }),
    ...(type !== undefined && { type: type === ExecutorInfo_Type.DEFAULT ? 'DEFAULT' : 'CUSTOM' }),
  };
}
