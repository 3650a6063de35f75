// What an operator says of the capabilities of containers.
import { isolatorsNamed } from '../../containerizer/isolators/names.ts';
import { type CapabilityDefaults, capabilitiesOf } from '../../containerizer/plan/capabilities.ts';
import type { CapabilityInfo } from '../../model/generated/messages.ts';
import { types } from '../../wire/types.ts';
import { FlagError } from '../flags/faults.ts';
import type { FlagValues } from '../flags/flag.ts';
import { fromPlan, messageOf } from '../flags/written.ts';
import type { AGENT_FLAGS } from './flags.ts';

const ISOLATOR = 'linux/capabilities';

type Values = Pick<
  FlagValues<typeof AGENT_FLAGS>,
  'isolation' | 'bounding_capabilities' | 'effective_capabilities'
>;

/** Throws FlagError, also where nothing would enforce what the flags say. */
export function capabilityDefaults(values: Values): CapabilityDefaults {
  const defaults = {
    bounding: setOf('bounding_capabilities', values.bounding_capabilities),
    effective: setOf('effective_capabilities', values.effective_capabilities),
  };
  const [given] = (['bounding', 'effective'] as const).filter((set) => defaults[set] !== undefined);
  if (given === undefined) {
    return defaults;
  }
  const flag = `${given}_capabilities`;
  if (!isolatorsNamed(values.isolation).includes(ISOLATOR)) {
    throw new FlagError(`--${flag} needs ${ISOLATOR} in --isolation, which sets them`);
  }
  fromPlan(flag, () => capabilitiesOf({}, defaults));
  return defaults;
}

const setOf = (flag: string, value: unknown): CapabilityInfo | undefined =>
  value === undefined ? undefined : messageOf(flag, types.CapabilityInfo, value);

/**
 * What bounds alone do not keep from users: who is root in a container of type DOCKER can leave
 * programs of root in its sandbox, which the same user's other tasks, or the user, execute.
 */
export function boundsWarnings(
  values: Values & Pick<FlagValues<typeof AGENT_FLAGS>, 'containerizers'>,
): string[] {
  const isBounded = values.bounding_capabilities !== undefined;
  const isKept = isolatorsNamed(values.isolation).includes('linux/nnp');
  return isBounded && !isKept && values.containerizers.includes('docker')
    ? [
        'With --bounding_capabilities and containers of type DOCKER, other tasks can become root by setuid ' +
          'programs that such containers leave in their sandboxes: linux/nnp in --isolation keeps tasks from that',
      ]
    : [];
}
