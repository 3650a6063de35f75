// The fields of tasks, frameworks and agents that views show besides what is in their rows.
import { shape } from './shapes.ts';

const ID = shape({ value: [1, 'string'] });
const TIME = shape({ nanoseconds: [1, 'nanoseconds'] });
export const LABEL = shape({ key: [1, 'string'], value: [2, 'string'] });
const LABELS = shape({ labels: [1, [LABEL]] });

const RANGES = shape({ range: [1, [shape({ begin: [1, 'uint64'], end: [2, 'uint64'] })]] });
const SCALAR = shape({ value: [1, 'double'] });
const SET = shape({ item: [1, ['string']] });

const RESERVATION = shape({
  type: [4, 'enum'],
  role: [3, 'string'],
  principal: [1, 'string'],
  labels: [2, LABELS],
});

const VOLUME = shape({
  mode: [3, 'enum'],
  container_path: [1, 'string'],
  host_path: [2, 'string'],
  source: [
    5,
    shape({
      type: [1, 'enum'],
      docker_volume: [2, shape({ driver: [1, 'string'], name: [2, 'string'] })],
      host_path: [5, shape({ path: [1, 'string'] })],
      sandbox_path: [3, shape({ type: [1, 'enum'], path: [2, 'string'] })],
    }),
  ],
});

export const RESOURCE = shape({
  name: [1, 'string'],
  type: [2, 'enum'],
  scalar: [3, SCALAR],
  ranges: [4, RANGES],
  set: [5, SET],
  role: [6, 'string'],
  allocation_info: [11, shape({ role: [1, 'string'] })],
  reservation: [8, RESERVATION],
  reservations: [13, [RESERVATION]],
  disk: [
    7,
    shape({
      persistence: [1, shape({ id: [1, 'string'], principal: [2, 'string'] })],
      volume: [2, VOLUME],
      source: [3, shape({ type: [1, 'enum'], id: [4, 'string'], profile: [6, 'string'] })],
    }),
  ],
  revocable: [9, shape({})],
  shared: [10, shape({})],
});

const PORT_MAPPING = shape({
  host_port: [1, 'uint32'],
  container_port: [2, 'uint32'],
  protocol: [3, 'string'],
});

const NETWORK = shape({
  name: [6, 'string'],
  ip_addresses: [5, [shape({ ip_address: [2, 'string'] })]],
  port_mappings: [7, [PORT_MAPPING]],
});

/** As deep as executors start containers by themselves. */
const CONTAINER_ID = shape({
  value: [1, 'string'],
  parent: [2, shape({ value: [1, 'string'], parent: [2, ID] })],
});

const CHECK_STATUS = shape({
  type: [1, 'enum'],
  command: [2, shape({ exit_code: [1, 'int32'] })],
  http: [3, shape({ status_code: [1, 'uint32'] })],
  tcp: [4, shape({ succeeded: [1, 'bool'] })],
});

export const TASK_STATUS = shape({
  state: [2, 'enum'],
  message: [4, 'string'],
  source: [9, 'enum'],
  reason: [10, 'enum'],
  timestamp: [6, 'double'],
  healthy: [8, 'bool'],
  check_status: [15, CHECK_STATUS],
  container_status: [
    13,
    shape({
      container_id: [4, CONTAINER_ID],
      network_infos: [1, [NETWORK]],
      executor_pid: [3, 'uint32'],
    }),
  ],
  unreachable_time: [14, TIME],
  limitation: [16, shape({ resources: [1, [RESOURCE]] })],
});

const HEALTH_CHECK = shape({
  type: [8, 'enum'],
  command: [7, shape({ value: [3, 'string'], arguments: [7, ['string']] })],
  http: [1, shape({ port: [1, 'uint32'], path: [2, 'string'], scheme: [3, 'string'] })],
  tcp: [9, shape({ port: [1, 'uint32'] })],
  interval_seconds: [3, 'double'],
  timeout_seconds: [4, 'double'],
  grace_period_seconds: [6, 'double'],
  consecutive_failures: [5, 'uint32'],
});

