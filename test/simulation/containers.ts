// The containers of an agent during its life: executors that it launches or recovers. What
// src/agent-driver/driver.ts does with real processes happens here with simulated ones; the
// built-in command executor is the real state machine of src/executor/command.ts.
import type {
  AgentEffect,
  DestroyContainer,
  LaunchExecutor,
  ReattachExecutor,
} from '../../src/agent/effects.ts';
import type { AgentEvent, ContainerEnded } from '../../src/agent/events.ts';
import {
  type CommandEffect,
  type CommandEvent,
  type CommandState,
  createCommand,
  stepCommand,
} from '../../src/executor/command.ts';
import type { Resumption } from '../../src/executor/task-run.ts';
import {
  type ExecutorCall,
  ExecutorCall_Type,
  type ExecutorEvent,
} from '../../src/model/generated/messages.ts';
import {
  type ContainerId,
  type ExecutorId,
  executorId,
  type FrameworkId,
  frameworkId,
  type StreamId,
} from '../../src/model/ids.ts';
import { decodeMessage, encodeMessage } from '../../src/wire/protobuf.ts';
import { types } from '../../src/wire/types.ts';
import { ProcessTimers } from './agenda.ts';
import type { AgentHost } from './agent-host.ts';
import { ExecutorProcess } from './executor-process.ts';
import { Supervisor } from './machine.ts';
import type { Program } from './program.ts';
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
  /** Whether its records may be removed after its end. */
  isCompleted: boolean;
}

export class Containers {
  readonly runs = new Map<ContainerId, Run>();
  /** Streams of built-in executors. */
  readonly #streams = new Map<StreamId, Run>();
  readonly #simulation: Simulation;
  readonly #host: AgentHost;
  readonly #program: Program<AgentEvent, AgentEffect>;

  constructor(host: AgentHost, simulation: Simulation, program: Program<AgentEvent, AgentEffect>) {
    this.#host = host;
    this.#simulation = simulation;
    this.#program = program;
  }

  /** The agent is gone; what it has released goes on without it. */
  stop(): void {
    for (const run of this.runs.values()) {
      stopRun(run);
    }
  }

  /** The built-in executor of a stream, if there is one. */
  executorOf(stream: StreamId): ExecutorId | undefined {
    return this.#streams.get(stream)?.executorId;
  }

  tell(stream: StreamId, event: ExecutorEvent): void {
    const run = this.#streams.get(stream);
    if (run !== undefined) {
      this.#stepCommand(run, (nowMs) => ({ type: 'executorEvent', event, nowMs }));
    }
  }

  closeStream(stream: StreamId): void {
    this.#streams.delete(stream);
  }

  completed(id: ContainerId): void {
    const run = this.runs.get(id);
    if (run === undefined) {
      this.#host.forget(id);
    } else {
      run.isCompleted = true;
    }
  }

  launch(effect: LaunchExecutor): void {
    const { agenda, chance, checks } = this.#simulation;
    checks.executorLaunched(this.#host, effect);
    const run = this.#addRun(effect);
    agenda.after(chance.delay(1, 2_000), () => {
      if (run.isStopped) {
        return;
      }
      if (chance.of(this.#simulation.settings.launchFailures)) {
        this.#finish(run, run.isDestroyed ? {} : { failure: 'simulated failure' });
        return;
      }
      if (run.isDestroyed) {
        this.#finish(run, {});
        return;
      }
      const supervisor = this.#supervisorOf(run);
      this.#host.supervisors.set(run.containerId, supervisor);
      this.#attach(run, supervisor, undefined);
      if (effect.builtin === undefined) {
        supervisor.release();
        this.#startExecutor(run, supervisor);
      }
      const { frameworkId: framework, executorId: executor, containerId } = run;
      this.#program.dispatch({
        type: 'containerStarted',
        frameworkId: framework,
        executorId: executor,
        containerId,
        processId: 1000,
      });
      this.#subscribe(run);
    });
  }

