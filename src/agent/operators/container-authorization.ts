// Which action of --acls a call about a container needs, and on what object: the container's
// framework and user.
import { containerIdOf, rootOf } from '../../model/container-id.ts';
import { type AgentCall, AgentCall_Type } from '../../model/generated/messages.ts';
import { launchOf } from '../../model/launched-container.ts';
import type { Action, AuthorizationObject } from '../../security/authorizer.ts';
import type { OperatorCalled } from '../events.ts';
import type { AgentState } from '../state.ts';
import { namedContainer } from './container-calls.ts';

/** The action; undefined for a call that is not about one container. */
export function containerAction(call: AgentCall): Action | undefined {
  const isNested = namedContainer(call)?.id?.parent !== undefined;
  switch (call.type) {
    case AgentCall_Type.LAUNCH_NESTED_CONTAINER:
      return 'LAUNCH_NESTED_CONTAINER';
    case AgentCall_Type.LAUNCH_NESTED_CONTAINER_SESSION:
      return 'LAUNCH_NESTED_CONTAINER_SESSION';
    case AgentCall_Type.LAUNCH_CONTAINER:
      return isNested ? 'LAUNCH_NESTED_CONTAINER' : 'LAUNCH_STANDALONE_CONTAINER';
    case AgentCall_Type.WAIT_NESTED_CONTAINER:
      return 'WAIT_NESTED_CONTAINER';
    case AgentCall_Type.WAIT_CONTAINER:
      return isNested ? 'WAIT_NESTED_CONTAINER' : 'WAIT_STANDALONE_CONTAINER';
    case AgentCall_Type.KILL_NESTED_CONTAINER:
      return 'KILL_NESTED_CONTAINER';
    case AgentCall_Type.KILL_CONTAINER:
      return isNested ? 'KILL_NESTED_CONTAINER' : 'KILL_STANDALONE_CONTAINER';
    case AgentCall_Type.REMOVE_NESTED_CONTAINER:
      return 'REMOVE_NESTED_CONTAINER';
    case AgentCall_Type.REMOVE_CONTAINER:
      return isNested ? 'REMOVE_NESTED_CONTAINER' : 'REMOVE_STANDALONE_CONTAINER';
    case AgentCall_Type.ATTACH_CONTAINER_INPUT:
      return 'ATTACH_CONTAINER_INPUT';
    case AgentCall_Type.ATTACH_CONTAINER_OUTPUT:
      return 'ATTACH_CONTAINER_OUTPUT';
    default:
      return undefined;
  }
}

/** The executor that the container belongs to, and the command that is to run in it, as whom. */
export function containerObject(
  agent: AgentState,
  { call, userAbove }: Pick<OperatorCalled, 'call' | 'userAbove'>,
): AuthorizationObject {
  const id = namedContainer(call)?.id;
  const executor = id && agent.containers.get(rootOf(containerIdOf(id)));
  const command = launchOf(call)?.command;
  const user = command?.user ?? userAbove;
  return {
    executor: executor?.info,
    framework: executor?.framework.info,
    containerId: id && containerIdOf(id),
    command: user === undefined ? command : { ...command, user },
  };
}
