// Simulated agents: they use the agent protocol over real sockets, run no processes, and end a task
// as soon as its updates have been acknowledged one by one, as a real agent does.
import net from 'node:net';
import tls from 'node:tls';
import { messageName } from '../../src/http/server/message-names.ts';
import { parseTarget } from '../../src/http/transport/connection.ts';
import { RequestReader } from '../../src/http/transport/request-reader.ts';
import {
  type AgentInfo,
  AgentInfo_Capability_Type,
  type FrameworkInfo,
  type ReregisterAgentMessage,
  type Resource,
  type RunTaskMessage,
  type Task,
  TaskState,
  TaskStatus_Source,
  Value_Type,
} from '../../src/model/generated/messages.ts';
import { Random } from '../../src/model/random.ts';
import { decodeToAgent, encodeLibprocess } from '../../src/wire/libprocess.ts';
import { encodeMessage } from '../../src/wire/protobuf.ts';
import { types } from '../../src/wire/types.ts';
import { Pipe } from './socket.ts';
import type { Pems } from './tls.ts';

export interface FleetOptions {
  /** The first; see moveTo. */
  readonly master: { readonly host: string; readonly port: number };
  readonly agents: number;
  /** How many loopback addresses the agents share, each with one connection in each direction. */
  readonly addresses: number;
  readonly port: number;
  /** Without, nothing is encrypted. */
  readonly pems?: Pems | undefined;
  readonly cpus: number;
  readonly memMb: number;
  /** At first. False: tasks stay TASK_RUNNING. */
  readonly finish: boolean;
  /** When registration is first retried; the time doubles with each retry. */
  readonly retryMs: number;
  readonly onRegistered: () => void;
  readonly onFinished: (taskId: string) => void;
  readonly onRunning: (taskId: string) => void;
  readonly onLost: () => void;
}

/** Is that of no acknowledgement. */
const ACKNOWLEDGED = new Uint8Array(0);

interface SimulatedTask {
  readonly frameworkId: string;
  readonly taskId: string;
  readonly info: RunTaskMessage['task'];
  state: TaskState;
  uuid: Uint8Array;
  retryAt: number;
  retryMs: number;
}

interface SimulatedAgent {
  readonly index: number;
  readonly address: Address;
  readonly pid: string;
  id: string | undefined;
  registered: boolean;
  nextTryAt: number;
  tries: number;
  readonly tasks: Map<string, SimulatedTask>;
  readonly frameworks: Map<string, FrameworkInfo>;
}

interface Address {
  readonly ip: string;
  readonly server: net.Server;
  out: Pipe | undefined;
  up: boolean;
}

const FIRST_UPDATE_RETRY_MS = 10_000;
const LAST_UPDATE_RETRY_MS = 600_000;
const CAPABILITIES = [
  AgentInfo_Capability_Type.MULTI_ROLE,
  AgentInfo_Capability_Type.HIERARCHICAL_ROLE,
  AgentInfo_Capability_Type.RESERVATION_REFINEMENT,
  AgentInfo_Capability_Type.RESOURCE_PROVIDER,
  AgentInfo_Capability_Type.RESIZE_VOLUME,
  AgentInfo_Capability_Type.AGENT_OPERATION_FEEDBACK,
  AgentInfo_Capability_Type.AGENT_DRAINING,
  AgentInfo_Capability_Type.TASK_RESOURCE_LIMITS,
].map((type) => ({ type }));

/** The loopback addresses of a fleet. */
export const fleetIps = ({ addresses, agents }: Pick<FleetOptions, 'addresses' | 'agents'>) =>
  Array.from(
    { length: Math.max(1, Math.min(addresses, agents)) },
    (_, i) => `127.1.${(i >> 8) & 255}.${(i & 255) + 1}`,
  );

export class Fleet {
  readonly #options: FleetOptions;
  readonly #random = new Random(20_15);
  readonly #addresses: Address[] = [];
  readonly #agents: SimulatedAgent[] = [];
  readonly #byPid = new Map<string, SimulatedAgent>();
  readonly #inbound = new Set<net.Socket>();
  #master: FleetOptions['master'];
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  registered = 0;
  /** Whether tasks that are launched from now on end; those that run then go on. */
  finish: boolean;
  readonly sent = { register: 0, reregister: 0, updates: 0, resent: 0, pongs: 0 };

  constructor(options: FleetOptions) {
    this.#options = options;
    this.#master = options.master;
    this.finish = options.finish;
  }

  async listen(): Promise<void> {
    const { pems } = this.#options;
    const serve = (socket: net.Socket) => this.#serve(socket);
    const ips = fleetIps(this.#options);
    const count = ips.length;
    for (const ip of ips) {
      const server =
        pems === undefined
          ? net.createServer(serve)
          : tls.createServer({ ...pems, requestCert: true }, serve);
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(this.#options.port, ip, resolve);
      });
      this.#addresses.push({ ip, server, out: undefined, up: false });
    }
    for (let index = 0; index < this.#options.agents; index++) {
      const address = this.#addresses[index % count] as Address;
      const agent: SimulatedAgent = {
        index,
        address,
        pid: `slave(${index + 1})@${address.ip}:${this.#options.port}`,
        id: undefined,
        registered: false,
        nextTryAt: 0,
        tries: 0,
        tasks: new Map(),
        frameworks: new Map(),
      };
      this.#agents.push(agent);
      this.#byPid.set(`slave(${index + 1})`, agent);
    }
  }

