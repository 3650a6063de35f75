// Calls of the operator API that start, await, signal or remove a container. The agent says who
// may, and which user the container runs as; the containerizer knows which containers there are,
// and answers. So each function hands a call on, or says why it is refused.
import { parentOf, rootOf } from '../../model/container-id.ts';
import { AgentCall_Type } from '../../model/generated/messages.ts';
import { launchAloneOf, launchOf } from '../../model/launched-container.ts';
import { messageSize } from '../../model/message-size.ts';
import type { Permission } from '../effects.ts';
import type { OperatorCalled } from '../events.ts';
import { emit, emitAtOnce, emitEnding, isFull } from '../outbox.ts';
import type { AgentState } from '../state.ts';
import { containerOf } from './container-calls.ts';
import { containerResourcesError } from './container-resources.ts';

/** An answer that is known already. */
interface Refusal {
  readonly status: number;
  readonly text: string;
}

const SIGKILL = 9;
const MAX_SIGNAL = 64;
/** As much of a call is measured that waits for the disk. */
const ENOUGH_BYTES = 64 * 1024 * 1024;

export function waitForContainer(agent: AgentState, { call, request }: OperatorCalled): undefined {
  const isNested = call.type === AgentCall_Type.WAIT_NESTED_CONTAINER;
  const name = isNested ? 'WAIT_NESTED_CONTAINER' : 'WAIT_CONTAINER';
  emitAtOnce(agent, { type: 'waitContainer', request, containerId: containerOf(call), call: name });
}

export function killContainer(
  agent: AgentState,
  { call, request }: OperatorCalled,
): Refusal | undefined {
  const isNested = call.type === AgentCall_Type.KILL_NESTED_CONTAINER;
  const kill = isNested ? call.kill_nested_container : call.kill_container;
  const signal = kill?.signal ?? SIGKILL;
  // As with kill(2), 0 only asks whether the container is there.
  if (signal < 0 || signal > MAX_SIGNAL) {
    return { status: 400, text: `'${signal}' is no signal: expecting 0 to ${MAX_SIGNAL}` };
  }
  emitEnding(agent, { type: 'killContainer', request, containerId: containerOf(call), signal });
  return undefined;
}

export function launchContainer(
  agent: AgentState,
  event: OperatorCalled,
  permission: Permission | undefined,
): Refusal | undefined {
  const { call, request } = event;
  const containerId = containerOf(call);
  if (agent.phase === 'terminating') {
    return { status: 503, text: 'The agent is about to end' };
  }
  if (isFull(agent)) {
    return { status: 503, text: "Too much waits for the agent's disk" };
  }
  const alone = launchAloneOf(call);
  const error = containerResourcesError(alone ?? {}, agent.options.isolation);
  if (error !== undefined) {
    return { status: 400, text: error };
  }
  const { command, container } = launchOf(call) ?? {};
  const executor = agent.containers.get(rootOf(containerId));
  if (parentOf(containerId) !== undefined && executor?.state === 'terminating') {
    return { status: 400, text: `Container ${rootOf(containerId)} is about to end` };
  }
  emit(
    agent,
    {
      type: 'launchContainer',
      request,
      containerId,
      command,
      container,
      resources: alone?.resources ?? [],
      limits: alone?.limits,
      user: agent.options.switchUser ? command?.user : undefined,
      isSession: call.type === AgentCall_Type.LAUNCH_NESTED_CONTAINER_SESSION,
      permission,
    },
    () => messageSize({ command, container, alone }, ENOUGH_BYTES),
  );
  return undefined;
}

export function removeContainer(
  agent: AgentState,
  { call, request }: OperatorCalled,
): Refusal | undefined {
  const containerId = containerOf(call);
  if (agent.containers.has(containerId)) {
    // This makes Mesos's agent crash.
    return {
      status: 400,
      text:
        "Failed to validate agent::Call: Expecting 'remove_container.container_id.parent' to be " +
        'present: an executor has this container',
    };
  }
  emitEnding(agent, { type: 'removeContainer', request, containerId });
  return undefined;
}
