// posix/disk: accepted, since existing command lines name it. Nothing measures yet what containers
// use of the disk, and nothing enforces it: --enforce_container_disk_quota is refused.
import type { Isolator } from './isolator.ts';

export const posixDisk: Isolator = {
  name: 'posix/disk',
  contribute: (plan) => plan,
};
