// What the frameworks of benchmarks are alike in, whatever carries their calls: who they are, what
// they launch, and what comes to them.
import {
  type FrameworkInfo,
  FrameworkInfo_Capability_Type,
  type Offer,
  Offer_Operation_Type,
  type SchedulerCall,
  SchedulerCall_Type,
  type SchedulerEvent,
  SchedulerEvent_Type,
  type TaskInfo,
  type TaskStatus,
} from '../../src/model/generated/messages.ts';
import { scalar } from './fleet.ts';

/** Who makes a call adds the framework's id. */
type Call = Omit<SchedulerCall, 'framework_id'>;

interface Takers {
  readonly onSubscribed: (frameworkId: string) => void;
  readonly onOffers: (offers: readonly Offer[]) => void;
  readonly onStatus: (status: TaskStatus) => void;
  readonly onFailure: (why: string) => void;
}

const TASK_CPUS = 0.1;
const TASK_MEM_MB = 32;

const FAILOVER_SECONDS = 3_600;

/** A framework's only role; also its name. */
const roleOf = (index: number) => `bench-${index}`;

export const frameworkOf = (index: number): FrameworkInfo => ({
  user: 'root',
  name: roleOf(index),
  roles: [roleOf(index)],
  failover_timeout: FAILOVER_SECONDS,
  checkpoint: true,
  capabilities: [
    FrameworkInfo_Capability_Type.MULTI_ROLE,
    FrameworkInfo_Capability_Type.RESERVATION_REFINEMENT,
    FrameworkInfo_Capability_Type.PARTITION_AWARE,
  ].map((type) => ({ type })),
});

export function takeEvent(event: SchedulerEvent, takers: Takers): void {
  switch (event.type) {
    case SchedulerEvent_Type.SUBSCRIBED:
      takers.onSubscribed(event.subscribed?.framework_id.value ?? '');
      return;
    case SchedulerEvent_Type.OFFERS:
      takers.onOffers(event.offers?.offers ?? []);
      return;
    case SchedulerEvent_Type.UPDATE:
      if (event.update !== undefined) {
        takers.onStatus(event.update.status);
      }
      return;
    case SchedulerEvent_Type.ERROR:
      takers.onFailure(event.error?.message ?? 'ERROR event');
      return;
    default:
      return;
  }
}

export const declining = (offer: Offer, refuse_seconds: number): Call => ({
  type: SchedulerCall_Type.DECLINE,
  decline: { offer_ids: [offer.id], filters: { refuse_seconds } },
});

/** Launches a task of each id; what the offer has besides is offered again at once. */
export function launching(offer: Offer, index: number, ids: readonly string[]): Call {
  const launch = { task_infos: ids.map((id) => taskIn(offer, index, id)) };
  return {
    type: SchedulerCall_Type.ACCEPT,
    accept: {
      offer_ids: [offer.id],
      operations: [{ type: Offer_Operation_Type.LAUNCH, launch }],
      filters: { refuse_seconds: 0 },
    },
  };
}

function taskIn({ agent_id }: Offer, index: number, id: string): TaskInfo {
  const allocation_info = { role: roleOf(index) };
  return {
    name: id,
    task_id: { value: id },
    agent_id,
    resources: [
      { ...scalar('cpus', TASK_CPUS), allocation_info },
      { ...scalar('mem', TASK_MEM_MB), allocation_info },
    ],
    command: { value: 'true' },
  };
}

/** Undefined for a status that wants none. */
export const acknowledging = ({ task_id, agent_id, uuid }: TaskStatus): Call | undefined =>
  uuid === undefined || agent_id === undefined
    ? undefined
    : { type: SchedulerCall_Type.ACKNOWLEDGE, acknowledge: { agent_id, task_id, uuid } };

/** How many tasks fit in an offer. */
export function fitting(offer: Offer): number {
  const amount = (name: string) =>
    (offer.resources ?? [])
      .filter((resource) => resource.name === name)
      .reduce((sum, resource) => sum + (resource.scalar?.value ?? 0), 0);
  // Amounts are thousandths, so that three tasks fit in 0.3 cpus.
  return Math.floor(
    Math.min(
      Math.round(amount('cpus') * 1000) / (TASK_CPUS * 1000),
      Math.round(amount('mem') * 1000) / (TASK_MEM_MB * 1000),
    ),
  );
}
