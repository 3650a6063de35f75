// What becomes of every field of a ContainerInfo of type DOCKER. What the fields of its DockerInfo
// ask for, and whether they fit each other, is judged where the container is planned.
import type { ContainerInfo, ExecutorInfo, TaskInfo } from './generated/messages.ts';
import {
  containerFields,
  executorFields,
  type Fields,
  refused,
  taskFields,
  WORKS,
} from './launch-fields.ts';

const ofDocker = refused('a container of type DOCKER has what docker gives to all');

const dockerContainerFields: Fields<ContainerInfo> = {
  ...containerFields,
  hostname: WORKS,
  docker: {
    image: WORKS,
    network: WORKS,
    port_mappings: WORKS,
    privileged: WORKS,
    parameters: WORKS,
    force_pull_image: WORKS,
    volume_driver: refused('there are no volume drivers of Docker'),
  },
  network_infos: {
    name: WORKS,
    ip_addresses: WORKS,
    groups: WORKS,
    labels: WORKS,
    port_mappings: WORKS,
  },
  mesos: refused('it is for containers of type MESOS'),
  linux_info: {
    capability_info: ofDocker,
    bounding_capabilities: ofDocker,
    effective_capabilities: ofDocker,
    share_pid_namespace: ofDocker,
    seccomp: ofDocker,
    ipc_mode: ofDocker,
    shm_size: ofDocker,
    share_cgroups: ofDocker,
  },
  rlimit_info: { rlimits: refused("'container.docker.parameters' has 'ulimit' for that") },
};

export const dockerTaskFields: Fields<TaskInfo> = {
  ...taskFields,
  container: dockerContainerFields,
};

export const dockerExecutorFields: Fields<ExecutorInfo> = {
  ...executorFields,
  container: dockerContainerFields,
};
