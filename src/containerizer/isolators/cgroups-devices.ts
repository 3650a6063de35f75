// cgroups/devices: containers can use the devices that every program needs, those that the operator
// allows, and those that they were given. They can make nodes of any, but not open them.
import { type CgroupHierarchy, cgroupWith } from '../plan/cgroup-plan.ts';
import type { ContainerPlan } from '../plan/plan.ts';
import { isSharing } from '../plan/request.ts';
import type { AllowedDevice, Device } from '../plan/surroundings.ts';
import { cgroupIsolator } from './cgroup-isolator.ts';
import type { Isolator } from './isolator.ts';

/** Mesos's, as the kernel takes them. */
const USUAL_DEVICES = [
  'c *:* m',
  'b *:* m',
  // /dev/console, tty0 and tty1
  'c 5:1 rwm',
  'c 4:0 rwm',
  'c 4:1 rwm',
  // /dev/pts/* and ptmx
  'c 136:* rwm',
  'c 5:2 rwm',
  // /dev/net/tun
  'c 10:200 rwm',
  // /dev/null, zero and full
  'c 1:3 rwm',
  'c 1:5 rwm',
  'c 1:7 rwm',
  // /dev/tty, urandom and random
  'c 5:0 rwm',
  'c 1:9 rwm',
  'c 1:8 rwm',
] as const;

/** As the kernel takes it. */
const ruleOf = ({ kind, major, minor, access }: Omit<AllowedDevice, 'path'>) =>
  `${kind === 'block' ? 'b' : 'c'} ${major}:${minor} ` +
  `${access.read ? 'r' : ''}${access.write ? 'w' : ''}${access.mknod ? 'm' : ''}`;

/** As far as any user may open the node; all may make nodes. */
const accessOf = ({ mode }: Device): AllowedDevice['access'] => ({
  read: (mode & 0o004) !== 0,
  write: (mode & 0o002) !== 0,
  mknod: true,
});

/** `allowed` are those of the operator. */
export function cgroupsDevices(
  allowed: readonly AllowedDevice[],
  hierarchies: readonly CgroupHierarchy[],
): Isolator {
  const rulesOf = ({ devices }: Pick<ContainerPlan, 'devices'>) => [
    ...USUAL_DEVICES,
    ...allowed.map(ruleOf),
    ...devices.map((device) => ruleOf({ ...device, access: device.access ?? accessOf(device) })),
  ];
  const inV1 = cgroupIsolator(
    {
      name: 'cgroups/devices',
      begin: (_version, _bounds, plan) => [
        { file: 'devices.deny', value: 'a *:* rwm' },
        ...rulesOf(plan).map((value) => ({ file: 'devices.allow', value })),
      ],
    },
    hierarchies,
  );
  return {
    ...inV1,
    contribute(plan, request, host) {
      const cgroup = cgroupWith(host.cgroups, plan.id, 'devices');
      if (cgroup?.version !== 2 || isSharing(request)) {
        return inV1.contribute(plan, request, host);
      }
      const devices = { folder: cgroup.folder, rules: rulesOf(plan) };
      return { ...plan, cgroups: { ...plan.cgroups, devices } };
    },
  };
}
