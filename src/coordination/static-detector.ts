// Detects a master whose address is configured, as `host:port` or as a file that contains it. That
// master counts as the leader all the time. A host name is looked up until it has an address, and
// again when the watcher cannot reach that: name servers may start later than agents, and a master
// may move.
import { lookup } from 'node:dns/promises';
import { isIPv4 } from 'node:net';
import type { Address } from '../model/address.ts';
import type { LeadingMaster } from '../model/leading-master.ts';
import type { Detector } from './interface.ts';

export interface MasterAddress {
  /** As it was configured: a name, or the address itself. */
  readonly host: string;
  readonly ip: string;
  readonly port: number;
}

const DEFAULT_PORT = 5050;

/** A part of a host name, between its dots (RFC 1123); `_` is no part of the RFC, but in use. */
const LABEL = /^\w(?:[\w-]{0,61}\w)?$/;
/** The most that a host name has (RFC 1035), without a dot at its end. */
const MOST_NAME_CHARACTERS = 253;
/** How much of a wrong address an error shows. */
const MOST_QUOTED_CHARACTERS = 100;

/** The text is no address of a master, or its name has no IPv4 address. */
export class MasterAddressError extends Error {
  readonly code = 'MESOSCALE_MASTER_ADDRESS';
}

/** Reads `host:port`. Throws MasterAddressError. */
export function parseMaster(text: string): Address {
  const trimmed = text
    .trim()
    .replace(/^https?:\/\//, '')
    .replace(/\/$/, '');
  const match = /^(?:master@)?([\w.-]+)(?::(\d{1,5}))?$/.exec(trimmed);
  const host = match?.[1];
  const port = Number(match?.[2] ?? DEFAULT_PORT);
  if (host === undefined || port < 1 || port > 65_535) {
    throw new MasterAddressError(`--master expects host:port or zk://…, got '${quoted(text)}'`);
  }
  if (!isHostName(host)) {
    throw new MasterAddressError(
      `--master expects host:port or zk://…, but '${quoted(host)}' cannot be the name of a host`,
    );
  }
  return { host, port };
}

/** Whether it can have an address at any time: other names would be looked up for ever. */
function isHostName(text: string): boolean {
  const name = text.replace(/\.$/, '');
  return name.length <= MOST_NAME_CHARACTERS && name.split('.').every((part) => LABEL.test(part));
}

const quoted = (text: string) =>
  text.length > MOST_QUOTED_CHARACTERS ? `${text.slice(0, MOST_QUOTED_CHARACTERS)}…` : text;

/** Reads the address and looks its host name up, once. Rejects with MasterAddressError. */
export async function findMaster(text: string): Promise<MasterAddress> {
  const { host, port } = parseMaster(text);
  try {
    return { host, ip: await ipOf(host), port };
  } catch {
    throw new MasterAddressError(`--master: the name ${host} has no address`);
  }
}

const ipOf = async (name: string) => (isIPv4(name) ? name : (await lookup(name, 4)).address);

export interface StaticDetectorOptions {
  readonly address: Address;
  /** The IPv4 address of a name; rejects where it has none. By default the system's. */
  readonly lookUp?: ((name: string) => Promise<string>) | undefined;
  /** The host name of an IP address; undefined where none is known. */
  readonly hostnameOf: (ip: string) => Promise<string | undefined>;
  readonly warn: (text: string) => void;
}

/** The time between two look-ups: thousands of agents ask the same name servers. */
const PAUSE_MS = 5_000;
/** The pause after the first failed look-up; it doubles with each further one, up to PAUSE_MS. */
const FIRST_RETRY_MS = 500;

export class StaticDetector implements Detector {
  readonly #options: StaticDetectorOptions;
  #onLeader: ((leader: LeadingMaster) => void) | undefined;
  #leader: LeadingMaster | undefined;
  #isOver = false;
  #isLooking = false;
  #isLookWanted = false;
  /** While it lasts there is no other look-up. */
  #pause: NodeJS.Timeout | undefined;
  /** How many look-ups in a row have failed. */
  #failures = 0;

  /** Looks the name up at once. */
  constructor(options: StaticDetectorOptions) {
    this.#options = options;
    void this.#look();
  }

  watch(onLeader: (leader: LeadingMaster) => void): () => void {
    this.#onLeader = onLeader;
    if (this.#leader !== undefined) {
      onLeader(this.#leader);
    }
    return () => {
      this.#isOver = true;
      clearTimeout(this.#pause);
    };
  }

  lookAgain(): void {
    this.#isLookWanted = !isIPv4(this.#options.address.host);
    if (this.#isLookWanted && this.#pause === undefined && !this.#isLooking) {
      void this.#look();
    }
  }

  async #look(): Promise<void> {
    this.#isLooking = true;
    this.#isLookWanted = false;
    const found = await this.#find();
    this.#isLooking = false;
    if (this.#isOver) {
      return;
    }
    if (found === undefined) {
      this.#isLookWanted = true;
    } else if (found.pid !== this.#leader?.pid) {
      this.#leader = found;
      this.#onLeader?.(found);
    }
    const delayMs = found === undefined ? FIRST_RETRY_MS * 2 ** (this.#failures - 1) : PAUSE_MS;
    this.#pause = setTimeout(() => this.#endPause(), Math.min(delayMs, PAUSE_MS));
  }

  #endPause(): void {
    this.#pause = undefined;
    if (this.#isLookWanted) {
      void this.#look();
    }
  }

  /** Undefined where the name has no address. */
  async #find(): Promise<LeadingMaster | undefined> {
    const { address, lookUp = ipOf, hostnameOf } = this.#options;
    let ip: string;
    try {
      ip = await lookUp(address.host);
    } catch (error) {
      this.#failed(error as NodeJS.ErrnoException);
      return undefined;
    }
    this.#failures = 0;
    return { pid: `master@${ip}:${address.port}`, hostname: (await hostnameOf(ip)) ?? ip };
  }

  /** Logs the first failure in a row, and fewer and fewer of those that follow. */
  #failed({ code, message }: NodeJS.ErrnoException): void {
    this.#failures++;
    if (Number.isInteger(Math.log2(this.#failures))) {
      const { host } = this.#options.address;
      this.#options.warn(
        `The name of the master, ${host}, has no address (${code ?? message}). Looking it up again`,
      );
    }
  }
}
