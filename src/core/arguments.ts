// What a caller in JavaScript can get wrong, and a compiler tells one in TypeScript: a field is
// missing, or has another type. Arguments are looked at before the core is told anything, so that a
// call is refused as a whole; the error names the field, and what was expected of it. Amounts,
// ranges and ids are judged where they are used.
import type { Resource } from '../model/generated/messages.ts';
import { roleError } from '../model/role.ts';
import { BAD_AMOUNT } from './constants.ts';
import type {
  AgentFacts,
  Allocator,
  FrameworkTerms,
  Holding,
  Quantities,
  Quota,
} from './interface.ts';
import type { MatchRequest } from './matcher.ts';
import { CoreError, statusError } from './module.ts';

function refuse(value: unknown, name: string, expected: string): never {
  const found = value === null || value === undefined ? `${value}` : `a ${typeof value}`;
  throw new CoreError('BAD_ARGUMENT', `${name}: expected ${expected}, got ${found}`);
}

export function checkText(value: string, name: string): void {
  if (typeof value !== 'string') {
    refuse(value, name, 'a text');
  }
}

export function checkList(value: readonly unknown[], name: string): void {
  if (!Array.isArray(value)) {
    refuse(value, name, 'a list');
  }
}

export function checkObject(value: object, name: string): void {
  if (typeof value !== 'object' || value === null) {
    refuse(value, name, 'an object');
  }
}

function checkObjects(values: readonly object[], name: string): void {
  checkList(values, name);
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    // The name of the item is only put together for an error: lists of resources come often.
    if (typeof value !== 'object' || value === null) {
      refuse(value, `${name}[${index}]`, 'an object');
    }
  }
}

export function checkResources(resources: readonly Resource[], name = 'resources'): void {
  checkObjects(resources, name);
}

/** All of a holding that is not found out anyway when its names are looked up: this is often. */
export function checkHeld(held: Holding): void {
  checkObject(held, 'holding');
  checkResources(held.resources);
}

export function checkHolding(held: Holding): void {
  checkHeld(held);
  checkText(held.frameworkId, 'frameworkId');
  checkText(held.agentId, 'agentId');
  checkText(held.role, 'role');
}

function checkHoldings(all: readonly Holding[], name: string): void {
  checkObjects(all, name);
  for (const held of all) {
    checkHolding(held);
  }
}

/** Throws where a role is not named as Mesos allows it. */
function checkRole(role: string, name = 'role'): void {
  checkText(role, name);
  const error = roleError(role);
  if (error !== undefined) {
    throw new CoreError('BAD_ARGUMENT', error);
  }
}

function checkRoles(roles: readonly string[], name: string): void {
  checkList(roles, name);
  for (const role of roles) {
    checkRole(role, name);
  }
}

function checkFacts(facts: AgentFacts, name: string): void {
  checkObject(facts, name);
  checkText(facts.hostname, `${name}.hostname`);
  checkObjects(facts.attributes, `${name}.attributes`);
}

export function checkAgent(agent: Parameters<Allocator['addAgent']>[0]): void {
  checkObject(agent, 'agent');
  checkText(agent.id, 'agent.id');
  checkFacts(agent.facts, 'agent.facts');
  checkList(agent.capabilities, 'agent.capabilities');
  checkResources(agent.total, 'agent.total');
  checkHoldings(agent.used, 'agent.used');
  if (agent.offered !== undefined) {
    checkHoldings(agent.offered, 'agent.offered');
  }
}

export function checkAgentChange(change: Parameters<Allocator['updateAgent']>[1]): void {
  checkObject(change, 'change');
  if (change.facts !== undefined) {
    checkFacts(change.facts, 'change.facts');
  }
  if (change.capabilities !== undefined) {
    checkList(change.capabilities, 'change.capabilities');
  }
  if (change.total !== undefined) {
    checkResources(change.total, 'change.total');
  }
}

export function checkProvider(total: readonly Resource[], used: readonly Holding[]): void {
  checkResources(total, 'total');
  checkHoldings(used, 'used');
}

export function checkTerms(terms: FrameworkTerms, name = 'terms'): void {
  checkObject(terms, name);
  checkRoles(terms.roles, `${name}.roles`);
  checkList(terms.suppressedRoles, `${name}.suppressedRoles`);
  checkList(terms.capabilities, `${name}.capabilities`);
  checkObject(terms.minAllocatable, `${name}.minAllocatable`);
  for (const [role, alternatives] of Object.entries(terms.minAllocatable)) {
    checkAlternatives(alternatives, `${name}.minAllocatable.${role}`);
  }
}

export function checkFramework(framework: Parameters<Allocator['addFramework']>[0]): void {
  checkTerms(framework, 'framework');
  checkText(framework.id, 'framework.id');
  checkHoldings(framework.used, 'framework.used');
}

export function checkAlternatives(alternatives: readonly Quantities[], name: string): void {
  checkObjects(alternatives, name);
}

export function checkQuotas(quotas: Readonly<Record<string, Quota>>): void {
  checkObject(quotas, 'quotas');
  for (const [role, quota] of Object.entries(quotas)) {
    checkRole(role);
    if (role.includes('/')) {
      throw new CoreError('BAD_ARGUMENT', `quota of ${role}: expected a top-level role`);
    }
    checkObject(quota, `quota of ${role}`);
    checkObject(quota.guarantees, `guarantees of ${role}`);
    checkObject(quota.limits, `limits of ${role}`);
  }
}

export function checkWeights(weights: Readonly<Record<string, number>>): void {
  checkObject(weights, 'weights');
  for (const [role, weight] of Object.entries(weights)) {
    checkRole(role);
    if (!(weight > 0) || weight === Infinity) {
      throw statusError(BAD_AMOUNT, `weight of ${role}`);
    }
  }
}

export function checkMatch(request: MatchRequest): void {
  checkObject(request, 'request');
  const { tasks, offers, running = [], fitness } = request;
  checkObjects(tasks, 'tasks');
  for (const [index, { amounts }] of tasks.entries()) {
    checkObject(amounts, `tasks[${index}].amounts`);
  }
  checkObjects(offers, 'offers');
  checkObjects(running, 'running');
  for (const [index, { place }] of running.entries()) {
    checkObject(place, `running[${index}].place`);
  }
  checkFitness(fitness);
}

function checkFitness(fitness: MatchRequest['fitness']): void {
  checkObject(fitness, 'fitness');
  switch (fitness.type) {
    case 'binPack':
    case 'spread':
      return;
    case 'weighted':
      checkObject(fitness.weights, 'fitness.weights');
      return;
    default:
      refuse((fitness as { type: unknown }).type, 'fitness.type', 'binPack, spread or weighted');
  }
}
