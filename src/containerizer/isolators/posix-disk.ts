// posix/disk: accepted, since existing command lines name it, but without effect. The disk usage of
// containers is not measured yet and not limited: --enforce_container_disk_quota is refused.
import type { Isolator } from './isolator.ts';

export const posixDisk: Isolator = {
  name: 'posix/disk',
  contribute: (plan) => plan,
};
