// The machine that masters run on: a registry on a disk, ports, and the streams of schedulers. A
// master may be killed between any two of its effects; the next one knows what is on the disk.
// Another may be elected while one still leads, which goes on until it hears of that, or the
// registry refuses its change.
import type { ReadRegistry, Store } from '../../src/master/effects.ts';
import type { MasterCall } from '../../src/model/generated/messages.ts';
import { copied } from '../support/copied.ts';
import { fail } from './breach.ts';
import type { Chance } from './chance.ts';
import { Disk } from './disk.ts';
import { DurableRecords } from './durable-records.ts';
import { MachineClock } from './machine-clock.ts';
import { MasterLife, RequestIds } from './master-life.ts';
import type { Masters } from './masters.ts';
import type { Process } from './network.ts';
import type { Simulation } from './simulation.ts';

const MASTER_HOST = 'master';
/** There are five addresses for masters. */
const MOST_DEPOSED = 3;

export class MasterHost implements Masters {
  readonly hosts = [MASTER_HOST];
  /** The address of the leading master, or of the last one. */
  #address = '10.0.0.1:5050';
  readonly #disk: Disk;
  readonly #clock: MachineClock;
  readonly records = new DurableRecords();
  /** The master that leads, or is about to. */
  life: MasterLife | undefined;
  /** Masters that led, and have not heard yet that another does. */
  readonly #deposed = new Set<MasterLife>();
  readonly #simulation: Simulation;
  readonly #ids = new RequestIds();

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
    this.#disk = new Disk(simulation.agenda, simulation.chance);
    this.#clock = new MachineClock(simulation.agenda);
  }

  jumpClock(chance: Chance): void {
    this.#clock.jump(chance);
  }

  setDisk(maxDelayMs: number, failures: number): void {
    this.#disk.maxDelayMs = maxDelayMs;
    this.#disk.failures = failures;
  }

  /** Its watchers are told by the agents' hosts when the address changes. */
  detect(_process: Process, onLeader: (pid: string | undefined) => void): void {
    onLeader(`master@${this.#address}`);
  }

  unsettled(): undefined {
    return undefined;
  }

  /** With `isMoved`, the address was chosen already. */
  start({ isMoved = false } = {}): void {
    const { agenda, chance, settings } = this.#simulation;
    const hasMoved = isMoved || chance.of(settings.moves);
    if (hasMoved && !isMoved) {
      this.#address = `10.0.0.${chance.int(1, 3)}:5050`;
    }
    const life: MasterLife = new MasterLife(
      this.#simulation,
      {
        host: MASTER_HOST,
        address: this.#address,
        clock: this.#clock,
        perform: (effect) => this.#perform(life, effect),
        abort: (reason) => this.#abort(life, reason),
        die: () => this.#die(life),
      },
      this.#ids,
    );
    const { program, process, state } = life;
    this.life = life;
    this.#disk.open(process);
    this.#simulation.note('master', () => `starts as ${state.options.id}`);
    program.listen();
    if (hasMoved) {
      for (const host of this.#simulation.agents) {
        agenda.after(chance.delay(0, 10_000), () => host.masterDetected());
      }
    }
    agenda.after(chance.delay(0, 200), () => {
      program.dispatch({ type: 'elected' });
      if (settings.isWatched) {
        life.watch();
      }
    });
  }

  kill(): void {
    const { life } = this;
    if (life === undefined) {
      return;
    }
    this.#simulation.note('master', () => 'is killed');
    this.life = undefined;
    this.#disk.crash();
    life.end();
  }

  /**
   * Another master is elected at once, at another address. The earlier one hears of it later, if at
   * all.
   */
  depose(): void {
    const { agenda, chance, agents } = this.#simulation;
    const { life } = this;
    if (life?.state.recovered !== true || this.#deposed.size >= MOST_DEPOSED) {
      return;
    }
    this.#simulation.note('master', () => `${this.#address} leads no more`);
    this.#deposed.add(life);
    // Its waiting writes are stored in part; it is not told which.
    this.#disk.crash();
    const taken = [life, ...this.#deposed].map(({ state }) => `${state.options.ip}:5050`);
    const free = [1, 2, 3, 4, 5].map((n) => `10.0.0.${n}:5050`).filter((it) => !taken.includes(it));
    this.#address = chance.pick(free);
    this.life = undefined;
    this.start({ isMoved: true });
    for (const host of agents) {
      agenda.after(chance.delay(0, 2_000), () => host.masterLost());
    }
    agenda.after(chance.delay(0, 120_000), () => this.#hearsOfIt(life));
  }

  #hearsOfIt({ program }: MasterLife): void {
    program.dispatch({ type: 'leadershipLost', reason: 'another master was elected' });
  }

  /** The end of all faults: only the leading master believes that it leads. */
  settle(): void {
    for (const life of this.#deposed) {
      this.#hearsOfIt(life);
    }
  }

  /** The master that listens at the process's address, leading or not. */
  #at(process: Process): MasterLife | undefined {
    return [this.life, ...this.#deposed].find((it) => it?.process === process);
  }

  /** A call of a scheduler has arrived at the master that listens in the process. */
  called(process: Process, call: Parameters<MasterLife['called']>[0]): void {
    this.#at(process)?.called(call);
  }

  /** A call of an operator, without a network between. */
  operate(call: MasterCall, answer: (status: number, text: string | undefined) => void): void {
    this.life?.operate(call, answer);
  }

  #die(life: MasterLife): void {
    if (this.#deposed.delete(life)) {
      this.#simulation.note('master', () => `${life.state.options.ip} ends`);
      life.end();
      return;
    }
    this.kill();
    this.#simulation.faults.restartMaster();
  }

  #abort(life: MasterLife, reason: string): void {
    if (this.#disk.failures === 0 && !this.#deposed.has(life)) {
      fail(`the master aborts: ${reason}`);
    }
    this.#die(life);
  }

  #perform(life: MasterLife, effect: Store | ReadRegistry): void {
    const simulation = this.#simulation;
    if (effect.type === 'readRegistry') {
      life.program.dispatch({
        type: 'recovered',
        registry: copied(this.records.content.snapshot()),
      });
      return;
    }
    const changes = copied(effect.changes);
    const { transaction } = effect;
    if (this.#deposed.has(life)) {
      const { agenda, chance } = simulation;
      agenda.after(chance.delay(0, this.#disk.maxDelayMs), () => this.#hearsOfIt(life));
      return;
    }
    simulation.note('master', () => `stores ${changes.map(({ type }) => type).join(', ')}`);
    this.#disk.write(
      () => {
        for (const change of changes) {
          this.records.apply(change);
        }
      },
      (error) => life.program.dispatch({ type: 'stored', transaction, error }),
    );
  }
}
