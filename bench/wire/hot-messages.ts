// The messages in the life of one task, as large as in a cluster that launches tasks by the
// thousand.
import {
  type FrameworkInfo,
  FrameworkInfo_Capability_Type,
  Offer_Operation_Type,
  type Resource,
  SchedulerCall_Type,
  SchedulerEvent_Type,
  type TaskInfo,
  TaskState,
  type TaskStatus,
  TaskStatus_Source,
  Value_Type,
} from '../../src/model/generated/messages.ts';
import { type MessageType, types } from '../../src/wire/types.ts';

const CLUSTER = '5d9b6e1c-8f4a-4b60-9a53-0c2f1e7d8a94';
const agent_id = { value: `${CLUSTER}-S4711` };
const framework_id = { value: `${CLUSTER}-0003` };
const TASK_ID = { value: 'batch-000123-attempt-1' };
const uuid = Uint8Array.from([
  0x3e, 0x81, 0x90, 0x0b, 0x6a, 0x55, 0x4c, 0x3a, 0x9d, 0x10, 0x77, 0x21, 0xfa, 0x0e, 0x6c, 0x52,
]);
const offer_id = { value: `${CLUSTER}-O815` };
const ROLE = 'batch';

const scalar = (name: string, value: number): Resource => ({
  name,
  type: Value_Type.SCALAR,
  scalar: { value },
  allocation_info: { role: ROLE },
});

const framework: FrameworkInfo = {
  user: 'root',
  name: 'batch',
  id: framework_id,
  failover_timeout: 3600,
  checkpoint: true,
  hostname: 'scheduler.example.org',
  principal: 'batch',
  roles: [ROLE],
  capabilities: [
    { type: FrameworkInfo_Capability_Type.MULTI_ROLE },
    { type: FrameworkInfo_Capability_Type.RESERVATION_REFINEMENT },
    { type: FrameworkInfo_Capability_Type.PARTITION_AWARE },
  ],
};

const task: TaskInfo = {
  name: 'batch-000123',
  task_id: TASK_ID,
  agent_id,
  resources: [scalar('cpus', 0.1), scalar('mem', 32)],
  command: { shell: true, value: 'sha256sum /usr/share/dict/words' },
};

const status: TaskStatus = {
  task_id: TASK_ID,
  state: TaskState.TASK_RUNNING,
  source: TaskStatus_Source.SOURCE_EXECUTOR,
  agent_id,
  executor_id: TASK_ID,
  timestamp: 1_700_000_000.123456,
  uuid,
  container_status: {
    container_id: { value: 'a7c0a2c1-3f07-4a51-8f3f-0c94b6a1f2de' },
    network_infos: [{ ip_addresses: [{ ip_address: '10.1.2.3' }] }],
  },
};

const offer = {
  id: offer_id,
  framework_id,
  agent_id,
  hostname: 'agent-4711.example.org',
  url: {
    scheme: 'http',
    address: { hostname: 'agent-4711.example.org', ip: '10.1.2.3', port: 5051 },
    path: '/slave(1)',
  },
  resources: [
    scalar('cpus', 16),
    scalar('mem', 65_536),
    scalar('disk', 1_000_000),
    {
      name: 'ports',
      type: Value_Type.RANGES,
      ranges: { range: [{ begin: 31_000, end: 32_000 }] },
      allocation_info: { role: ROLE },
    },
  ],
  allocation_info: { role: ROLE },
};

export interface HotMessage {
  readonly name: string;
  readonly type: MessageType<object>;
  readonly message: object;
}

const hot = <T extends object>(name: string, type: MessageType<T>, message: T): HotMessage => ({
  name,
  type: type as unknown as MessageType<object>,
  message,
});

export const hotMessages: readonly HotMessage[] = [
  hot('StatusUpdateMessage', types.StatusUpdateMessage, {
    update: {
      framework_id,
      executor_id: TASK_ID,
      agent_id,
      status,
      timestamp: status.timestamp as number,
      uuid,
      latest_state: TaskState.TASK_RUNNING,
    },
    pid: 'slave(1)@10.1.2.3:5051',
  }),
  hot('StatusUpdateAcknowledgementMessage', types.StatusUpdateAcknowledgementMessage, {
    agent_id,
    framework_id,
    task_id: TASK_ID,
    uuid,
  }),
  hot('RunTaskMessage', types.RunTaskMessage, {
    framework,
    task,
    pid: '',
    launch_executor: true,
  }),
  hot('Call.ACKNOWLEDGE', types.SchedulerCall, {
    framework_id,
    type: SchedulerCall_Type.ACKNOWLEDGE,
    acknowledge: { agent_id, task_id: TASK_ID, uuid },
  }),
  hot('Call.ACCEPT', types.SchedulerCall, {
    framework_id,
    type: SchedulerCall_Type.ACCEPT,
    accept: {
      offer_ids: [offer_id],
      operations: [{ type: Offer_Operation_Type.LAUNCH, launch: { task_infos: [task] } }],
      filters: { refuse_seconds: 5 },
    },
  }),
  hot('Event.UPDATE', types.SchedulerEvent, {
    type: SchedulerEvent_Type.UPDATE,
    update: { status },
  }),
  hot('Event.OFFERS', types.SchedulerEvent, {
    type: SchedulerEvent_Type.OFFERS,
    offers: { offers: [offer] },
  }),
];
