// Port mapping of an agent that starts: what it needs is looked for, and the machine's own links
// are made ready for containers.
import { ContainerizerError } from '../../containerizer-error.ts';
import { ephemeralObjection } from './ephemeral-ports.ts';
import { type KernelFeature, missingFeatures, TRIAL_SCRIPT } from './kernel-features.ts';
import { FACTS_SCRIPT, linkSpeed, machineLinks, machinePorts, tunables } from './machine-facts.ts';
import type { MachineNetwork } from './machine-network.ts';
import { PortMapping, type PortMappingOptions } from './port-mapping.ts';
import { type RateOptions, type Rates, rateLimit } from './rate-limits.ts';
import { flowQueueBelow, flowsScript, machineScript } from './scripts.ts';
import { runScript } from './shell.ts';

/** Rejects with ContainerizerError where the machine lacks something, or has other networks. */
export async function openPortMapping(
  options: PortMappingOptions,
  warn: (text: string) => void,
): Promise<PortMapping> {
  if (process.geteuid?.() !== 0) {
    throw new ContainerizerError(
      '--isolation: network/port_mapping needs an agent that runs as root',
    );
  }
  const objection = ephemeralObjection(options.ephemeral, {
    offered: options.ports,
    ofMachine: [await machinePorts()],
  });
  if (objection !== undefined) {
    throw new ContainerizerError(`--isolation: network/port_mapping: ${objection}`);
  }
  const missing = missingFeatures(await runScript('Failed to try traffic control', TRIAL_SCRIPT));
  const { flowParent, egress, ingress } = options;
  const isLimiting = [egress, ingress].some((rates) => rateLimit(numbered(rates, 1), 1));
  requireFeatures(missing, { isLimiting, isSharingFlows: flowParent !== undefined });
  const { isLoAlike, ...links } = machineLinks(
    await runScript("Failed to look at the machine's network", FACTS_SCRIPT),
    options.links,
  );
  const machine: MachineNetwork = {
    ...links,
    flowQueue: flowParent && flowQueueBelow(flowParent),
    hasFlowQueues: !missing.has('the queueing discipline fq_codel'),
    tunables: await tunables(),
  };
  const speed = options.linkSpeedBytes ?? (await linkSpeed(machine.eth0));
  const rates = {
    egress: ratesOf('egress', options, speed, machine.eth0),
    ingress: ratesOf('ingress', options, speed, machine.eth0),
  };
  for (const [direction, { maximumBytes = 0 }] of Object.entries(rates)) {
    if (speed !== undefined && maximumBytes > speed) {
      warn(`The maximum ${direction} rate limit is more than the link speed of ${machine.eth0}`);
    }
  }
  const what = "Failed to prepare the machine's links for containers";
  await runScript(what, machineScript(machine, isLoAlike));
  if (flowParent !== undefined) {
    await runScript(what, flowsScript(machine, flowParent));
  }
  return new PortMapping({ ...options, machine, rates, warn });
}

const ALWAYS: readonly KernelFeature[] = [
  'links of type veth',
  'the queueing discipline ingress',
  'filters of kind u32',
  'the action mirred',
];

function requireFeatures(
  missing: ReadonlySet<KernelFeature>,
  {
    isLimiting,
    isSharingFlows,
  }: { readonly isLimiting: boolean; readonly isSharingFlows: boolean },
): void {
  const needed: (readonly [string, readonly KernelFeature[]])[] = [
    ['--isolation: network/port_mapping', ALWAYS],
    [
      'A limit of what containers send or receive',
      isLimiting ? ['the queueing discipline htb'] : [],
    ],
    [
      '--egress_unique_flow_per_container',
      isSharingFlows ? ['the queueing discipline fq_codel'] : [],
    ],
  ];
  for (const [who, features] of needed) {
    const lacking = features.filter((it) => missing.has(it));
    if (lacking.length > 0) {
      throw new ContainerizerError(`${who} needs what this kernel lacks: ${lacking.join(', ')}`);
    }
  }
}

const numbered = (rates: RateOptions, auto: number): Rates => ({
  ...rates,
  perCpuBytes: rates.perCpuBytes === 'auto' ? auto : rates.perCpuBytes,
});

/** With a number for each CPU. Throws ContainerizerError, in Mesos's words. */
function ratesOf(
  direction: 'egress' | 'ingress',
  { cpus, ...options }: PortMappingOptions,
  speed: number | undefined,
  link: string,
): Rates {
  const rates = options[direction];
  const { perContainerBytes, minimumBytes, perCpuBytes } = rates;
  for (const [what, bytes] of [
    [`${direction} traffic limit`, perContainerBytes],
    [`minimum ${direction} traffic limit`, minimumBytes],
  ] as const) {
    if (speed !== undefined && bytes !== undefined && speed < bytes) {
      throw new ContainerizerError(
        `The given ${what} for containers ${bytes} Bytes/s is greater than the host link speed ` +
          `${speed} Bytes/s`,
      );
    }
  }
  if (perCpuBytes === 'auto' && (speed === undefined || cpus < 1)) {
    throw new ContainerizerError(
      speed === undefined
        ? `Failed to determine per CPU ${direction} rate limit: Failed to determine link speed of ` +
            `${link}: Not supported; --network_link_speed tells it`
        : `CPUs resource has to be specified to determine per CPU ${direction} rate limit`,
    );
  }
  return numbered(rates, Math.trunc((speed ?? 0) / Math.trunc(cpus)));
}
