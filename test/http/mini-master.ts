// The real server, sockets and event loop of a master, with a state machine of a few lines: enough
// to see what the HTTP side does with requests, effects and connections.

import {
  MasterServer,
  type MasterServerEffect,
  type MasterServerOptions,
} from '../../src/http/master/server.ts';
import { plainCarriers } from '../../src/http/transport/carriers.ts';
import type { MasterEvent } from '../../src/master/events.ts';
import type { MasterViews } from '../../src/master/views.ts';
import {
  MasterCall_Type,
  MasterEvent_Type,
  MasterResponse_Type,
  type MasterEvent as OperatorEvent,
  type SchedulerEvent,
  SchedulerEvent_Type,
} from '../../src/model/generated/messages.ts';
import { streamId } from '../../src/model/ids.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { EventLoop } from '../../src/runtime/event-loop.ts';
import { silentLogger } from '../../src/runtime/logger.ts';
import { permissive } from '../../src/security/authorizer.ts';

export const SUBSCRIBED: SchedulerEvent = {
  type: SchedulerEvent_Type.SUBSCRIBED,
  subscribed: { framework_id: { value: 'f-1' }, heartbeat_interval_seconds: 15 },
};

const OPERATOR_SUBSCRIBED: OperatorEvent = {
  type: MasterEvent_Type.SUBSCRIBED,
  subscribed: { heartbeat_interval_seconds: 15 },
};

/** Subscribes all frameworks, accepts all calls, and remembers all events. */
export class MiniMachine {
  readonly events: MasterEvent[] = [];
  #watchers: (() => void)[] = [];

  step(event: MasterEvent): MasterServerEffect[] {
    this.events.push(event);
    const watchers = this.#watchers;
    this.#watchers = [];
    for (const watcher of watchers) {
      watcher();
    }
    switch (event.type) {
      case 'schedulerSubscribe':
        return [
          { type: 'openStream', request: event.request, stream: event.stream },
          { type: 'sendToFramework', to: { kind: 'stream', id: event.stream }, event: SUBSCRIBED },
        ];
      case 'schedulerCall':
        return [{ type: 'reply', request: event.request, status: 202 }];
      case 'operatorCall':
        if (event.call.type === MasterCall_Type.SUBSCRIBE) {
          const stream = streamId(`operator-${event.request}`);
          return [
            { type: 'openStream', request: event.request, stream },
            { type: 'sendToOperator', stream, event: OPERATOR_SUBSCRIBED },
          ];
        }
        return [{ type: 'reply', request: event.request, status: 200 }];
      default:
        return [];
    }
  }

  /** Resolves with the first matching event, past or future. */
  async seen<T extends MasterEvent>(fits: (event: MasterEvent) => event is T): Promise<T> {
    for (;;) {
      const found = this.events.find(fits);
      if (found) {
        return found;
      }
      await new Promise<void>((resolve) => this.#watchers.push(resolve));
    }
  }
}

export const isType =
  <Type extends MasterEvent['type']>(type: Type) =>
  (event: MasterEvent): event is Extract<MasterEvent, { type: Type }> =>
    event.type === type;

export const views: MasterViews = {
  leader: { kind: 'self', address: 'here:5050' },
  recovered: true,
  awaitsAgents: false,
  state: () => ({ hostname: 'here', slaves: [], frameworks: [] }),
  stateSummary: () => ({ hostname: 'here' }),
  slaves: (_viewer, query) => ({ slaves: [], asked: query.slave_id ?? null }),
  frameworks: () => ({ frameworks: [] }),
  tasks: () => ({ tasks: [] }),
  roles: () => ({ roles: [] }),
  scrapeTargets: () => [],
  weights: () => [],
  quota: () => ({}),
  maintenanceSchedule: () => ({}),
  maintenanceStatus: () => ({}),
  registry: () => ({ master: {} }),
  metrics: () => ({ 'master/elected': 1 }),
  figures: (_nowMs, set) => {
    set('master/elected', 1);
    return [];
  },
  agentPlace: () => undefined,
  read: (call) =>
    call.type === MasterCall_Type.GET_WEIGHTS
      ? { type: MasterResponse_Type.GET_WEIGHTS }
      : undefined,
};

export interface MiniMaster {
  readonly server: MasterServer;
  readonly machine: MiniMachine;
  readonly loop: EventLoop<MasterEvent, MasterServerEffect>;
  readonly url: string;
  readonly port: number;
}

const open: MasterServer[] = [];

export async function startMaster(
  options: Partial<MasterServerOptions> = {},
  machine = new MiniMachine(),
): Promise<MiniMaster> {
  let server: MasterServer | undefined;
  const loop = new EventLoop<MasterEvent, MasterServerEffect>({
    machine,
    perform: (effect) => {
      server?.perform(effect);
    },
  });
  server = await MasterServer.start({
    host: '127.0.0.1',
    port: 0,
    carriers: plainCarriers,
    dispatch: (event) => loop.dispatch(event),
    dispatchNewWork: (make) => loop.dispatchNewWork(make),
    pressure: loop,
    views,
    authorizer: permissive,
    authentication: {},
    flags: { port: '5050', quorum: '1', ...LONG_FLAGS },
    version: { version: '1.12.0' },
    clock: systemClock,
    logger: silentLogger,
    log: { verbosity: 0 },
    ...options,
  });
  open.push(server);
  return { server, machine, loop, url: `http://${server.port.address}`, port: server.port.number };
}

/** Enough flags for a response that is compressed. */
const LONG_FLAGS = Object.fromEntries(
  Array.from({ length: 60 }, (_, i) => [`flag_${i}`, 'a value of some length']),
);

export async function stopMasters(): Promise<void> {
  await Promise.all(open.splice(0).map((server) => server.port.close()));
}
