// A machine with an agent: its disk, its containers, and the agent that is started and killed on them.
// What src/executor/agent-hands.ts does with real processes happens here with simulated ones; the
// built-in command executor is the real machine of src/executor/command.ts.
import { type AgentState, createAgent, step } from '../../src/agent/agent.ts';
import type { CheckpointChange } from '../../src/agent/checkpoint.ts';
import type {
  AgentEffect,
  DestroyContainer,
  LaunchExecutor,
  ReattachExecutor,
  SendToExecutor,
} from '../../src/agent/effects.ts';
import type { AgentEvent, ContainerEnded } from '../../src/agent/events.ts';
import { defaultAgentOptions } from '../../src/agent/options.ts';
import {
  type CommandEffect,
  type CommandEvent,
  type CommandState,
  createCommand,
  type Resumption,
  stepCommand,
} from '../../src/executor/command.ts';
import {
  type ExecutorCall,
  ExecutorCall_Type,
  type ExecutorEvent,
  ExecutorEvent_Type,
  type Resource,
  type TaskState,
} from '../../src/model/generated/messages.ts';
import {
  type ContainerId,
  type ExecutorId,
  executorId,
  type FrameworkId,
  frameworkId,
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
import { ProcessTimers } from './agenda.ts';
import { CheckpointDisk } from './checkpoint-disk.ts';
import { Disk } from './disk.ts';
import { type ExecutorConnection, ExecutorProcess } from './executor-process.ts';
import { Supervisor } from './machine.ts';
import { MachineClock } from './machine-clock.ts';
import type { Channel, Process } from './network.ts';
import { type OwnEffect, Program } from './program.ts';
import type { Simulation } from './simulation.ts';

interface Run {
  readonly frameworkId: FrameworkId;
  readonly executorId: ExecutorId;
  readonly containerId: ContainerId;
  readonly effect: LaunchExecutor | ReattachExecutor;
  readonly timers: ProcessTimers;
  supervisor: Supervisor | undefined;
  command: CommandState | undefined;
  stream: StreamId | undefined;
  isDestroyed: boolean;
  isStopped: boolean;
  /** Its records need not stay after its end. */
  isCompleted: boolean;
}

/** One life of an agent. */
export interface AgentLife {
  readonly program: Program<AgentEvent, AgentEffect>;
  readonly process: Process;
  readonly state: AgentState;
  readonly runs: Map<ContainerId, Run>;
  readonly streams: Map<StreamId, Run>;
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
  /** Where its agent listens, or listened last. */
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
          this.#note(() => `gets ${name} of ${from}`);
          program.dispatch({ type: 'masterMessage', from, message });
        }
      },
    });
    const { process } = program;
    const life: AgentLife = {
      program,
      process,
      state,
      runs: new Map(),
      streams: new Map(),
      remote: new Map(),
      requests: new Map(),
    };
    this.life = life;
    this.disk.open(process);
    this.#note(() => 'starts');
    program.listen();
    agenda.after(chance.delay(0, 300), () => this.#recover(life));
  }

  get pid(): string {
    return `slave(1)@${this.address}`;
  }

  /** It may be started otherwise than before. */
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
    this.masterDetected();
  }

  /** The detector says who leads. */
  masterDetected(): void {
    if (this.life !== undefined) {
      const { pid } = this.#simulation.master;
      this.life.program.dispatch({ type: 'masterDetected', master: pid, hostname: 'master' });
    }
  }

  /** The agent dies at once; what it has not released yet goes with it. */
  kill(): void {
    const life = this.#endLife('is killed');
    if (life !== undefined) {
      this.disk.crash();
      this.#simulation.network.ended(life.process);
    }
  }

  /** The whole machine dies. */
  reboot(): void {
    this.kill();
    this.#note(() => 'reboots');
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

  /** Some executor, or what it runs, ends by itself, and not well. */
  crashExecutor(): void {
    const running = [...this.supervisors.values()].filter(({ isRunning }) => isRunning);
    if (running.length > 0) {
      const crashed = this.#simulation.chance.pick(running);
      this.#note(() => `the executor of ${crashed.containerId} crashes`);
      crashed.destroy();
    }
  }

  /** A new machine in its place: nothing is left. */
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
    this.#note(() => why);
    this.life = undefined;
    life.program.end();
    for (const run of life.runs.values()) {
      stopRun(run);
    }
    for (const [id, supervisor] of [...this.supervisors]) {
      supervisor.onEnd = undefined;
      if (!supervisor.isReleased) {
        supervisor.vanish();
        this.supervisors.delete(id);
      }
    }
    return life;
  }

  #note(text: () => string): void {
    this.#simulation.note(this.name, text);
  }

  #perform(life: AgentLife, effect: OwnEffect<AgentEffect>): void {
    const simulation = this.#simulation;
    switch (effect.type) {
      case 'checkpoint':
        this.#checkpoint(life, effect.transaction, structuredClone(effect.changes));
        return;
      case 'sendToMaster':
        simulation.checks.agentSends(this, life, effect);
        this.#note(() => `sends ${effect.message.name}${aboutMessage(effect.message)}`);
        life.program.send(this.pid, effect.to, effect.message);
        return;
      case 'launchExecutor':
        this.#launch(life, effect);
        return;
      case 'reattachExecutor':
        this.#reattach(life, effect);
        return;
      case 'destroyContainer':
        this.#destroy(life, effect);
        return;
      case 'sendToExecutor':
        this.#tell(life, effect);
        return;
      case 'closeStream':
        life.streams.delete(effect.stream);
        life.remote.get(effect.stream)?.channel.finish();
        life.remote.delete(effect.stream);
        return;
      case 'reply': {
        const { request, status } = effect;
        const asked = life.requests.get(request);
        life.requests.delete(request);
        this.#note(() => `answers an executor ${status} ${effect.text ?? ''}`);
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
      case 'collectGarbage':
        return;
      default:
        effect satisfies never;
    }
  }

  #tell(life: AgentLife, effect: SendToExecutor): void {
    const run = life.streams.get(effect.stream);
    const remote = life.remote.get(effect.stream);
    this.#simulation.checks.executorTold(this, life, effect);
    const bytes = encodeMessage(types.ExecutorEvent, effect.event);
    this.#note(
      () => `tells ${effect.stream} ${run?.executorId ?? ''} ${describeEvent(effect.event)}`,
    );
    if (run !== undefined) {
      const event = decodeMessage(types.ExecutorEvent, bytes);
      this.#stepCommand(life, run, (nowMs) => ({ type: 'executorEvent', event, nowMs }));
    }
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
    const request = this.#request();
    life.requests.set(request, { executor: call.connection, answers: call.answers });
    if (decoded.subscribe === undefined) {
      life.program.dispatch({ type: 'executorCall', request, call: decoded });
    } else {
      const stream = streamId(`x${this.#nextId++}`);
      life.program.dispatch({ type: 'executorSubscribe', request, stream, call: decoded });
    }
  }

  /** An orderly end: what was to be stored is stored, what was sent leaves. */
  #exit(reason: string): void {
    const life = this.#endLife(`exits: ${reason}`);
    if (life !== undefined) {
      this.disk.close();
      this.#simulation.network.ended(life.process, { inOrder: true });
      this.#simulation.faults.agentExited(this, life.state.id);
    }
  }

  #checkpoint(life: AgentLife, transaction: number, changes: readonly CheckpointChange[]): void {
    this.#note(() => `stores ${changes.map(({ type }) => type).join(', ')}`);
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
            this.#completed(life, change.containerId);
          }
        }
      },
    );
  }

  #completed(life: AgentLife, id: ContainerId): void {
    const run = life.runs.get(id);
    if (run === undefined) {
      this.#forget(id);
    } else {
      run.isCompleted = true;
    }
  }

  #forget(id: ContainerId): void {
    const supervisor = this.supervisors.get(id);
    if (supervisor !== undefined) {
      this.supervisors.delete(id);
      this.#simulation.checks.containerForgotten(supervisor);
    }
  }

  #launch(life: AgentLife, effect: LaunchExecutor): void {
    const { agenda, chance, checks } = this.#simulation;
    checks.executorLaunched(this, effect);
    const run = this.#addRun(life, effect);
    agenda.after(chance.delay(1, 2_000), () => {
      if (run.isStopped) {
        return;
      }
      if (chance.of(this.#simulation.settings.launchFailures)) {
        this.#finish(life, run, run.isDestroyed ? {} : { failure: 'simulated failure' });
        return;
      }
      if (run.isDestroyed) {
        this.#finish(life, run, {});
        return;
      }
      const supervisor = this.#supervisorOf(run);
      this.supervisors.set(run.containerId, supervisor);
      this.#attach(life, run, supervisor, undefined);
      if (effect.builtin === undefined) {
        supervisor.release();
        this.#startExecutor(run, supervisor);
      }
      const { frameworkId: framework, executorId: executor, containerId } = run;
      life.program.dispatch({
        type: 'containerStarted',
        frameworkId: framework,
        executorId: executor,
        containerId,
        processId: 1000,
      });
      this.#subscribe(life, run);
    });
  }

  #supervisorOf(run: Run): Supervisor {
    const { agenda, outcomes } = this.#simulation;
    const task = run.effect.task?.task_id.value;
    const plan = task === undefined ? undefined : this.#simulation.planOf(run.frameworkId, task);
    return new Supervisor(agenda, run.containerId, plan, (waitStatus) => {
      this.#note(() => `the command of ${task ?? run.executorId} ends with ${waitStatus}`);
      if (task !== undefined) {
        outcomes.set(`${run.frameworkId} ${task}`, waitStatus);
      }
    });
  }

  #startExecutor(run: Run, supervisor: Supervisor): void {
    new ExecutorProcess(this.#simulation, {
      host: this,
      frameworkId: run.frameworkId,
      executorId: run.executorId,
      containerId: run.containerId,
      checkpoint: run.effect.framework.checkpoint === true,
      supervisor,
    });
  }

  #reattach(life: AgentLife, effect: ReattachExecutor): void {
    const run = this.#addRun(life, effect);
    this.#simulation.agenda.after(this.#simulation.chance.delay(0, 500), () => {
      if (run.isStopped) {
        return;
      }
      const supervisor = this.supervisors.get(run.containerId);
      if (supervisor === undefined) {
        this.#finish(life, run, { failure: 'there is no such container' });
        return;
      }
      this.#attach(life, run, supervisor, {
        startedMs: supervisor.startedMs,
        reported: this.#reported.get(run.containerId) ?? [],
        kill: supervisor.kill,
      });
      this.#subscribe(life, run);
      if (supervisor.waitStatus !== undefined) {
        this.#containerEnded(life, run, supervisor.waitStatus);
      }
    });
  }

  #addRun(life: AgentLife, effect: LaunchExecutor | ReattachExecutor): Run {
    const run: Run = {
      frameworkId: frameworkId(effect.framework.id?.value ?? ''),
      executorId: executorId(effect.executor.executor_id.value),
      containerId: effect.containerId,
      effect,
      timers: new ProcessTimers(this.#simulation.agenda, (timer) =>
        this.#stepCommand(life, run, (nowMs) => ({
          type: 'timer',
          timer: timer as 'escalation',
          nowMs,
        })),
      ),
      supervisor: undefined,
      command: undefined,
      stream: undefined,
      isDestroyed: false,
      isStopped: false,
      isCompleted: effect.framework.checkpoint !== true,
    };
    life.runs.set(run.containerId, run);
    return run;
  }

  #attach(
    life: AgentLife,
    run: Run,
    supervisor: Supervisor,
    resumption: Resumption | undefined,
  ): void {
    run.supervisor = supervisor;
    if (run.effect.task !== undefined) {
      run.command = createCommand({
        frameworkId: run.frameworkId,
        executorId: run.executorId,
        task: run.effect.task,
        shutdownGraceMs: 5_000,
        random: this.#simulation.chance.random,
        resumption,
      });
    }
    supervisor.onEnd = (waitStatus) => this.#containerEnded(life, run, waitStatus);
    if (run.isDestroyed) {
      supervisor.destroy();
    }
  }

  /** A built-in executor does so by itself. */
  #subscribe(life: AgentLife, run: Run): void {
    if (run.command === undefined) {
      return;
    }
    const stream = streamId(`x${this.#nextId++}`);
    run.stream = stream;
    life.streams.set(stream, run);
    life.program.dispatch({
      type: 'executorSubscribe',
      request: this.#request(),
      stream,
      call: {
        type: ExecutorCall_Type.SUBSCRIBE,
        framework_id: { value: run.frameworkId },
        executor_id: { value: run.executorId },
        subscribe: {},
      },
    });
  }

  #request(): RequestId {
    return requestId(`x${this.#nextId++}`);
  }

  #containerEnded(life: AgentLife, run: Run, waitStatus: number): void {
    if (run.isDestroyed || run.command === undefined) {
      this.#finish(life, run, { waitStatus });
    } else {
      this.#stepCommand(life, run, (nowMs) => ({ type: 'ended', waitStatus, nowMs }));
    }
  }

  #destroy(life: AgentLife, effect: DestroyContainer): void {
    const run = life.runs.get(effect.containerId);
    if (run === undefined) {
      const { frameworkId: framework, executorId: executor, containerId } = effect;
      life.program.dispatch({
        type: 'containerEnded',
        frameworkId: framework,
        executorId: executor,
        containerId,
      });
      return;
    }
    run.isDestroyed = true;
    run.timers.close();
    const { supervisor } = run;
    if (supervisor?.waitStatus !== undefined) {
      this.#finish(life, run, { waitStatus: 9 });
    } else {
      supervisor?.destroy();
    }
  }

  #finish(life: AgentLife, run: Run, end: Pick<ContainerEnded, 'waitStatus' | 'failure'>): void {
    if (life.runs.get(run.containerId) !== run) {
      return;
    }
    life.runs.delete(run.containerId);
    stopRun(run);
    if (run.stream !== undefined) {
      life.streams.delete(run.stream);
    }
    if (run.isCompleted) {
      this.#forget(run.containerId);
    }
    life.program.dispatch({
      type: 'containerEnded',
      frameworkId: run.frameworkId,
      executorId: run.executorId,
      containerId: run.containerId,
      ...end,
    });
  }

  #stepCommand(life: AgentLife, run: Run, event: (nowMs: number) => CommandEvent): void {
    if (run.command === undefined || run.isStopped || run.isDestroyed) {
      return;
    }
    for (const effect of stepCommand(run.command, event(this.clock.nowMs))) {
      this.#performCommand(life, run, effect);
    }
  }

  #performCommand(life: AgentLife, run: Run, effect: CommandEffect): void {
    const { supervisor } = run;
    switch (effect.type) {
      case 'call':
        this.#call(life, effect.call);
        return;
      case 'release':
        this.#simulation.checks.commandReleased(this, run.frameworkId, run.effect.task);
        supervisor?.release();
        return;
      case 'terminate':
        supervisor?.terminate();
        return;
      case 'destroy':
        supervisor?.destroy();
        return;
      case 'setTimer':
        run.timers.set(effect.timer, effect.delayMs);
        return;
      case 'clearTimer':
        run.timers.clear(effect.timer);
        return;
      case 'rememberKill':
        if (supervisor !== undefined) {
          supervisor.kill = effect.kill;
        }
        return;
      case 'end':
        this.#endBuiltin(life, run);
        return;
      case 'probe':
        return;
      default:
        effect satisfies never;
    }
  }

  #endBuiltin(life: AgentLife, run: Run): void {
    const { supervisor } = run;
    if (supervisor !== undefined && supervisor.waitStatus === undefined) {
      supervisor.onEnd = () => this.#finish(life, run, { waitStatus: 0 });
      supervisor.destroy();
    } else {
      this.#finish(life, run, { waitStatus: 0 });
    }
  }

  #call(life: AgentLife, call: ExecutorCall): void {
    const bytes = encodeMessage(types.ExecutorCall, call);
    life.program.dispatch({
      type: 'executorCall',
      request: this.#request(),
      call: decodeMessage(types.ExecutorCall, bytes),
    });
  }
}

function stopRun(run: Run): void {
  run.isStopped = true;
  run.timers.close();
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
