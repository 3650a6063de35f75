// What commands that run tasks ask for the container of one.
import { appcArchitecture } from '../containerizer/images/formats/appc-name.ts';
import { type ContainerInfo, ContainerInfo_Type, Image_Type } from '../model/generated/messages.ts';

/**
 * `name` is that of an App Container image. Agents of Apache Mesos need the labels, those of
 * Mesoscale do not.
 */
export const containerOfAci = (name: string): ContainerInfo => ({
  type: ContainerInfo_Type.MESOS,
  mesos: {
    image: {
      type: Image_Type.APPC,
      appc: {
        name,
        labels: {
          labels: [
            { key: 'os', value: 'linux' },
            { key: 'arch', value: appcArchitecture(process.arch) },
          ],
        },
      },
    },
  },
});

/** `name` is that of a Docker image. */
export const containerOfImage = (name: string): ContainerInfo => ({
  type: ContainerInfo_Type.MESOS,
  mesos: { image: { type: Image_Type.DOCKER, docker: { name } } },
});
