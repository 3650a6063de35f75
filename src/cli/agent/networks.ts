// The networks that containers can have of their own, by the agent's flags.
import { readdirSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { isolatorsNamed } from '../../containerizer/isolators/names.ts';
import type { NetworkOptions } from '../../containerizer/networks/open-networks.ts';
import { errorText } from '../../model/error-text.ts';
import type { Resource } from '../../model/generated/messages.ts';
import { FlagError } from '../flags/faults.ts';
import { containerDns } from './container-dns.ts';
import { bridgeSubnet } from './docker-networks.ts';
import { networkStatisticsOptions } from './network-statistics.ts';
import type { AgentFlagValues } from './options.ts';
import { portMappingOptions } from './port-mapping.ts';

/** Where Mesos has them, below a folder of its own. */
const NAMESPACES = ['isolators', 'network', 'cni'];

/** `workDir` is the agent's folder, and `resources` are its own. Throws FlagError. */
export function networkOptions(
  values: AgentFlagValues,
  workDir: string,
  resources: () => readonly Resource[],
): NetworkOptions {
  const { network_cni_root_dir_persist: isKept, runtime_dir: runtimeDir } = values;
  return {
    namespaces: join(isKept ? workDir : resolve(runtimeDir), ...NAMESPACES),
    cni: { configFolder: values.network_cni_config_dir, pluginFolders: pluginFolders(values) },
    bridgeSubnet: bridgeSubnet(values),
    ports: isolatorsNamed(values.isolation).includes('network/port_mapping')
      ? portMappingOptions(values, resources())
      : undefined,
    hasMetrics: values.network_cni_metrics,
    statistics: networkStatisticsOptions(values),
    dns: containerDns(values.default_container_dns),
  };
}

/** Where distributions and installers put plugins. */
const USUAL_FOLDERS = '/opt/cni/bin:/usr/lib/cni:/usr/libexec/cni';

function pluginFolders(values: AgentFlagValues): string {
  const { network_cni_config_dir: configDir, network_cni_plugins_dir: plugins } = values;
  const isForDocker = values.containerizers.includes('docker');
  if (isForDocker && plugins === undefined) {
    return USUAL_FOLDERS;
  }
  if (!isForDocker && (configDir === undefined) !== (plugins === undefined)) {
    throw new FlagError(
      '--network_cni_config_dir and --network_cni_plugins_dir need each other: the networks, and the ' +
        'plugins that attach containers to them',
    );
  }
  requireFolder('network_cni_config_dir', configDir);
  const folders = (plugins ?? '').split(':').filter(Boolean);
  const relative = folders.find((it) => !isAbsolute(it));
  if (relative !== undefined || (plugins !== undefined && folders.length === 0)) {
    throw new FlagError(
      `--network_cni_plugins_dir expects absolute paths, separated by colons, got '${relative ?? plugins}'`,
    );
  }
  for (const folder of folders) {
    requireFolder('network_cni_plugins_dir', folder);
  }
  return folders.join(':');
}

/** A folder that is not there would be found by tasks, whose networks nobody knows. */
function requireFolder(flag: string, path: string | undefined): void {
  if (path === undefined) {
    return;
  }
  try {
    readdirSync(path);
  } catch (error) {
    throw new FlagError(`--${flag} expects a folder, got '${path}': ${errorText(error)}`);
  }
}
