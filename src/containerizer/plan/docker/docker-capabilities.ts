// The capabilities of a container of type DOCKER: those that docker gives to all, with what its
// options add and drop, within what the operator allows.
import type { CapabilityInfo } from '../../../model/generated/messages.ts';
import {
  CAPABILITY_NAMES,
  type Capabilities,
  type CapabilityName,
  capabilitySet,
} from '../capabilities.ts';
import { dockerError } from './docker-error.ts';
import type { DockerOptions } from './docker-options.ts';

const USUAL: readonly CapabilityName[] = [
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'NET_RAW',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
];

/** Undefined where there is none of that name, which may begin with `CAP_`. */
export function capabilityNamed(text: string): CapabilityName | 'ALL' | undefined {
  const name = text.trim().toUpperCase().replace(/^CAP_/, '');
  return name === 'ALL' ? 'ALL' : CAPABILITY_NAMES.find((it) => it === name);
}

type Asked = Pick<DockerOptions, 'isPrivileged' | 'added' | 'dropped'>;

/**
 * `allowed`: what the operator bounds containers to. Throws ContainerizerError where more is asked
 * for.
 */
export function dockerCapabilities(
  asked: Asked,
  allowed: CapabilityInfo | undefined,
): Capabilities {
  const bound = capabilitySet(allowed);
  if (asked.isPrivileged) {
    if (bound !== undefined) {
      throw dockerError(
        "'container.docker.privileged' is not allowed: the agent has --bounding_capabilities",
      );
    }
    return { bounding: new Set(CAPABILITY_NAMES), effective: undefined, isNoneInherited: true };
  }
  const added = new Set(asked.added.flatMap((it) => (it === 'ALL' ? CAPABILITY_NAMES : [it])));
  const more = [...added].filter((name) => bound?.has(name) === false);
  if (more.length > 0) {
    throw dockerError(
      `parameter 'cap-add' asks for ${more.join(', ')}, which --bounding_capabilities of the agent ` +
        'does not allow',
    );
  }
  const usual = asked.dropped.includes('ALL') ? [] : USUAL;
  const held = new Set([...usual, ...added]);
  for (const name of asked.dropped) {
    held.delete(name as CapabilityName);
  }
  return {
    bounding: bound === undefined ? held : held.intersection(bound),
    effective: undefined,
    isNoneInherited: true,
  };
}
