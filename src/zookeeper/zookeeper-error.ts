// Why an operation in ZooKeeper failed.
import { Exception } from 'node-zookeeper-client';

/**
 * `connectionLoss`: whether the operation was carried out is not known. `disconnected`: it was not
 * sent. `expired`: the session has ended, and with it what was ephemeral.
 */
type ZooKeeperFault =
  | 'connectionLoss'
  | 'disconnected'
  | 'expired'
  | 'closed'
  | 'noNode'
  | 'nodeExists'
  | 'badVersion'
  | 'notEmpty'
  /** The znode above is ephemeral, and can have none below. */
  | 'noChildren'
  | 'noAuth'
  | 'authFailed'
  | 'other';

export class ZooKeeperError extends Error {
  readonly code = 'MESOSCALE_ZOOKEEPER';
  readonly fault: ZooKeeperFault;

  constructor(fault: ZooKeeperFault, message: string, cause?: unknown) {
    super(message, { cause });
    this.fault = fault;
  }
}

const FAULTS = new Map<number, ZooKeeperFault>([
  [Exception.CONNECTION_LOSS, 'connectionLoss'],
  [Exception.SESSION_EXPIRED, 'expired'],
  [Exception.NO_NODE, 'noNode'],
  [Exception.NODE_EXISTS, 'nodeExists'],
  [Exception.BAD_VERSION, 'badVersion'],
  [Exception.NOT_EMPTY, 'notEmpty'],
  [Exception.NO_CHILDREN_FOR_EPHEMERALS, 'noChildren'],
  [Exception.NO_AUTH, 'noAuth'],
  [Exception.AUTH_FAILED, 'authFailed'],
]);

/** `doing` completes "ZooKeeper failed …": `to create /mesos`. */
export function zooKeeperError(error: Error | Exception, doing: string): ZooKeeperError {
  const fault = (error instanceof Exception ? FAULTS.get(error.code) : undefined) ?? 'other';
  const name = error instanceof Exception ? error.getName() : error.message;
  return new ZooKeeperError(fault, `ZooKeeper failed ${doing}: ${name}`, error);
}

export const isFault = (error: unknown, ...faults: readonly ZooKeeperFault[]): boolean =>
  error instanceof ZooKeeperError && faults.includes(error.fault);

/** Resolves to undefined where what was asked about is not there. */
export const unlessMissing = <T>(asked: Promise<T>): Promise<T | undefined> =>
  asked.catch((error: unknown) => {
    if (isFault(error, 'noNode')) {
      return undefined;
    }
    throw error;
  });