const CONTAINER = shape({
  type: [1, 'enum'],
  hostname: [4, 'string'],
  volumes: [2, [VOLUME]],
  docker: [
    3,
    shape({ image: [1, 'string'], network: [2, 'enum'], port_mappings: [3, [PORT_MAPPING]] }),
  ],
  mesos: [
    5,
    shape({
      image: [
        1,
        shape({
          type: [1, 'enum'],
          appc: [2, shape({ name: [1, 'string'] })],
          docker: [3, shape({ name: [1, 'string'] })],
        }),
      ],
    }),
  ],
  network_infos: [7, [NETWORK]],
  tty_info: [10, shape({})],
});

export const TASK = shape({
  executor_id: [4, ID],
  resources: [7, [RESOURCE]],
  statuses: [8, [TASK_STATUS]],
  labels: [11, LABELS],
  discovery: [
    12,
    shape({
      visibility: [1, 'enum'],
      name: [2, 'string'],
      ports: [
        6,
        shape({
          ports: [
            1,
            [shape({ number: [1, 'uint32'], name: [2, 'string'], protocol: [3, 'string'] })],
          ],
        }),
      ],
    }),
  ],
  container: [13, CONTAINER],
  health_check: [15, HEALTH_CHECK],
  kill_policy: [16, shape({ grace_period: [1, TIME] })],
  user: [14, 'string'],
  limits: [17, ['map', SCALAR]],
});

const FRAMEWORK_INFO = shape({
  user: [1, 'string'],
  name: [2, 'string'],
  id: [3, ID],
  failover_timeout: [4, 'double'],
  checkpoint: [5, 'bool'],
  role: [6, 'string'],
  roles: [12, ['string']],
  hostname: [7, 'string'],
  principal: [8, 'string'],
  webui_url: [9, 'string'],
  capabilities: [10, [shape({ type: [1, 'enum'] })]],
  labels: [11, LABELS],
});

export const FRAMEWORK_REMOVED = shape({ framework_info: [1, FRAMEWORK_INFO] });

export const FRAMEWORK = shape({
  framework_info: [1, FRAMEWORK_INFO],
  active: [2, 'bool'],
  connected: [3, 'bool'],
  recovered: [11, 'bool'],
  registered_time: [4, TIME],
  reregistered_time: [5, TIME],
  unregistered_time: [6, TIME],
  suppressed_roles: [10_000, ['string']],
});

const DOMAIN = shape({
  fault_domain: [
    1,
    shape({
      region: [1, shape({ name: [1, 'string'] })],
      zone: [2, shape({ name: [1, 'string'] })],
    }),
  ],
});

export const AGENT_INFO = shape({
  hostname: [1, 'string'],
  port: [8, 'int32'],
  attributes: [
    5,
    [
      shape({
        name: [1, 'string'],
        type: [2, 'enum'],
        scalar: [3, SCALAR],
        ranges: [4, RANGES],
        set: [6, SET],
        text: [5, shape({ value: [1, 'string'] })],
      }),
    ],
  ],
  id: [6, ID],
  domain: [10, DOMAIN],
});

export const LOST_AGENT = shape({
  agent_id: [1, ID],
  gone: [2, 'bool'],
  since_time: [3, TIME],
  hostname: [4, 'string'],
  message: [5, 'string'],
  port: [6, 'int32'],
});

export const AGENT_REMOVED = shape({ agent_id: [1, ID], lost_agent: [10_000, LOST_AGENT] });

export const REFUSED_AGENT = shape({
  pid: [1, 'string'],
  hostname: [2, 'string'],
  message: [3, 'string'],
  first_time: [4, TIME],
  last_time: [5, TIME],
  times: [6, 'uint32'],
});

export const AGENTS_REFUSED = shape({ agents: [1, [REFUSED_AGENT]] });

export const AGENT = shape({
  agent_info: [1, AGENT_INFO],
  active: [2, 'bool'],
  deactivated: [12, 'bool'],
  version: [3, 'string'],
  pid: [4, 'string'],
  registered_time: [5, TIME],
  reregistered_time: [6, TIME],
  total_resources: [7, [RESOURCE]],
  allocated_resources: [8, [RESOURCE]],
  offered_resources: [9, [RESOURCE]],
  capabilities: [10, [shape({ type: [1, 'enum'] })]],
  drain_info: [13, shape({ state: [1, 'enum'] })],
  estimated_drain_start_time: [14, TIME],
});
