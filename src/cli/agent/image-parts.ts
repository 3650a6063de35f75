// Opens what images need: who brings them, and where they are kept.
import type { ImageParts } from '../../containerizer/containerizer.ts';
import type { FetchOptions } from '../../containerizer/fetcher/fetcher.ts';
import { ImageProvisioner } from '../../containerizer/images/image-provisioner.ts';
import { pullerOf } from '../../containerizer/images/pullers.ts';
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
  readonly fetching: Pick<FetchOptions, 'stallMs' | 'proxies'>;
  readonly warn: (text: string) => void;
}

/** Rejects with ContainerizerError. */
export async function openImages(
  { support, source, logins, ...settings }: ImageSettings,
  { workDir, fetching: { stallMs, proxies }, ...surroundings }: Surroundings,
): Promise<OpenedImages> {
  const { arch: architecture } = process;
  const provisioner = await ImageProvisioner.open({
    ...settings,
    ...surroundings,
    puller: pullerOf({ source, logins, stallMs, proxies, architecture }),
    work: new WorkDirectory(workDir),
  });
  return { support, provisioner, close: () => provisioner.close() };
}
