// Whether a volume of a ContainerInfo says where its content comes from; if not, in Mesos's words.
import { type Volume, Volume_Source_Type } from './generated/messages.ts';

export function volumeError(volume: Volume): string | undefined {
  const set = [volume.host_path, volume.image, volume.source].filter((it) => it !== undefined);
  if (set.length !== 1) {
    return "Only one of them should be set: 'host_path', 'image' and 'source'";
  }
  const { source } = volume;
  if (source === undefined) {
    return undefined;
  }
  const missing = (field: string, type: string) =>
    `'source.${field}' is not set for ${type} volume`;
  switch (source.type) {
    case Volume_Source_Type.DOCKER_VOLUME:
      return source.docker_volume ? undefined : missing('docker_volume', 'DOCKER_VOLUME');
    case Volume_Source_Type.HOST_PATH:
      return source.host_path ? undefined : missing('host_path', 'HOST_PATH');
    case Volume_Source_Type.SANDBOX_PATH:
      return source.sandbox_path ? undefined : missing('sandbox_path', 'SANDBOX_PATH');
    case Volume_Source_Type.SECRET:
      return source.secret ? undefined : missing('secret', 'SECRET');
    case Volume_Source_Type.CSI_VOLUME:
      if (source.csi_volume === undefined) {
        return missing('csi_volume', 'CSI');
      }
      return source.csi_volume.static_provisioning
        ? undefined
        : missing('csi_volume.static_provisioning', 'CSI');
    default:
      return "'source.type' is unknown";
  }
}
