// Flags of the agent about container images and Docker, with Mesos's names and defaults. There is
// no Docker daemon: those about it change nothing. The table is a part of AGENT_FLAGS (flags.ts).
import { choice, duration, json, list, path, text, toggle } from '../flags/flag.ts';

const PLANNED = { status: 'planned' } as const;
const ACCEPTED = { status: 'accepted' } as const;

function checkProviders(names: readonly string[]): string | undefined {
  const missing = names.filter((name) => !IMAGE_PROVIDERS.some((it) => it === name.toUpperCase()));
  const known = IMAGE_PROVIDERS.join(', ');
  if (names.length === 0) {
    return `image_providers expects types of images: there are ${known}`;
  }
  return missing.length === 0
    ? undefined
    : `image_providers: ${missing.join(', ')} is no type of images: there are ${known}`;
}

/** The types of images that there are. */
export const IMAGE_PROVIDERS = ['DOCKER', 'APPC'] as const;

export const AGENT_IMAGE_FLAGS = {
  docker: text({
    default: 'docker',
    ...ACCEPTED,
    help: 'The docker program. None is needed.',
  }),
  docker_certs_dir: path({
    default: '/etc/docker/certs.d',
    help: 'Certificates of registries, as docker has them: HOST:PORT/*.crt are authorities that are believed besides those of the machine, HOST:PORT/NAME.cert and NAME.key are shown to the registry. Not in Mesos.',
  }),
  docker_config: json({
    namesSecrets: true,
    help: 'Credentials for image registries: docker’s config.json or .dockercfg, or the path of such a file. Those that come with an image are used first.',
  }),
  docker_ignore_runtime: toggle({
    default: false,
    help: 'docker/runtime: ignore what an image says about its working directory, environment and command.',
  }),
  docker_kill_orphans: toggle({
    default: true,
    ...ACCEPTED,
    help: 'End containers of earlier runs that nobody knows. That is always done.',
  }),
  docker_mesos_image: text({
    status: 'refused',
    help: 'The image the agent itself runs in, so that tasks are in other containers and outlive it. Here they end with the agent’s container.',
  }),
  // A file:// URL is a folder, and not the file that has the value.
  docker_registry: path({
    placeholder: 'URL',
    default: 'https://registry-1.docker.io',
    help: 'Where Docker images are pulled from whose names have no host: the URL of a registry, or the absolute path, or hdfs:// URL, of a folder of image archives (as of docker save, or OCI layouts). Only over https, unless the URL is http:// or the host is this machine.',
  }),
  docker_registry_mirrors: list({
    placeholder: 'HOST=URL,…',
    default: [],
    help: 'Servers that are asked for the images of a registry before the registry itself, in their order: docker.io=https://mirror.example.com. A path in the URL comes before the names of images. Logins of the registry are not sent to them. Not in Mesos.',
  }),
  docker_remove_delay: duration({
    default: 6 * 3600_000,
    ...ACCEPTED,
    help: 'How long ended containers are kept by Docker. Their sandboxes are (--gc_delay), and nothing else.',
  }),
  docker_socket: text({
    default: '/var/run/docker.sock',
    ...ACCEPTED,
    help: 'Socket of the Docker daemon. None is needed.',
  }),
  docker_stop_timeout: duration({
    default: 0,
    ...ACCEPTED,
    help: 'Time between asking a container to stop and killing it, deprecated in Mesos: tasks have that of their kill policy.',
  }),
  docker_store_dir: path({
    defaultText: 'store/docker in --work_dir',
    help: 'Folder in which unpacked Docker images are kept. Nobody else may be able to change it.',
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
  // A file:// URL is a folder, and not the file that has the value.
  appc_simple_discovery_uri_prefix: path({
    placeholder: 'URL',
    default: 'http://',
    help: 'Where App Container images are looked for: what comes before NAME-VERSION-OS-ARCH.aci, as the beginning of a URL of http or https, or as the absolute path of a folder.',
  }),
  appc_store_dir: path({
    defaultText: 'store/appc in --work_dir',
    help: 'Folder in which unpacked App Container images are kept. Nobody else may be able to change it.',
  }),
  image_gc_config: json({
    help: 'When images that no container uses are deleted, as JSON: image_disk_headroom, the share of the disk that is to be free; image_disk_watch_interval, how often that is looked at; excluded_images, which stay. Without, they stay until PRUNE_IMAGES is called.',
  }),
  image_providers: list({
    placeholder: 'TYPE,…',
    check: checkProviders,
    help: 'Types of container images that tasks can have. DOCKER includes those of OCI, APPC are those of App Container. They need the isolator filesystem/linux, and docker/runtime or appc/runtime for what images say of their commands.',
  }),
  image_provisioner_backend: choice(['auto', 'aufs', 'bind', 'copy', 'overlay'])({
    help: 'How the root file system of a container is made from the layers of its image: mounted over each other (overlay; aufs means the same), copied (copy), or, of an image of one layer, as it is and for reading only (bind). auto, the default, is overlay where the kernel can, else copy.',
  }),
} as const;
