// --master of those who follow a master.
import {
  findMaster,
  type MasterAddress,
  MasterAddressError,
  parseMaster,
} from '../coordination/static-detector.ts';
import type { Address } from '../model/address.ts';
import { FlagError } from './flags/faults.ts';

/** For a command that a person waits for. Rejects with FlagError, also where a name is unknown. */
export const readMasterFlag = (text: string): Promise<MasterAddress> =>
  findMaster(text).catch(refuse);

/** For a program that waits for its master. Throws FlagError. */
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
