// A machine with an agent: its disk and containers, and the agent that is started and killed on it.
import { type AgentState, createAgent, step } from '../../src/agent/agent.ts';
import type { CheckpointChange } from '../../src/agent/checkpoint.ts';
import type { AgentEffect, SendToExecutor } from '../../src/agent/effects.ts';
import type { AgentEvent } from '../../src/agent/events.ts';
import { defaultAgentOptions } from '../../src/agent/options.ts';
import {
  type ExecutorEvent,
  ExecutorEvent_Type,
  type Resource,
  type TaskState,
} from '../../src/model/generated/messages.ts';
import {
  type ContainerId,
  type RequestId,
  requestId,
  type StreamId,
  streamId,
} from '../../src/model/ids.ts';
import { parseResources } from '../../src/model/resource-text.ts';
import { permissive } from '../../src/security/authorizer.ts';
import { decodeToAgent } from '../../src/wire/libprocess.ts';
import { decodeMessage, encodeMessage } from '../../src/wire/protobuf.ts';
import { types } from '../../src/wire/types.ts';
import { copied } from '../support/copied.ts';
import type { Chance } from './chance.ts';
import { CheckpointDisk } from './checkpoint-disk.ts';
import { Containers } from './containers.ts';
import { Disk } from './disk.ts';
import type { ExecutorConnection } from './executor-process.ts';
import type { Supervisor } from './machine.ts';
import { MachineClock } from './machine-clock.ts';
import type { Channel, Process } from './network.ts';
import { type OwnEffect, Program } from './program.ts';
import type { Simulation } from './simulation.ts';

/** One life of an agent. */
export interface AgentLife {
  readonly program: Program<AgentEvent, AgentEffect>;
  readonly process: Process;
  readonly state: AgentState;
  readonly containers: Containers;
  /** Streams of executors that are processes of their own. */
  readonly remote: Map<
    StreamId,
    { readonly channel: Channel; readonly executor: ExecutorConnection }
  >;
  readonly requests: Map<
    RequestId,
    { readonly executor: ExecutorConnection; readonly answers: Channel }
  >;
}

export interface AgentMachine {
  readonly name: string;
  readonly number: number;
  readonly resources: string;
}

export class AgentHost {
  readonly name: string;
  readonly disk: Disk;
  readonly clock: MachineClock;
  /** The address of its agent, or of the last one. */
  address: string;
  checkpoint = new CheckpointDisk();
  readonly supervisors = new Map<ContainerId, Supervisor>();
  life: AgentLife | undefined;
  readonly #simulation: Simulation;
  #reported = new Map<ContainerId, readonly TaskState[]>();
  #hasRebooted = false;
  #nextId = 0;
  readonly #ip: string;
  #resources: readonly Resource[];

  constructor(simulation: Simulation, machine: AgentMachine) {
    this.#simulation = simulation;
    this.name = machine.name;
    this.#ip = `10.0.1.${machine.number}`;
    this.address = `${this.#ip}:5051`;
    this.#resources = parseResources(machine.resources);
    this.disk = new Disk(simulation.agenda, simulation.chance);
    this.clock = new MachineClock(simulation.agenda);
  }

