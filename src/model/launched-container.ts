// What a call of the agent's operator API asks to launch.
import {
  type AgentCall,
  type AgentCall_LaunchContainer,
  AgentCall_Type,
  type CommandInfo,
  type ContainerID,
  type ContainerInfo,
} from './generated/messages.ts';

/** What all calls that launch a container say of it. */
export interface ContainerLaunch {
  readonly container_id: ContainerID;
  readonly command?: CommandInfo;
  readonly container?: ContainerInfo;
}

/**
 * Undefined where the call launches none. A call may have bodies of other types besides its own:
 * these say nothing, as what it needs is decided by its type.
 */
export function launchOf(call: AgentCall): ContainerLaunch | undefined {
  switch (call.type) {
    case AgentCall_Type.LAUNCH_NESTED_CONTAINER:
      return call.launch_nested_container;
    case AgentCall_Type.LAUNCH_NESTED_CONTAINER_SESSION:
      return call.launch_nested_container_session;
    default:
      return launchAloneOf(call);
  }
}

/** What LAUNCH_CONTAINER asks for, which alone may name resources; undefined for other calls. */
export const launchAloneOf = (call: AgentCall): AgentCall_LaunchContainer | undefined =>
  call.type === AgentCall_Type.LAUNCH_CONTAINER ? call.launch_container : undefined;
