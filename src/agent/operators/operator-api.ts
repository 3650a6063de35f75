// Calls of the operator API that change something, or are about what others than the state machine
// know of. Resource providers are not supported yet: such a call is answered so, or with what is
// wrong with it.
import { enumNames } from '../../model/enum-names.ts';
import {
  type AgentCall,
  AgentCall_AttachContainerInput_Type,
  AgentCall_Type,
} from '../../model/generated/messages.ts';
import type { Action } from '../../security/authorizer.ts';
import { mayDo } from '../authorization.ts';
import type { Permission } from '../effects.ts';
import type { OperatorCalled } from '../events.ts';
import { reply } from '../executors/executor-api.ts';
import { emitAtOnce } from '../outbox.ts';
import type { AgentState } from '../state.ts';
import { containerAction, containerObject } from './container-authorization.ts';
import { containerNameError, containerOf, namedContainer } from './container-calls.ts';
import {
  killContainer,
  launchContainer,
  removeContainer,
  waitForContainer,
} from './container-effects.ts';
import { launchCallError } from './launch-call.ts';

interface Answer {
  readonly status: number;
  readonly text?: string;
}

const DONE: Answer = { status: 200 };
const UNSUPPORTED: Answer = { status: 501, text: 'This agent does not support the call' };

export function operatorCalled(agent: AgentState, event: OperatorCalled): void {
  const found = invalid(event.call) ?? forbidden(agent, event) ?? answer(agent, event);
  if (found !== undefined) {
    reply(agent, event.request, found.status, found.text);
  }
}

function invalid(call: AgentCall): Answer | undefined {
  const container = namedContainer(call);
  const error =
    attachError(call) ??
    (container === undefined
      ? providerError(call)
      : (containerNameError(container) ?? launchCallError(call)));
  return error === undefined
    ? undefined
    : { status: 400, text: `Failed to validate agent::Call: ${error}` };
}

function attachError({ type, attach_container_input: attach }: AgentCall): string | undefined {
  if (type !== AgentCall_Type.ATTACH_CONTAINER_INPUT) {
    return undefined;
  }
  if (attach?.type === undefined) {
    return "Expecting 'attach_container_input.type' to be present";
  }
  if (attach.type === AgentCall_AttachContainerInput_Type.UNKNOWN) {
    return "'attach_container_input.type' is unknown";
  }
  return attach.type === AgentCall_AttachContainerInput_Type.CONTAINER_ID
    ? undefined
    : "Expecting 'attach_container_input.type' to be CONTAINER_ID";
}

const providerError = (call: AgentCall) =>
  call.add_resource_provider_config?.info.id === undefined
    ? undefined
    : "Expecting 'add_resource_provider_config.info.id' to be unset";

const ACTIONS: Partial<Record<AgentCall_Type, Action>> = {
  // Whoever may remove an agent's images may see and bring them, and nobody else: lists of Mesos's
  // know no other action about images.
  [AgentCall_Type.PRUNE_IMAGES]: 'PRUNE_IMAGES',
  [AgentCall_Type.GET_IMAGES]: 'PRUNE_IMAGES',
  [AgentCall_Type.PULL_IMAGE]: 'PRUNE_IMAGES',
  [AgentCall_Type.MARK_RESOURCE_PROVIDER_GONE]: 'MARK_RESOURCE_PROVIDER_GONE',
  [AgentCall_Type.ADD_RESOURCE_PROVIDER_CONFIG]: 'MODIFY_RESOURCE_PROVIDER_CONFIG',
  [AgentCall_Type.UPDATE_RESOURCE_PROVIDER_CONFIG]: 'MODIFY_RESOURCE_PROVIDER_CONFIG',
  [AgentCall_Type.REMOVE_RESOURCE_PROVIDER_CONFIG]: 'MODIFY_RESOURCE_PROVIDER_CONFIG',
};

const callName = enumNames(AgentCall_Type);

/** Calls that need an action and change nothing. */
const READS: ReadonlySet<string> = new Set([
  'WAIT_NESTED_CONTAINER',
  'WAIT_CONTAINER',
  'ATTACH_CONTAINER_OUTPUT',
  'GET_IMAGES',
]);

/** What the call asks for; undefined where it needs no action. */
function permissionFor(agent: AgentState, event: OperatorCalled): Permission | undefined {
  const { call, principal, origin } = event;
  const action =
    call.type === undefined ? undefined : (ACTIONS[call.type] ?? containerAction(call));
  const object = containerObject(agent, event);
  const name = callName(call.type) ?? 'UNKNOWN';
  return action && { principal, call: name, origin, action, object };
}

