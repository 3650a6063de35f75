// The examples of docs/http-api.md: calls that are made one after the other to a fresh cluster with
// one agent and one task, whose answers are recorded (test/e2e/api-reference.test.ts). Words in
// capitals stand for what that cluster calls its things.

type Json = { readonly [key: string]: unknown };

export interface ExampleCall {
  readonly server: 'master' | 'agent';
  readonly call: Json & { readonly type: string };
  /** Without a record of the answer: a stream, a file of the log, or what ends the cluster. */
  readonly isNotShown?: string;
}

const master = (call: ExampleCall['call'], isNotShown?: string): ExampleCall => ({
  server: 'master',
  call,
  ...(isNotShown !== undefined && { isNotShown }),
});
const agent = (call: ExampleCall['call'], isNotShown?: string): ExampleCall => ({
  server: 'agent',
  call,
  ...(isNotShown !== undefined && { isNotShown }),
});

const id = (value: string) => ({ value });
const amount = (name: string, value: number) => ({ name, type: 'SCALAR', scalar: { value } });
const reserved = (resource: Json) => ({
  ...resource,
  reservations: [{ type: 'DYNAMIC', role: 'eng' }],
});
const volume = (value: number) => ({
  ...reserved(amount('disk', value)),
  disk: {
    persistence: { id: 'db', principal: 'ops' },
    volume: { container_path: 'data', mode: 'RW' },
  },
});
const MACHINE = { hostname: 'machine-17', ip: '10.0.0.17' };
const NESTED = { container_id: { value: 'child', parent: id('CONTAINER') } };
const ALONE = { container_id: id('alone') };

