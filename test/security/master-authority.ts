// Who may change what of a master: for each change of a fact, whether one of those who have asked
// for something has the right to it. Written from docs/secure.md, and decided by the authorizer of
// test/oracle; no code of the master has a say.
import type { MasterEvent } from '../../src/master/events.ts';
import {
  type MasterCall,
  MasterCall_Type,
  type Resource,
  SchedulerCall_Type,
} from '../../src/model/generated/messages.ts';
import type { Action, AuthorizationObject } from '../../src/security/authorizer.ts';
import type { Principal } from '../../src/security/principal.ts';
import type { ReferenceAuthorizer } from '../oracle/authorizer.ts';
import type { Change, Fact, Facts } from './master-facts.ts';

/** What may have caused a change: an event, with what its sender was known to be. */
export interface Cause {
  readonly event: Omit<MasterEvent, 'nowMs'> & Pick<MasterEvent, 'type'>;
  readonly reference: ReferenceAuthorizer;
  /** As whom the pid of an agent's message has authenticated. */
  readonly proved: string | undefined;
  readonly authenticateAgents: boolean;
  /** What was known before the event. */
  readonly facts: Facts;
}

type Of<Type extends MasterEvent['type']> = Omit<Extract<MasterEvent, { type: Type }>, 'nowMs'>;
const isOf = <Type extends MasterEvent['type']>(
  event: Cause['event'],
  ...types: Type[]
): event is Of<Type> & Cause['event'] => (types as string[]).includes(event.type);

const named = (value: string | undefined): Principal | undefined =>
  value === undefined ? undefined : { value };

/** Whether the cause has the right to the change; `changes` are all that it would have made. */
export function isAuthorized(change: Change, cause: Cause, changes: readonly Change[]): boolean {
  const fact = (change.after ?? change.before) as Fact;
  switch (fact.kind) {
    case 'weight':
      return operates(cause, ['UPDATE_WEIGHTS'], 'UPDATE_WEIGHT', { value: fact.of });
    case 'quota':
      return operates(cause, ['UPDATE_QUOTA', 'SET_QUOTA', 'REMOVE_QUOTA'], 'UPDATE_QUOTA', {
        value: fact.of,
      });
    case 'schedule':
      return (
        operates(cause, ['UPDATE_MAINTENANCE_SCHEDULE'], 'UPDATE_MAINTENANCE_SCHEDULE') ||
        operates(cause, ['STOP_MAINTENANCE'], 'STOP_MAINTENANCE')
      );
    case 'machine':
      return (
        operates(cause, ['UPDATE_MAINTENANCE_SCHEDULE'], 'UPDATE_MAINTENANCE_SCHEDULE') ||
        operates(cause, ['START_MAINTENANCE'], 'START_MAINTENANCE') ||
        operates(cause, ['STOP_MAINTENANCE'], 'STOP_MAINTENANCE')
      );
    case 'agent':
      return mayChangeAgent(change, cause);
    case 'drain':
      return mayChangeDrain(change, cause) || goesWith(['agent'], fact.of, changes);
    case 'deactivated':
      return (
        operates(cause, ['DEACTIVATE_AGENT'], 'DEACTIVATE_AGENT') ||
        operates(cause, ['DRAIN_AGENT'], 'DRAIN_AGENT') ||
        operates(cause, ['REACTIVATE_AGENT'], 'REACTIVATE_AGENT') ||
        goesWith(['agent'], fact.of, changes)
      );
    case 'reserved':
    case 'volume':
      return (
        isOfAgent(cause, fact.agent) ||
        goesWith(['agent'], fact.of, changes) ||
        mayConvert(change, cause)
      );
    case 'framework':
      return mayChangeFramework(change, cause, changes);
    case 'stream':
      return (
        (isOf(cause.event, 'streamClosed') && cause.event.stream === change.before?.stream) ||
        maySubscribe(cause, fact.of) ||
        goesWith(['framework'], fact.of, changes)
      );
    case 'task':
    case 'executor':
      if (change.before === undefined) {
        return isOfAgent(cause, fact.agent) || mayLaunch(fact, cause);
      }
      return isOfAgent(cause, fact.agent) || mayEnd(fact, cause, changes);
    case 'operation':
      return isOfAgent(cause, fact.agent) || mayEnd(fact, cause, changes);
    default:
      return fact.kind satisfies never;
  }
}

/** A task's or executor's user is one that the framework may run tasks as. */
const mayLaunch = ({ of, user }: Fact, cause: Cause): boolean => {
  const info = infoOf(cause, of);
  const value = user ?? info?.user;
  return (
    isOwn(cause, of, SchedulerCall_Type.ACCEPT) &&
    cause.reference.authorize(named(info?.principal), 'RUN_TASK', { value })
  );
};

