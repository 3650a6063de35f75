// Two or three masters, each on a machine of its own, that elect one of themselves in a model of
// ZooKeeper and keep their registry there. Contenders, detectors and the registry are the real
// ones.
import { LeadershipGate } from '../../src/cli/master/leadership-gate.ts';
import { RegistryWriter } from '../../src/cli/master/registry-writer.ts';
import {
  Group,
  ZooKeeperContender,
  ZooKeeperDetector,
} from '../../src/coordination/zookeeper/zookeeper.ts';
import type { MasterEvent } from '../../src/master/events.ts';
import type { MasterCall } from '../../src/model/generated/messages.ts';
import { ZooKeeperRegistry } from '../../src/registry/zookeeper-registry.ts';
import type { Clock } from '../../src/zookeeper/clock.ts';
import { fail } from './breach.ts';
import type { Chance } from './chance.ts';
import { DurableRecords } from './durable-records.ts';
import { MachineClock } from './machine-clock.ts';
import { MasterLife, RequestIds } from './master-life.ts';
import type { Masters } from './masters.ts';
import { type Process, whenRunning } from './network.ts';
import type { Untimed } from './program.ts';
import type { Simulation } from './simulation.ts';
import { EpochCheck } from './zookeeper/epoch-check.ts';
import { ENSEMBLE_HOST, ModelEnsemble } from './zookeeper/model-ensemble.ts';
import type { ModelSession } from './zookeeper/model-session.ts';
import { ObservedRegistry } from './zookeeper/observed-registry.ts';

const ELECTION = '/mesos';
const REGISTRY = '/mesos-registry';
/** How long a master stays down that has ended or was killed. */
const LONGEST_DOWN_MS = 60_000;

interface Machine {
  readonly host: string;
  readonly address: string;
  readonly clock: MachineClock;
  run: Run | undefined;
}

/** From a master's start to its end. */
interface Run {
  readonly life: MasterLife;
  readonly contender: ZooKeeperContender;
  /** The sessions of its candidacy, and those of its registry. */
  readonly candidacies: ModelSession[];
  readonly registries: ModelSession[];
}

export class MasterEnsemble implements Masters {
  readonly records = new DurableRecords();
  readonly #simulation: Simulation;
  readonly #ensemble: ModelEnsemble;
  readonly #epochs: EpochCheck;
  readonly #machines: readonly Machine[];
  readonly #ids = new RequestIds();
  /** The run that was elected last. */
  #elected: Run | undefined;

