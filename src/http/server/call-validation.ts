// The names of call types, and the field that a call to an agent must have. A call without it is
// refused before the state machine gets it, in Mesos's words. For calls to a master see src/model.
import {
  type AgentCall,
  AgentCall_Type,
  type ExecutorCall,
  ExecutorCall_Type,
  type MasterCall,
  MasterCall_Type,
} from '../../model/generated/messages.ts';
import { expecting } from './error-responses.ts';

/** A type of call: its name, and the field that it requires, if any. */
interface Shape {
  readonly name: string;
  readonly part: string | undefined;
}

/** Types that require no field; so are all reads (`GET_…`) but this one. */
const BARE: ReadonlySet<string> = new Set(['UNKNOWN', 'HEARTBEAT', 'PRUNE_IMAGES']);
const READ_WITH_PART = 'GET_METRICS';

function shapesOf(types: Readonly<Record<string, number>>): ReadonlyMap<number, Shape> {
  const shapes = new Map<number, Shape>();
  for (const [name, number] of Object.entries(types)) {
    const bare = BARE.has(name) || (name.startsWith('GET_') && name !== READ_WITH_PART);
    shapes.set(number, { name, part: bare ? undefined : name.toLowerCase() });
  }
  return shapes;
}

const EXECUTOR = shapesOf(ExecutorCall_Type);
const MASTER = shapesOf(MasterCall_Type);
const AGENT = shapesOf(AgentCall_Type);

const nameOf = (shapes: ReadonlyMap<number, Shape>, type: number | undefined) =>
  shapes.get(type ?? 0)?.name ?? 'UNKNOWN';

export const masterCallName = (call: MasterCall) => nameOf(MASTER, call.type);
export const agentCallName = (call: AgentCall) => nameOf(AGENT, call.type);

/** Why the call is refused; undefined for a valid one. */
export const executorCallFault = (call: ExecutorCall) => fault(EXECUTOR, call);
export const agentCallFault = (call: AgentCall) => fault(AGENT, call);

function fault(
  shapes: ReadonlyMap<number, Shape>,
  call: { readonly type?: number },
): string | undefined {
  if (call.type === undefined) {
    return expecting('type');
  }
  const part = shapes.get(call.type)?.part;
  const present = part === undefined || (call as Record<string, unknown>)[part] !== undefined;
  return present ? undefined : expecting(part);
}
