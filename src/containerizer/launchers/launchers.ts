// Opens the launcher that an agent is configured with.
import { ContainerizerError } from '../containerizer-error.ts';
import type { Host } from '../host/host.ts';
import { withoutUserNamespaces } from '../host/user-namespaces.ts';
import type { Launcher } from './launcher.ts';
import type { LauncherName } from './names.ts';
import { Bundles } from './oci/bundles.ts';
import { OciRuntime } from './oci/oci-runtime.ts';
import { ProcessLauncher, type ProcessLauncherOptions } from './process/process-launcher.ts';
import { supervisorProgram } from './process/supervisor-program.ts';

/** The objects that launchers share with the containerizer. */
export interface LauncherParts extends Omit<ProcessLauncherOptions, 'bundles'> {
  readonly host: Host;
  /** The path of the OCI runtime, if the operator names one. */
  readonly ociRuntime?: string | undefined;
  /** Names of isolators. */
  readonly isolation: readonly string[];
  /** Whether there are containers of type DOCKER, which need an OCI runtime with any launcher. */
  readonly hasDocker: boolean;
}

const MAKERS: Readonly<Record<LauncherName, (parts: LauncherParts) => Promise<Launcher>>> = {
  posix: openPosix,
  linux: openLinux,
};

/** Containers of an agent that was started as another one are taken over all the same. */
async function openPosix(parts: LauncherParts): Promise<Launcher> {
  const runtime = parts.hasDocker
    ? await OciRuntime.open(parts.ociRuntime, parts.host, '--containerizers=docker')
    : undefined;
  return ProcessLauncher.open({ ...parts, bundles: new Bundles(parts.records, runtime) });
}

async function openLinux(parts: LauncherParts): Promise<Launcher> {
  const { host, records, ociRuntime } = parts;
  if (host.isRoot && host.cgroups.hierarchies.length === 0) {
    throw new ContainerizerError(
      '--launcher=linux needs cgroups that the agent may make, and there are none where ' +
        '--cgroups_hierarchy and --cgroups_root say',
    );
  }
  const runtime = await OciRuntime.open(ociRuntime, host);
  if (!host.isRoot) {
    await requireUserNamespaces(parts);
  }
  return ProcessLauncher.open({ ...parts, bundles: new Bundles(records, runtime) });
}

/** Rejects with ContainerizerError. */
async function requireUserNamespaces({ programs, isolation }: LauncherParts): Promise<void> {
  const why = await withoutUserNamespaces(await supervisorProgram(programs), {
    withProcesses: isolation.includes('namespaces/pid'),
  });
  if (why !== undefined) {
    throw new ContainerizerError(
      '--launcher=linux of an agent that is not root needs user namespaces, and this machine lets ' +
        `user ${process.geteuid?.()} have none that serve: ${why}`,
    );
  }
}

/** Rejects with ContainerizerError. */
export const openLauncher = (name: LauncherName, parts: LauncherParts): Promise<Launcher> =>
  MAKERS[name](parts);
