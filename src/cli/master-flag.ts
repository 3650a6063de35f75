// The flag --master of agents and commands: the address of a master, or the ensemble in which
// masters elect one of themselves.
import type { Detector } from '../coordination/interface.ts';
import {
  findMaster,
  type MasterAddress,
  MasterAddressError,
  parseMaster,
  StaticDetector,
} from '../coordination/static-detector.ts';
import type { Address } from '../model/address.ts';
import type { LogLevel } from '../model/process-effects.ts';
import type { ZooKeeperUrl } from '../zookeeper/zookeeper-url.ts';
import { FlagError } from './flags/faults.ts';
import { knownName } from './process/published-address.ts';
import { zooKeeperUrlOf } from './zookeeper-flag.ts';

/** Where the leading master is, or who tells. */
export type MasterPlace<At extends Address = Address> =
  | { readonly type: 'address'; readonly address: At }
  | { readonly type: 'ensemble'; readonly url: ZooKeeperUrl };

const ensembleIn = (text: string): ZooKeeperUrl | undefined =>
  text.trim().startsWith('zk://') ? zooKeeperUrlOf('master', text) : undefined;

/** For a program that waits for its master: does not resolve a host name. Throws FlagError. */
export function parseMasterFlag(text: string): MasterPlace {
  const url = ensembleIn(text);
  if (url !== undefined) {
    return { type: 'ensemble', url };
  }
  try {
    return { type: 'address', address: parseMaster(text) };
  } catch (error) {
    return refuse(error);
  }
}

/** For a command that a person waits for: resolves a host name. Rejects with FlagError. */
export async function readMasterFlag(text: string): Promise<MasterPlace<MasterAddress>> {
  const url = ensembleIn(text);
  return url === undefined
    ? { type: 'address', address: await findMaster(text).catch(refuse) }
    : { type: 'ensemble', url };
}

function refuse(error: unknown): never {
  throw error instanceof MasterAddressError
    ? new FlagError(error.message, { cause: error })
    : error;
}

interface DetectorOptions {
  readonly sessionTimeoutMs: number;
  readonly log: (level: LogLevel, text: string) => void;
}

/** Begins to look for the leading master. */
export async function openDetector(
  place: MasterPlace,
  { sessionTimeoutMs, log }: DetectorOptions,
): Promise<Detector> {
  if (place.type === 'address') {
    const { address } = place;
    return new StaticDetector({
      address,
      hostnameOf: knownName,
      warn: (text) => log('warn', text),
    });
  }
  // Loaded where it is used: without it, programs start sooner.
  const { Group, ZooKeeperDetector } = await import('../coordination/zookeeper/zookeeper.ts');
  return new ZooKeeperDetector(new Group({ url: place.url, sessionTimeoutMs, log }), log);
}
