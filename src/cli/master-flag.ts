// The flag --master of agents and commands.
import {
  findMaster,
  type MasterAddress,
  MasterAddressError,
  parseMaster,
} from '../coordination/static-detector.ts';
import type { Address } from '../model/address.ts';
import { FlagError } from './flags/faults.ts';

/** For a command that a person waits for: resolves the host name. Rejects with FlagError. */
export const readMasterFlag = (text: string): Promise<MasterAddress> =>
  findMaster(text).catch(refuse);

/** For a program that waits for its master: does not resolve the host name. Throws FlagError. */
export function parseMasterFlag(text: string): Address {
  try {
    return parseMaster(text);
  } catch (error) {
    return refuse(error);
  }
}

function refuse(error: unknown): never {
  throw error instanceof MasterAddressError
    ? new FlagError(error.message, { cause: error })
    : error;
}
