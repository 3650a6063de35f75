// cgroups/devices: containers can use the devices that every program needs, those that the operator
// allows, and those that they were given. They can make nodes of any, but not open them.
import type { FileSetting, Subsystem } from './cgroup-isolator.ts';
import type { CgroupOptions } from './cgroup-options.ts';

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

/** As far as any user may open the node; all may make nodes. */
const accessOf = (mode: number) => `${mode & 0o004 ? 'r' : ''}${mode & 0o002 ? 'w' : ''}m`;

const allow = (value: string): FileSetting => ({ file: 'devices.allow', value });

export const cgroupsDevices = ({ allowedDevices }: CgroupOptions): Subsystem => ({
  name: 'cgroups/devices',
  begin: (_version, _bounds, { devices }) => [
    { file: 'devices.deny', value: 'a *:* rwm' },
    ...[...USUAL_DEVICES, ...allowedDevices].map(allow),
    ...devices.map(({ kind, major, minor, mode }) =>
      allow(`${kind === 'block' ? 'b' : 'c'} ${major}:${minor} ${accessOf(mode)}`),
    ),
  ],
});