const mayEnd = (fact: Fact, cause: Cause, changes: readonly Change[]): boolean =>
  isOwn(cause, fact.of) ||
  cause.event.type === 'timer' ||
  isLinkOf(cause, fact.agent) ||
  goesWith(['agent'], fact.agent ?? '', changes) ||
  goesWith(['framework'], fact.of, changes) ||
  (fact.kind === 'operation' && isOf(cause.event, 'operatorCall')) ||
  // What an agent that drains still runs is killed.
  operates(cause, ['DRAIN_AGENT'], 'DRAIN_AGENT');

/** The end of the agent's connection: what does not checkpoint ends with it. */
const isLinkOf = ({ event, facts }: Cause, agent: string | undefined) =>
  isOf(event, 'linkLost') &&
  facts.get(`agent ${agent}`)?.pid?.endsWith(`@${event.address}`) === true;

/** A change that follows from another one, which needs an authority of its own. */
const goesWith = (kinds: readonly Fact['kind'][], of: string, changes: readonly Change[]) =>
  changes.some(({ before, after }) => {
    const fact = after ?? before;
    return fact !== undefined && kinds.includes(fact.kind) && fact.of === of;
  });

function operates(
  { event, reference }: Cause,
  calls: readonly (keyof typeof MasterCall_Type)[],
  action: Action,
  object: AuthorizationObject = {},
): boolean {
  return (
    isOf(event, 'operatorCall') &&
    calls.some((name) => MasterCall_Type[name] === event.call.type) &&
    reference.authorize(event.principal, action, object)
  );
}

/** An agent that has shown that it may register, and with such reservations. */
function mayRegister(cause: Cause): boolean {
  const { event, reference, proved, authenticateAgents } = cause;
  if (!isOf(event, 'agentMessage') || (authenticateAgents && proved === undefined)) {
    return false;
  }
  const { message } = event;
  if (message.name !== 'RegisterAgentMessage' && message.name !== 'ReregisterAgentMessage') {
    return false;
  }
  const mayAs = (principal: Principal | undefined) => {
    const may = (action: Action, resource?: Resource) =>
      reference.authorize(principal, action, resource === undefined ? {} : { resource });
    return (
      may('REGISTER_AGENT') &&
      (message.body.agent.resources ?? []).every(
        (it) => !isReserved(it) || may('RESERVE_RESOURCES', it),
      )
    );
  };
  // Where no agent has to, a master may have forgotten that it has: with its registration.
  return mayAs(named(proved)) || (!authenticateAgents && mayAs(undefined));
}

const isReserved = ({ reservations = [], role = '*' }: Resource) =>
  reservations.length > 0 || role !== '*';

/** A message of the pid that the agent has, or registers with. */
function isOfAgent(cause: Cause, id: string | undefined): boolean {
  const { event, facts } = cause;
  if (!isOf(event, 'agentMessage')) {
    return false;
  }
  return facts.get(`agent ${id}`)?.pid === event.from || mayRegister(cause);
}

function mayChangeAgent({ before, after }: Change, cause: Cause): boolean {
  const { event } = cause;
  const id = (after ?? before)?.of ?? '';
  if (after?.text === 'gone') {
    // The end of a drain that asks for it may come by anything that ends the last task.
    const drain = cause.facts.get(`drain ${id}`);
    return (
      operates(cause, ['MARK_AGENT_GONE'], 'MARK_AGENT_GONE') ||
      operates(cause, ['DRAIN_AGENT'], 'MARK_AGENT_GONE') ||
      drain?.text.includes('"mark_gone":true') === true
    );
  }
  if (after?.pid !== undefined) {
    return isOf(event, 'agentMessage') && event.from === after.pid && mayRegister(cause);
  }
  return (
    event.type === 'timer' ||
    (isOf(event, 'agentMessage') &&
      event.from === before?.pid &&
      (event.message.name === 'UnregisterAgentMessage' || mayRegister(cause))) ||
    operates(cause, ['START_MAINTENANCE'], 'START_MAINTENANCE') ||
    event.type === 'linkLost'
  );
}

function mayChangeDrain({ after }: Change, cause: Cause): boolean {
  if (after === undefined) {
    return operates(cause, ['REACTIVATE_AGENT'], 'REACTIVATE_AGENT');
  }
  return (
    operates(cause, ['DRAIN_AGENT'], 'DRAIN_AGENT') &&
    (!after.text.includes('"mark_gone":true') ||
      operates(cause, ['DRAIN_AGENT'], 'MARK_AGENT_GONE'))
  );
}

