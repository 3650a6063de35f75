// What the flags of `mesoscale execute` ask for the container of a command.

import {
  type ContainerInfo,
  ContainerInfo_DockerInfo_Network,
  ContainerInfo_Type,
  type LinuxInfo,
  type NetworkInfo,
  type Volume,
} from '../../model/generated/messages.ts';
import { networkNameError } from '../../model/network-info.ts';
import { types } from '../../wire/types.ts';
import { FlagError, readEach } from '../flags/faults.ts';
import type { FlagValues } from '../flags/flag.ts';
import { messageOf } from '../flags/written.ts';
import { containerOfAci, containerOfImage } from '../framework-container.ts';
import type { EXECUTE_FLAGS } from './flags.ts';

/** Undefined where no flag asks for anything. Throws FlagError. */
export function containerOfCommand(
  values: FlagValues<typeof EXECUTE_FLAGS>,
): ContainerInfo | undefined {
  const capabilities = (flag: string, value: unknown) =>
    value === undefined ? undefined : messageOf(flag, types.CapabilityInfo, value);
  const rlimits =
    values.rlimits === undefined
      ? undefined
      : messageOf('rlimits', types.RLimitInfo, values.rlimits);
  const effective = capabilities('effective_capabilities', values.effective_capabilities);
  const bounding = capabilities('bounding_capabilities', values.bounding_capabilities);
  const linux: LinuxInfo = {
    ...(effective !== undefined && { effective_capabilities: effective }),
    ...(bounding !== undefined && { bounding_capabilities: bounding }),
  };
  const volumes = volumesOf(values.volumes);
  const networks = networksOf(values.networks);
  const info = {
    ...(rlimits !== undefined && { rlimit_info: rlimits }),
    ...(Object.keys(linux).length > 0 && { linux_info: linux }),
    ...(values.tty && { tty_info: {} }),
    ...(volumes.length > 0 && { volumes }),
    ...(networks.length > 0 && { network_infos: networks }),
  };
  const { docker_image: docker, appc_image: appc } = values;
  if (docker !== undefined && appc !== undefined) {
    throw new FlagError('--docker_image and --appc_image cannot be used together');
  }
  const image =
    docker === undefined ? undefined : required('docker_image', docker, 'busybox:latest');
  if (values.containerizer === 'docker') {
    if (image === undefined) {
      throw new FlagError('--containerizer=docker needs --docker_image');
    }
    if (networks.length > 1) {
      throw new FlagError(
        `--networks expects one network with --containerizer=docker, got ${networks.length}`,
      );
    }
    const network = networks.length > 0 && { network: ContainerInfo_DockerInfo_Network.USER };
    return { ...info, type: ContainerInfo_Type.DOCKER, docker: { image, ...network } };
  }
  if (image !== undefined) {
    return { ...info, ...containerOfImage(image) };
  }
  if (appc !== undefined) {
    return { ...info, ...containerOfAci(required('appc_image', appc, 'example.com/app')) };
  }
  return Object.keys(info).length === 0 ? undefined : { type: ContainerInfo_Type.MESOS, ...info };
}

/** Of the executor; undefined where no flag asks for anything. Throws FlagError. */
export function containerOfGroup({
  networks: names,
}: Pick<FlagValues<typeof EXECUTE_FLAGS>, 'networks'>): ContainerInfo | undefined {
  const networks = networksOf(names);
  return networks.length === 0
    ? undefined
    : { type: ContainerInfo_Type.MESOS, network_infos: networks };
}

const networksOf = (names: readonly string[] = []): NetworkInfo[] =>
  readEach(names, (name) => {
    const error = networkNameError(name);
    if (error !== undefined) {
      throw new FlagError(`--networks: ${error}`);
    }
    return { name };
  });

function required(flag: string, name: string, example: string): string {
  if (name.trim() === '') {
    throw new FlagError(`--${flag} expects the name of an image, such as ${example}`);
  }
  return name;
}

function volumesOf(written: unknown): Volume[] {
  if (written === undefined) {
    return [];
  }
  if (!Array.isArray(written)) {
    throw new FlagError('--volumes expects a JSON list of volumes');
  }
  return readEach([...written.entries()], ([index, volume]) =>
    messageOf('volumes', types.Volume, volume, `: volume ${index + 1}`),
  );
}
