// What a container that is not there in time has waited for.
import type { ContainerId } from '../model/ids.ts';
import type { Provisioner } from './images/provisioner.ts';
import { progressText } from './images/pull-progress.ts';
import type { Networks } from './networks/networks.ts';

/** A clause; undefined where it waits for neither an image nor a plugin. */
export function awaited(
  id: ContainerId,
  images: Pick<Provisioner, 'progress'> | undefined,
  networks: Pick<Networks, 'awaited'>,
): string | undefined {
  const pull = images?.progress(id);
  if (pull !== undefined) {
    return `image '${pull.name}' was still being pulled (${progressText(pull)})`;
  }
  const asked = networks.awaited(id);
  return asked && `${asked} had not answered`;
}
