// Who brings images, as `--docker_registry` says: a registry, or a folder of archives.
import type { Proxies } from '../downloads/http-answer.ts';
import { LocalArchives } from './archives/archive-folder.ts';
import { ArchivePuller } from './archives/archive-puller.ts';
import { HadoopArchives, type HadoopOptions } from './archives/hadoop-archives.ts';
import type { Login } from './formats/docker-config.ts';
import { platformOf } from './formats/platform.ts';
import type { DockerSource } from './formats/registry-address.ts';
import type { Mirror } from './formats/registry-mirrors.ts';
import type { Puller } from './puller.ts';
import type { Manner } from './registry/asking.ts';
import { RegistryCertificates } from './registry/certificates.ts';
import { RegistryPuller } from './registry/registry-puller.ts';

export interface PullerOptions {
  readonly source: DockerSource;
  /** Those of the agent, for registries. */
  readonly logins: readonly Login[];
  readonly mirrors: readonly Mirror[];
  /** A download that receives nothing for this long has failed. */
  readonly stallMs: number;
  readonly proxies: Proxies | undefined;
  /** The folder in which registries have certificates. */
  readonly certificates: string;
  /** For archives elsewhere. */
  readonly hadoop?: HadoopOptions | undefined;
  /** As Node has it in `process.arch`. */
  readonly architecture: string;
}

/** Before a registry that is busy is asked again; longer each time. */
const PAUSE_MS = 1_000;

/** `beforeTls`: called before the first connection with TLS, at the latest. */
export const mannerOf = (
  { stallMs, proxies, certificates }: Pick<PullerOptions, 'stallMs' | 'proxies' | 'certificates'>,
  beforeTls?: () => void,
): Manner => ({
  stallMs,
  pauseMs: PAUSE_MS,
  proxies,
  beforeTls,
  certificates: new RegistryCertificates(certificates),
});

export function pullerOf(options: PullerOptions, manner = mannerOf(options)): Puller {
  const { source, logins, mirrors, hadoop } = options;
  const platform = platformOf(options.architecture);
  switch (source.kind) {
    case 'registry':
      return new RegistryPuller({ ...manner, address: source.address, logins, mirrors, platform });
    case 'archives':
      return new ArchivePuller({ folder: new LocalArchives(source.folder), platform });
    case 'hadoop':
      if (hadoop === undefined) {
        throw new Error('Archives elsewhere need a Hadoop client');
      }
      return new ArchivePuller({ folder: new HadoopArchives(source.url, hadoop), platform });
  }
}