  #supervisorOf(run: Run): Supervisor {
    const { agenda, outcomes } = this.#simulation;
    const task = run.effect.task?.task_id.value;
    const plan = task === undefined ? undefined : this.#simulation.planOf(run.frameworkId, task);
    return new Supervisor(agenda, run.containerId, plan, (waitStatus) => {
      this.#host.note(() => `the command of ${task ?? run.executorId} ends with ${waitStatus}`);
      if (task !== undefined) {
        outcomes.set(`${run.frameworkId} ${task}`, waitStatus);
      }
    });
  }

  #startExecutor(run: Run, supervisor: Supervisor): void {
    new ExecutorProcess(this.#simulation, {
      host: this.#host,
      frameworkId: run.frameworkId,
      executorId: run.executorId,
      containerId: run.containerId,
      checkpoint: run.effect.framework.checkpoint === true,
      supervisor,
    });
  }

  reattach(effect: ReattachExecutor): void {
    const run = this.#addRun(effect);
    this.#simulation.agenda.after(this.#simulation.chance.delay(0, 500), () => {
      if (run.isStopped) {
        return;
      }
      const supervisor = this.#host.supervisors.get(run.containerId);
      if (supervisor === undefined) {
        this.#finish(run, { failure: 'there is no such container' });
        return;
      }
      this.#attach(run, supervisor, {
        startedMs: supervisor.startedMs,
        reported: this.#host.reportedOf(run.containerId),
        kill: supervisor.kill,
      });
      this.#subscribe(run);
      if (supervisor.waitStatus !== undefined) {
        this.#containerEnded(run, supervisor.waitStatus);
      }
    });
  }

  #addRun(effect: LaunchExecutor | ReattachExecutor): Run {
    const run: Run = {
      frameworkId: frameworkId(effect.framework.id?.value ?? ''),
      executorId: executorId(effect.executor.executor_id.value),
      containerId: effect.containerId,
      effect,
      timers: new ProcessTimers(this.#simulation.agenda, (timer) =>
        this.#stepCommand(run, (nowMs) => ({
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
    this.runs.set(run.containerId, run);
    return run;
  }

  #attach(run: Run, supervisor: Supervisor, resumption: Resumption | undefined): void {
    run.supervisor = supervisor;
    if (run.effect.task !== undefined) {
      run.command = createCommand({
        frameworkId: run.frameworkId,
        executorId: run.executorId,
        task: run.effect.task,
        lingerMs: 1_000,
        shutdownGraceMs: 5_000,
        random: this.#simulation.chance.random,
        resumption,
      });
    }
    supervisor.onEnd = (waitStatus) => this.#containerEnded(run, waitStatus);
    if (run.isDestroyed) {
      supervisor.destroy();
    }
  }

  /** A built-in executor subscribes by itself. */
  #subscribe(run: Run): void {
    if (run.command === undefined) {
      return;
    }
    const stream = this.#host.newStream();
    run.stream = stream;
    this.#streams.set(stream, run);
    this.#program.dispatch({
      type: 'executorSubscribe',
      isBuiltin: true,
      request: this.#host.newRequest(),
      stream,
      call: {
        type: ExecutorCall_Type.SUBSCRIBE,
        framework_id: { value: run.frameworkId },
        executor_id: { value: run.executorId },
        subscribe: {},
      },
    });
  }

  #containerEnded(run: Run, waitStatus: number): void {
    if (run.isDestroyed || run.command === undefined) {
      this.#finish(run, { waitStatus });
    } else {
      this.#stepCommand(run, (nowMs) => ({ type: 'ended', waitStatus, nowMs }));
    }
  }

  destroy(effect: DestroyContainer): void {
    const run = this.runs.get(effect.containerId);
    if (run === undefined) {
      const { frameworkId: framework, executorId: executor, containerId } = effect;
      this.#program.dispatch({
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
      this.#finish(run, { waitStatus: 9 });
    } else {
      supervisor?.destroy();
    }
  }

  #finish(run: Run, end: Pick<ContainerEnded, 'waitStatus' | 'failure'>): void {
    if (this.runs.get(run.containerId) !== run) {
      return;
    }
    this.runs.delete(run.containerId);
    stopRun(run);
    if (run.stream !== undefined) {
      this.#streams.delete(run.stream);
    }
    if (run.isCompleted) {
      this.#host.forget(run.containerId);
    }
    this.#program.dispatch({
      type: 'containerEnded',
      frameworkId: run.frameworkId,
      executorId: run.executorId,
      containerId: run.containerId,
      ...end,
    });
  }

  #stepCommand(run: Run, event: (nowMs: number) => CommandEvent): void {
    if (run.command === undefined || run.isStopped || run.isDestroyed) {
      return;
    }
    for (const effect of stepCommand(run.command, event(this.#host.clock.nowMs))) {
      this.#performCommand(run, effect);
    }
  }

  #performCommand(run: Run, effect: CommandEffect): void {
    const { supervisor } = run;
    switch (effect.type) {
      case 'call':
        this.#call(effect.call);
        return;
      case 'release':
        this.#simulation.checks.commandReleased(this.#host, run.frameworkId, run.effect.task);
        supervisor?.release();
        this.#simulation.agenda.after(this.#simulation.chance.delay(0, 50), () =>
          this.#stepCommand(run, (nowMs) => ({ type: 'begun', nowMs })),
        );
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
        this.#endBuiltin(run);
        return;
      case 'probe':
        return;
      default:
        effect satisfies never;
    }
  }

  #endBuiltin(run: Run): void {
    const { supervisor } = run;
    if (supervisor !== undefined && supervisor.waitStatus === undefined) {
      supervisor.onEnd = () => this.#finish(run, { waitStatus: 0 });
      supervisor.destroy();
    } else {
      this.#finish(run, { waitStatus: 0 });
    }
  }

  #call(call: ExecutorCall): void {
    const bytes = encodeMessage(types.ExecutorCall, call);
    this.#program.dispatch({
      type: 'executorCall',
      isBuiltin: true,
      request: this.#host.newRequest(),
      call: decodeMessage(types.ExecutorCall, bytes),
    });
  }
}

function stopRun(run: Run): void {
  run.isStopped = true;
  run.timers.close();
}
