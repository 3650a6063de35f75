// A whole cluster in one process, in virtual time, from one seed: a master and its registry, agents
// and their machines, frameworks, and the network between them. There are faults for a while, and
// then none, until everything is at rest.
import type { ResourceAlgebra } from '../../src/core/interface.ts';
import { Agenda } from './agenda.ts';
import { AgentHost } from './agent-host.ts';
import { BreachError, fail } from './breach.ts';
import { Chance } from './chance.ts';
import { Checks } from './checks.ts';
import type { TrappingCore } from './cores.ts';
import { Faults } from './faults.ts';
import { Framework } from './framework.ts';
import { Journal } from './journal.ts';
import { Addresses } from './links.ts';
import type { CommandPlan } from './machine.ts';
import { MasterEnsemble } from './master-ensemble.ts';
import { MasterHost } from './master-host.ts';
import type { Masters } from './masters.ts';
import { Network } from './network.ts';
import { Operator } from './operator.ts';
import { Rest } from './rest.ts';
import { type Settings, settingsOf } from './settings.ts';

export interface SimulationOptions {
  readonly seed: number;
  /** Creates a core for each process. */
  readonly newCore: () => TrappingCore;
  readonly keepsText?: boolean;
  readonly digests?: boolean;
  /** How many steps there are between two comparisons of the accounts. */
  readonly interval?: number;
  /** Replaces what the seed would choose. */
  readonly settings?: Partial<Settings>;
}

export interface Outcome {
  readonly seed: number;
  /** What went wrong; undefined where nothing did. */
  readonly breach?: string;
  readonly digest: string;
  readonly text: string;
  readonly steps: number;
  readonly virtualMs: number;
  readonly tasks: number;
  /** How often a scheduler core has trapped. */
  readonly traps: number;
}

const START_MS = 1_700_000_000_000;
/** How long it may take until everything is at rest: more than twice the longest retry. */
const QUIET_MS = 1_800_000;
/** After that time an operator tears down frameworks whose schedulers do not come back. */
const PATIENCE_MS = 120_000;
/** By then all programs have reconnected. */
const REUNION_MS = 60_000;
const QUIET_STEP_MS = 5_000;
const MAX_STEPS = 3_000_000;

export class Simulation {
  readonly options: SimulationOptions & { readonly interval: number };
  readonly agenda = new Agenda(START_MS);
  readonly chance: Chance;
  readonly settings: Settings;
  readonly journal: Journal;
  readonly network: Network;
  readonly addresses = new Addresses();
  readonly checks: Checks;
  readonly faults: Faults;
  readonly operator: Operator;
  readonly master: Masters;
  readonly agents: readonly AgentHost[];
  readonly frameworks: readonly Framework[];
  /** What tasks do, by framework id and task id. */
  readonly plans = new Map<string, CommandPlan>();
  /** How commands ended, by framework id and task id. */
  readonly outcomes = new Map<string, number>();
  isQuiet = false;
  traps = 0;
  readonly #ensemble: MasterEnsemble | undefined;
  #algebra: ResourceAlgebra | undefined;
  #steps = 0;

  constructor(options: SimulationOptions) {
    this.options = { interval: 50, ...options };
    this.chance = new Chance(options.seed);
    this.settings = { ...settingsOf(this.chance, options.seed), ...options.settings };
    this.journal = new Journal({
      startMs: START_MS,
      keepsText: options.keepsText ?? false,
      digests: options.digests ?? false,
    });
    this.network = new Network(this.agenda, this.chance);
    this.network.maxDelayMs = this.settings.networkDelayMs;
    this.network.lateArrivals = this.settings.lateArrivals;
    this.checks = new Checks(this);
    this.faults = new Faults(this);
    this.operator = new Operator(this);
    const { masters } = this.settings;
    const ensemble = masters > 1 ? new MasterEnsemble(this, masters) : undefined;
    this.#ensemble = ensemble;
    this.master = ensemble ?? new MasterHost(this);
    this.agents = this.settings.machines.map((machine) => new AgentHost(this, machine));
    this.frameworks = this.settings.frameworks.map((plan) => new Framework(this, plan));
    this.#setDisks(this.settings.diskDelayMs, this.settings.diskFailures);
  }

  /** The algebra for everything outside of all processes. */
  get algebra(): ResourceAlgebra {
    this.#algebra ??= this.newCore().core.algebra;
    return this.#algebra;
  }

  newCore(): TrappingCore {
    return this.options.newCore();
  }

  note(who: string, text: () => string): void {
    this.journal.note(this.agenda.nowMs, () => `${who.padEnd(8)} ${text()}`);
  }

  planOf(framework: string, task: string): CommandPlan {
    const plan = this.plans.get(`${framework} ${task}`);
    return plan ?? fail(`nobody has launched ${task} of ${framework}`);
  }

  async run(): Promise<Outcome> {
    let breach: string | undefined;
    try {
      await this.#run();
    } catch (error) {
      breach =
        error instanceof BreachError ? error.message : `a step throws: ${(error as Error).stack}`;
      this.note('THE END', () => breach ?? '');
    }
    return {
      seed: this.options.seed,
      ...(breach === undefined ? {} : { breach }),
      digest: this.journal.digest(),
      text: this.journal.text,
      steps: this.#steps,
      virtualMs: this.agenda.nowMs - START_MS,
      tasks: this.frameworks.reduce((sum, { launched }) => sum + launched, 0),
      traps: this.traps,
    };
  }

  async #run(): Promise<void> {
    this.master.start();
    for (const host of this.agents) {
      this.agenda.after(this.chance.delay(0, 5_000), () => host.start());
    }
    for (const framework of this.frameworks) {
      framework.start();
    }
    this.faults.start();
    await this.#pass(this.settings.troubleMs);
    this.note('QUIET', () => 'no faults from here on');
    this.isQuiet = true;
    this.network.maxDelayMs = 20;
    this.network.lateArrivals = 0;
    this.#setDisks(10, 0);
    this.faults.end();
    for (const framework of this.frameworks) {
      framework.quiet();
    }
    await this.#settle();
  }

  async #settle(): Promise<void> {
    const rest = new Rest(this);
    const startMs = this.agenda.nowMs;
    const endMs = startMs + QUIET_MS;
    let problem: string | undefined = 'has not begun';
    while (this.agenda.nowMs < endMs && problem !== undefined) {
      this.operator.restore();
      await this.#pass(QUIET_STEP_MS);
      if (this.agenda.nowMs > startMs + REUNION_MS) {
        rest.checkCounted();
      }
      if (this.agenda.nowMs > startMs + PATIENCE_MS) {
        this.operator.tearDownForgotten();
      }
      problem = rest.unsettled();
    }
    if (problem !== undefined) {
      fail(`does not settle: ${problem}`);
    }
    // At rest, and it stays so.
    await this.#pass(120_000);
    const relapse = rest.unsettled();
    if (relapse !== undefined) {
      fail(`does not stay settled: ${relapse}`);
    }
    rest.finish();
  }

  #setDisks(maxDelayMs: number, failures: number): void {
    this.master.setDisk(maxDelayMs, failures);
    for (const { disk } of this.agents) {
      disk.maxDelayMs = maxDelayMs;
      disk.failures = failures;
    }
  }

  async #pass(ms: number): Promise<void> {
    const untilMs = this.agenda.nowMs + ms;
    while (this.agenda.step(untilMs)) {
      await this.#ensemble?.settled();
      if (++this.#steps > MAX_STEPS) {
        fail('does not come to an end: something repeats without a pause');
      }
    }
  }
}