const infoOf = ({ facts }: Cause, framework: string) => facts.get(`framework ${framework}`)?.info;

/** A call on the framework's own stream, by its own principal. */
export function isOwn(cause: Cause, framework: string, ...types: SchedulerCall_Type[]): boolean {
  const { event, facts } = cause;
  if (!isOf(event, 'schedulerCall') || event.call.framework_id?.value !== framework) {
    return false;
  }
  const stream = facts.get(`stream ${framework}`)?.stream;
  const owner = infoOf(cause, framework)?.principal;
  return (
    stream !== undefined &&
    event.stream === stream &&
    (event.principal === undefined || event.principal.value === owner) &&
    (types.length === 0 || types.includes(event.call.type ?? 0))
  );
}

/** A SUBSCRIBE, or an UPDATE_FRAMEWORK, by who may register the framework as it says. */
function maySubscribe(cause: Cause, id: string): boolean {
  const { event, reference } = cause;
  const isSubscribe = isOf(event, 'schedulerSubscribe');
  if (!isSubscribe && !isOwn(cause, id, SchedulerCall_Type.UPDATE_FRAMEWORK)) {
    return false;
  }
  const { call, principal } = event as Of<'schedulerSubscribe'>;
  const info = isSubscribe ? call.subscribe?.framework_info : call.update_framework?.framework_info;
  if (info === undefined) {
    return false;
  }
  const value = info.principal ?? principal?.value;
  const known = infoOf(cause, id);
  return (
    (principal === undefined || principal.value === value) &&
    (known === undefined || known.principal === value) &&
    reference.authorize(named(value), 'REGISTER_FRAMEWORK', { framework: info })
  );
}

function mayChangeFramework(
  { before, after }: Change,
  cause: Cause,
  changes: readonly Change[],
): boolean {
  const id = (after ?? before)?.of ?? '';
  const { event } = cause;
  if (after !== undefined) {
    return (
      maySubscribe(cause, id) ||
      (before === undefined && mayRegister(cause)) ||
      // What an agent tells of a framework that has not subscribed yet.
      (!cause.facts.has(`stream ${id}`) && mayRegister(cause))
    );
  }
  const info = before?.info;
  return (
    isOwn(cause, id, SchedulerCall_Type.TEARDOWN) ||
    (info !== undefined &&
      operates(cause, ['TEARDOWN'], 'TEARDOWN_FRAMEWORK', { framework: info })) ||
    event.type === 'timer' ||
    // One without a failover timeout ends with its connection.
    (isOf(event, 'streamClosed') && event.stream === cause.facts.get(`stream ${id}`)?.stream) ||
    changes.some((it) => it.before?.kind === 'agent' && it.after?.pid === undefined)
  );
}

/** Reservations and volumes that a framework or an operator makes, changes or takes back. */
function mayConvert({ before, after }: Change, cause: Cause): boolean {
  const { event, facts, reference } = cause;
  const asker = askerOf(event, facts, cause);
  if (asker === undefined) {
    return false;
  }
  const may = (action: Action, resource: Resource | undefined) =>
    resource !== undefined && reference.authorize(asker.principal, action, { resource });
  const fact = (after ?? before) as Fact;
  if (fact.kind === 'volume') {
    if (before === undefined) {
      return may('CREATE_VOLUME', after?.resource);
    }
    return after === undefined
      ? may('DESTROY_VOLUME', before.resource)
      : may('RESIZE_VOLUME', before.resource);
  }
  return (after?.amount ?? 0) > (before?.amount ?? 0)
    ? may('RESERVE_RESOURCES', after?.resource)
    : may('UNRESERVE_RESOURCES', before?.resource);
}

const CONVERSIONS: readonly (keyof typeof MasterCall_Type)[] = [
  'RESERVE_RESOURCES',
  'UNRESERVE_RESOURCES',
  'CREATE_VOLUMES',
  'DESTROY_VOLUMES',
  'GROW_VOLUME',
  'SHRINK_VOLUME',
];

function askerOf(
  event: Cause['event'],
  facts: Facts,
  cause: Cause,
): { readonly principal: Principal | undefined } | undefined {
  if (isOf(event, 'operatorCall')) {
    const call: MasterCall = event.call;
    return CONVERSIONS.some((name) => MasterCall_Type[name] === call.type)
      ? { principal: event.principal }
      : undefined;
  }
  const id = isOf(event, 'schedulerCall') ? (event.call.framework_id?.value ?? '') : '';
  return isOwn(cause, id, SchedulerCall_Type.ACCEPT)
    ? { principal: named(facts.get(`framework ${id}`)?.info?.principal) }
    : undefined;
}
