// Flags of the agent about container networks and ports, with Mesos's names and defaults: they
// configure network isolators. The table is a part of AGENT_FLAGS (flags.ts).

import { MIN_PER_CONTAINER } from '../../containerizer/networks/port-mapping/port-blocks.ts';
import { duration, integer, path, size, text, toggle } from '../flags/flag.ts';
import { positive } from '../process/shared-flags.ts';

/** In Mesos's words. */
function ephemeralPortsError(count: number): string | undefined {
  if (count < MIN_PER_CONTAINER) {
    return `ephemeral_ports_per_container: Each container has only ${count} ephemeral ports. The minimum required is: ${MIN_PER_CONTAINER}`;
  }
  return count <= MAX_PER_CONTAINER && Number.isInteger(Math.log2(count))
    ? undefined
    : `ephemeral_ports_per_container: The number of ephemeral ports for each container (${count}) is not a power of 2 up to ${MAX_PER_CONTAINER}`;
}

const MAX_PER_CONTAINER = 32_768;

export const AGENT_NETWORK_FLAGS = {
  check_agent_port_range_only: toggle({
    default: false,
    help: 'network/ports: look only at ports inside the range the agent offers.',
  }),
  container_ports_isolated_range: text({
    help: 'network/ports: look only at ports inside this range, such as [0-35000].',
  }),
  container_ports_watch_interval: duration({
    default: 30_000,
    check: positive('container_ports_watch_interval'),
    help: 'network/ports: time between two looks at the ports that containers listen on.',
  }),
  docker_bridge_network: text({
    placeholder: 'ADDRESSES|NAME',
    defaultText: 'the first free one of 172.17.0.0/16 … 172.31.0.0/16',
    help: 'Where containers of type DOCKER with the network BRIDGE are: addresses for the bridge that the agent has made for them, such as 10.9.0.0/16, or the name of a network in --network_cni_config_dir. Not in Mesos.',
  }),
  egress_burst: size({
    check: positive('egress_burst'),
    help: 'network/port_mapping: bytes a container may send at the ceiling rate in one burst.',
  }),
  egress_ceil_limit: size({
    help: 'network/port_mapping: ceiling of the rate at which a container sends, in bytes a second.',
  }),
  egress_flow_classifier_parent: text({
    default: 'root',
    check: (parent) =>
      parent === 'root' || /^[0-9a-f]{1,4}:[0-9a-f]{0,4}$/i.test(parent)
        ? undefined
        : `egress_flow_classifier_parent expects root, or a class of traffic control such as 1:2`,
    help: 'network/port_mapping: the queueing discipline below which flows are classified.',
  }),
  egress_rate_limit_per_container: size({
    help: 'network/port_mapping: the rate at which a container may send, in bytes a second.',
  }),
  egress_rate_per_cpu: text({
    help: 'network/port_mapping: the rate at which a container may send for each of its CPUs, or auto.',
  }),
  egress_unique_flow_per_container: toggle({
    default: false,
    help: 'network/port_mapping: give each container a flow of its own.',
  }),
  enforce_container_ports: toggle({
    default: false,
    help: 'network/ports: end containers that listen on ports they were not given.',
  }),
  ephemeral_ports_per_container: integer({
    default: 1024,
    check: ephemeralPortsError,
    help: 'network/port_mapping: ephemeral ports for each container; a power of two.',
  }),
  eth0_name: text({
    help: 'network/port_mapping: name of the public network interface.',
  }),
  ingress_burst: size({
    check: positive('ingress_burst'),
    help: 'network/port_mapping: bytes a container may receive at the ceiling rate in one burst.',
  }),
  ingress_ceil_limit: size({
    help: 'network/port_mapping: ceiling of the rate at which a container receives, in bytes a second.',
  }),
  ingress_isolate_existing_containers: toggle({
    default: true,
    help: 'network/port_mapping: also limit containers that were started without a limit.',
  }),
  ingress_rate_limit_per_container: size({
    help: 'network/port_mapping: the rate at which a container may receive, in bytes a second.',
  }),
  ingress_rate_per_cpu: text({
    help: 'network/port_mapping: the rate at which a container may receive for each of its CPUs, or auto.',
  }),
  lo_name: text({
    help: 'network/port_mapping: name of the loopback interface.',
  }),
  maximum_egress_rate_limit: size({
    help: 'network/port_mapping: upper bound of the sending rate computed from CPUs.',
  }),
  maximum_ingress_rate_limit: size({
    help: 'network/port_mapping: upper bound of the receiving rate computed from CPUs.',
  }),
  minimum_egress_rate_limit: size({
    help: 'network/port_mapping: lower bound of the sending rate computed from CPUs.',
  }),
  minimum_ingress_rate_limit: size({
    help: 'network/port_mapping: lower bound of the receiving rate computed from CPUs.',
  }),
  network_cni_config_dir: path({
    help: 'network/cni: folder of the configurations of networks, which are read whenever a container is attached to one.',
  }),
  network_cni_metrics: toggle({
    default: true,
    help: 'network/cni: publish metrics of the isolator.',
  }),
  network_cni_plugins_dir: text({
    defaultText: 'with --containerizers=docker: /opt/cni/bin:/usr/lib/cni:/usr/libexec/cni',
    help: 'network/cni, and containers of type DOCKER with the network BRIDGE or USER: folders of the plugins, separated by colons.',
  }),
  network_cni_root_dir_persist: toggle({
    default: false,
    help: 'network/cni: keep the files of network namespaces in --work_dir instead of --runtime_dir. What is needed to detach containers after a reboot is kept in --work_dir in any case.',
  }),
  network_enable_rate_statistics: toggle({
    default: false,
    help: 'network/cni and network/port_mapping: tell how fast each container sends and receives, as percentiles of a window of time.',
  }),
  network_enable_snmp_statistics: toggle({
    default: false,
    help: 'network/cni and network/port_mapping: tell what the protocols of each container have counted (/proc/net/snmp).',
  }),
  network_enable_socket_statistics_details: toggle({
    default: false,
    help: 'network/cni and network/port_mapping: tell how long packets of each container’s TCP connections are on the way.',
  }),
  network_enable_socket_statistics_summary: toggle({
    default: false,
    help: 'network/cni and network/port_mapping: tell how many TCP connections each container has.',
  }),
  network_link_speed: size({
    check: positive('network_link_speed'),
    help: 'network/port_mapping: speed of the link in bytes a second, where it cannot be detected.',
  }),
  network_rate_statistics_interval: duration({
    help: '--network_enable_rate_statistics: time between two samples, 20ms or more.',
  }),
  network_rate_statistics_window: duration({
    help: '--network_enable_rate_statistics: the time of which samples are kept, at most 10,000 of them.',
  }),
} as const;
