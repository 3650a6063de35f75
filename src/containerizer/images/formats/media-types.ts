// The types under which registries keep manifests, configs and layers.

const DOCKER = 'application/vnd.docker';
const OCI = 'application/vnd.oci.image';

export const DOCKER_MANIFEST = `${DOCKER}.distribution.manifest.v2+json`;
export const DOCKER_LIST = `${DOCKER}.distribution.manifest.list.v2+json`;
export const OCI_MANIFEST = `${OCI}.manifest.v1+json`;
export const OCI_INDEX = `${OCI}.index.v1+json`;
export const SCHEMA_ONE = `${DOCKER}.distribution.manifest.v1+json`;
export const SIGNED_SCHEMA_ONE = `${DOCKER}.distribution.manifest.v1+prettyjws`;

/** Asked for of a registry, the better ones first. */
export const MANIFEST_TYPES: readonly string[] = [
  ...[OCI_INDEX, DOCKER_LIST, OCI_MANIFEST, DOCKER_MANIFEST],
  ...[SIGNED_SCHEMA_ONE, SCHEMA_ONE],
];

/** The last is what clients of docker before 1.10 gave. */
export const CONFIG_TYPES: ReadonlySet<string> = new Set([
  ...[`${DOCKER}.container.image.v1+json`, `${OCI}.config.v1+json`, 'application/octet-stream'],
]);

/**
 * All forms of a tar archive. Which form a layer has shows in its first bytes: there are images
 * that claim another one here.
 */
export const LAYER_TYPES: ReadonlySet<string> = new Set([
  ...[
    'diff.tar',
    'diff.tar.gzip',
    'diff.tar.zstd',
    'foreign.diff.tar',
    'foreign.diff.tar.gzip',
  ].map((form) => `${DOCKER}.image.rootfs.${form}`),
  ...['layer.v1.tar', 'layer.nondistributable.v1.tar'].flatMap((form) => [
    `${OCI}.${form}`,
    `${OCI}.${form}+gzip`,
    `${OCI}.${form}+zstd`,
  ]),
]);

/** A type without its parameters. */
export const bareType = (type: string): string =>
  (type.split(';', 1)[0] ?? '').trim().toLowerCase();
