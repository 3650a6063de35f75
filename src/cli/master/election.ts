// How this master comes to lead: by an election in ZooKeeper, or because it stands alone.
import type { Contender, Detector } from '../../coordination/interface.ts';
import { StandaloneContender } from '../../coordination/standalone.ts';
import type { LogLevel } from '../../model/process-effects.ts';
import type { ZooKeeperUrl } from '../../zookeeper/zookeeper-url.ts';

interface Election {
  readonly contender: Contender;
  /** Undefined where no other master can lead. */
  readonly detector: Detector | undefined;
}

interface ElectionOptions {
  /** The folder of the candidates; undefined: there is only this one. */
  readonly url: ZooKeeperUrl | undefined;
  /** The folder of the registry, where it is there, too. */
  readonly owned: readonly string[];
  readonly sessionTimeoutMs: number;
  readonly log: (level: LogLevel, text: string) => void;
}

/** Connects when the master contends, or the detector is watched. */
export async function openElection(options: ElectionOptions): Promise<Election> {
  const { url, owned, sessionTimeoutMs, log } = options;
  if (url === undefined) {
    return { contender: new StandaloneContender(), detector: undefined };
  }
  // Loaded where it is used: without it, programs start sooner.
  const { Group, ZooKeeperContender, ZooKeeperDetector } = await import(
    '../../coordination/zookeeper/zookeeper.ts'
  );
  const group = new Group({ url, owned, sessionTimeoutMs, isCandidacy: true, log });
  return {
    contender: new ZooKeeperContender(group),
    detector: new ZooKeeperDetector(group, log),
  };
}