function forbidden(agent: AgentState, event: OperatorCalled): Answer | undefined {
  const permission = permissionFor(agent, event);
  if (permission === undefined || isNobodys(agent, event)) {
    return undefined;
  }
  const { action, object, ...asking } = permission;
  const isRead = READS.has(asking.call);
  return mayDo(agent, { ...asking, isRead }, action, object) ? undefined : { status: 403 };
}

/**
 * The framework and user of a container decide who attaches to it. One that does not exist has
 * neither, and every caller may know so.
 */
const isNobodys = (agent: AgentState, event: OperatorCalled): boolean =>
  isAttach(event.call) && containerObject(agent, event).executor === undefined;

const isAttach = ({ type }: AgentCall) =>
  type === AgentCall_Type.ATTACH_CONTAINER_INPUT || type === AgentCall_Type.ATTACH_CONTAINER_OUTPUT;

/**
 * As in Mesos, only containers of executors can be attached to. The containerizer knows which of
 * those there are, and which have what can be attached to.
 */
function attach(agent: AgentState, event: OperatorCalled): Answer | undefined {
  const { call, request } = event;
  const id = containerOf(call);
  if (isNobodys(agent, event)) {
    return { status: 404, text: `Container ${id} cannot be found` };
  }
  const to = call.type === AgentCall_Type.ATTACH_CONTAINER_INPUT ? 'input' : 'output';
  emitAtOnce(agent, { type: 'attachContainer', request, containerId: id, to });
  return undefined;
}

/** Undefined where the containerizer answers. */
function answer(agent: AgentState, event: OperatorCalled): Answer | undefined {
  const { call } = event;
  switch (call.type) {
    case AgentCall_Type.LAUNCH_NESTED_CONTAINER:
    case AgentCall_Type.LAUNCH_NESTED_CONTAINER_SESSION:
    case AgentCall_Type.LAUNCH_CONTAINER:
      return launchContainer(agent, event, permissionFor(agent, event));
    case AgentCall_Type.WAIT_NESTED_CONTAINER:
    case AgentCall_Type.WAIT_CONTAINER:
      return waitForContainer(agent, event);
    case AgentCall_Type.KILL_NESTED_CONTAINER:
    case AgentCall_Type.KILL_CONTAINER:
      return killContainer(agent, event);
    case AgentCall_Type.REMOVE_NESTED_CONTAINER:
    case AgentCall_Type.REMOVE_CONTAINER:
      return removeContainer(agent, event);
    case AgentCall_Type.PRUNE_IMAGES:
      emitAtOnce(agent, {
        type: 'pruneImages',
        request: event.request,
        excluded: call.prune_images?.excluded_images ?? [],
        isAnswered: call.prune_images?.show_removed ?? false,
      });
      return undefined;
    case AgentCall_Type.GET_IMAGES:
      emitAtOnce(agent, { type: 'listImages', request: event.request });
      return undefined;
    case AgentCall_Type.PULL_IMAGE:
      return pull(agent, event);
    case AgentCall_Type.MARK_RESOURCE_PROVIDER_GONE:
      // There are none to remove.
      return DONE;
    case AgentCall_Type.ADD_RESOURCE_PROVIDER_CONFIG:
      return unknownProvider(call.add_resource_provider_config?.info);
    case AgentCall_Type.UPDATE_RESOURCE_PROVIDER_CONFIG:
      return unknownProvider(call.update_resource_provider_config?.info);
    case AgentCall_Type.REMOVE_RESOURCE_PROVIDER_CONFIG:
      return { status: 500, text: 'Missing required flag --resource_provider_config_dir' };
    case AgentCall_Type.ATTACH_CONTAINER_INPUT:
    case AgentCall_Type.ATTACH_CONTAINER_OUTPUT:
      return attach(agent, event);
    default:
      return UNSUPPORTED;
  }
}

function pull(agent: AgentState, { call, request }: OperatorCalled): Answer | undefined {
  const image = call.pull_image?.image;
  if (image !== undefined) {
    emitAtOnce(agent, { type: 'pullImage', request, image });
    return undefined;
  }
  return { status: 400, text: "Expecting 'pull_image' to be present" };
}

function unknownProvider(
  info: { readonly type: string; readonly name: string } | undefined,
): Answer {
  return {
    status: 400,
    text:
      `Failed to validate resource provider config with type '${info?.type}' and name ` +
      `'${info?.name}': Unknown local resource provider type '${info?.type}'`,
  };
}
