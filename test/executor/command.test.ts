// The command executor's state machine by itself: order of updates, kills, probes, recovery.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type CommandEffect,
  type CommandEvent,
  type CommandOptions,
  createCommand,
  stepCommand,
} from '../../src/executor/command.ts';
import type { ProbeOutcome } from '../../src/executor/probes.ts';
import type {
  ExecutorEvent,
  FrameworkInfo,
  TaskInfo,
  TaskStatus,
} from '../../src/model/generated/messages.ts';
import {
  CheckInfo_Type,
  ExecutorEvent_Type,
  HealthCheck_Type,
  TaskState,
  TaskStatus_Reason,
} from '../../src/model/generated/messages.ts';
import { executorId, frameworkId } from '../../src/model/ids.ts';
import { Random } from '../../src/model/random.ts';
import { killingCapability, stateName } from '../agent-driver/harness.ts';

class Machine {
  readonly effects: CommandEffect[] = [];
  nowMs = 1_000_000;
  readonly #state;
  readonly #task: TaskInfo;
  readonly #framework: FrameworkInfo;

  constructor(
    task: Partial<TaskInfo> = {},
    framework: Partial<FrameworkInfo> = {},
    resumption?: CommandOptions['resumption'],
  ) {
    this.#task = {
      name: 'n',
      task_id: { value: 't' },
      agent_id: { value: 'a' },
      command: { value: 'true' },
      ...task,
    };
    this.#framework = { user: 'u', name: 'f', ...framework };
    this.#state = createCommand({
      frameworkId: frameworkId('f'),
      executorId: executorId('e'),
      task: this.#task,
      shutdownGraceMs: 5_000,
      lingerMs: 1_000,
      random: new Random(1),
      resumption,
    });
  }

  step(event: CommandEvent): CommandEffect[] {
    const effects = stepCommand(this.#state, event);
    this.effects.push(...effects);
    return effects;
  }

  event(event: ExecutorEvent): CommandEffect[] {
    return this.step({ type: 'executorEvent', event, nowMs: this.nowMs });
  }

  subscribed() {
    return this.event({
      type: ExecutorEvent_Type.SUBSCRIBED,
      subscribed: {
        executor_info: { executor_id: { value: 'e' } },
        framework_info: this.#framework,
        agent_info: { hostname: 'h' },
      },
    });
  }

  start() {
    this.subscribed();
    return this.event({ type: ExecutorEvent_Type.LAUNCH, launch: { task: this.#task } });
  }

  begun() {
    return this.step({ type: 'begun', nowMs: this.nowMs });
  }

  launch() {
    return [...this.start(), ...this.begun()];
  }

  kill(graceMs?: number) {
    return this.event({
      type: ExecutorEvent_Type.KILL,
      kill: {
        task_id: { value: 't' },
        ...(graceMs !== undefined && {
          kill_policy: { grace_period: { nanoseconds: BigInt(graceMs * 1e6) } },
        }),
      },
    });
  }

  ended(waitStatus: number | undefined = 0) {
    return this.step({ type: 'ended', waitStatus, nowMs: this.nowMs });
  }

  probed(kind: 'check' | 'health', result: ProbeOutcome) {
    return this.step({ type: 'probed', kind, result, nowMs: this.nowMs });
  }

  get statuses(): TaskStatus[] {
    return this.effects.flatMap((effect) =>
      effect.type === 'call' && effect.call.update !== undefined ? [effect.call.update.status] : [],
    );
  }

  get states(): string[] {
    return this.statuses.map(({ state }) => stateName(state));
  }

  get last(): TaskStatus | undefined {
    return this.statuses.at(-1);
  }
}

const typesOf = (effects: readonly CommandEffect[]) => effects.map(({ type }) => type);

const timerOf = (effects: readonly CommandEffect[], timer: string) =>
  effects.flatMap((effect) =>
    effect.type === 'setTimer' && effect.timer === timer ? [effect.delayMs] : [],
  )[0];

describe('a command executor', () => {
  test('starts when launched, not when subscribed', () => {
    const machine = new Machine();
    expect(machine.subscribed()).toEqual([]);
    expect(typesOf(machine.start())).toEqual(['call', 'release']);
    expect(machine.states).toEqual(['TASK_STARTING']);
    expect(typesOf(machine.begun())).toEqual(['call']);
    expect(machine.states).toEqual(['TASK_STARTING', 'TASK_RUNNING']);
    expect(machine.begun()).toEqual([]);
  });

  test('is killed, shut down and ended while it starts as when it runs', () => {
    const begin = ['TASK_STARTING', 'TASK_RUNNING'];
    const killed = new Machine({}, killingCapability);
    killed.start();
    expect(typesOf(killed.kill())).toContain('terminate');
    expect(killed.begun()).toEqual([]);
    killed.ended(15);
    expect(killed.states).toEqual([...begin, 'TASK_KILLING', 'TASK_KILLED']);

    const shutDown = new Machine();
    shutDown.start();
    expect(timerOf(shutDown.event({ type: ExecutorEvent_Type.SHUTDOWN }), 'escalation')).toBe(3000);
    shutDown.ended(15);
    expect(shutDown.states).toEqual([...begin, 'TASK_KILLED']);

    const short = new Machine();
    short.start();
    short.ended(0);
    expect(short.begun()).toEqual([]);
    expect(short.states).toEqual([...begin, 'TASK_FINISHED']);
  });

  const acknowledge = (machine: Machine, uuid: Uint8Array | undefined) =>
    machine.event({
      type: ExecutorEvent_Type.ACKNOWLEDGED,
      acknowledged: { task_id: { value: 't' }, uuid: uuid ?? new Uint8Array() },
    });
  const linger = (machine: Machine) =>
    machine.step({ type: 'timer', timer: 'linger', nowMs: machine.nowMs });

  test('ends when the terminal update is acknowledged, and a second after it was sent', () => {
    const machine = new Machine();
    machine.launch();
    expect(timerOf(machine.ended(3 << 8), 'linger')).toBe(1_000);
    const [starting, running, failed] = machine.statuses;
    expect(acknowledge(machine, starting?.uuid)).toEqual([]);
    expect(acknowledge(machine, running?.uuid)).toEqual([]);
    expect(acknowledge(machine, new Uint8Array(16))).toEqual([]);
    expect(acknowledge(machine, failed?.uuid)).toEqual([]);
    expect(linger(machine)).toEqual([{ type: 'end' }]);
    expect(linger(machine)).toEqual([]);
  });

  test('stays until the terminal update is acknowledged', () => {
    const machine = new Machine();
    machine.launch();
    machine.ended(0);
    expect(linger(machine)).toEqual([]);
    expect(acknowledge(machine, machine.last?.uuid)).toEqual([{ type: 'end' }]);
  });

  test('does not stay any longer when it is shut down', () => {
    const machine = new Machine();
    machine.launch();
    machine.event({ type: ExecutorEvent_Type.SHUTDOWN });
    expect(timerOf(machine.ended(15), 'linger')).toBeUndefined();
    expect(acknowledge(machine, machine.last?.uuid)).toEqual([{ type: 'end' }]);

    const late = new Machine();
    late.launch();
    late.ended(0);
    acknowledge(late, late.last?.uuid);
    expect(late.event({ type: ExecutorEvent_Type.SHUTDOWN })).toContainEqual({ type: 'end' });
  });

  test('refuses a second task', () => {
    const machine = new Machine();
    machine.launch();
    machine.event({
      type: ExecutorEvent_Type.LAUNCH,
      launch: { task: { name: 'n', task_id: { value: 'other' }, agent_id: { value: 'a' } } },
    });
    expect(machine.last).toMatchObject({
      task_id: { value: 'other' },
      state: TaskState.TASK_FAILED,
    });
  });

  test('just ends when it is shut down before it got its task', () => {
    const machine = new Machine();
    machine.subscribed();
    expect(machine.event({ type: ExecutorEvent_Type.SHUTDOWN })).toEqual([{ type: 'end' }]);
    expect(machine.launch()).not.toContainEqual({ type: 'release' });
  });

  test('leaves time for the last update when it is shut down', () => {
    const machine = new Machine();
    machine.launch();
    const effects = machine.event({ type: ExecutorEvent_Type.SHUTDOWN });
    expect(timerOf(effects, 'escalation')).toBe(3_000);
    machine.ended(15);
    expect(machine.last).toMatchObject({ state: TaskState.TASK_KILLED });
  });

  test('reports a failure to start the process as one of the container', () => {
    const machine = new Machine();
    machine.launch();
    machine.step({ type: 'ended', failure: 'no cgroup', nowMs: 1 });
    expect(machine.last).toMatchObject({
      state: TaskState.TASK_FAILED,
      message: 'no cgroup',
      reason: TaskStatus_Reason.REASON_CONTAINER_LAUNCH_FAILED,
    });
  });
});

describe('kills', () => {
  test.each([
    { call: 20, task: 7_000, grace: 20 },
    { call: undefined, task: 7_000, grace: 7_000 },
    { call: undefined, task: undefined, grace: 3_000 },
    { call: 0, task: undefined, grace: 0 },
  ])('grace of call $call and task $task: $grace', ({ call, task, grace }) => {
    const machine = new Machine(
      task === undefined
        ? {}
        : { kill_policy: { grace_period: { nanoseconds: BigInt(task * 1e6) } } },
    );
    machine.launch();
    const effects = machine.kill(call);
    expect(timerOf(effects, 'escalation')).toBe(grace);
    expect(typesOf(effects)).toContain('terminate');
  });

  test('TASK_KILLING is sent only to frameworks that know it', () => {
    for (const [framework, states] of [
      [killingCapability, ['TASK_KILLING']],
      [{}, []],
    ] as const) {
      const machine = new Machine({}, framework);
      machine.launch();
      machine.kill();
      expect(machine.states.slice(2)).toEqual(states);
    }
  });

  test('retries change nothing; a shorter grace counts from the first kill on', () => {
    const machine = new Machine({}, killingCapability);
    machine.launch();
    machine.kill(20_000);
    machine.nowMs += 3_000;
    expect(machine.kill(20_000)).toEqual([]);
    expect(machine.kill(30_000)).toEqual([]);
    expect(timerOf(machine.kill(5_000), 'escalation')).toBe(2_000);
    machine.nowMs += 1_000;
    expect(machine.kill(6_000)).toEqual([]);
    expect(timerOf(machine.kill(1_000), 'escalation')).toBe(0);
  });

  test('a task that ends well while it is killed counts as killed', () => {
    const machine = new Machine();
    machine.launch();
    machine.kill();
    machine.ended(0);
    expect(machine.last).toMatchObject({
      state: TaskState.TASK_KILLED,
      message: 'Command exited with status 0',
    });
    expect(machine.kill()).toEqual([]);
  });

  test('a task that exceeds its time has failed, with nothing announced', () => {
    const machine = new Machine(
      { max_completion_time: { nanoseconds: 60_000_000_000n } },
      killingCapability,
    );
    expect(timerOf(machine.launch(), 'completion')).toBe(60_000);
    const effects = machine.step({ type: 'timer', timer: 'completion', nowMs: machine.nowMs });
    expect(timerOf(effects, 'escalation')).toBe(0);
    machine.ended(15);
    expect(machine.states.slice(2)).toEqual(['TASK_FAILED']);
    expect(machine.last?.reason).toBe(TaskStatus_Reason.REASON_MAX_COMPLETION_TIME_REACHED);
  });
});

describe('checks', () => {
  const check = { type: CheckInfo_Type.COMMAND, command: { command: { value: 'x' } } } as const;

  test('every update carries a status of its type; only changes are reported', () => {
    const machine = new Machine({ check: { ...check, delay_seconds: 0 } });
    expect(timerOf(machine.launch(), 'check')).toBe(0);
    const exit = (code: number) =>
      machine.probed('check', { type: 'command', waitStatus: code << 8 });
    expect(timerOf(exit(1), 'check')).toBe(10_000);
    exit(1);
    exit(0);
    expect(timerOf(machine.probed('check', { type: 'unknown' }), 'check')).toBe(10_000);
    machine.probed('check', { type: 'failure', text: 'timed out' });
    machine.probed('check', { type: 'failure', text: 'timed out' });
    machine.ended();
    const found = machine.statuses.map((status) => status.check_status?.command);
    expect(found).toEqual([{}, {}, { exit_code: 1 }, { exit_code: 0 }, {}, {}]);
    const reason = TaskStatus_Reason.REASON_TASK_CHECK_STATUS_UPDATED;
    expect(machine.statuses.map((status) => status.reason)).toEqual([
      undefined,
      undefined,
      reason,
      reason,
      reason,
      undefined,
    ]);
  });

  test('the defaults of the schema hold', () => {
    const machine = new Machine({ check, health_check: { type: 1, command: { value: 'y' } } });
    const effects = machine.launch();
    expect(timerOf(effects, 'check')).toBe(15_000);
    expect(timerOf(effects, 'health')).toBe(15_000);
    const [probe] = machine.step({ type: 'timer', timer: 'health', nowMs: 1 });
    expect(probe).toMatchObject({ probe: { timeoutMs: 20_000, what: { type: 'command' } } });
  });

  test('check and health check do not hide each other', () => {
    const machine = new Machine({ check, health_check: { type: 1, command: { value: 'y' } } });
    machine.launch();
    machine.probed('health', { type: 'command', waitStatus: 0 });
    machine.probed('check', { type: 'command', waitStatus: 5 << 8 });
    expect(machine.last).toMatchObject({
      healthy: true,
      check_status: { command: { exit_code: 5 } },
    });
  });
});

describe('health checks', () => {
  const health_check = {
    type: HealthCheck_Type.TCP,
    tcp: { port: 1 },
    grace_period_seconds: 0,
    consecutive_failures: 2,
  } as const;

  const bad = { type: 'tcp', succeeded: false } as const;
  const good = { type: 'tcp', succeeded: true } as const;

  test('failures in a row kill, a success in between forgives', () => {
    const machine = new Machine({ health_check });
    machine.launch();
    const effects = [good, good, bad, good, bad, bad].flatMap((result) =>
      machine.probed('health', result),
    );
    expect(machine.statuses.slice(2).map(({ healthy }) => healthy)).toEqual([
      true,
      false,
      true,
      false,
      false,
    ]);
    expect(typesOf(effects)).toContain('terminate');
    machine.ended(15);
    expect(machine.last).toMatchObject({ state: TaskState.TASK_KILLED, healthy: false });
  });

  test('failures within the grace period do not count until one has succeeded', () => {
    const machine = new Machine({ health_check: { ...health_check, grace_period_seconds: 10 } });
    machine.launch();
    machine.nowMs += 10_000;
    expect(typesOf(machine.probed('health', bad))).toEqual(['setTimer']);
    machine.nowMs += 1;
    machine.probed('health', bad);
    expect(machine.last).toMatchObject({ healthy: false });
  });

  test.each([
    { status: 199, healthy: false },
    { status: 200, healthy: true },
    { status: 399, healthy: true },
    { status: 400, healthy: false },
  ])('HTTP $status', ({ status, healthy }) => {
    const machine = new Machine({
      health_check: { http: { port: 8080, path: '/x', scheme: 'https' }, grace_period_seconds: 0 },
    });
    machine.launch();
    const [probe] = machine.step({ type: 'timer', timer: 'health', nowMs: 1 });
    expect(probe).toMatchObject({ probe: { what: { url: 'https://127.0.0.1:8080/x' } } });
    machine.probed('health', { type: 'http', statusCode: status });
    expect(machine.last).toMatchObject({ healthy });
  });
});

describe('take-over of a task that an earlier executor has started', () => {
  test.each([
    { reported: [], states: ['TASK_STARTING', 'TASK_RUNNING'] },
    { reported: [TaskState.TASK_STARTING], states: ['TASK_RUNNING'] },
    { reported: [TaskState.TASK_STARTING, TaskState.TASK_RUNNING], states: [] },
    { reported: [TaskState.TASK_RUNNING, TaskState.TASK_KILLING], states: [] },
  ])('reports what is missing: $states', ({ reported, states }) => {
    const machine = new Machine({}, {}, { startedMs: 1, reported });
    machine.subscribed();
    expect(machine.states).toEqual(states);
    machine.ended(1 << 8);
    expect(machine.states).toEqual([...states, 'TASK_FAILED']);
  });

  test('an end that was found before is told after the rest', () => {
    const machine = new Machine({}, {}, { startedMs: 1, reported: [] });
    expect(machine.ended(0)).toEqual([]);
    machine.subscribed();
    expect(machine.states).toEqual(['TASK_STARTING', 'TASK_RUNNING', 'TASK_FINISHED']);
  });

  test('goes on with a kill, and with the time it may run', () => {
    const kill = { startedMs: 999_000, deadlineMs: 1_000_700, cause: 'asked' } as const;
    const killed = new Machine({}, {}, { startedMs: 1, reported: [], kill });
    expect(timerOf(killed.subscribed(), 'escalation')).toBe(700);
    const max_completion_time = { nanoseconds: 10_000_000_000n };
    const late = new Machine({ max_completion_time }, {}, { startedMs: 995_000, reported: [] });
    expect(timerOf(late.subscribed(), 'completion')).toBe(5_000);
  });

  test('kills and reports when it is shut down at once', () => {
    const machine = new Machine({}, {}, { startedMs: 1, reported: [] });
    expect(typesOf(machine.event({ type: ExecutorEvent_Type.SHUTDOWN }))).toContain('terminate');
    machine.ended(15);
    expect(machine.states.at(-1)).toBe('TASK_KILLED');
  });
});

test('whatever happens, there is one terminal update, and nothing after it', () => {
  const anyEvent = fc.oneof(
    fc.constant('subscribed' as const),
    fc.constant('start' as const),
    fc.constant('begun' as const),
    fc.constant('shutdown' as const),
    fc.record({ kill: fc.integer({ min: 0, max: 5000 }) }),
    fc.record({ ended: fc.constantFrom(0, 15, 256) }),
    fc.record({ timer: fc.constantFrom('escalation', 'completion', 'linger', 'check', 'health') }),
    fc.record({
      probed: fc.constantFrom('check' as const, 'health' as const),
      good: fc.boolean(),
    }),
  );
  const terminal: readonly TaskState[] = [
    TaskState.TASK_FINISHED,
    TaskState.TASK_FAILED,
    TaskState.TASK_KILLED,
  ];
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 30 }), fc.boolean(), (events, isResumed) => {
      const machine = new Machine(
        {
          check: { type: CheckInfo_Type.TCP, tcp: { port: 1 } },
          health_check: { type: HealthCheck_Type.TCP, tcp: { port: 1 } },
        },
        killingCapability,
        isResumed ? { startedMs: 1, reported: [] } : undefined,
      );
      let launches = 0;
      for (const event of events) {
        machine.nowMs += 100;
        if (event === 'start') {
          // A second task has updates of its own, which do not matter here.
          if (launches++ === 0 && !isResumed) {
            machine.start();
          }
        } else if (event === 'begun') {
          machine.begun();
        } else if (event === 'subscribed') {
          machine.subscribed();
        } else if (event === 'shutdown') {
          machine.event({ type: ExecutorEvent_Type.SHUTDOWN });
        } else if ('kill' in event) {
          machine.kill(event.kill);
        } else if ('ended' in event) {
          machine.ended(event.ended);
        } else if ('timer' in event) {
          machine.step({ type: 'timer', timer: event.timer as 'check', nowMs: machine.nowMs });
        } else {
          machine.probed(event.probed, { type: 'tcp', succeeded: event.good });
        }
      }
      const isTerminal = machine.statuses.map(({ state }) => terminal.includes(state));
      const first = isTerminal.indexOf(true);
      const refused = isTerminal.filter(Boolean).length;
      expect(first === -1 || first === isTerminal.length - 1).toBe(true);
      expect(refused).toBeLessThanOrEqual(1);
      const uuids = machine.statuses.map((status) => status.uuid?.join());
      expect(new Set(uuids).size).toBe(uuids.length);
    }),
  );
});
