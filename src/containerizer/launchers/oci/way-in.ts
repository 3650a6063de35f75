// How a process gets into its working directory. An OCI runtime enters one as root, and makes those
// that are missing, through links, too: it is led only as far as folders are root's, and the
// process goes the rest itself.
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import type { ContainerId } from '../../../model/ids.ts';
import { placeIn } from '../../plan/volume-mounts.ts';
import { isAbsence } from '../../records/record-file.ts';
import type { WayIn } from './oci-config.ts';

/** `directory` is the sandbox of this container. */
export function wayInto(id: ContainerId, directory: string): WayIn {
  const { top, below } = placeIn({ id, sandbox: directory }, []);
  let entered = top;
  let left = below;
  while (left.length > 0 && isOurs(entered)) {
    entered = join(entered, left[0] ?? '');
    left = left.slice(1);
  }
  return { entered, below: left.join('/') };
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
