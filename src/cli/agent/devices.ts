// The devices of this machine that an operator lets containers use.
import { statSync } from 'node:fs';
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
  const found = statSync(path, { throwIfNoEntry: false });
  const isBlock = found?.isBlockDevice() === true;
  if (found === undefined || !(isBlock || found.isCharacterDevice())) {
    throw new FlagError(`--${FLAG} names '${path}', which is no device of this machine`);
  }
  return {
    path,
    kind: isBlock ? 'block' : 'character',
    major: majorOf(found.rdev),
    minor: minorOf(found.rdev),
    access: { read, write, mknod },
  };
}

/** As glibc takes a number of Linux apart; both parts have 12 bits in the lower half or more. */
const majorOf = (device: number) => (device >>> 8) & 0xfff;
const minorOf = (device: number) => (device & 0xff) | ((device >>> 12) & 0xfff00);
