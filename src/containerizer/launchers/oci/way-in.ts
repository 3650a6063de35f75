// How a process gets into its working directory. An OCI runtime enters one as root, and makes those
// that are missing, through links, too: it is led only as far as folders are root's, and the
// process goes the rest itself.
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import type { ContainerId } from '../../../model/ids.ts';
import { isAbsence } from '../../records/record-file.ts';
import { rootSandbox } from '../../sandboxes/sandboxes.ts';
import type { WayIn } from './oci-config.ts';

/** `directory` is the sandbox of this container. */
export function wayInto(id: ContainerId, directory: string): WayIn {
  let entered = rootSandbox(id, directory);
  const below = directory.slice(entered.length).split('/').filter(Boolean);
  while (below.length > 0 && isOurs(entered)) {
    entered = join(entered, below.shift() ?? '');
  }
  return { entered, below: below.join('/') };
}

/** What is in a folder of others they may exchange. */
function isOurs(folder: string): boolean {
  try {
    return lstatSync(folder).uid === process.geteuid?.();
  } catch (error) {
    if (isAbsence(error)) {
      return false;
    }
    throw error;
  }
}
