// linux/devices: devices that the operator allows have nodes in root file systems of containers'
// own. Those that see the machine's files have the machine's nodes.
import type { AllowedDevice } from '../plan/surroundings.ts';
import type { Isolator } from './isolator.ts';

/** Access is the container's, whoever its users are: the same for all of them. */
const modeOf = ({ read, write }: AllowedDevice['access']) =>
  0o600 | (read ? 0o044 : 0) | (write ? 0o022 : 0);

export const linuxDevices = (devices: readonly AllowedDevice[]): Isolator => ({
  name: 'linux/devices',
  contribute: (plan) =>
    plan.rootfs === undefined
      ? plan
      : {
          ...plan,
          devices: [
            ...plan.devices,
            ...devices.map(({ access, ...device }) => ({ ...device, mode: modeOf(access) })),
          ],
        },
});
