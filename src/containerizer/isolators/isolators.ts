// Creates the isolators that the agent is configured with, in the order in which they add to plans.
import { ContainerizerError } from '../containerizer-error.ts';
import type { Host } from '../host/host.ts';
import type { OnLimitation } from '../limitation.ts';
import type { CapabilityDefaults } from '../plan/capabilities.ts';
import type { Volumes } from '../volumes/volumes.ts';
import { type DiskOptions, diskDu } from './disk-du.ts';
import { filesystemPosix } from './filesystem-posix.ts';
import type { Isolator } from './isolator.ts';
import { linuxCapabilities } from './linux-capabilities.ts';
import { linuxNnp } from './linux-nnp.ts';
import { type IsolatorName, isolatorsNamed, ROOT_ISOLATORS } from './names.ts';
import { networkPorts, type PortOptions } from './network-ports.ts';
import { posixCpu } from './posix-cpu.ts';
import { posixMem } from './posix-mem.ts';
import { posixRlimits } from './posix-rlimits.ts';
import { volumeSandboxPath } from './volume-sandbox-path.ts';

/** The objects that isolators share with the containerizer. */
export interface IsolatorParts {
  readonly host: Pick<Host, 'isRoot' | 'programs' | 'cgroups'>;
  readonly volumes: Volumes;
  /** What the operator allows, and gives to those that do not ask. */
  readonly capabilities: CapabilityDefaults;
  /** How what containers have on disks is measured and limited. */
  readonly disk: DiskOptions;
  /** How it is watched on which ports containers listen. */
  readonly ports: PortOptions;
  readonly onLimitation: OnLimitation;
  readonly warn: (text: string) => void;
}

const MAKERS: Readonly<Record<IsolatorName, (parts: IsolatorParts) => Isolator>> = {
  'filesystem/posix': ({ volumes }) => filesystemPosix(volumes),
  'posix/cpu': () => posixCpu,
  'posix/mem': () => posixMem,
  'disk/du': ({ volumes: { workDirectory }, host, disk, onLimitation, warn }) =>
    diskDu({ ...disk, workDirectory, du: host.programs.get('du'), onLimitation, warn }),
  'network/ports': ({ host, ports, onLimitation, warn }) =>
    networkPorts({
      ...ports,
      find: host.programs.get('find'),
      hasCgroups: host.cgroups.hierarchies.length > 0,
      onLimitation,
      warn,
    }),
  'posix/rlimits': () => posixRlimits,
  'linux/capabilities': ({ capabilities }) => linuxCapabilities(capabilities),
  'linux/nnp': () => linuxNnp,
  'volume/sandbox_path': () => volumeSandboxPath,
};

/** `isolation` is the flag's value. Throws ContainerizerError where the host lacks something. */
export function createIsolators(
  isolation: readonly string[],
  parts: IsolatorParts,
): readonly Isolator[] {
  return isolatorsNamed(isolation).map((name) => {
    if (ROOT_ISOLATORS.has(name) && !parts.host.isRoot) {
      throw new ContainerizerError(`--isolation: ${name} needs an agent that runs as root`);
    }
    return MAKERS[name](parts);
  });
}
