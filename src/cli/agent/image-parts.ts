// Opens what images need: who brings them, and where they are kept.
import type { ImageParts } from '../../containerizer/containerizer.ts';
import type { FetchOptions } from '../../containerizer/fetcher/fetcher.ts';
import { AppcImages } from '../../containerizer/images/appc-images.ts';
import { DockerImages } from '../../containerizer/images/docker-images.ts';
import { ImageProvisioner } from '../../containerizer/images/image-provisioner.ts';
import { ThreadPuller } from '../../containerizer/images/thread-puller.ts';
import { WorkDirectory } from '../../containerizer/work-directory.ts';
import type { ImageSettings } from './images.ts';

export interface OpenedImages extends ImageParts {
  close(): Promise<void>;
}

interface Surroundings {
  readonly workDir: string;
  /** Folders that may contain the supervisor program. */
  readonly programs: readonly string[];
  /** How other files are fetched. */
  readonly fetching: Pick<FetchOptions, 'stallMs' | 'proxies' | 'hadoop'>;
  readonly warn: (text: string) => void;
}

/** Rejects with ContainerizerError. */
export async function openImages(
  {
    support,
    source,
    logins,
    mirrors,
    certificates,
    discoveryPrefix,
    stores,
    ...settings
  }: ImageSettings,
  { workDir, fetching: { stallMs, proxies, hadoop: client }, ...surroundings }: Surroundings,
): Promise<OpenedImages> {
  const { arch: architecture } = process;
  const work = new WorkDirectory(workDir);
  const puller = new ThreadPuller({
    ...{ source, logins, mirrors, certificates, stallMs, proxies },
    hadoop: client && { client, staging: work.downloads },
    architecture,
  });
  const sources = {
    DOCKER: () => new DockerImages(puller),
    APPC: () => new AppcImages({ prefix: discoveryPrefix, architecture, fetch: puller.aci }),
  };
  const provisioner = await ImageProvisioner.open({
    ...settings,
    ...surroundings,
    stores: [...stores].map(([type, folder]) => ({ source: sources[type](), folder })),
    work,
  });
  const close = async () => {
    await puller.close();
    await provisioner.close();
  };
  return { support, provisioner, close };
}
