// The versions of the CNI specification that are spoken here.

/** From the oldest on. */
const CNI_VERSIONS = ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'] as const;
export type CniVersion = (typeof CNI_VERSIONS)[number];

/** What a configuration without a version means, as to all plugins. */
export const FIRST_VERSION: CniVersion = CNI_VERSIONS[0];

export const KNOWN_VERSIONS = `${CNI_VERSIONS[0]} to ${CNI_VERSIONS.at(-1)}`;

export const cniVersionOf = (text: string): CniVersion | undefined =>
  CNI_VERSIONS.find((version) => version === text);

export const isSince = (version: CniVersion, since: CniVersion): boolean =>
  CNI_VERSIONS.indexOf(version) >= CNI_VERSIONS.indexOf(since);

/** The highest one that is known here, and no higher than `most`; undefined: none is. */
export const highestVersion = (
  texts: readonly unknown[],
  most: CniVersion = '1.1.0',
): CniVersion | undefined =>
  CNI_VERSIONS.findLast((version) => isSince(most, version) && texts.includes(version));
