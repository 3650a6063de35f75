// --master of those who follow a master.
import {
  findMaster,
  type MasterAddress,
  MasterAddressError,
} from '../coordination/static-detector.ts';
import { FlagError } from './flags/faults.ts';

/** Throws FlagError when the text is no address, or the name has none. */
export async function readMasterFlag(text: string): Promise<MasterAddress> {
  try {
    return await findMaster(text);
  } catch (error) {
    throw error instanceof MasterAddressError
      ? new FlagError(error.message, { cause: error })
      : error;
  }
}
