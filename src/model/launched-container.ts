// What a call of the agent's operator API asks to launch.
import type { AgentCall, CommandInfo, ContainerID, ContainerInfo } from './generated/messages.ts';

/** What all calls that launch a container say of it. */
export interface ContainerLaunch {
  readonly container_id: ContainerID;
  readonly command?: CommandInfo;
  readonly container?: ContainerInfo;
}

/** Undefined where the call launches none. */
export const launchOf = (call: AgentCall): ContainerLaunch | undefined =>
  call.launch_nested_container ?? call.launch_nested_container_session ?? call.launch_container;
