// Calls of the operator API about containers: which container a call names, and whether its name is
// valid.
import { containerIdOf } from '../../model/container-id.ts';
import {
  type AgentCall,
  AgentCall_Type,
  type ContainerID,
} from '../../model/generated/messages.ts';
import { byteLength, idError } from '../../model/identifier.ts';
import type { ContainerId } from '../../model/ids.ts';

interface NamedContainer {
  /** The field of the call, as error messages name it. */
  readonly part: string;
  readonly id: ContainerID | undefined;
  readonly needsParent: boolean;
}

/** A container's id is part of its sandbox's path, in which more bytes would not fit. */
const MAX_LENGTH = 242;
/** For the same reason; Mesos has no bounds here, and fails when it makes the folders. */
const MAX_DEPTH = 32;
const MAX_PATH_LENGTH = 1_500;

/** The part of a call that names its container. */
const PARTS = {
  [AgentCall_Type.LAUNCH_NESTED_CONTAINER]: 'launch_nested_container',
  [AgentCall_Type.LAUNCH_NESTED_CONTAINER_SESSION]: 'launch_nested_container_session',
  [AgentCall_Type.WAIT_NESTED_CONTAINER]: 'wait_nested_container',
  [AgentCall_Type.KILL_NESTED_CONTAINER]: 'kill_nested_container',
  [AgentCall_Type.REMOVE_NESTED_CONTAINER]: 'remove_nested_container',
  [AgentCall_Type.LAUNCH_CONTAINER]: 'launch_container',
  [AgentCall_Type.WAIT_CONTAINER]: 'wait_container',
  [AgentCall_Type.KILL_CONTAINER]: 'kill_container',
  [AgentCall_Type.REMOVE_CONTAINER]: 'remove_container',
  [AgentCall_Type.ATTACH_CONTAINER_INPUT]: 'attach_container_input',
  [AgentCall_Type.ATTACH_CONTAINER_OUTPUT]: 'attach_container_output',
} as const satisfies Partial<Record<AgentCall_Type, keyof AgentCall>>;

const isAbout = (type: AgentCall['type']): type is keyof typeof PARTS =>
  type !== undefined && Object.hasOwn(PARTS, type);

/** The container that a call is about; undefined for other calls. */
export function namedContainer(call: AgentCall): NamedContainer | undefined {
  if (!isAbout(call.type)) {
    return undefined;
  }
  const part = PARTS[call.type];
  return { part, id: call[part]?.container_id, needsParent: part.includes('_nested_') };
}

/** The same, of a call that names one. */
export function containerOf(call: AgentCall): ContainerId {
  const id = namedContainer(call)?.id;
  return containerIdOf(id ?? { value: '' });
}

/** Why the name of the container is not valid. */
export function containerNameError({ part, id, needsParent }: NamedContainer): string | undefined {
  if (id === undefined) {
    return `Expecting '${part}.container_id' to be present`;
  }
  const error = pathError(id) ?? containerIdError(id);
  if (error !== undefined) {
    return `'${part}.container_id' is invalid: ${error}`;
  }
  return needsParent && id.parent === undefined
    ? `Expecting '${part}.container_id.parent' to be present`
    : undefined;
}

function pathError(id: ContainerID): string | undefined {
  let depth = 0;
  let length = 0;
  for (let it: ContainerID | undefined = id; it !== undefined; it = it.parent) {
    length += byteLength(it.value);
    if (++depth > MAX_DEPTH) {
      return `it is nested more than ${MAX_DEPTH} levels deep`;
    }
  }
  // A name that is too long by itself has an error of its own.
  return depth > 1 && length > MAX_PATH_LENGTH
    ? `its name and those of its parents exceed the maximum length (${MAX_PATH_LENGTH} bytes) together`
    : undefined;
}

function containerIdError({ value, parent }: ContainerID): string | undefined {
  const error = idError(value);
  if (error !== undefined) {
    return error;
  }
  if (byteLength(value) > MAX_LENGTH) {
    return `'ContainerID.value' '${value}' exceeds the maximum length (${MAX_LENGTH})`;
  }
  // Text that is no Unicode would be another name on disk.
  if (/[. ]/.test(value) || !value.isWellFormed()) {
    return `'ContainerID.value' '${value}' contains invalid characters`;
  }
  const parentError = parent && containerIdError(parent);
  return parentError && `'ContainerID.parent' is invalid: ${parentError}`;
}
