// The version of this program, for people, frameworks, masters and agents.
import { createRequire } from 'node:module';
import type { VersionInfo } from '../model/generated/messages.ts';

/**
 * The version of Apache Mesos whose protocols this program speaks. /version, MasterInfo and agents
 * carry it: clients parse it, and a master of Apache Mesos refuses agents older than 1.0.0.
 */
const PROTOCOL_VERSION = '1.11.0';

interface Manifest {
  readonly name: string;
  readonly version: string;
}

/** Seconds since 1970, which scripts/build.ts puts in the place of the name. */
declare const MESOSCALE_BUILT_AT: number | undefined;
const builtAtSeconds = typeof MESOSCALE_BUILT_AT === 'undefined' ? undefined : MESOSCALE_BUILT_AT;

// Two folders up, in a checkout (src/cli) and in a published package (dist/cli).
const manifest = createRequire(import.meta.url)('../../package.json') as Manifest;

export const PACKAGE_VERSION = manifest.version;

/** A checkout counts as built now. */
export function versionInfo(nowMs: number): VersionInfo {
  const seconds = builtAtSeconds ?? Math.floor(nowMs / 1000);
  return {
    version: PROTOCOL_VERSION,
    build_date: new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' '),
    build_time: seconds,
    build_user: manifest.name,
  };
}

export const versionLine = `mesoscale ${PACKAGE_VERSION} (speaks the protocols of Mesos ${PROTOCOL_VERSION})`;
