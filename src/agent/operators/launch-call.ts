// Whether a call that launches a container says what it must, and nothing that no agent could give;
// if not, in Mesos's words.
import {
  type AgentCall,
  AgentCall_Type,
  type ContainerID,
  type Resource,
} from '../../model/generated/messages.ts';
import { commandError, containerError } from '../../model/launch-validation.ts';
import { type ContainerLaunch, launchAloneOf, launchOf } from '../../model/launched-container.ts';
import { isPersistentVolume, isReserved, toReservationLists } from '../../model/resource-format.ts';
import { gpusError, resourcesError } from '../../model/resource-validation.ts';

/** What is wrong with a call of any of the three kinds; undefined for all other calls. */
export function launchCallError(call: AgentCall): string | undefined {
  const alone = launchAloneOf(call);
  if (alone !== undefined) {
    return (
      resourcesOfCallError(alone.resources ?? [], alone.container_id) ??
      processError('launch_container', alone) ??
      cgroupsError(alone)
    );
  }
  const launch = launchOf(call);
  if (launch === undefined) {
    return undefined;
  }
  if (call.type === AgentCall_Type.LAUNCH_NESTED_CONTAINER) {
    return (
      processError('launch_nested_container', launch) ??
      (isNestedTwice(launch.container_id) && hasOwnCgroups(launch)
        ? `'launch_nested_container' is invalid: ${TWICE} cannot set 'share_cgroups' to 'false'`
        : undefined)
    );
  }
  return (
    processError('launch_nested_container_session', launch) ??
    (hasOwnCgroups(launch)
      ? "'launch_nested_container_session.container.linux_info' is invalid: 'share_cgroups'" +
        " cannot be set to 'false' for nested container sessions"
      : undefined)
  );
}

const TWICE = 'containers nested at the second level or greater';

const isNestedTwice = (id: ContainerID) => id.parent?.parent !== undefined;

const hasOwnCgroups = ({ container }: ContainerLaunch) =>
  container?.linux_info?.share_cgroups === false;

function processError(part: string, { command, container }: ContainerLaunch): string | undefined {
  const fault = commandError(command);
  if (fault !== undefined) {
    return `'${part}.command' is invalid: ${fault}`;
  }
  const error = containerError(container);
  return error && `'${part}.container' is invalid: ${error}`;
}

/** A container that stands alone has what no master offers: no reservation has given it that. */
function resourcesOfCallError(resources: readonly Resource[], id: ContainerID): string | undefined {
  const error = resourcesError(resources);
  if (error !== undefined) {
    return `Invalid resources: ${error}`;
  }
  const gpus = gpusError(resources);
  if (gpus !== undefined) {
    return `Invalid GPU resources: ${gpus}`;
  }
  if (id.parent !== undefined) {
    return undefined;
  }
  const listed = toReservationLists(resources);
  if (listed.some(isReserved)) {
    return "'launch_container.resources' must be unreserved";
  }
  if (listed.some(isPersistentVolume)) {
    return "'launch_container.resources' may not use persistent volumes";
  }
  return listed.some(({ revocable }) => revocable !== undefined)
    ? "'launch_container.resources' must be non-revocable"
    : undefined;
}

function cgroupsError(
  launch: ContainerLaunch & { readonly resources?: readonly Resource[]; readonly limits?: object },
): string | undefined {
  const { container_id: id, container, resources = [], limits = {} } = launch;
  const isInvalid = (why: string) => `'launch_container' is invalid: ${why}`;
  if (id.parent === undefined) {
    return container?.linux_info?.share_cgroups === true
      ? isInvalid("containers without a parent cannot set 'share_cgroups' to 'true'")
      : undefined;
  }
  if (!isNestedTwice(id)) {
    return undefined;
  }
  if (resources.length > 0) {
    return isInvalid(`${TWICE} cannot specify resources`);
  }
  if (Object.keys(limits).length > 0) {
    return isInvalid(`${TWICE} cannot specify resource limits`);
  }
  return hasOwnCgroups(launch)
    ? isInvalid(`${TWICE} cannot set 'share_cgroups' to 'false'`)
    : undefined;
}
