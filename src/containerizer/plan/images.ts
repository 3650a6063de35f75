// The images that a container asks for: one with its own files, and those that are volumes.
import { enumNames } from '../../model/enum-names.ts';
import {
  type ContainerInfo,
  ContainerInfo_Type,
  type Image,
  Image_Type,
  Secret_Type,
} from '../../model/generated/messages.ts';
import { ContainerizerError } from '../containerizer-error.ts';
import type { ProvisionedImage } from '../images/provisioner.ts';
import { volumesOfKind } from './container-volumes.ts';
import { type ContainerRequest, containerInfoOf, type RequestedImages } from './request.ts';

export type ImageTypeName = keyof typeof Image_Type;

/** What an agent does about images. */
export interface ImageSupport {
  /** The types that it has images of. */
  readonly types: readonly ImageTypeName[];
  /** Where a container with files of its own finds its sandbox: an absolute path. */
  readonly sandboxDirectory: string;
}

export const NO_IMAGES: ImageSupport = { types: [], sandboxDirectory: '/mnt/mesos/sandbox' };

export interface AskedImages {
  readonly rootfs: Image | undefined;
  readonly volumes: readonly Image[];
}

type Asking = Pick<ContainerRequest, 'executor' | 'task' | 'container' | 'login'>;

/** Undefined where a container asks for none. Throws ContainerizerError. */
export function imagesAsked(request: Asking): AskedImages | undefined {
  const { rootfs, volumes } = imagesIn(containerInfoOf(request), request.login);
  return rootfs === undefined && volumes.length === 0 ? undefined : { rootfs, volumes };
}

const imagesIn = (info: ContainerInfo | undefined, login?: Uint8Array): AskedImages => ({
  rootfs: info?.type === ContainerInfo_Type.DOCKER ? dockerImage(info, login) : info?.mesos?.image,
  volumes: volumesOfKind(info, 'image').map(({ source }) => source.image),
});

/** Of a container of type DOCKER. */
const dockerImage = ({ docker }: ContainerInfo, login?: Uint8Array): Image | undefined =>
  docker && {
    type: Image_Type.DOCKER,
    docker: {
      name: docker.image,
      ...(login !== undefined && {
        config: { type: Secret_Type.VALUE, value: { data: login } },
      }),
    },
    cached: docker.force_pull_image !== true,
  };

const nameOf = enumNames(Image_Type);

/** Mesos's words, and what the operator can do. */
export const unsupportedType = (type: Image_Type): ContainerizerError =>
  new ContainerizerError(
    `Unsupported container image type: ${nameOf(type) ?? type} (it is not among the agent's --image_providers)`,
  );

/** Throws ContainerizerError where the agent has no images of such a type. */
export function requireImageTypes(
  info: ContainerInfo | undefined,
  types: readonly ImageTypeName[],
): void {
  const { rootfs, volumes } = imagesIn(info);
  for (const { type } of rootfs === undefined ? volumes : [rootfs, ...volumes]) {
    const name = nameOf(type);
    if (!types.some((it) => it === name)) {
      throw unsupportedType(type);
    }
  }
}

/**
 * Stands for an image that is not there yet. A plan with it is refused for no reason but what the
 * request itself asks for.
 */
const ANY: Omit<ProvisionedImage, 'type'> = {
  config: {
    entrypoint: ['/'],
    command: [],
    environment: [],
    workingDirectory: undefined,
    user: '',
  },
  root: { kind: 'folder', path: '/', isReadOnly: true },
};

/** In place of the images that a request asks for. Throws ContainerizerError. */
export function standIns(request: Asking): RequestedImages | undefined {
  const asked = imagesAsked(request);
  const standIn = ({ type }: Image): ProvisionedImage => ({ type, ...ANY });
  return (
    asked && {
      rootfs: asked.rootfs && standIn(asked.rootfs),
      volumes: asked.volumes.map(standIn),
    }
  );
}
