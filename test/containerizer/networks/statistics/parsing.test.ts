// Texts of the kernel become figures.
import { expect, test } from 'vitest';
import {
  linkFigures,
  linkStatistics,
  otherEnd,
  sumOfLinks,
} from '../../../../src/containerizer/networks/statistics/link-figures.ts';
import {
  snmpStatistics,
  socketStatistics,
  timeStatistics,
} from '../../../../src/containerizer/networks/statistics/protocol-figures.ts';
import {
  queueFigures,
  queueStatistics,
} from '../../../../src/containerizer/networks/statistics/queue-figures.ts';

const DEV = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:     100       1    0    0    0     0          0         0      100       1    0    0    0     0       0          0
  eth0: 1234567     890    1    2    0     0          0         0     4567      80    3    4    0     0       0          0
  eth1:      10       1    0    0    0     0          0         0       20       2    0    0    0     0       0          0
`;

const told = (name: string) => {
  const figures = linkFigures(DEV).get(name);
  return figures && linkStatistics(figures);
};

test('a link is told by its columns, and from its other end what goes in comes out', () => {
  const eth0 = linkFigures(DEV).get('eth0') ?? expect.fail('there is no eth0');
  expect(linkStatistics(eth0)).toEqual({
    net_rx_packets: 890,
    net_rx_bytes: 1_234_567,
    net_rx_errors: 1,
    net_rx_dropped: 2,
    net_tx_packets: 80,
    net_tx_bytes: 4567,
    net_tx_errors: 3,
    net_tx_dropped: 4,
  });
  expect(linkStatistics(otherEnd(eth0))).toMatchObject({ net_rx_bytes: 4567, net_tx_dropped: 2 });
  expect(told('eth2')).toBeUndefined();
});

test('links of a container are added up, and a line that was cut off is none', () => {
  const found = linkFigures(DEV);
  const some = ['eth0', 'eth1'].flatMap((it) => found.get(it) ?? []);
  const sum = sumOfLinks(some) ?? expect.fail('there is no sum');
  expect(linkStatistics(sum)).toMatchObject({ net_rx_bytes: 1_234_577, net_tx_packets: 82 });
  expect(sumOfLinks([])).toBeUndefined();
  expect([...linkFigures(DEV.slice(0, -20)).keys()]).toEqual(['lo', 'eth0']);
});

test('protocols have the counters that Mesos knows, in whatever order a kernel tells them', () => {
  const text = `Ip: Forwarding InReceives OutTransmits
Ip: 2 17 5
Tcp: RtoAlgorithm MaxConn CurrEstab
Tcp: 1 -1 3
UdpLite: InDatagrams
UdpLite: 9
`;
  expect(snmpStatistics(text)).toEqual({
    ip_stats: { Forwarding: 2, InReceives: 17 },
    icmp_stats: {},
    tcp_stats: { RtoAlgorithm: 1, MaxConn: -1, CurrEstab: 3 },
    udp_stats: {},
  });
  expect(snmpStatistics('')).toBeUndefined();
});

test('connections are counted, and how long their packets take', () => {
  const text = 'sockets: used 9\nTCP: inuse 33 orphan 0 tw 5 alloc 37 mem 6\nUDP: inuse 15 mem 7\n';
  expect(socketStatistics(text)).toEqual({
    net_tcp_active_connections: 33,
    net_tcp_time_wait_connections: 5,
  });
  expect(socketStatistics('')).toEqual({});
  expect(timeStatistics('50\n90\n95\n99\n')).toEqual({
    net_tcp_rtt_microsecs_p50: 50,
    net_tcp_rtt_microsecs_p90: 90,
    net_tcp_rtt_microsecs_p95: 95,
    net_tcp_rtt_microsecs_p99: 99,
  });
  expect(timeStatistics('')).toEqual({});
});

test('of the queues of a link, those that limit its rate are told', () => {
  const text = `lo noqueue ffffffff 0 0 0 0 0 0 0 0 0
eth0 htb ffffffff 100 2 1 50 3 4 5 6 7
eth0 fq_codel 10001 90 1 0 0 8 0 0 0 0
eth0 pfifo 10002 1 1 0 0 0 0 0 0 0
`;
  const queues = queueFigures(text).get('eth0') ?? [];
  const limit = {
    id: 'bw_limit',
    bytes: 100,
    packets: 2,
    qlen: 1,
    backlog: 50,
    drops: 3,
    requeues: 4,
    overlimits: 5,
    ratebps: 6,
    ratepps: 7,
  };
  expect(queueStatistics(queues, 'sent')).toEqual([
    limit,
    expect.objectContaining({ id: 'bloat_reduction', bytes: 90, drops: 8 }),
  ]);
  expect(queueStatistics(queues, 'received').map(({ id }) => id)).toEqual([
    'ingress_bw_limit',
    'ingress_bloat_reduction',
  ]);
});