export const EXAMPLE_CALLS: readonly ExampleCall[] = [
  master({ type: 'GET_HEALTH' }),
  master({ type: 'GET_FLAGS' }),
  master({ type: 'GET_VERSION' }),
  master({ type: 'GET_METRICS', get_metrics: { timeout: { nanoseconds: 5_000_000_000 } } }),
  master({ type: 'GET_LOGGING_LEVEL' }),
  master({
    type: 'SET_LOGGING_LEVEL',
    set_logging_level: { level: 1, duration: { nanoseconds: 600_000_000_000 } },
  }),
  master(
    { type: 'LIST_FILES', list_files: { path: '/master' } },
    'a master has a log, and no folders',
  ),
  master({ type: 'READ_FILE', read_file: { path: '/master/log', offset: 0, length: 64 } }),
  master({ type: 'GET_STATE' }),
  master({ type: 'GET_AGENTS' }),
  master({ type: 'GET_FRAMEWORKS' }),
  master({ type: 'GET_EXECUTORS' }),
  master({ type: 'GET_OPERATIONS' }),
  master({ type: 'GET_TASKS' }),
  master({ type: 'GET_ROLES' }),
  master({
    type: 'UPDATE_WEIGHTS',
    update_weights: { weight_infos: [{ role: 'eng', weight: 2 }] },
  }),
  master({ type: 'GET_WEIGHTS' }),
  master({ type: 'GET_MASTER' }),
  master({ type: 'SUBSCRIBE' }, 'the answer is a stream'),
  master({
    type: 'RESERVE_RESOURCES',
    reserve_resources: {
      agent_id: id('AGENT'),
      resources: [reserved(amount('disk', 256)), reserved(amount('cpus', 1))],
    },
  }),
  master({
    type: 'CREATE_VOLUMES',
    create_volumes: { agent_id: id('AGENT'), volumes: [volume(128)] },
  }),
  master({
    type: 'GROW_VOLUME',
    grow_volume: {
      agent_id: id('AGENT'),
      volume: volume(128),
      addition: reserved(amount('disk', 64)),
    },
  }),
  master({
    type: 'SHRINK_VOLUME',
    shrink_volume: { agent_id: id('AGENT'), volume: volume(192), subtract: { value: 64 } },
  }),
  master({
    type: 'DESTROY_VOLUMES',
    destroy_volumes: { agent_id: id('AGENT'), volumes: [volume(128)] },
  }),
  master({
    type: 'UNRESERVE_RESOURCES',
    unreserve_resources: {
      agent_id: id('AGENT'),
      resources: [reserved(amount('disk', 256)), reserved(amount('cpus', 1))],
    },
  }),
  master({
    type: 'UPDATE_QUOTA',
    update_quota: {
      force: false,
      quota_configs: [
        { role: 'eng', guarantees: { cpus: { value: 1 } }, limits: { cpus: { value: 2 } } },
      ],
    },
  }),
  master({ type: 'GET_QUOTA' }),
  master({ type: 'REMOVE_QUOTA', remove_quota: { role: 'eng' } }),
  master({
    type: 'SET_QUOTA',
    set_quota: { quota_request: { role: 'eng', guarantee: [amount('cpus', 1)] } },
  }),
  master({
    type: 'UPDATE_MAINTENANCE_SCHEDULE',
    update_maintenance_schedule: {
      schedule: {
        windows: [
          {
            machine_ids: [MACHINE],
            unavailability: {
              start: { nanoseconds: 1_900_000_000_000_000_000 },
              duration: { nanoseconds: 3_600_000_000_000 },
            },
          },
        ],
      },
    },
  }),
  master({ type: 'GET_MAINTENANCE_SCHEDULE' }),
  master({ type: 'START_MAINTENANCE', start_maintenance: { machines: [MACHINE] } }),
  master({ type: 'GET_MAINTENANCE_STATUS' }),
  master({ type: 'STOP_MAINTENANCE', stop_maintenance: { machines: [MACHINE] } }),
  master({ type: 'DEACTIVATE_AGENT', deactivate_agent: { agent_id: id('AGENT') } }),
  master({ type: 'REACTIVATE_AGENT', reactivate_agent: { agent_id: id('AGENT') } }),
  master({ type: 'GET_OFFERS' }),
  master({ type: 'GET_HISTORY' }),
  master({ type: 'GET_SHARES' }),
  master({ type: 'EXPLAIN', explain: { framework_id: id('FRAMEWORK') } }),
  master({
    type: 'PLAN',
    plan: {
      changes: [{ type: 'DRAIN_AGENTS', drain_agents: { agent_ids: [id('AGENT')] } }],
    },
  }),
  agent({ type: 'GET_HEALTH' }),
  agent({ type: 'GET_FLAGS' }),
  agent({ type: 'GET_VERSION' }),
  agent({ type: 'GET_METRICS', get_metrics: { timeout: { nanoseconds: 5_000_000_000 } } }),
  agent({ type: 'GET_LOGGING_LEVEL' }),
  agent({
    type: 'SET_LOGGING_LEVEL',
    set_logging_level: { level: 1, duration: { nanoseconds: 600_000_000_000 } },
  }),
  agent({ type: 'LIST_FILES', list_files: { path: 'SANDBOX' } }),
  agent({ type: 'READ_FILE', read_file: { path: 'SANDBOX/stdout', offset: 0, length: 64 } }),
  agent({ type: 'GET_STATE' }),
  agent({ type: 'GET_AGENT' }),
  agent({ type: 'GET_FRAMEWORKS' }),
  agent({ type: 'GET_EXECUTORS' }),
  agent({ type: 'GET_OPERATIONS' }),
  agent({ type: 'GET_TASKS' }),
  agent({ type: 'GET_CONTAINERS', get_containers: { show_nested: true } }),
  agent({ type: 'GET_RESOURCE_PROVIDERS' }),
  agent({
    type: 'LAUNCH_CONTAINER',
    launch_container: {
      ...ALONE,
      command: { value: 'sleep 1000' },
      resources: [amount('cpus', 0.1), amount('mem', 32)],
    },
  }),
  agent({ type: 'KILL_CONTAINER', kill_container: { ...ALONE, signal: 9 } }),
  agent({ type: 'WAIT_CONTAINER', wait_container: ALONE }),
  agent({ type: 'REMOVE_CONTAINER', remove_container: ALONE }),
  agent({
    type: 'LAUNCH_NESTED_CONTAINER',
    launch_nested_container: { ...NESTED, command: { value: 'sleep 1000' } },
  }),
  agent({ type: 'KILL_NESTED_CONTAINER', kill_nested_container: { ...NESTED, signal: 9 } }),
  agent({ type: 'WAIT_NESTED_CONTAINER', wait_nested_container: NESTED }),
  agent({ type: 'REMOVE_NESTED_CONTAINER', remove_nested_container: NESTED }),
  agent(
    {
      type: 'LAUNCH_NESTED_CONTAINER_SESSION',
      launch_nested_container_session: {
        container_id: { value: 'shell', parent: id('CONTAINER') },
        command: { value: 'date' },
      },
    },
    'the answer is a stream',
  ),
  agent({ type: 'PRUNE_IMAGES' }, 'the agent of the examples has no images'),
  agent({ type: 'GET_IMAGES' }, 'the agent of the examples has no images'),
  master({
    type: 'KILL_TASK',
    kill_task: { framework_id: id('FRAMEWORK'), task_id: id('TASK') },
  }),
  master({ type: 'TEARDOWN', teardown: { framework_id: id('FRAMEWORK') } }),
  master({
    type: 'DRAIN_AGENT',
    drain_agent: { agent_id: id('AGENT'), max_grace_period: { seconds: 60 }, mark_gone: false },
  }),
  master({ type: 'MARK_AGENT_GONE', mark_agent_gone: { agent_id: id('AGENT') } }),
];

/** An answer as it was recorded, and shortened. */
export interface Recorded {
  readonly server: 'master' | 'agent';
  readonly type: string;
  readonly status: number;
  readonly answer?: unknown;
}
