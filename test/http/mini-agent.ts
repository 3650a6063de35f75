// The real server, sockets and event loop of an agent, with a state machine of a few lines: enough
// to see what the HTTP side does with requests, effects and connections.
import type { AgentEvent } from '../../src/agent/events.ts';
import type { AgentViews } from '../../src/agent/views.ts';
import type { ExecutorStream } from '../../src/http/agent/executor-api.ts';
import {
  AgentServer,
  type AgentServerEffect,
  type AgentServerOptions,
} from '../../src/http/agent/server.ts';
import { plainCarriers } from '../../src/http/transport/carriers.ts';
import {
  AgentCall_Type,
  type ExecutorEvent,
  ExecutorEvent_Type,
} from '../../src/model/generated/messages.ts';
import { containerId, executorId, frameworkId } from '../../src/model/ids.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { EventLoop } from '../../src/runtime/event-loop.ts';
import { silentLogger } from '../../src/runtime/logger.ts';
import { PendingRequests, StreamRegistry } from '../../src/runtime/pending-requests.ts';
import { permissive } from '../../src/security/authorizer.ts';

export const SHUTDOWN: ExecutorEvent = { type: ExecutorEvent_Type.SHUTDOWN };

/**
 * A state machine that subscribes every executor and tells it to shut down, and accepts all other
 * calls.
 */
class MiniAgent {
  readonly events: AgentEvent[] = [];
  #watchers: (() => void)[] = [];

  step(event: AgentEvent): AgentServerEffect[] {
    this.events.push(event);
    for (const watcher of this.#watchers.splice(0)) {
      watcher();
    }
    switch (event.type) {
      case 'executorSubscribe':
        return [
          { type: 'openStream', request: event.request, stream: event.stream },
          { type: 'sendToExecutor', stream: event.stream, event: SHUTDOWN },
        ];
      case 'executorCall':
        return [{ type: 'reply', request: event.request, status: 202 }];
      case 'operatorCall':
        return event.call.type === AgentCall_Type.PRUNE_IMAGES
          ? [{ type: 'reply', request: event.request, status: 404, text: 'not here' }]
          : [{ type: 'reply', request: event.request, status: 403 }];
      default:
        return [];
    }
  }

  async seen<Type extends AgentEvent['type']>(
    type: Type,
  ): Promise<Extract<AgentEvent, { type: Type }>> {
    for (;;) {
      const found = this.events.find((event) => event.type === type);
      if (found) {
        return found as Extract<AgentEvent, { type: Type }>;
      }
      await new Promise<void>((resolve) => this.#watchers.push(resolve));
    }
  }
}

export const container = {
  frameworkId: frameworkId('f'),
  executorId: executorId('e'),
  executorName: 'Command Executor',
  source: 'e',
  containerId: containerId('c'),
  processId: 4711,
  resources: [{ name: 'mem', type: 0, scalar: { value: 32 } }],
} as const;

export const views: AgentViews = {
  recovered: true,
  registered: true,
  knownBy: undefined,
  state: () => ({ id: 'S1' }),
  metrics: () => ({ 'slave/registered': 1 }),
  containers: () => [container],
  files: () => Object.assign(new Map<string, string>(), { denies: () => false }),
  read: () => undefined,
};

const open: AgentServer[] = [];

export async function startAgent(options: Partial<AgentServerOptions> = {}) {
  const machine = new MiniAgent();
  const requests = new PendingRequests<ExecutorStream>();
  const streams = new StreamRegistry<ExecutorStream>((stream) =>
    loop.dispatch({ type: 'streamClosed', nowMs: 0, stream }),
  );
  let server: AgentServer | undefined;
  const loop = new EventLoop<AgentEvent, AgentServerEffect>({
    machine,
    perform: (effect) => {
      server?.perform(effect);
    },
  });
  server = await AgentServer.start({
    host: '127.0.0.1',
    port: 0,
    carriers: plainCarriers,
    dispatch: (event) => loop.dispatch(event),
    requests,
    streams,
    pressure: loop,
    views,
    authorizer: permissive,
    authentication: {},
    flags: { port: '5051' },
    version: { version: '1.12.0' },
    clock: systemClock,
    logger: silentLogger,
    log: { verbosity: 0 },
    usage: async () => ({ timestamp: 1, mem_rss_bytes: 5 }),
    ...options,
  });
  open.push(server);
  return { server, machine, loop, requests, streams, url: `http://${server.port.address}` };
}

export async function stopAgents(): Promise<void> {
  await Promise.all(open.splice(0).map((server) => server.port.close()));
}
