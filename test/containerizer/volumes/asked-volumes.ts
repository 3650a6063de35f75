// Volumes as the containers of tests ask for them.
import {
  type ContainerInfo,
  ContainerInfo_Type,
  Secret_Type,
  type Volume,
  Volume_Mode,
  Volume_Source_SandboxPath_Type,
  Volume_Source_Type,
} from '../../../src/model/generated/messages.ts';

type Source = Pick<Volume, 'source'>;

/** Each is `in` the sandbox, and can be written to, unless it says otherwise. */
export const withVolumes = (...volumes: Partial<Volume>[]): ContainerInfo => ({
  type: ContainerInfo_Type.MESOS,
  volumes: volumes.map((it) => ({ container_path: 'in', mode: Volume_Mode.RW, ...it })),
});

export const onHost = (path: string): Source => ({
  source: { type: Volume_Source_Type.HOST_PATH, host_path: { path } },
});

export const inSandbox = (
  path: string,
  type: Volume_Source_SandboxPath_Type = Volume_Source_SandboxPath_Type.PARENT,
): Source => ({
  source: { type: Volume_Source_Type.SANDBOX_PATH, sandbox_path: { path, type } },
});

export const ofSecret = (data: Uint8Array): Source => ({
  source: { type: Volume_Source_Type.SECRET, secret: { type: Secret_Type.VALUE, value: { data } } },
});
