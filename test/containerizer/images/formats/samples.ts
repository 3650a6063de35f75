// Manifests and configs as registries have them, for tests that change a part of them.
import { createHash } from 'node:crypto';

export const digestOf = (content: string | Uint8Array): string =>
  `sha256:${createHash('sha256').update(content).digest('hex')}`;

export const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

export const DOCKER = 'application/vnd.docker.distribution.manifest.v2+json';
export const DOCKER_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json';
export const OCI = 'application/vnd.oci.image.manifest.v1+json';
export const SCHEMA_ONE = 'application/vnd.docker.distribution.manifest.v1+prettyjws';
export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';

const dockerLayer = (name: string) => ({
  mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  size: 10,
  digest: digestOf(name),
});

export const dockerManifest = (change: Record<string, unknown> = {}) => ({
  schemaVersion: 2,
  mediaType: DOCKER,
  config: {
    mediaType: 'application/vnd.docker.container.image.v1+json',
    size: 2,
    digest: digestOf('{}'),
  },
  layers: [dockerLayer('lower'), dockerLayer('upper')],
  ...change,
});

export const ociManifest = (change: Record<string, unknown> = {}) => ({
  schemaVersion: 2,
  config: {
    mediaType: 'application/vnd.oci.image.config.v1+json',
    size: 2,
    digest: digestOf('{}'),
  },
  layers: [
    {
      mediaType: 'application/vnd.oci.image.layer.v1.tar+zstd',
      size: 10,
      digest: digestOf('lower'),
    },
  ],
  ...change,
});

export const entry = (os: string, architecture: string, variant?: string) => ({
  mediaType: OCI,
  size: 100,
  digest: digestOf(`${os}/${architecture}/${variant}`),
  platform: { os, architecture, ...(variant === undefined ? {} : { variant }) },
});

export const index = (manifests: unknown, change: Record<string, unknown> = {}) => ({
  schemaVersion: 2,
  mediaType: OCI_INDEX,
  manifests,
  ...change,
});

export const schemaOne = (change: Record<string, unknown> = {}) => ({
  schemaVersion: 1,
  name: 'old',
  tag: 'latest',
  architecture: 'amd64',
  fsLayers: [{ blobSum: digestOf('upper') }, { blobSum: digestOf('lower') }],
  history: [
    { v1Compatibility: '{"id": "b", "parent": "a", "config": {"Cmd": ["/bin/sh"]}}' },
    { v1Compatibility: '{"id": "a", "config": {"Cmd": ["lower"]}}' },
  ],
  ...change,
});
