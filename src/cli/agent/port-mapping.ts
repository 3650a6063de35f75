// What an operator says of the isolator network/port_mapping.
import type { PortMappingOptions } from '../../containerizer/networks/port-mapping/port-mapping.ts';
import type { RateOptions } from '../../containerizer/networks/port-mapping/rate-limits.ts';
import { portsOf, rangesNamed } from '../../containerizer/plan/ports.ts';
import { parseBytes } from '../../model/bytes.ts';
import type { Resource } from '../../model/generated/messages.ts';
import { scalarAmount } from '../../model/milli.ts';
import { FlagError, readEach } from '../flags/faults.ts';
import type { AgentFlagValues } from './options.ts';

/** `resources` are the agent's. Throws FlagError. */
export function portMappingOptions(
  values: AgentFlagValues,
  resources: readonly Resource[],
): PortMappingOptions {
  const [egress = {}, ingress = {}] = readEach(
    [
      {
        direction: 'egress',
        perContainerBytes: values.egress_rate_limit_per_container,
        perCpu: values.egress_rate_per_cpu,
        minimumBytes: values.minimum_egress_rate_limit,
        maximumBytes: values.maximum_egress_rate_limit,
        ceilBytes: values.egress_ceil_limit,
        burstBytes: values.egress_burst,
      },
      {
        direction: 'ingress',
        perContainerBytes: values.ingress_rate_limit_per_container,
        perCpu: values.ingress_rate_per_cpu,
        minimumBytes: values.minimum_ingress_rate_limit,
        maximumBytes: values.maximum_ingress_rate_limit,
        ceilBytes: values.ingress_ceil_limit,
        burstBytes: values.ingress_burst,
      },
    ],
    ratesOf,
  );
  return {
    links: { eth0: values.eth0_name, lo: values.lo_name },
    ephemeral: {
      ranges: rangesNamed(resources, 'ephemeral_ports'),
      perContainer: values.ephemeral_ports_per_container,
    },
    ports: portsOf(resources),
    cpus: scalarAmount(resources, 'cpus') ?? 0,
    linkSpeedBytes: values.network_link_speed,
    egress,
    ingress,
    isIngressForAll: values.ingress_isolate_existing_containers,
    flowParent: values.egress_unique_flow_per_container
      ? values.egress_flow_classifier_parent
      : undefined,
  };
}

/** The flags of one direction. */
interface RateFlags extends Omit<RateOptions, 'perCpuBytes'> {
  readonly direction: string;
  readonly perCpu: string | undefined;
}

/** Throws FlagError, in Mesos's words. */
function ratesOf({ direction, perCpu, ...rates }: RateFlags): RateOptions {
  const { perContainerBytes, minimumBytes, maximumBytes } = rates;
  if (perContainerBytes !== undefined && perCpu !== undefined) {
    throw new FlagError(
      `Cannot specify both --${direction}_rate_limit_per_container and --${direction}_rate_per_cpu`,
    );
  }
  if (minimumBytes !== undefined && maximumBytes !== undefined && minimumBytes > maximumBytes) {
    throw new FlagError(
      `--minimum_${direction}_rate_limit cannot be greater than --maximum_${direction}_rate_limit`,
    );
  }
  return { ...rates, perCpuBytes: perCpu === undefined ? undefined : perCpuOf(direction, perCpu) };
}

function perCpuOf(direction: string, text: string): number | 'auto' {
  const bytes = text === 'auto' ? text : parseBytes(text);
  if (bytes === undefined) {
    throw new FlagError(
      `--${direction}_rate_per_cpu expects a size such as 10MB, or auto, got '${text}'`,
    );
  }
  return bytes;
}
