// What went through links of a network namespace: the lines of /proc/net/dev.
import type { ResourceStatistics } from '../../../model/generated/messages.ts';

/** Counted since the link was made, in the order of the kernel's columns. */
const COUNTED = ['bytes', 'packets', 'errors', 'dropped'] as const;

type Counted = Readonly<Record<(typeof COUNTED)[number], number>>;

export interface LinkFigures {
  readonly received: Counted;
  readonly sent: Counted;
}

/** Of eight columns each: what was received, and what was sent. */
const COLUMNS = 8;

/** By the names of links. */
export function linkFigures(text: string): ReadonlyMap<string, LinkFigures> {
  const found = new Map<string, LinkFigures>();
  for (const [, name = '', columns = ''] of text.matchAll(/^ *(\S+):((?: +\d+){16})$/gm)) {
    const numbers = columns.trim().split(/ +/).map(Number);
    found.set(name, { received: counted(numbers), sent: counted(numbers.slice(COLUMNS)) });
  }
  return found;
}

const counted = ([
  bytes = 0,
  packets = 0,
  errors = 0,
  dropped = 0,
]: readonly number[]): Counted => ({
  bytes,
  packets,
  errors,
  dropped,
});

/** The other end of the link: what goes in there comes out here. */
export const otherEnd = ({ received, sent }: LinkFigures): LinkFigures => ({
  received: sent,
  sent: received,
});

/** Undefined without any. */
export function sumOfLinks(links: readonly LinkFigures[]): LinkFigures | undefined {
  const add = (one: Counted, other: Counted) =>
    counted(COUNTED.map((name) => one[name] + other[name]));
  return links.length === 0
    ? undefined
    : links.reduce((one, other) => ({
        received: add(one.received, other.received),
        sent: add(one.sent, other.sent),
      }));
}

export const linkStatistics = ({ received, sent }: LinkFigures): Partial<ResourceStatistics> => ({
  net_rx_packets: received.packets,
  net_rx_bytes: received.bytes,
  net_rx_errors: received.errors,
  net_rx_dropped: received.dropped,
  net_tx_packets: sent.packets,
  net_tx_bytes: sent.bytes,
  net_tx_errors: sent.errors,
  net_tx_dropped: sent.dropped,
});