  start(): void {
    for (const address of this.#addresses) {
      this.#connect(address);
    }
    this.#timer = setInterval(() => this.#tick(), 100);
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
    for (const address of this.#addresses) {
      address.out?.close();
      address.server.close();
    }
    for (const socket of this.#inbound) {
      socket.destroy();
    }
  }

  /**
   * Another master leads: all agents leave the last one, and register with it, each at a moment of
   * its own within `spreadMs`.
   */
  moveTo(master: FleetOptions['master'], spreadMs: number): void {
    this.#master = master;
    const now = performance.now();
    for (const agent of this.#agents) {
      this.#lost(agent);
      agent.nextTryAt = now + this.#random.next() * spreadMs;
    }
    for (const address of this.#addresses) {
      if (address.out !== undefined) {
        address.out.close();
        address.up = false;
        this.#connect(address);
      }
    }
  }

  #connect(address: Address): void {
    const { host, port } = this.#master;
    address.out = new Pipe({
      host,
      port,
      pems: this.#options.pems,
      localAddress: address.ip,
      onOpen: () => {
        address.up = true;
      },
      onData: () => undefined,
      onDown: () => {
        const wasUp = address.up;
        address.up = false;
        address.out = undefined;
        if (this.#stopped) {
          return;
        }
        for (const agent of wasUp ? this.#agents : []) {
          if (agent.address === address) {
            this.#lost(agent);
          }
        }
        if (wasUp) {
          this.#options.onLost();
        }
        setTimeout(() => this.#stopped || this.#connect(address), 100);
      },
    });
  }

