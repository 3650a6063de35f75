// What commands that run tasks ask for the container of one.
import { type ContainerInfo, ContainerInfo_Type, Image_Type } from '../model/generated/messages.ts';

/** `name` is that of a Docker image. */
export const containerOfImage = (name: string): ContainerInfo => ({
  type: ContainerInfo_Type.MESOS,
  mesos: { image: { type: Image_Type.DOCKER, docker: { name } } },
});