  start(): void {
    const { agenda, chance, settings } = this.#simulation;
    if (this.life !== undefined) {
      return;
    }
    this.#reconfigure();
    const { core, traps } = this.#simulation.newCore();
    const state = createAgent(
      {
        ...defaultAgentOptions,
        ...settings.agent,
        pid: this.pid,
        hostname: this.name,
        port: Number(this.address.split(':')[1]),
        resources: this.#resources,
        build: { version: '1.11.0' },
        workDir: '/var/lib/mesos',
        authorizer: permissive,
        seed: chance.seed(),
      },
      core,
    );
    const program = new Program<AgentEvent, AgentEffect>(this.#simulation, {
      kind: 'agent',
      host: this.name,
      address: this.address,
      clock: this.clock,
      traps,
      step: (event, nowMs) => step(state, { ...event, nowMs } as AgentEvent),
      check: () => this.#simulation.checks.agentStepped(this, life),
      perform: (effect) => this.#perform(life, effect),
      die: () => {
        this.kill();
        this.#simulation.faults.restartAgent(this);
      },
      receive: (from, name, body) => {
        const message = decodeToAgent(name, body);
        if (message !== undefined) {
          this.note(() => `gets ${name} of ${from}`);
          program.dispatch({ type: 'masterMessage', from, message });
        }
      },
    });
    const { process } = program;
    const life: AgentLife = {
      program,
      process,
      state,
      containers: new Containers(this, this.#simulation, program),
      remote: new Map(),
      requests: new Map(),
    };
    this.life = life;
    this.disk.open(process);
    this.note(() => 'starts');
    program.listen();
    agenda.after(chance.delay(0, 300), () => this.#recover(life));
  }

  get pid(): string {
    return `slave(1)@${this.address}`;
  }

  /** The agent may be restarted with other options. */
  #reconfigure(): void {
    const { chance, settings } = this.#simulation;
    if (settings.portChanges > 0 && chance.of(settings.portChanges)) {
      this.address = `${this.#ip}:${chance.int(5051, 5053)}`;
    }
    if (settings.growth > 0 && chance.of(settings.growth)) {
      const more = `cpus:${chance.int(0, 2)};mem:${chance.int(0, 2) * 512}`;
      this.#resources = this.#simulation.algebra.add(this.#resources, parseResources(more));
    }
  }