  #lost(agent: SimulatedAgent): void {
    if (agent.registered) {
      this.registered--;
    }
    agent.registered = false;
    agent.tries = 0;
    agent.nextTryAt = 0;
  }

  #tick(): void {
    const now = performance.now();
    for (const agent of this.#agents) {
      if (!agent.address.up) {
        continue;
      }
      if (!agent.registered) {
        if (now >= agent.nextTryAt) {
          agent.nextTryAt = now + this.#options.retryMs * 2 ** Math.min(agent.tries++, 6);
          this.#register(agent);
        }
        continue;
      }
      for (const task of agent.tasks.values()) {
        if (task.retryAt <= now) {
          this.sent.resent++;
          task.retryMs = Math.min(task.retryMs * 2, LAST_UPDATE_RETRY_MS);
          task.retryAt = now + task.retryMs;
          this.#sendUpdate(agent, task);
        }
      }
    }
  }

  #serve(socket: net.Socket): void {
    this.#inbound.add(socket);
    socket.setNoDelay(true);
    const reader = new RequestReader({
      accepts: ({ from }) => from,
      request: ({ path }, body, from) => {
        const { to = '', name = '' } = parseTarget(path) ?? {};
        const agent = this.#byPid.get(to);
        const decoded = decodeToAgent(messageName(name), body);
        if (agent !== undefined && decoded !== undefined) {
          this.#receive(agent, from, decoded);
        }
      },
    });
    socket.on('data', (chunk: Buffer) => {
      if (reader.push(chunk) !== undefined) {
        // The master asks whether the connection is really this agent's. Agents of Apache Mesos
        // answer with 404 as well.
        socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n');
        socket.removeAllListeners('data');
      }
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#inbound.delete(socket));
  }

  #receive(
    agent: SimulatedAgent,
    from: string,
    message: NonNullable<ReturnType<typeof decodeToAgent>>,
  ): void {
    switch (message.name) {
      case 'PingAgentMessage':
        this.sent.pongs++;
        this.#send(agent, from, 'PongAgentMessage', new Uint8Array(0));
        if (message.body.connected === false && agent.registered) {
          this.#lost(agent);
        }
        return;
      case 'AgentRegisteredMessage':
        agent.id = message.body.agent_id.value;
        this.#isRegistered(agent);
        return;
      case 'AgentReregisteredMessage':
        this.#isRegistered(agent);
        return;
      case 'RunTaskMessage':
        this.#run(agent, message.body);
        return;
      case 'StatusUpdateAcknowledgementMessage': {
        const task = agent.tasks.get(message.body.task_id.value);
        if (task !== undefined && Buffer.compare(task.uuid, message.body.uuid) === 0) {
          this.#acknowledged(agent, task);
        }
        return;
      }
      case 'KillTaskMessage': {
        const task = agent.tasks.get(message.body.task_id.value);
        if (task !== undefined) {
          this.#update(agent, task, TaskState.TASK_KILLED);
        }
        return;
      }
      case 'ShutdownFrameworkMessage': {
        const id = message.body.framework_id.value;
        agent.frameworks.delete(id);
        for (const [name, task] of agent.tasks) {
          if (task.frameworkId === id) {
            agent.tasks.delete(name);
          }
        }
        return;
      }
      default:
        return;
    }
  }

  #isRegistered(agent: SimulatedAgent): void {
    if (agent.registered) {
      return;
    }
    agent.registered = true;
    this.registered++;
    if (this.registered === this.#agents.length) {
      this.#options.onRegistered();
    }
  }

  #run(agent: SimulatedAgent, message: RunTaskMessage): void {
    const frameworkId = message.framework.id?.value ?? '';
    agent.frameworks.set(frameworkId, message.framework);
    const task: SimulatedTask = {
      frameworkId,
      taskId: message.task.task_id.value,
      info: message.task,
      state: TaskState.TASK_STAGING,
      uuid: new Uint8Array(16),
      retryAt: 0,
      retryMs: FIRST_UPDATE_RETRY_MS,
    };
    agent.tasks.set(task.taskId, task);
    this.#update(agent, task, TaskState.TASK_STARTING);
  }

  #acknowledged(agent: SimulatedAgent, task: SimulatedTask): void {
    switch (task.state) {
      case TaskState.TASK_STARTING:
        this.#update(agent, task, TaskState.TASK_RUNNING);
        return;
      case TaskState.TASK_RUNNING:
        task.retryAt = Number.POSITIVE_INFINITY;
        // One that was sent again is acknowledged again, and the task runs once.
        task.uuid = ACKNOWLEDGED;
        this.#options.onRunning(task.taskId);
        if (this.finish) {
          this.#update(agent, task, TaskState.TASK_FINISHED);
        }
        return;
      default:
        agent.tasks.delete(task.taskId);
        this.#options.onFinished(task.taskId);
    }
  }

  #update(agent: SimulatedAgent, task: SimulatedTask, state: TaskState): void {
    task.state = state;
    task.uuid = this.#random.uuid();
    task.retryMs = FIRST_UPDATE_RETRY_MS;
    task.retryAt = performance.now() + FIRST_UPDATE_RETRY_MS;
    this.#sendUpdate(agent, task);
  }

  #sendUpdate(agent: SimulatedAgent, task: SimulatedTask): void {
    this.sent.updates++;
    const agentId = { value: agent.id ?? '' };
    const timestamp = Date.now() / 1000;
    const body = encodeMessage(types.StatusUpdateMessage, {
      update: {
        framework_id: { value: task.frameworkId },
        agent_id: agentId,
        status: {
          task_id: { value: task.taskId },
          state: task.state,
          source: TaskStatus_Source.SOURCE_EXECUTOR,
          agent_id: agentId,
          timestamp,
          uuid: task.uuid,
        },
        timestamp,
        uuid: task.uuid,
        latest_state: task.state,
      },
      pid: agent.pid,
    });
    this.#send(agent, this.#masterPid(), 'StatusUpdateMessage', body);
  }

  #register(agent: SimulatedAgent): void {
    if (agent.id === undefined) {
      this.sent.register++;
      const body = encodeMessage(types.RegisterAgentMessage, {
        agent: this.#info(agent),
        version: '1.11.0',
        agent_capabilities: CAPABILITIES,
      });
      this.#send(agent, this.#masterPid(), 'RegisterAgentMessage', body);
      return;
    }
    this.sent.reregister++;
    const message: ReregisterAgentMessage = {
      agent: this.#info(agent),
      version: '1.11.0',
      agent_capabilities: CAPABILITIES,
      tasks: [...agent.tasks.values()].map((task) => taskOf(agent, task)),
      frameworks: [...agent.frameworks.values()],
    };
    const body = encodeMessage(types.ReregisterAgentMessage, message);
    this.#send(agent, this.#masterPid(), 'ReregisterAgentMessage', body);
  }

  #info(agent: SimulatedAgent): AgentInfo {
    return {
      hostname: `agent-${agent.index}.simulated`,
      port: this.#options.port,
      resources: [
        scalar('cpus', this.#options.cpus),
        scalar('mem', this.#options.memMb),
        scalar('disk', 100_000),
        {
          name: 'ports',
          type: Value_Type.RANGES,
          ranges: { range: [{ begin: 31_000, end: 32_000 }] },
        },
      ],
      ...(agent.id === undefined ? {} : { id: { value: agent.id } }),
    };
  }

  #masterPid(): string {
    return `master@${this.#master.host}:${this.#master.port}`;
  }

  #send(
    agent: SimulatedAgent,
    to: string,
    name: Parameters<typeof encodeLibprocess>[0]['name'],
    body: Uint8Array,
  ): void {
    agent.address.out?.push(encodeLibprocess({ from: agent.pid, to, name, body }));
  }
}

function taskOf(agent: SimulatedAgent, task: SimulatedTask): Task {
  return {
    name: task.info.name,
    task_id: task.info.task_id,
    framework_id: { value: task.frameworkId },
    agent_id: { value: agent.id ?? '' },
    state: task.state,
    resources: task.info.resources ?? [],
    statuses: [],
    status_update_state: task.state,
    status_update_uuid: task.uuid,
  };
}

export function scalar(name: string, value: number): Resource {
  return { name, type: Value_Type.SCALAR, scalar: { value } };
}
