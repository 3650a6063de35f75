// The allocator as the master uses it. The master can lose it at any call, in the middle of a step:
// by a trap, or when it refuses what it is told, after which its state no longer agrees with the
// master's. The step goes on all the same. What the lost allocator would have been told is dropped:
// at the end of the step a new allocator is made from the master's state, which has all of it
// (allocator-recovery.ts).
//
// A question needs its answer within the step: a run makes no offers then, and the few other
// questions are asked of the new allocator (`ask` in allocator-recovery.ts).

import {
  type Allocator,
  CoreError,
  CoreTrap,
  type FrameworkTerms,
  type Holding,
  type LiveAllocator,
  type Quota,
} from '../../core/interface.ts';
import type { OfferConstraints, Resource, Unavailability } from '../../model/generated/messages.ts';
import { sameBytes } from '../../model/identifier.ts';
import type { AgentId, FrameworkId } from '../../model/ids.ts';

type Told<Method extends 'addAgent' | 'addFramework' | 'answerInverseOffer' | 'recover'> =
  Parameters<Allocator[Method]>[0];

export class GuardedAllocator {
  #live: LiveAllocator;
  #loss: CoreTrap | CoreError | undefined;

  constructor(live: LiveAllocator) {
    this.#live = live;
  }

  /** Why the allocator is lost; undefined while it is not. */
  get loss(): CoreTrap | CoreError | undefined {
    return this.#loss;
  }

  lose(cause: CoreTrap | CoreError): void {
    this.#loss ??= cause;
  }

  replace(live: LiveAllocator): void {
    this.#live = live;
    this.#loss = undefined;
  }

  /** A copy that goes on by itself; one that is lost has nothing to copy, and both stay lost. */
  fork(): GuardedAllocator {
    const copy = new GuardedAllocator(this.#loss === undefined ? this.#live.fork() : this.#live);
    copy.#loss = this.#loss;
    return copy;
  }

  /** Whether both have the same in the module, to the byte, or are lost by the same. */
  isLike(other: GuardedAllocator): boolean {
    if (this.#loss !== undefined || other.#loss !== undefined) {
      return this.#loss === other.#loss;
    }
    return sameBytes(this.#live.save(), other.#live.save());
  }

  /**
   * Tells or asks the allocator; undefined, and nothing is done, when it is lost or lost by this.
   */
  attempt<T>(work: (live: LiveAllocator) => T): T | undefined {
    if (this.#loss !== undefined) {
      return undefined;
    }
    try {
      return work(this.#live);
    } catch (error) {
      if (error instanceof CoreTrap || error instanceof CoreError) {
        this.#loss = error;
        return undefined;
      }
      throw error;
    }
  }

  // What it is told.

  setTime(nowMs: number): void {
    this.attempt((it) => it.setTime(nowMs));
  }

  addAgent(agent: Told<'addAgent'>): void {
    this.attempt((it) => it.addAgent(agent));
  }

  updateAgent(id: AgentId, change: Parameters<Allocator['updateAgent']>[1]): void {
    this.attempt((it) => it.updateAgent(id, change));
  }

  addResourceProvider(...provider: Parameters<Allocator['addResourceProvider']>): void {
    this.attempt((it) => it.addResourceProvider(...provider));
  }

  removeAgent(id: AgentId): void {
    this.attempt((it) => it.removeAgent(id));
  }

  activateAgent(id: AgentId): void {
    this.attempt((it) => it.activateAgent(id));
  }

  deactivateAgent(id: AgentId): void {
    this.attempt((it) => it.deactivateAgent(id));
  }

  updateWhitelist(hostnames: readonly string[] | null): void {
    this.attempt((it) => it.updateWhitelist(hostnames));
  }

  addFramework(framework: Told<'addFramework'>): void {
    this.attempt((it) => it.addFramework(framework));
  }

  updateFramework(id: FrameworkId, terms: FrameworkTerms): void {
    this.attempt((it) => it.updateFramework(id, terms));
  }

  removeFramework(id: FrameworkId): void {
    this.attempt((it) => it.removeFramework(id));
  }

  activateFramework(id: FrameworkId): void {
    this.attempt((it) => it.activateFramework(id));
  }

  deactivateFramework(id: FrameworkId): void {
    this.attempt((it) => it.deactivateFramework(id));
  }

  suppress(id: FrameworkId, roles: readonly string[]): void {
    this.attempt((it) => it.suppress(id, roles));
  }

  revive(id: FrameworkId, roles: readonly string[]): void {
    this.attempt((it) => it.revive(id, roles));
  }

  updateQuota(role: string, quota: Quota): void {
    this.attempt((it) => it.updateQuota(role, quota));
  }

  recoverQuotas(expectedAgents: number, quotas: Readonly<Record<string, Quota>>): void {
    this.attempt((it) => it.recoverQuotas(expectedAgents, quotas));
  }

  updateWeights(weights: Readonly<Record<string, number>>): void {
    this.attempt((it) => it.updateWeights(weights));
  }

  updateUnavailability(id: AgentId, unavailability: Unavailability | undefined): void {
    this.attempt((it) => it.updateUnavailability(id, unavailability));
  }

  answerInverseOffer(answer: Told<'answerInverseOffer'>): void {
    this.attempt((it) => it.answerInverseOffer(answer));
  }

  launch(holding: Holding): void {
    this.attempt((it) => it.launch(holding));
  }

  recover(returned: Told<'recover'>): void {
    this.attempt((it) => it.recover(returned));
  }

  /** The agent's total after it, as the allocator has it; undefined when that is lost. */
  convert(...conversion: Parameters<Allocator['convert']>): Resource[] | undefined {
    return this.attempt((it) => it.convert(...conversion).total);
  }

  // What it is asked.

  get hasPending(): boolean {
    return this.attempt((it) => it.hasPending) === true;
  }

  /**
   * True while runs are dropped after an election. That is not in the module, and not lost with it.
   */
  get paused(): boolean {
    return this.#live.paused;
  }

  constraintsError(constraints: OfferConstraints | undefined): string | undefined {
    return this.#live.constraintsError(constraints);
  }

  /** That is not in the module, and not lost with it. */
  rolesWith(roles: Iterable<string>): number {
    return this.#live.rolesWith(roles);
  }

  activeFilters(): Readonly<Record<string, number>> {
    return this.attempt((it) => it.activeFilters()) ?? {};
  }

  /**
   * What the allocator counts, to be compared with the master's state; throws when the allocator is
   * lost.
   */
  total(id: AgentId): Resource[] {
    return this.#live.total(id);
  }

  free(id: AgentId): Resource[] {
    return this.#live.free(id);
  }
}