  #recover(life: AgentLife): void {
    if (!life.process.alive) {
      return;
    }
    const checkpoint = this.checkpoint.read((id, builtin) => {
      const supervisor = this.supervisors.get(id);
      if (supervisor?.isReleased !== true) {
        return { alive: false };
      }
      // A built-in executor has yet to report an end that is known.
      const { waitStatus } = supervisor;
      const isAlive = supervisor.isRunning || (builtin !== undefined && waitStatus !== undefined);
      return { alive: isAlive, processId: 1000, waitStatus };
    }, this.#hasRebooted);
    this.#hasRebooted = false;
    const executors = checkpoint.frameworks.flatMap((framework) => framework.executors);
    this.#reported = new Map(
      executors.map(({ containerId, tasks }) => [
        containerId,
        tasks.flatMap(({ updates }) => updates.map(({ status }) => status.state)),
      ]),
    );
    for (const [id, supervisor] of [...this.supervisors]) {
      if (!executors.some(({ containerId }) => containerId === id)) {
        supervisor.onEnd = undefined;
        supervisor.destroy();
        this.supervisors.delete(id);
        this.#simulation.checks.containerForgotten(supervisor);
      }
    }
    life.program.dispatch({ type: 'recovered', checkpoint });
    this.#simulation.master.detect(life.process, (pid) => this.#detected(life, pid));
  }

  /** The detector reports that no master leads. */
  masterLost(): void {
    this.life?.program.dispatch({ type: 'masterDetected', master: undefined });
    this.#simulation.agenda.after(this.#simulation.chance.delay(0, 20_000), () =>
      this.masterDetected(),
    );
  }

  /** The detector reports the leading master. */
  masterDetected(): void {
    const { life } = this;
    if (life !== undefined) {
      this.#simulation.master.detect(life.process, (pid) => this.#detected(life, pid));
    }
  }

  jumpClock(chance: Chance): void {
    this.clock.jump(chance);
  }

  #detected({ program }: AgentLife, master: string | undefined): void {
    program.dispatch({ type: 'masterDetected', master, hostname: 'master' });
  }

  /** The agent is killed; effects that it has not released are lost. */
  kill(): void {
    const life = this.#endLife('is killed');
    if (life !== undefined) {
      this.disk.crash();
      this.#simulation.network.ended(life.process);
    }
  }

  /** The whole machine crashes. */
  reboot(): void {
    this.kill();
    this.note(() => 'reboots');
    this.#hasRebooted = true;
    for (const supervisor of this.supervisors.values()) {
      supervisor.vanish();
    }
  }

  stop(how: 'unregister' | 'leave'): void {
    if (this.life !== undefined) {
      this.life.program.dispatch({ type: 'stop', how });
    }
  }

  /** An executor, or its task, fails by itself. */
  crashExecutor(): void {
    const running = [...this.supervisors.values()].filter(({ isRunning }) => isRunning);
    if (running.length > 0) {
      const crashed = this.#simulation.chance.pick(running);
      this.note(() => `the executor of ${crashed.containerId} crashes`);
      crashed.destroy();
    }
  }

  /** A new machine takes its place: nothing is left. */
  replace(): void {
    this.reboot();
    this.#hasRebooted = false;
    this.checkpoint = new CheckpointDisk();
    this.supervisors.clear();
  }

  #endLife(why: string): AgentLife | undefined {
    const { life } = this;
    if (life === undefined) {
      return undefined;
    }
    this.note(() => why);
    this.life = undefined;
    life.program.end();
    life.containers.stop();
    for (const [id, supervisor] of [...this.supervisors]) {
      supervisor.onEnd = undefined;
      if (!supervisor.isReleased) {
        supervisor.vanish();
        this.supervisors.delete(id);
      }
    }
    return life;
  }

  note(text: () => string): void {
    this.#simulation.note(this.name, text);
  }

  #perform(life: AgentLife, effect: OwnEffect<AgentEffect>): void {
    const simulation = this.#simulation;
    switch (effect.type) {
      case 'checkpoint':
        this.#checkpoint(life, effect.transaction, copied(effect.changes));
        return;
      case 'sendToMaster':
        simulation.checks.agentSends(this, life, effect);
        this.note(() => `sends ${effect.message.name}${aboutMessage(effect.message)}`);
        life.program.send(this.pid, effect.to, effect.message);
        return;
      case 'launchExecutor':
        life.containers.launch(effect);
        return;
      case 'reattachExecutor':
        life.containers.reattach(effect);
        return;
      case 'destroyContainer':
        life.containers.destroy(effect);
        return;
      case 'sendToExecutor':
        this.#tell(life, effect);
        return;
      case 'closeStream':
        life.containers.closeStream(effect.stream);
        life.remote.get(effect.stream)?.channel.finish();
        life.remote.delete(effect.stream);
        return;
      case 'reply': {
        const { request, status } = effect;
        const asked = life.requests.get(request);
        life.requests.delete(request);
        this.note(() => `answers an executor ${status} ${effect.text ?? ''}`);
        asked?.answers.send(() => asked.executor.onAnswer(status));
        return;
      }
      case 'exit':
        this.#exit(effect.reason);
        return;
      case 'openStream':
        this.#openStream(life, effect.request, effect.stream);
        return;
      case 'resizeContainer':
      case 'attachContainer':
      case 'launchContainer':
      case 'waitContainer':
      case 'killContainer':
      case 'removeContainer':
      case 'pruneImages':
      case 'listImages':
      case 'pullImage':
      case 'collectGarbage':
      case 'createVolume':
      case 'audit':
      case 'auditDisbelief':
        return;
      default:
        effect satisfies never;
    }
  }

  #tell(life: AgentLife, effect: SendToExecutor): void {
    const remote = life.remote.get(effect.stream);
    this.#simulation.checks.executorTold(this, life, effect);
    const bytes = encodeMessage(types.ExecutorEvent, effect.event);
    const builtin = life.containers.executorOf(effect.stream) ?? '';
    this.note(() => `tells ${effect.stream} ${builtin} ${describeEvent(effect.event)}`);
    life.containers.tell(effect.stream, decodeMessage(types.ExecutorEvent, bytes));
    remote?.channel.send(() => remote.executor.onEvent(bytes.slice()));
  }

  #openStream(life: AgentLife, request: RequestId, stream: StreamId): void {
    const asked = life.requests.get(request);
    life.requests.delete(request);
    if (asked === undefined) {
      return;
    }
    const { executor } = asked;
    const channel = this.#simulation.network.channel({
      from: life.process,
      to: executor.process,
      onSenderLost: () => {
        life.remote.delete(stream);
        life.program.dispatch({ type: 'streamClosed', stream });
      },
      onReceiverLost: () => executor.onStreamEnd(),
    });
    life.remote.set(stream, { channel, executor });
  }

  /** A call of an executor that is a process of its own. */
  called(
    to: Process,
    call: {
      readonly connection: ExecutorConnection;
      readonly answers: Channel;
      readonly bytes: Uint8Array;
    },
  ): void {
    const { life } = this;
    if (life?.process !== to) {
      return;
    }
    const decoded = decodeMessage(types.ExecutorCall, call.bytes);
    const request = this.newRequest();
    life.requests.set(request, { executor: call.connection, answers: call.answers });
    if (decoded.subscribe === undefined) {
      life.program.dispatch({ type: 'executorCall', request, call: decoded });
    } else {
      const stream = this.newStream();
      life.program.dispatch({ type: 'executorSubscribe', request, stream, call: decoded });
    }
  }

  newRequest(): RequestId {
    return requestId(`x${this.#nextId++}`);
  }

  newStream(): StreamId {
    return streamId(`x${this.#nextId++}`);
  }

  /** The states that an executor had reported before the agent was started. */
  reportedOf(id: ContainerId): readonly TaskState[] {
    return this.#reported.get(id) ?? [];
  }

  /** An orderly end: waiting changes are stored, sent messages leave. */
  #exit(reason: string): void {
    const life = this.#endLife(`exits: ${reason}`);
    if (life !== undefined) {
      this.disk.close();
      this.#simulation.network.ended(life.process, { inOrder: true });
      this.#simulation.faults.agentExited(this, life.state.id);
    }
  }

  #checkpoint(life: AgentLife, transaction: number, changes: readonly CheckpointChange[]): void {
    this.note(() => `stores ${changes.map(({ type }) => type).join(', ')}`);
    const { checkpoint } = this;
    this.disk.write(
      () => {
        for (const change of changes) {
          checkpoint.apply(change);
        }
      },
      (error) => {
        life.program.dispatch({ type: 'checkpointed', transaction, error });
        if (error !== undefined) {
          return;
        }
        for (const change of changes) {
          if (change.type === 'executorCompleted') {
            life.containers.completed(change.containerId);
          }
        }
      },
    );
  }

  forget(id: ContainerId): void {
    const supervisor = this.supervisors.get(id);
    if (supervisor !== undefined) {
      this.supervisors.delete(id);
      this.#simulation.checks.containerForgotten(supervisor);
    }
  }
}

function describeEvent({ type, launch, kill, acknowledged }: ExecutorEvent): string {
  const task = launch?.task.task_id ?? kill?.task_id ?? acknowledged?.task_id;
  return `${EVENT_NAMES.get(type ?? 0)} ${task?.value ?? ''}`;
}

const EVENT_NAMES = new Map(Object.entries(ExecutorEvent_Type).map(([name, type]) => [type, name]));

function aboutMessage({ name, body }: { name: string; body: unknown }): string {
  if (name === 'StatusUpdateMessage') {
    const { update } = body as {
      update: { status: { task_id: { value: string }; state: number }; uuid?: Uint8Array };
    };
    return ` ${update.status.task_id.value} state ${update.status.state} ${Buffer.from(
      update.uuid ?? [],
    )
      .toString('hex')
      .slice(0, 8)}`;
  }
  if (name === 'ReregisterAgentMessage') {
    const { tasks } = body as { tasks?: { task_id: { value: string }; state: number }[] };
    return ` [${(tasks ?? []).map((it) => `${it.task_id.value}:${it.state}`).join(' ')}]`;
  }
  return '';
}
