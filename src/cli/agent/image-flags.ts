// Flags of the agent about container images and Docker, with Mesos's names and defaults. There are
// no images yet: --image_providers and --containerizers=docker are refused. The table is
// a part of AGENT_FLAGS (flags.ts).
import { choice, duration, json, text, toggle } from '../flags/flag.ts';

const PLANNED = { status: 'planned' } as const;

export const AGENT_IMAGE_FLAGS = {
  docker: text({
    default: 'docker',
    ...PLANNED,
    help: 'Docker containerizer: the docker program.',
  }),
  docker_config: text({
    ...PLANNED,
    namesSecrets: true,
    help: 'Credentials for image registries, as JSON in the form of docker’s config.json.',
  }),
  docker_ignore_runtime: toggle({
    default: false,
    ...PLANNED,
    help: 'Ignore what a Docker image says about its working directory, environment and command.',
  }),
  docker_kill_orphans: toggle({
    default: true,
    ...PLANNED,
    help: 'Docker containerizer: end containers of earlier runs that nobody knows.',
  }),
  docker_mesos_image: text({
    ...PLANNED,
    help: 'Docker containerizer: the image the agent itself runs in.',
  }),
  docker_registry: text({
    default: 'https://registry-1.docker.io',
    ...PLANNED,
    help: 'Where Docker images are pulled from: the URL of a registry, or a folder of image archives.',
  }),
  docker_remove_delay: duration({
    default: 6 * 3600_000,
    ...PLANNED,
    help: 'Docker containerizer: how long ended containers are kept.',
  }),
  docker_socket: text({
    default: '/var/run/docker.sock',
    ...PLANNED,
    help: 'Docker containerizer: socket of the Docker daemon.',
  }),
  docker_stop_timeout: duration({
    default: 0,
    ...PLANNED,
    help: 'Docker containerizer: time between asking a container to stop and killing it.',
  }),
  docker_store_dir: text({
    default: '/tmp/mesos/store/docker',
    ...PLANNED,
    help: 'Folder in which unpacked Docker images are kept.',
  }),
  docker_volume_checkpoint_dir: text({
    default: '/var/run/mesos/isolators/docker/volume',
    ...PLANNED,
    help: 'docker/volume: folder of the records about mounted volumes.',
  }),
  docker_volume_chown: toggle({
    default: false,
    ...PLANNED,
    help: 'docker/volume: give the mount point of a volume to the container’s user.',
  }),
  appc_simple_discovery_uri_prefix: text({
    default: 'http://',
    ...PLANNED,
    help: 'Prefix of the URIs at which appc images are looked for.',
  }),
  appc_store_dir: text({
    default: '/tmp/mesos/store/appc',
    ...PLANNED,
    help: 'Folder in which appc images are kept.',
  }),
  image_gc_config: json({
    ...PLANNED,
    help: 'When unused image layers are deleted, as JSON.',
  }),
  image_providers: text({
    status: 'refused',
    help: 'Kinds of container images to support: DOCKER, APPC. There are none yet.',
  }),
  image_provisioner_backend: choice(['auto', 'aufs', 'bind', 'copy', 'overlay'])({
    ...PLANNED,
    help: 'How the root file system of a container is made from image layers.',
  }),
} as const;
