// The devices of this machine that an operator lets containers use.
import { deviceAt } from '../../containerizer/isolators/host-devices.ts';
import type { AllowedDevice } from '../../containerizer/plan/surroundings.ts';
import type { DeviceAccess } from '../../model/generated/messages.ts';
import { types } from '../../wire/types.ts';
import { FlagError } from '../flags/faults.ts';
import { messageOf } from '../flags/written.ts';

const FLAG = 'allowed_devices';

/** Throws FlagError where one of them is no device of this machine. */
export function allowedDevices(value: unknown): AllowedDevice[] {
  const allowed = value === undefined ? {} : messageOf(FLAG, types.DeviceWhitelist, value);
  return (allowed.allowed_devices ?? []).map(deviceOf);
}

function deviceOf({ device, access }: DeviceAccess): AllowedDevice {
  const { path } = device;
  if (path === undefined) {
    throw new FlagError(`--${FLAG} has a device without a path`);
  }
  const { read = false, write = false, mknod = false } = access;
  if (!(read || write || mknod)) {
    throw new FlagError(
      `--${FLAG} says of '${path}' neither read, write nor mknod: it would allow nothing`,
    );
  }
  const found = deviceAt(path);
  if (found === undefined) {
    throw new FlagError(`--${FLAG} names '${path}', which is no device of this machine`);
  }
  const { mode: _, ...known } = found;
  return { ...known, access: { read, write, mknod } };
}
