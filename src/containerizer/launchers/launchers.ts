// Opens the launcher that an agent is configured with.
import { ContainerizerError } from '../containerizer-error.ts';
import type { Host } from '../host/host.ts';
import type { Launcher } from './launcher.ts';
import type { LauncherName } from './names.ts';
import { Bundles } from './oci/bundles.ts';
import { OciRuntime } from './oci/oci-runtime.ts';
import { ProcessLauncher, type ProcessLauncherOptions } from './process/process-launcher.ts';

/** The objects that launchers share with the containerizer. */
export interface LauncherParts extends Omit<ProcessLauncherOptions, 'bundles'> {
  readonly host: Host;
  /** The path of the OCI runtime, if the operator names one. */
  readonly ociRuntime: string | undefined;
}

const MAKERS: Readonly<Record<LauncherName, (parts: LauncherParts) => Promise<Launcher>>> = {
  // Containers of an agent that was started as another one are taken over all the same.
  posix: (parts) =>
    ProcessLauncher.open({ ...parts, bundles: new Bundles(parts.records, undefined) }),
  linux: openLinux,
};

async function openLinux(parts: LauncherParts): Promise<Launcher> {
  const { host, records, ociRuntime } = parts;
  if (!host.isRoot) {
    throw new ContainerizerError('--launcher=linux needs an agent that runs as root');
  }
  if (host.cgroups.hierarchies.length === 0) {
    throw new ContainerizerError(
      '--launcher=linux needs cgroups that the agent may make, and there are none where ' +
        '--cgroups_hierarchy and --cgroups_root say',
    );
  }
  const runtime = await OciRuntime.open(ociRuntime, host.programs);
  return ProcessLauncher.open({ ...parts, bundles: new Bundles(records, runtime) });
}

/** Rejects with ContainerizerError. */
export const openLauncher = (name: LauncherName, parts: LauncherParts): Promise<Launcher> =>
  MAKERS[name](parts);
