// The kernel's capabilities that a container has and can have: what its LinuxInfo asks for, within
// what the operator allows.
import { enumNames } from '../../model/enum-names.ts';
import {
  CapabilityInfo_Capability as Capability,
  type CapabilityInfo,
  type LinuxInfo,
} from '../../model/generated/messages.ts';
import { ContainerizerError } from '../containerizer-error.ts';

/** Mesos's name, which is the kernel's without `CAP_`. */
export type CapabilityName = Exclude<keyof typeof Capability, 'UNKNOWN'>;

type CapabilitySet = ReadonlySet<CapabilityName>;

export interface Capabilities {
  /** What the container's processes can ever have. */
  readonly bounding: CapabilitySet;
  /** What they have, whoever their user is; undefined: what that user has of `bounding`. */
  readonly effective: CapabilitySet | undefined;
  /**
   * Whether none is inherited by programs whose files would give it on, as with docker; absent: all
   * of `bounding` are, as with Mesos.
   */
  readonly isNoneInherited?: true | undefined;
}

/** Of an agent. */
export interface CapabilityDefaults {
  /** What containers can ask for at most; also what those get that do not ask. */
  readonly bounding?: CapabilityInfo | undefined;
  /** What those get that do not ask. */
  readonly effective?: CapabilityInfo | undefined;
}

/** Mesos's numbers are those of the kernel from here on. */
const FIRST = Capability.CHOWN;
const nameOf = enumNames(Capability);

/** In the kernel's form. */
export function maskOf(set: CapabilitySet): bigint {
  let mask = 0n;
  for (const name of set) {
    mask |= 1n << BigInt(Capability[name] - FIRST);
  }
  return mask;
}

export const CAPABILITY_NAMES = Object.keys(Capability).filter(
  (name) => name !== 'UNKNOWN',
) as CapabilityName[];

/** The names in a mask of the kernel's. */
export const namesIn = (mask: bigint): CapabilitySet =>
  new Set(
    CAPABILITY_NAMES.filter((name) => ((mask >> BigInt(Capability[name] - FIRST)) & 1n) === 1n),
  );

/**
 * Undefined where neither the container nor the operator restricts them. Throws ContainerizerError
 * where more is asked for than is allowed.
 */
export function capabilitiesOf(
  info: Pick<LinuxInfo, 'capability_info' | 'effective_capabilities' | 'bounding_capabilities'>,
  defaults: CapabilityDefaults,
): Capabilities | undefined {
  if (info.capability_info !== undefined && info.effective_capabilities !== undefined) {
    throw new ContainerizerError(
      "Only one of 'capability_info' and 'effective_capabilities' can be set: they mean the same",
    );
  }
  const allowed = capabilitySet(defaults.bounding);
  const asked = capabilitySet(info.bounding_capabilities);
  requireWithin(asked, allowed, 'Requested bounding capabilities');
  const effective = capabilitySet(
    info.effective_capabilities ?? info.capability_info ?? defaults.effective,
  );
  const bounding = asked ?? allowed ?? effective;
  requireWithin(effective, bounding, 'Requested capabilities');
  return bounding && { bounding, effective };
}

/** Throws ContainerizerError where one is not known. */
export function capabilitySet(info: CapabilityInfo | undefined): CapabilitySet | undefined {
  return (
    info &&
    new Set(
      (info.capabilities ?? []).map((capability) => {
        const name = nameOf(capability);
        if (name === undefined || name === 'UNKNOWN') {
          throw new ContainerizerError('Unknown capability: none of those of Linux 6');
        }
        return name as CapabilityName;
      }),
    )
  );
}

function requireWithin(
  set: CapabilitySet | undefined,
  bound: CapabilitySet | undefined,
  what: string,
): void {
  if (set !== undefined && bound !== undefined && !set.isSubsetOf(bound)) {
    throw new ContainerizerError(
      `${what} '${textOf(set)}', but only '${textOf(bound)}' are allowed`,
    );
  }
}

const textOf = (set: CapabilitySet) =>
  set.size === 0
    ? '{}'
    : `{ ${[...set].toSorted((one, other) => Capability[one] - Capability[other]).join(', ')} }`;
