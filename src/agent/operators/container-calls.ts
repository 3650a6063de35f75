// Calls of the operator API about containers: which container a call names, and whether its name is
// valid.
import {
  type AgentCall,
  AgentCall_Type,
  type ContainerID,
} from '../../model/generated/messages.ts';
import { byteLength, idError } from '../../model/identifier.ts';

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

/** The container that a call is about; undefined for other calls. */
export function namedContainer(call: AgentCall): NamedContainer | undefined {
  const of = (part: string, id: ContainerID | undefined, needsParent: boolean) => ({
    part,
    id,
    needsParent,
  });
  switch (call.type) {
    case AgentCall_Type.LAUNCH_NESTED_CONTAINER:
      return of('launch_nested_container', call.launch_nested_container?.container_id, true);
    case AgentCall_Type.LAUNCH_NESTED_CONTAINER_SESSION:
      return of(
        'launch_nested_container_session',
        call.launch_nested_container_session?.container_id,
        true,
      );
    case AgentCall_Type.WAIT_NESTED_CONTAINER:
      return of('wait_nested_container', call.wait_nested_container?.container_id, true);
    case AgentCall_Type.KILL_NESTED_CONTAINER:
      return of('kill_nested_container', call.kill_nested_container?.container_id, true);
    case AgentCall_Type.REMOVE_NESTED_CONTAINER:
      return of('remove_nested_container', call.remove_nested_container?.container_id, true);
    case AgentCall_Type.LAUNCH_CONTAINER:
      return of('launch_container', call.launch_container?.container_id, false);
    case AgentCall_Type.WAIT_CONTAINER:
      return of('wait_container', call.wait_container?.container_id, false);
    case AgentCall_Type.KILL_CONTAINER:
      return of('kill_container', call.kill_container?.container_id, false);
    case AgentCall_Type.REMOVE_CONTAINER:
      return of('remove_container', call.remove_container?.container_id, false);
    case AgentCall_Type.ATTACH_CONTAINER_INPUT:
      return of('attach_container_input', call.attach_container_input?.container_id, false);
    case AgentCall_Type.ATTACH_CONTAINER_OUTPUT:
      return of('attach_container_output', call.attach_container_output?.container_id, false);
    default:
      return undefined;
  }
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
