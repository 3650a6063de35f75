// The ContainerInfo of a container of type DOCKER.
import {
  type ContainerInfo,
  type ContainerInfo_DockerInfo,
  ContainerInfo_Type,
} from '../../src/model/generated/messages.ts';

export interface DockerContainer extends Partial<Omit<ContainerInfo, 'docker'>> {
  readonly docker?: Partial<ContainerInfo_DockerInfo>;
}

export const docker = (
  image: string,
  { docker: more, ...info }: DockerContainer = {},
): ContainerInfo => ({
  type: ContainerInfo_Type.DOCKER,
  docker: { image, ...more },
  ...info,
});
