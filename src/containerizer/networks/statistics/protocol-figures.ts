// What the protocols of a network namespace have counted, and how its TCP connections are doing.
import type {
  IcmpStatistics,
  IpStatistics,
  ResourceStatistics,
  SNMPStatistics,
  TcpStatistics,
  UdpStatistics,
} from '../../../model/generated/messages.ts';

const IP = [
  'Forwarding',
  'DefaultTTL',
  'InReceives',
  'InHdrErrors',
  'InAddrErrors',
  'ForwDatagrams',
  'InUnknownProtos',
  'InDiscards',
  'InDelivers',
  'OutRequests',
  'OutDiscards',
  'OutNoRoutes',
  'ReasmTimeout',
  'ReasmReqds',
  'ReasmOKs',
  'ReasmFails',
  'FragOKs',
  'FragFails',
  'FragCreates',
] as const satisfies readonly (keyof IpStatistics)[];

const ICMP = [
  'InMsgs',
  'InErrors',
  'InCsumErrors',
  'InDestUnreachs',
  'InTimeExcds',
  'InParmProbs',
  'InSrcQuenchs',
  'InRedirects',
  'InEchos',
  'InEchoReps',
  'InTimestamps',
  'InTimestampReps',
  'InAddrMasks',
  'InAddrMaskReps',
  'OutMsgs',
  'OutErrors',
  'OutDestUnreachs',
  'OutTimeExcds',
  'OutParmProbs',
  'OutSrcQuenchs',
  'OutRedirects',
  'OutEchos',
  'OutEchoReps',
  'OutTimestamps',
  'OutTimestampReps',
  'OutAddrMasks',
  'OutAddrMaskReps',
] as const satisfies readonly (keyof IcmpStatistics)[];

const TCP = [
  'RtoAlgorithm',
  'RtoMin',
  'RtoMax',
  'MaxConn',
  'ActiveOpens',
  'PassiveOpens',
  'AttemptFails',
  'EstabResets',
  'CurrEstab',
  'InSegs',
  'OutSegs',
  'RetransSegs',
  'InErrs',
  'OutRsts',
  'InCsumErrors',
] as const satisfies readonly (keyof TcpStatistics)[];

const UDP = [
  'InDatagrams',
  'NoPorts',
  'InErrors',
  'OutDatagrams',
  'RcvbufErrors',
  'SndbufErrors',
  'InCsumErrors',
  'IgnoredMulti',
] as const satisfies readonly (keyof UdpStatistics)[];

/** Of /proc/net/snmp, the parts that Mesos has; undefined without any. */
export function snmpStatistics(text: string): SNMPStatistics | undefined {
  const parts = {
    ip_stats: countersOf(text, 'Ip', IP),
    icmp_stats: countersOf(text, 'Icmp', ICMP),
    tcp_stats: countersOf(text, 'Tcp', TCP),
    udp_stats: countersOf(text, 'Udp', UDP),
  };
  return text === '' ? undefined : parts;
}

/** Each protocol has a line of names, and then one of numbers. Kernels may have more, or fewer. */
function countersOf<Name extends string>(
  text: string,
  protocol: string,
  known: readonly Name[],
): Partial<Record<Name, number>> {
  const [names = [], values = []] = text
    .split('\n')
    .filter((line) => line.startsWith(`${protocol}: `))
    .map((line) => line.split(' ').slice(1));
  const found: Partial<Record<Name, number>> = {};
  for (const name of known) {
    const value = values[names.indexOf(name)];
    if (value !== undefined) {
      found[name] = Number(value);
    }
  }
  return found;
}

/** Of /proc/net/sockstat: `TCP: inuse 33 orphan 0 tw 5 alloc 37 mem 6`. */
export function socketStatistics(text: string): Partial<ResourceStatistics> {
  const line = /^TCP: (.*)$/m.exec(text)?.[1] ?? '';
  const active = /\binuse (\d+)/.exec(line)?.[1];
  const waiting = /\btw (\d+)/.exec(line)?.[1];
  return {
    ...(active !== undefined && { net_tcp_active_connections: Number(active) }),
    ...(waiting !== undefined && { net_tcp_time_wait_connections: Number(waiting) }),
  };
}

/** Four lines, as the program that looks into namespaces writes them; none without connections. */
export function timeStatistics(text: string): Partial<ResourceStatistics> {
  const [p50, p90, p95, p99] = text.split('\n').filter(Boolean).map(Number);
  return p50 === undefined || p90 === undefined || p95 === undefined || p99 === undefined
    ? {}
    : {
        net_tcp_rtt_microsecs_p50: p50,
        net_tcp_rtt_microsecs_p90: p90,
        net_tcp_rtt_microsecs_p95: p95,
        net_tcp_rtt_microsecs_p99: p99,
      };
}
