// Calls of operators that change something on this agent.
import { type AgentCall, AgentCall_Type, type ContainerID } from '../model/generated/messages.ts';
import type { OperatorCalled } from './events.ts';
import { reply } from './executor-api.ts';
import type { AgentState } from './state.ts';

interface Answer {
  readonly status: number;
  readonly text?: string;
}

export function operatorCalled(agent: AgentState, { request, call }: OperatorCalled): void {
  const { status, text } = answer(call);
  reply(agent, request, status, text);
}

function answer(call: AgentCall): Answer {
  switch (call.type) {
    case AgentCall_Type.PRUNE_IMAGES:
    case AgentCall_Type.MARK_RESOURCE_PROVIDER_GONE:
      // Neither images nor resource providers are here, so there is nothing to forget.
      return { status: 200 };
    case AgentCall_Type.ADD_RESOURCE_PROVIDER_CONFIG:
      return invalidProvider('add', call.add_resource_provider_config?.info);
    case AgentCall_Type.UPDATE_RESOURCE_PROVIDER_CONFIG:
      return invalidProvider('update', call.update_resource_provider_config?.info);
    case AgentCall_Type.REMOVE_RESOURCE_PROVIDER_CONFIG:
      return { status: 500, text: 'Missing required flag --resource_provider_config_dir' };
    case AgentCall_Type.WAIT_NESTED_CONTAINER:
      return unknownNested('wait', call.wait_nested_container?.container_id);
    case AgentCall_Type.KILL_NESTED_CONTAINER:
      return unknownNested('kill', call.kill_nested_container?.container_id);
    case AgentCall_Type.WAIT_CONTAINER:
      return unknownContainer(call.wait_container?.container_id);
    case AgentCall_Type.KILL_CONTAINER:
      return unknownContainer(call.kill_container?.container_id);
    case AgentCall_Type.ATTACH_CONTAINER_INPUT:
      return unknownContainer(call.attach_container_input?.container_id);
    case AgentCall_Type.ATTACH_CONTAINER_OUTPUT:
      return unknownContainer(call.attach_container_output?.container_id);
    default:
      return { status: 501, text: 'This agent does not support the call' };
  }
}

function invalidProvider(
  what: 'add' | 'update',
  info: { readonly id?: unknown; readonly type: string; readonly name: string } | undefined,
): Answer {
  if (info?.id !== undefined) {
    const field = `${what}_resource_provider_config.info.id`;
    const text = `Failed to validate agent::Call: Expecting '${field}' to be unset`;
    return { status: 400, text };
  }
  return {
    status: 400,
    text:
      `Failed to validate resource provider config with type '${info?.type}' and name ` +
      `'${info?.name}': Unknown local resource provider type '${info?.type}'`,
  };
}

function unknownNested(what: 'wait' | 'kill', id: ContainerID | undefined): Answer {
  const field = `${what}_nested_container.container_id.parent`;
  return id?.parent === undefined
    ? { status: 400, text: `Failed to validate agent::Call: Expecting '${field}' to be present` }
    : unknownContainer(id);
}

const unknownContainer = (id: ContainerID | undefined): Answer => ({
  status: 404,
  text: `Container ${pathOf(id)} cannot be found`,
});

const pathOf = (id: ContainerID | undefined): string =>
  id?.parent === undefined ? (id?.value ?? '') : `${pathOf(id.parent)}.${id.value}`;