  constructor(simulation: Simulation, count: number) {
    const { agenda, chance, network } = simulation;
    this.#simulation = simulation;
    this.#ensemble = new ModelEnsemble(agenda, chance, network);
    this.#epochs = new EpochCheck(this.#ensemble, REGISTRY);
    this.#machines = Array.from({ length: count }, (_, index) => ({
      host: `master${index + 1}`,
      address: `10.0.0.${index + 1}:5050`,
      clock: new MachineClock(agenda),
      run: undefined,
    }));
  }

  get hosts(): readonly string[] {
    return this.#machines.map(({ host }) => host);
  }

  get life(): MasterLife | undefined {
    return this.#elected?.life.process.alive === true ? this.#elected.life : undefined;
  }

  start(): void {
    for (const machine of this.#machines) {
      if (machine.run === undefined) {
        this.#start(machine);
      }
    }
  }

  kill(): void {
    const { chance } = this.#simulation;
    const leading = this.#machines.find(({ run }) => run !== undefined && run === this.#elected);
    this.#kill(leading !== undefined && chance.of(0.6) ? leading : chance.pick(this.#machines));
  }

  /** One of the ways in which a master loses its session, or nearly. */
  depose(): void {
    const { agenda, chance, network, settings } = this.#simulation;
    const machine = chance.pick(this.#machines);
    const { host, run } = machine;
    const forMs = chance.delay(100, settings.sessionTimeoutMs * 3);
    const kinds = ['cut', 'cut', 'stop', 'stop', 'quorum', 'break', 'end'] as const;
    switch (chance.pick(settings.expiresEarly ? [...kinds, 'expire', 'expire'] : kinds)) {
      case 'cut':
        this.#simulation.note(host, () => 'is cut off ZooKeeper');
        network.cut(host, ENSEMBLE_HOST);
        agenda.after(forMs, () => network.heal(host, ENSEMBLE_HOST));
        return;
      case 'stop':
        this.#simulation.note(host, () => 'is stopped');
        run?.life.program.stop();
        agenda.after(forMs, () => this.#goOn(run));
        return;
      case 'quorum':
        this.#simulation.note(ENSEMBLE_HOST, () => 'has no quorum');
        this.#ensemble.hasQuorum = false;
        agenda.after(forMs, () => this.#ensemble.regainQuorum());
        return;
      case 'expire':
        this.#simulation.note(
          ENSEMBLE_HOST,
          () => 'ends the session of the leader before its time',
        );
        this.#elected?.candidacies.at(-1)?.expire();
        return;
      case 'break':
        for (const session of [...(run?.candidacies ?? []), ...(run?.registries ?? [])]) {
          session.breakConnection();
        }
        return;
      case 'end':
        if (run?.life.process.missed === undefined) {
          this.#simulation.note(host, () => 'is told to end');
          void run?.contender.withdraw();
          this.#end(machine);
        }
        return;
    }
  }

  jumpClock(chance: Chance): void {
    chance.pick(this.#machines).clock.jump(chance);
  }

  /** The ensemble has its disks, and answers in the time of the network. */
  setDisk(): void {}

  settle(): void {
    this.#ensemble.regainQuorum();
    for (const { run } of this.#machines) {
      this.#goOn(run);
    }
    this.start();
  }

  unsettled(): string | undefined {
    const leading = this.#elected;
    for (const { host, run } of this.#machines) {
      if (run === undefined) {
        return `${host} does not run`;
      }
      const { leader } = run.life.state;
      const isRight =
        run === leading
          ? leader.kind === 'self' && run.contender.leads()
          : leader.kind === 'other' && leader.address === addressOf(leading);
      if (!isRight) {
        return `${host} believes in ${JSON.stringify(leader)}`;
      }
    }
    return undefined;
  }

  detect(process: Process, onLeader: (pid: string | undefined) => void): void {
    const detector = new ZooKeeperDetector(this.#group(process, []), () => {});
    detector.watch((leader) => {
      if (process.alive) {
        onLeader(leader?.pid);
      }
    });
  }

  called(process: Process, call: Parameters<MasterLife['called']>[0]): void {
    const machine = this.#machines.find(({ run }) => run?.life.process === process);
    machine?.run?.life.called(call);
  }

  operate(call: MasterCall, answer: (status: number, text: string | undefined) => void): void {
    this.life?.operate(call, answer);
  }

  /** Promises go on as far as they can. */
  async settled(): Promise<void> {
    while (this.#ensemble.isStirred) {
      this.#ensemble.isStirred = false;
      await new Promise(setImmediate);
    }
  }

  #start(machine: Machine): void {
    const { host, address, clock } = machine;
    const simulation = this.#simulation;
    const life: MasterLife = new MasterLife(
      simulation,
      {
        host,
        address,
        clock,
        passes: (effect) => {
          const passes = gate.passes(effect);
          if (passes && run === this.#elected) {
            return true;
          }
          const isWrong = passes && isElected && !simulation.settings.expiresEarly;
          if (isWrong && effect.type !== 'abort' && effect.type !== 'log') {
            fail(`${effect.type} leaves ${host}, after another master was elected`);
          }
          return passes;
        },
        perform: (effect) => writer.perform(effect),
        abort: (reason) => this.#aborts(machine, reason),
        die: () => this.#kill(machine),
      },
      this.#ids,
    );
    const { program, process, state } = life;
    const dispatch = (event: Untimed<MasterEvent>) => program.dispatch(event);
    const candidacies: ModelSession[] = [];
    const registries: ModelSession[] = [];
    const group = this.#group(process, candidacies);
    const contender = new ZooKeeperContender(group);
    const run: Run = { life, contender, candidacies, registries };
    const lost = (reason: string) => dispatch({ type: 'leadershipLost', reason });
    const gate = new LeadershipGate(contender, lost);
    const registry = new ZooKeeperRegistry({
      connect: () => this.#open(process, registries),
      folder: REGISTRY,
      clock: this.#clockOf(process),
      onLost: ({ message }) => fail(`${host} loses its registry: ${message}`),
    });
    const observed = new ObservedRegistry(registry, this.records, this.#epochs);
    const writer = new RegistryWriter(observed, dispatch);
    let isElected = false;
    machine.run = run;
    simulation.note(host, () => `starts as ${state.options.id}`);
    program.listen();
    new ZooKeeperDetector(group, () => {}).watch((leader) =>
      dispatch({ type: 'leaderChanged', leader }),
    );
    contender.contend(state.info, {
      elected: () => {
        isElected = true;
        this.#elected = run;
        gate.elected();
        simulation.note(host, () => 'is elected');
        dispatch({ type: 'elected' });
        if (simulation.settings.isWatched) {
          life.watch();
        }
      },
      lost,
      refused: (reason) => fail(`${host} may not stand: ${reason}`),
    });
  }

  #aborts(machine: Machine, reason: string): void {
    if (!reason.startsWith('Lost leadership')) {
      fail(`${machine.host} aborts: ${reason}`);
    }
    this.#simulation.note(machine.host, () => `aborts: ${reason}`);
    this.#end(machine);
  }

  #kill(machine: Machine): void {
    this.#simulation.note(machine.host, () => 'is killed');
    this.#end(machine);
  }

  #end(machine: Machine): void {
    const { agenda, chance, isQuiet } = this.#simulation;
    machine.run?.life.end();
    machine.run = undefined;
    agenda.after(isQuiet ? 100 : chance.delay(10, LONGEST_DOWN_MS), () => {
      if (machine.run === undefined) {
        this.#start(machine);
      }
    });
  }

  #goOn(run: Run | undefined): void {
    if (run?.life.process.alive === true) {
      run.life.program.goOn();
    }
  }

  #group(process: Process, sessions: ModelSession[]): Group {
    return new Group({
      url: { servers: [ENSEMBLE_HOST], path: ELECTION },
      sessionTimeoutMs: this.#simulation.settings.sessionTimeoutMs,
      open: () => this.#open(process, sessions),
      clock: this.#clockOf(process),
      log: (_level, text) => this.#simulation.note(process.host, () => text),
    });
  }

  #open(process: Process, sessions: ModelSession[]): ModelSession {
    const session = this.#ensemble.open(process, this.#simulation.settings.sessionTimeoutMs);
    sessions.push(session);
    return session;
  }

  /** Nothing that waits in a process happens after its end, or while it is stopped. */
  #clockOf(process: Process): Clock {
    const { agenda } = this.#simulation;
    return {
      nowMs: () => agenda.nowMs,
      after: (delayMs, run) => {
        const planned = agenda.after(delayMs, () =>
          whenRunning(process, () => {
            if (process.alive && !isCancelled) {
              this.#ensemble.isStirred = true;
              run();
            }
          }),
        );
        let isCancelled = false;
        return () => {
          isCancelled = true;
          agenda.cancel(planned);
        };
      },
    };
  }
}

const addressOf = (run: Run | undefined) =>
  run === undefined ? undefined : `${run.life.state.options.ip}:5050`;
