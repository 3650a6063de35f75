// Creates the isolators that the agent is configured with, in the order in which they add to plans.
import { ContainerizerError } from '../containerizer-error.ts';
import type { OnLimitation } from '../limitation.ts';
import type { CapabilityDefaults } from '../plan/capabilities.ts';
import type { Volumes } from '../volumes/volumes.ts';
import { filesystemPosix } from './filesystem-posix.ts';
import type { Isolator } from './isolator.ts';
import { linuxCapabilities } from './linux-capabilities.ts';
import { linuxNnp } from './linux-nnp.ts';
import { type IsolatorName, isolatorsNamed, ROOT_ISOLATORS } from './names.ts';
import { posixCpu } from './posix-cpu.ts';
import { posixDisk } from './posix-disk.ts';
import { posixMem } from './posix-mem.ts';
import { posixRlimits } from './posix-rlimits.ts';
import { volumeSandboxPath } from './volume-sandbox-path.ts';

/** The objects that isolators share with the containerizer. */
export interface IsolatorParts {
  /** Whether the agent is root. */
  readonly isRoot: boolean;
  readonly volumes: Volumes;
  /** What the operator allows, and gives to those that do not ask. */
  readonly capabilities: CapabilityDefaults;
  readonly onLimitation: OnLimitation;
}

const MAKERS: Readonly<Record<IsolatorName, (parts: IsolatorParts) => Isolator>> = {
  'filesystem/posix': ({ volumes }) => filesystemPosix(volumes),
  'posix/cpu': () => posixCpu,
  'posix/mem': () => posixMem,
  'posix/disk': () => posixDisk,
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
    if (ROOT_ISOLATORS.has(name) && !parts.isRoot) {
      throw new ContainerizerError(`--isolation: ${name} needs an agent that runs as root`);
    }
    return MAKERS[name](parts);
  });
}
