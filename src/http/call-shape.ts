// Which part a call of a given type has to carry. A call without it is refused before the machine
// sees it, in the order and words of Mesos: type, framework id, part.
import {
  type AgentCall,
  AgentCall_Type,
  type ExecutorCall,
  ExecutorCall_Type,
  type MasterCall,
  MasterCall_Type,
  type SchedulerCall,
  SchedulerCall_Type,
} from '../model/generated/messages.ts';
import { expecting } from './errors.ts';

/** Types that need nothing besides themselves. Reads (`GET_…`) need nothing, unless said below. */
const BARE: ReadonlySet<string> = new Set([
  'UNKNOWN',
  'REVIVE',
  'SUPPRESS',
  'HEARTBEAT',
  'PRUNE_IMAGES',
]);

/** By the number of the type: its name, and the part it needs if it needs one. */
interface Shape {
  readonly name: string;
  readonly part: string | undefined;
}

function shapesOf(
  types: Readonly<Record<string, number>>,
  bare: ReadonlySet<string>,
): ReadonlyMap<number, Shape> {
  const shapes = new Map<number, Shape>();
  for (const [name, number] of Object.entries(types)) {
    const isRead = name.startsWith('GET_') && name !== 'GET_METRICS';
    const part = isRead || bare.has(name) ? undefined : name.toLowerCase();
    shapes.set(number, { name, part });
  }
  return shapes;
}

const SCHEDULER = shapesOf(SchedulerCall_Type, new Set([...BARE, 'TEARDOWN']));
const EXECUTOR = shapesOf(ExecutorCall_Type, BARE);
const MASTER = shapesOf(MasterCall_Type, new Set([...BARE, 'SUBSCRIBE']));
const AGENT = shapesOf(AgentCall_Type, BARE);

const nameOf = (shapes: ReadonlyMap<number, Shape>, type: number | undefined) =>
  shapes.get(type ?? 0)?.name ?? 'UNKNOWN';

export const masterCallName = (call: MasterCall) => nameOf(MASTER, call.type);
export const agentCallName = (call: AgentCall) => nameOf(AGENT, call.type);

/** What a call lacks, or undefined. */
export function schedulerCallFault(call: SchedulerCall): string | undefined {
  if (call.type === undefined) {
    return expecting('type');
  }
  if (call.type !== SchedulerCall_Type.SUBSCRIBE && call.framework_id === undefined) {
    return expecting('framework_id');
  }
  return partFault(SCHEDULER, call.type, call);
}

export const executorCallFault = (call: ExecutorCall) => fault(EXECUTOR, call);
export const masterCallFault = (call: MasterCall) => fault(MASTER, call);
export const agentCallFault = (call: AgentCall) => fault(AGENT, call);

function fault(
  shapes: ReadonlyMap<number, Shape>,
  call: { readonly type?: number },
): string | undefined {
  return call.type === undefined ? expecting('type') : partFault(shapes, call.type, call);
}

function partFault(
  shapes: ReadonlyMap<number, Shape>,
  type: number,
  call: object,
): string | undefined {
  const part = shapes.get(type)?.part;
  const present = part === undefined || (call as Record<string, unknown>)[part] !== undefined;
  return present ? undefined : expecting(part);
}
